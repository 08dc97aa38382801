package borrowing_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/borrowing"
	"bookvault/platform/ledger"
	"bookvault/platform/problem"
)

// moment is what the library showed at an instant.
type moment struct {
	at    time.Time
	shown map[string]string
}

// asJSON is a view as it can be compared.
func asJSON(t testing.TB, view any, err error) string {
	t.Helper()
	must(t, err)
	raw, err := json.MarshalIndent(view, "", " ")
	must(t, err)
	return string(raw)
}

const pastMembers = 3

// shows asks for everything, now or, where at is not zero, as of then.
func (l *library) shows(at time.Time) map[string]string {
	shown, then := map[string]string{}, !at.IsZero()
	for m := int64(1); m <= pastMembers; m++ {
		card := fmt.Sprintf("C%d", m)
		for _, status := range []borrowing.LoanStatus{"", borrowing.LoanOpen} {
			f := borrowing.LoanFilter{Status: status, Limit: 100}
			loans, more, err := l.Loans(desk(), card, f)
			if then {
				loans, more, err = l.LoansAt(desk(), card, f, at)
			}
			shown[card+" loans "+string(status)] = asJSON(l.t, []any{loans, more}, err)
		}
		holds, _, err := l.Holds(desk(), card, borrowing.HoldFilter{Live: true, Limit: 100})
		if then {
			holds, _, err = l.HoldsAt(desk(), card, borrowing.HoldFilter{Live: true, Limit: 100}, at)
		}
		for i := range holds {
			holds[i].Position = 0
		}
		shown[card+" holds"] = asJSON(l.t, holds, err)
		for _, open := range []bool{true, false} {
			f := borrowing.ChargeFilter{Open: open, Limit: 100}
			account, err := l.Account(desk(), card, f)
			if then {
				account, err = l.AccountAt(desk(), card, f, at)
			}
			shown[fmt.Sprintf("%s account %v", card, open)] = asJSON(l.t, account, err)
		}
	}
	items, _, err := l.ItemsOfBook(desk(), book(1), 0, 100)
	if then {
		items, _, err = l.ItemsOfBookAt(desk(), book(1), 0, 100, at)
	}
	shown["items"] = asJSON(l.t, items, err)
	return shown
}

