package modules

import (
	"context"
	"errors"
	"testing"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/modules/catalog"
	"bookvault/modules/demonstration"
	"bookvault/modules/members"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/identity"
)

// figures counts what is in a database.
func figures(t *testing.T, db *database.DB) (f struct{ Titles, Copies, Members, Loans, Holds, Overdue, Events, Wrong int }) {
	t.Helper()
	err := db.Pool().QueryRow(t.Context(), `SELECT (SELECT count(*) FROM catalog.books), (SELECT count(*) FROM borrowing.items),
		(SELECT count(*) FROM members.members), (SELECT count(*) FROM borrowing.loans WHERE status = 'open'), (SELECT count(*) FROM borrowing.holds),
		(SELECT count(*) FROM borrowing.loans WHERE due_at < now()), (SELECT count(*) FROM borrowing.events WHERE type = 'LoanOpened'),
		(SELECT count(*) FROM borrowing.titles t WHERE items <> (SELECT count(*) FROM borrowing.items i WHERE i.book_id = t.book_id)
			OR available <> (SELECT count(*) FROM borrowing.items i WHERE i.book_id = t.book_id AND status = 'available' AND loanable))`).
		Scan(&f.Titles, &f.Copies, &f.Members, &f.Loans, &f.Holds, &f.Overdue, &f.Events, &f.Wrong)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTheDemonstrationLibrary(t *testing.T) {
	db := dbtest.New(t)
	library := assembled(t, db)
	ctx := members.AsCommand(t.Context())
	done, err := demonstration.Load(ctx, library.demonstration)
	if err != nil {
		t.Fatal(err)
	}
	have := figures(t, db)
	if have.Titles != done.Titles || have.Copies != done.Copies || have.Members != done.Members || have.Loans != done.Loans || have.Holds != done.Holds {
		t.Errorf("loaded %+v, and the database has %+v", done, have)
	}
	if have.Overdue < 3 || have.Events != have.Loans || have.Wrong != 0 {
		t.Errorf("%d overdue, %d events of %d loans, %d titles with wrong counts", have.Overdue, have.Events, have.Loans, have.Wrong)
	}

	for _, s := range done.SignIns {
		in, err := library.Members.SignIn(t.Context(), members.SignIn{Login: s.Card, Password: s.Password, Address: "192.0.2.1"})
		if err != nil {
			t.Errorf("%s cannot sign in: %v", s.Card, err)
		} else if in.Member.Role.String() != s.Role {
			t.Errorf("%s signs in as %s", s.Card, in.Member.Role)
		}
	}

	query, err := catalog.ParseQuery("truyen kieu", catalog.DefaultQueryLimits)
	if err != nil {
		t.Fatal(err)
	}
	found, err := library.Catalog.Search(t.Context(), catalog.Criteria{Query: query, Sort: catalog.ByRelevance, Limit: 3})
	if err != nil || len(found.Books) == 0 || found.Books[0].Title != "Truyện Kiều" {
		t.Errorf("truyen kieu finds %+v (%v)", found.Books, err)
	}

	// What a loan says is what the rules say, counted from the day on which it was made.
	desk := identity.WithPrincipal(t.Context(), identity.Principal{MemberID: 1, Role: identity.Desk})
	loans, _, err := library.Borrowing.Loans(desk, "", borrowing.LoanFilter{Status: borrowing.LoanOpen, Limit: 200})
	if err != nil || len(loans) != have.Loans {
		t.Errorf("the desk sees %d loans (%v)", len(loans), err)
	}
	days := map[string]int{"book": 21, "short_loan": 7}
	for _, l := range loans {
		if got := int(l.DueOn - library.Borrowing.Today(l.OpenedAt)); got != days[l.ItemType] && got != 42 { // 42 for members of staff
			t.Errorf("loan of a %s to %s runs %d days", l.ItemType, l.MemberCard, got)
		}
	}

	// Lateness costs something, but not a child.
	rules, err := library.Borrowing.RulesEdition(ctx, 0)
	if err != nil || rules.Version != 2 || len(rules.Document.Categories) != 5 {
		t.Errorf("rules of version %d with totals %v (%v)", rules.Version, rules.Document.Categories, err)
	}
	for _, r := range rules.Document.Rules {
		if free := r.Category == "child" || r.Category == "staff"; free != (r.FinePerDay == 0) || rules.Document.Currency != "VND" {
			t.Errorf("a day late costs %d %s by %+v", r.FinePerDay, rules.Document.Currency, r.RuleKey)
		}
	}

	if again, err := demonstration.Load(ctx, library.demonstration); err != nil || again.Titles != 0 || figures(t, db) != have {
		t.Errorf("the second start loaded %+v (%v)", again, err)
	}
}

// cutShelving is a desk at which the light goes out when so many copies are on the shelves.
type cutShelving struct {
	demonstration.Circulation
	after int
}

var errDark = errors.New("the light went out")

func (c cutShelving) Shelve(ctx context.Context, copies []demonstration.Copy) error {
	if err := c.Circulation.Shelve(ctx, copies[:c.after]); err != nil {
		return err
	}
	return errDark
}

// A start that is cut off is completed by the next one, wherever it was: while titles come in, or between two copies.
func TestTheDemonstrationLibraryIsCompleted(t *testing.T) {
	ctx := members.AsCommand(t.Context())
	for name, start := range map[string]func(demonstration.Library) error{
		"early": func(l demonstration.Library) error {
			short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
			defer cancel()
			_, err := demonstration.Load(short, l)
			return err
		},
		"copies": func(l demonstration.Library) error {
			l.Circulation = cutShelving{l.Circulation, shelvedAtOnce + 50} // one command wholly, and a part of the next one
			_, err := demonstration.Load(ctx, l)
			return err
		},
	} {
		db := dbtest.New(t)
		library := assembled(t, db)
		cut := start(library.demonstration)
		if cut == nil {
			t.Fatalf("%s: the start was not cut off", name)
		}
		if _, err := demonstration.Load(ctx, library.demonstration); err != nil {
			t.Fatalf("%s: the start after the one that was cut off (%v): %v", name, cut, err)
		}
		have := figures(t, db)
		if have.Titles != 646 || have.Copies != 1938 || have.Members != 44 || have.Loans != 88 || have.Holds != 9 || have.Wrong != 0 {
			t.Errorf("%s: completed to %+v", name, have)
		}
	}
}
