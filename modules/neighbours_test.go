package modules

import (
	"context"
	"errors"
	"slices"
	"testing"

	"bookvault/modules/borrowing"
	"bookvault/modules/catalog"
	"bookvault/modules/members"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// A block that the members module sets is heard by borrowing, which passes over the holds of whoever is blocked.
func TestBorrowingHearsOfAMembersStanding(t *testing.T) {
	db := dbtest.New(t)
	library := assembled(t, db)
	ctx := members.AsCommand(t.Context())
	m, err := library.Members.Create(ctx, members.NewMember{Card: "R-1", Name: "A Reader"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pool().Exec(ctx, `INSERT INTO borrowing.accounts (member_id) VALUES ($1)`, m.ID); err != nil {
		t.Fatal(err)
	}
	for _, blocks := range [][]members.Block{{{Code: "lost_card"}}, {}} {
		if _, err := library.Members.Edit(ctx, "R-1", members.Change{Blocks: &blocks}); err != nil {
			t.Fatal(err)
		}
		var category string
		var blocked bool
		if err := db.Pool().QueryRow(ctx, `SELECT category, blocked FROM borrowing.accounts WHERE member_id = $1`, m.ID).Scan(&category, &blocked); err != nil {
			t.Fatal(err)
		}
		if category != "adult" || blocked != (len(blocks) > 0) {
			t.Errorf("with %d blocks borrowing knows category %q, blocked %v", len(blocks), category, blocked)
		}
	}
}

// The whole way through both modules: a member with a loan is not deleted, a duplicate's loan moves to the survivor, a card that was
// replaced lends nothing, and whatever staff read of somebody is in the audit.
func TestMembersAndTheDeskTogether(t *testing.T) {
	library := assembled(t, dbtest.New(t))
	boss := members.AsCommand(t.Context())
	by := map[string]context.Context{}
	ids := map[string]int64{}
	for card, role := range map[string]identity.Role{"LIB": identity.Librarian, "DESK": identity.Desk, "READER": identity.Patron, "TWIN": identity.Patron} {
		m, err := library.Members.Create(boss, members.NewMember{Card: card, Name: "Called " + card, Role: role})
		if err != nil {
			t.Fatal(err)
		}
		ids[card] = m.ID
		by[card] = identity.WithPrincipal(t.Context(), identity.Principal{MemberID: m.ID, Card: card, Role: role, Via: identity.ViaSession})
	}
	title, err := library.Catalog.Create(by["LIB"], catalog.Book{Title: "Emma", Authors: []catalog.Author{{Name: "Jane Austen"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := library.Borrowing.AddItem(by["DESK"], borrowing.NewItem{BookID: title.ID, Barcode: "B1", Loanable: true}, borrowing.Order{}); err != nil {
		t.Fatal(err)
	}
	lend := func(card string) error {
		_, err := library.Borrowing.CheckOut(by["DESK"], borrowing.CheckOut{Card: card, Barcode: "B1"}, borrowing.Order{})
		return err
	}
	if _, err := library.Members.ReplaceCard(by["DESK"], "TWIN", members.CardReplacement{NewCard: "TWIN-2", Reason: "lost"}, ""); err != nil {
		t.Fatal(err)
	}
	if err := lend("TWIN"); problem.Of(err).Code != borrowing.CardReplaced {
		t.Errorf("an old card lends: %v", err)
	}
	if err := lend("TWIN-2"); err != nil {
		t.Fatal(err)
	}
	if err := library.Members.Delete(by["LIB"], "TWIN-2", ""); problem.Of(err).Code != borrowing.MemberHasLoans {
		t.Errorf("deleting a borrower: %v", err)
	}
	if _, err := library.Members.Merge(by["LIB"], "TWIN-2", members.MergeRequest{Into: "READER", Reason: "one person"}, ""); err != nil {
		t.Fatal(err)
	}
	loans, _, err := library.Borrowing.Loans(by["READER"], "", borrowing.LoanFilter{Limit: 10})
	if err != nil || len(loans) != 1 || loans[0].MemberCard != "READER" {
		t.Fatalf("the survivor's loans: %+v, %v", loans, err)
	}

	for _, read := range []func(context.Context, string) error{
		func(ctx context.Context, card string) error {
			return second(library.Members.Get(ctx, card))
		},
		func(ctx context.Context, card string) error {
			_, _, err := library.Borrowing.Loans(ctx, card, borrowing.LoanFilter{Limit: 10})
			return err
		},
		func(ctx context.Context, card string) error {
			return second(library.Borrowing.Loan(ctx, loans[0].ID))
		},
		func(ctx context.Context, card string) error {
			_, _, err := library.Borrowing.Holds(ctx, card, borrowing.HoldFilter{Limit: 10})
			return err
		},
		func(ctx context.Context, card string) error {
			return second(library.Borrowing.Account(ctx, card, borrowing.ChargeFilter{Limit: 10}))
		},
		func(ctx context.Context, card string) error {
			_, _, err := library.Borrowing.Notices(ctx, card, borrowing.NoticeFilter{Limit: 10})
			return err
		},
		func(ctx context.Context, card string) error {
			if ctx == by["READER"] {
				return nil // a desk's question, and no reader's
			}
			return second(library.Borrowing.Visit(ctx, card))
		},
	} {
		if err := errors.Join(read(by["DESK"], "READER"), read(by["READER"], "READER")); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := library.Members.AuditOf(by["READER"], "READER", 0, 50)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range slices.Backward(entries) {
		if e.ActorID == ids["DESK"] || e.Action == "account_merged" {
			got = append(got, e.Action)
		}
	}
	// The duplicate's past is the survivor's; what the reader read is nobody's business.
	if want := []string{"card_replaced", "account_merged", "account_read", "loans_read", "loans_read", "holds_read", "charges_read", "notices_read",
		"account_read", "loans_read", "holds_read", "charges_read"}; !slices.Equal(got, want) {
		t.Errorf("the audit says %v", got)
	}

	if _, err := library.Borrowing.CheckIn(by["DESK"], borrowing.CheckIn{Barcode: "B1"}, borrowing.Order{}); err != nil {
		t.Fatal(err)
	}
	if err := library.Members.Delete(by["LIB"], "READER", ""); err != nil {
		t.Fatal(err)
	}
	if entries, err := library.Members.Audit(by["LIB"], members.AuditFilter{SubjectID: ids["READER"], Limit: 1}); err != nil || len(entries) != 1 || entries[0].Action != "account_deleted" {
		t.Errorf("after the deletion: %+v, %v", entries, err)
	}
	if err := library.Members.RemoveCategory(by["LIB"], "institution", ""); err != nil {
		t.Error(err)
	}
}

func second[T any](_ T, err error) error { return err }
