package modules

import (
	"testing"

	"bookvault/modules/borrowing"
	"bookvault/modules/catalog"
	"bookvault/modules/members"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/identity"
)

// A merge that was cut off between the two modules is completed by sending it again; loans that are over show the title that theirs became.
func TestAMergeThatWasCutOffIsCompletedByRepeatingIt(t *testing.T) {
	library := assembled(t, dbtest.New(t))
	ctx := identity.WithPrincipal(t.Context(), identity.Principal{MemberID: 9001, Role: identity.Librarian})
	if _, err := library.Members.Create(members.AsCommand(t.Context()), members.NewMember{Card: "R-1", Name: "A Reader"}); err != nil {
		t.Fatal(err)
	}
	title := func(name string) int64 {
		b, err := library.Catalog.Create(ctx, catalog.Book{Title: name, Authors: []catalog.Author{{Name: "Nguyễn Du"}}})
		if err != nil {
			t.Fatal(err)
		}
		return b.ID
	}
	old, into := title("Kim Vân Kiều"), title("Truyện Kiều")
	item, err := library.Borrowing.AddItem(ctx, borrowing.NewItem{BookID: old, Barcode: "B1", Loanable: true}, borrowing.Order{})
	if err != nil {
		t.Fatal(err)
	}
	lent, err := library.Borrowing.CheckOut(ctx, borrowing.CheckOut{Card: "R-1", Barcode: item.Barcode}, borrowing.Order{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := library.Borrowing.CheckIn(ctx, borrowing.CheckIn{Barcode: item.Barcode}, borrowing.Order{}); err != nil {
		t.Fatal(err)
	}
	if err := library.Borrowing.MergeTitle(ctx, old, into); err != nil { // and then the power went
		t.Fatal(err)
	}
	if b, err := library.Catalog.Book(ctx, old); err != nil || b.ID != old {
		t.Fatalf("half way it is still shown: %v", err)
	}
	for range 2 {
		if b, err := library.Catalog.Merge(ctx, old, into, 0); err != nil || b.ID != into {
			t.Fatalf("%+v %v", b, err)
		}
	}
	if it, err := library.Borrowing.Item(ctx, "B1"); err != nil || it.BookID != into {
		t.Errorf("%+v %v", it, err)
	}
	if l, err := library.Borrowing.Loan(ctx, lent.ID); err != nil || l.Title != "Truyện Kiều" {
		t.Errorf("%+v %v", l, err)
	}
	if err := library.Catalog.Delete(ctx, into, 0); err == nil {
		t.Error("deleted with the copy that it got")
	}
}