// A library is looked at after each of many commands, and when all are done each of these moments is asked for again.
func TestThePastIsAsItWas(t *testing.T) {
	l := opened(t, pastMembers)
	must(t, l.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 7, Renewals: 3, LoanLimit: 3, HoldLimit: 10, FinePerDay: 1000, FineCap: 9000, LostFee: 500}}))
	price := borrowing.Money{Minor: 40000, Currency: "VND"}
	for i := range 4 {
		l.add(fmt.Sprintf("B%d", i), 1, func(n *borrowing.NewItem) { n.Price, n.Branch = &price, []string{"main", "east"}[i%2] })
	}
	random := rand.New(rand.NewPCG(7, 9))
	barcode := func() string {
		items, _, err := l.ItemsOfBook(desk(), book(1), 0, 100)
		must(t, err)
		return items[random.IntN(len(items))].Barcode
	}
	card := func() string { return fmt.Sprintf("C%d", 1+random.IntN(pastMembers)) }
	branch := func() string { return []string{"main", "east"}[random.IntN(2)] }
	loan := func() int64 {
		loans, _, err := l.Loans(desk(), "", borrowing.LoanFilter{Status: borrowing.LoanOpen, Limit: 100})
		must(t, err)
		if len(loans) == 0 {
			return 1
		}
		return loans[random.IntN(len(loans))].ID
	}
	commands := []func(step int) error{
		func(int) error { _, err := l.lend(card(), barcode()); return err },
		func(int) error {
			_, err := l.CheckOut(patron(int64(1+random.IntN(pastMembers))), borrowing.CheckOut{BookID: book(1)}, borrowing.Order{})
			return err
		},
		func(int) error {
			_, err := l.CheckIn(desk(), borrowing.CheckIn{Barcode: barcode(), Branch: branch(), BookDrop: random.IntN(2) == 0}, borrowing.Order{})
			return err
		},
		func(int) error {
			_, err := l.Renew(desk(), loan(), borrowing.Override{}, borrowing.Order{})
			return err
		},
		func(int) error {
			_, err := l.ChangeDueDate(desk(), loan(), l.Today(l.clock.read())+borrowing.Date(random.IntN(9)), "needed", borrowing.Override{}, borrowing.Order{})
			return err
		},
		func(int) error {
			_, err := l.PlaceHold(patron(int64(1+random.IntN(pastMembers))), borrowing.PlaceHold{BookID: book(1), PickupBranch: branch()}, borrowing.Order{})
			return err
		},
		func(step int) error {
			label := fmt.Sprintf("label-%d", step)
			_, err := l.EditItem(desk(), borrowing.EditItem{Barcode: barcode(), NewBarcode: &label, Price: &borrowing.Money{Minor: int64(30000 + step), Currency: "VND"}}, borrowing.Order{})
			return err
		},
		func(int) error {
			_, err := l.DeclareLost(desk(), borrowing.DeclareLost{Barcode: barcode()}, borrowing.Order{})
			return err
		},
		func(int) error { _, err := l.ClaimReturned(desk(), barcode(), "", borrowing.Order{}); return err },
		func(int) error {
			_, err := l.Pay(desk(), borrowing.Settle{Card: card(), Amount: 1000}, borrowing.Order{})
			return err
		},
		func(int) error {
			_, err := l.Waive(librarian(), borrowing.Settle{Card: card(), Amount: 700, Reason: "kind"}, borrowing.Order{})
			return err
		},
		func(int) error { // entered later than it happened: until then nobody knew
			at := l.clock.read().Add(-2 * time.Hour)
			_, err := l.CheckIn(desk(), borrowing.CheckIn{Barcode: barcode(), Branch: "main"}, borrowing.Order{OccurredAt: &at})
			return err
		},
		func(step int) error { l.clock.move(time.Duration(step%9) * 24 * time.Hour); return nil },
		func(int) error {
			return l.SaveClosures(librarian(), []borrowing.Closure{{First: l.Today(l.clock.read()) - 3, Last: l.Today(l.clock.read()) - 1}})
		},
	}
	var moments []moment
	done := 0
	for step := range 150 {
		l.clock.move(37 * time.Minute)
		err := commands[random.IntN(len(commands))](step)
		if err != nil && problem.Of(err).Kind == problem.Internal {
			t.Fatal(err)
		}
		if err == nil {
			done++
		}
		if step%5 == 0 {
			moments = append(moments, moment{l.clock.read(), l.shows(time.Time{})})
		}
	}
	if done < 40 {
		t.Fatalf("only %d commands did anything", done)
	}
	l.clock.move(time.Hour)
	for _, m := range moments {
		for what, then := range l.shows(m.at) {
			if then != m.shown[what] {
				t.Fatalf("%s at %s: then\n%s\nand now\n%s", what, m.at, m.shown[what], then)
			}
		}
	}
	if _, err := l.LoanAt(desk(), 1, l.clock.read().Add(time.Minute)); problem.Of(err).Kind != problem.InvalidInput {
		t.Errorf("the future: %v", err)
	}
	if _, err := l.LoanAt(desk(), 1, moments[0].at.Add(-time.Hour*24*365)); problem.Of(err).Kind != problem.NotFoundKind {
		t.Errorf("before it began: %v", err)
	}
	if _, err := l.ItemAt(patron(1), barcode(), moments[0].at); problem.Of(err).Kind != problem.Forbidden {
		t.Errorf("a patron reads when a copy was on loan: %v", err)
	}
	if _, _, err := l.LoansAt(desk(), "", borrowing.LoanFilter{Limit: 10}, moments[0].at); problem.Of(err).Kind != problem.InvalidInput {
		t.Errorf("everybody's: %v", err)
	}
	if _, err := l.LoanAt(patron(pastMembers+1), 1, moments[0].at); problem.Of(err).Kind != problem.NotFoundKind {
		t.Errorf("another's: %v", err)
	}
}

// A copy that has been here for long is made from the last event that carries its state.
func TestALongStreamIsReadFromItsLastState(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1)
	shown := map[time.Time]string{}
	for i := range 150 {
		l.clock.move(time.Minute)
		if i%10 == 3 {
			label := fmt.Sprintf("%d", i)
			_, err := l.EditItem(desk(), borrowing.EditItem{Barcode: "B1", CallNumber: &label}, borrowing.Order{})
			must(t, err)
		} else if it, err := l.Item(desk(), "B1"); err == nil && it.Status == borrowing.Available {
			_, err := l.MarkItem(desk(), "B1", borrowing.Missing, "", borrowing.Order{})
			must(t, err)
		} else {
			l.checkIn("B1", "main")
		}
		it, err := l.Item(desk(), "B1")
		shown[l.clock.read()] = asJSON(t, it, err)
	}
	if n := l.count("borrowing.events WHERE data ? 'state'"); n != 2 {
		t.Errorf("%d events carry the state", n)
	}
	for at, want := range shown {
		it, err := l.ItemAt(desk(), "B1", at)
		if got := asJSON(t, it, err); got != want {
			t.Fatalf("at %s: %s, then %s", at, got, want)
		}
		h, err := l.store.HistoriesAt(context.Background(), []string{"item/1"}, at)
		must(t, err)
		if h["item/1"].Version != it.Version {
			t.Errorf("at %s: version %d, not %d", at, h["item/1"].Version, it.Version)
		}
	}
}

// A library whose events are older than what they say now: they get hashes, and what their rows held is kept beside them.
func TestAnOlderLedgerIsUpgraded(t *testing.T) {
	l := opened(t, 2)
	l.add("B1", 1, func(n *borrowing.NewItem) { n.CallNumber = "QA 76" })
	l.add("B2", 1)
	first := l.mustLend("C1", "B1")
	l.hold(2, 1, "east")
	l.checkIn("B1", "main")
	second := l.mustLend("C1", "B2")
	lentAt := l.clock.read()
	must(t, l.db.InPgxTx(context.Background(), func(tx pgx.Tx) error {
		_, err := tx.Exec(context.Background(), `ALTER TABLE borrowing.events DISABLE TRIGGER USER;
			UPDATE borrowing.events SET hash = NULL, data = data - 'item_type' - 'place' - 'slip_hold' - 'call_number' - 'ready_on';
			ALTER TABLE borrowing.events ENABLE TRIGGER USER`)
		return err
	}))
	l.clock.move(time.Hour)
	_, err := l.Renew(desk(), second.ID, borrowing.Override{}, borrowing.Order{}) // while the upgrade is to come
	if code(err) != "" && problem.Of(err).Kind != problem.ConflictKind {
		t.Fatal(err)
	}
	l.checkIn("B2", "main")
	l.keepHouse()
	if n := l.count("borrowing.events WHERE hash IS NULL"); n != 0 {
		t.Errorf("%d events have no hash", n)
	}
	if n := l.count("borrowing.events WHERE version = 0"); n == 0 {
		t.Error("nothing was kept beside the older events")
	}
	l.replays()
	then, err := l.LoanAt(desk(), first.ID, lentAt)
	must(t, err)
	if now, _ := l.Loan(desk(), first.ID); then.ItemType != "book" || then.Status != now.Status || then.OpenedAt != now.OpenedAt {
		t.Errorf("%+v, now %+v", then, now)
	}
	before := l.count("borrowing.events")
	l.keepHouse()
	if n := l.count("borrowing.events"); n != before {
		t.Errorf("%d events after %d: the upgrade was made twice", n, before)
	}
}

// What was tampered with in a table is named, with what differs.
func TestAReplayNamesWhatDiffers(t *testing.T) {
	l := opened(t, 2)
	l.add("B1", 1)
	l.add("B2", 1)
	l.mustLend("C1", "B1")
	for change, want := range map[string]string{
		`UPDATE borrowing.loans SET due_on = due_on + 1`:                        "loan/1, version 1: its row differs from what the ledger makes of it, in due_on",
		`UPDATE borrowing.items SET status = 'available' WHERE barcode = 'B1'`:  "item/1, version 2: its row differs from what the ledger makes of it, in status",
		`UPDATE borrowing.titles SET available = 0`:                             "id 1024: the counts of the title are not those of its copies and holds",
		`DELETE FROM borrowing.items WHERE barcode = 'B2'`:                      "item/2, version 1: the ledger tells of it, and the table does not have it",
		`UPDATE borrowing.item_types SET name = 'Film' WHERE code = 'dvd'`:      "the item type dvd is not as it was entered",
		`INSERT INTO borrowing.titles (book_id, closed) VALUES (2048, true)`:    "title/2048: the table has it, and the ledger does not tell of it",
		`UPDATE borrowing.loans SET renewals = 1, fined_minor = 5, version = 2`: "in fined_minor, renewals, version",
		`INSERT INTO borrowing.items (id, barcode, book_id, home_branch, current_branch, item_type, status, created_at)
			VALUES (99, 'X', 1024, 'main', 'main', 'book', 'withdrawn', now())`: "item/99: the table has it, and the ledger does not tell of it",
	} {
		tx, err := l.db.Pool().Begin(context.Background())
		must(t, err)
		_, err = tx.Exec(context.Background(), change)
		must(t, err)
		report, all := &ledger.Report{}, ""
		_, err = l.store.ReplayIn(context.Background(), tx, report, nil)
		must(t, errors.Join(err, tx.Rollback(context.Background())))
		for _, f := range report.Findings {
			all += f.String() + "\n"
		}
		if !strings.Contains(all, want) {
			t.Errorf("%s: no %q in\n%s", change, want, all)
		}
	}
}
