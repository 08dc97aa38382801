package borrowing_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bookvault/modules/borrowing"
	"bookvault/platform/problem"
)

// whatBecomesOfACopy is the specification: a row a situation, a column a command, and what the copy is afterwards; "!" and a code
// where the command is refused and nothing changes, "." where there is nothing to command. The copy belongs to main. Member 1 has
// it, where somebody does; member 3 waits for it, where it is kept or travels for somebody; member 4 waits at main where a column
// says so. A copy on its way home left east; one on its way to member 3 left main for west.
var whatBecomesOfACopy = []string{`
                       | in at main    | in at east    | in at west    | in at main, 4 waits
on_order               | in_process    | in_process    | in_process    | in_process
in_process             | available     | in_transit    | in_transit    | on_hold_shelf
available              | available     | in_transit    | in_transit    | on_hold_shelf
checked_out            | available     | in_transit    | in_transit    | on_hold_shelf
checked_out, web       | available     | in_transit    | in_transit    | on_hold_shelf
on_hold_shelf for 3    | on_hold_shelf | on_hold_shelf | on_hold_shelf | on_hold_shelf
on_hold_shelf, to clear| available     | in_transit    | in_transit    | on_hold_shelf
in_transit home        | available     | in_transit    | in_transit    | on_hold_shelf
in_transit to 3        | in_transit    | in_transit    | on_hold_shelf | in_transit
missing                | available     | in_transit    | in_transit    | on_hold_shelf
lost                   | available     | in_transit    | in_transit    | on_hold_shelf
lost, settled          | available     | in_transit    | in_transit    | on_hold_shelf
claimed_returned       | available     | in_transit    | in_transit    | on_hold_shelf
damaged                | damaged       | damaged       | damaged       | damaged
withdrawn              | withdrawn     | withdrawn     | withdrawn     | withdrawn
`, `
                       | lend to 1          | lend to 2          | lend to 3          | 2 borrows on the web | lend to 3, undo
on_order               | !item_not_lendable | !item_not_lendable | !item_not_lendable | !item_not_lendable   | .
in_process             | !item_not_lendable | !item_not_lendable | !item_not_lendable | !item_not_lendable   | .
available              | checked_out        | checked_out        | checked_out        | checked_out          | available
checked_out            | !already_yours     | !item_on_loan      | !item_on_loan      | !item_on_loan        | .
checked_out, web       | checked_out        | !item_on_loan      | !item_on_loan      | !item_on_loan        | .
on_hold_shelf for 3    | !item_reserved     | !item_reserved     | checked_out        | !item_reserved       | on_hold_shelf
on_hold_shelf, to clear| checked_out        | checked_out        | checked_out        | !item_reserved       | on_hold_shelf
in_transit home        | checked_out        | checked_out        | checked_out        | !item_reserved       | in_transit
in_transit to 3        | !item_reserved     | !item_reserved     | checked_out        | !item_reserved       | in_transit
missing                | !item_not_lendable | !item_not_lendable | !item_not_lendable | !item_not_lendable   | .
lost                   | !already_yours     | !item_on_loan      | !item_on_loan      | !item_not_lendable   | .
lost, settled          | !item_not_lendable | !item_not_lendable | !item_not_lendable | !item_not_lendable   | .
claimed_returned       | !already_yours     | !item_on_loan      | !item_on_loan      | !item_not_lendable   | .
damaged                | !item_not_lendable | !item_not_lendable | !item_not_lendable | !item_not_lendable   | .
withdrawn              | !item_not_lendable | !item_not_lendable | !item_not_lendable | !item_not_lendable   | .
`, `
                       | renew              | undo the loan       | missing         | damaged         | withdraw      | 4 waits       | 3 gives up
on_order               | .                  | .                   | missing         | damaged         | withdrawn     | on_order      | .
in_process             | .                  | .                   | missing         | damaged         | withdrawn     | in_process    | .
available              | .                  | .                   | missing         | damaged         | withdrawn     | available     | .
checked_out            | checked_out        | available           | !item_on_loan   | !item_on_loan   | !item_on_loan | checked_out   | .
checked_out, web       | checked_out        | available           | !item_on_loan   | !item_on_loan   | !item_on_loan | checked_out   | .
on_hold_shelf for 3    | .                  | .                   | missing         | damaged         | withdrawn     | on_hold_shelf | on_hold_shelf
on_hold_shelf, to clear| .                  | .                   | missing         | damaged         | withdrawn     | on_hold_shelf | .
in_transit home        | .                  | .                   | missing         | damaged         | withdrawn     | in_transit    | .
in_transit to 3        | .                  | .                   | missing         | damaged         | withdrawn     | in_transit    | in_transit
missing                | .                  | .                   | missing         | damaged         | withdrawn     | missing       | .
lost                   | !item_not_lendable | !loan_has_followers | !item_on_loan   | !item_on_loan   | !item_on_loan | lost          | .
lost, settled          | .                  | .                   | missing         | damaged         | withdrawn     | lost          | .
claimed_returned       | !item_not_lendable | !loan_has_followers | !item_on_loan   | !item_on_loan   | !item_on_loan | claimed_returned | .
damaged                | .                  | .                   | missing         | damaged         | withdrawn     | damaged       | .
withdrawn              | .                  | .                   | !item_withdrawn | !item_withdrawn | withdrawn     | withdrawn     | .
`, `
                       | declare lost        | claim returned      | collect
on_order               | lost                | !item_not_on_loan   | .
in_process             | lost                | !item_not_on_loan   | .
available              | lost                | !item_not_on_loan   | .
checked_out            | lost                | claimed_returned    | checked_out
checked_out, web       | !loan_not_collected | !loan_not_collected | checked_out
on_hold_shelf for 3    | lost                | !item_not_on_loan   | .
on_hold_shelf, to clear| lost                | !item_not_on_loan   | .
in_transit home        | lost                | !item_not_on_loan   | .
in_transit to 3        | lost                | !item_not_on_loan   | .
missing                | lost                | !item_not_on_loan   | .
lost                   | lost                | !item_lost          | lost
lost, settled          | lost                | !item_not_on_loan   | .
claimed_returned       | lost                | claimed_returned    | claimed_returned
damaged                | lost                | !item_not_on_loan   | .
withdrawn              | !item_withdrawn     | !item_not_on_loan   | .
`, `
                       | 3 fetches it at east
on_hold_shelf for 3    | in_transit
on_hold_shelf, to clear| !hold_closed
in_transit to 3        | in_transit
`}

// scene is one copy in one situation.
type scene struct {
	*library
	barcode string
	title   int
	loan    int64 // of member 1; of member 3 where it filled their hold
	hold    int64 // of member 3
}

// stage adds a new title with one copy to be walked with.
func (l *library) stage(title int, change ...func(*borrowing.NewItem)) *scene {
	l.t.Helper()
	s := &scene{library: l, title: title, barcode: fmt.Sprintf("W%d", title)}
	spare := s.barcode + "-spare" // keeps the title one that members may wait for
	l.add(spare, title)
	must(l.t, second(l.MarkItem(desk(), spare, borrowing.Damaged, "", borrowing.Order{})))
	l.add(s.barcode, title, change...)
	return s
}

// arrange brings a new copy into a situation, by commands.
func (l *library) arrange(title int, situation string) *scene {
	l.t.Helper()
	status, _, _ := strings.Cut(strings.ReplaceAll(situation, ",", ""), " ")
	s := l.stage(title, func(n *borrowing.NewItem) {
		if status == "on_order" || status == "in_process" {
			n.Status = borrowing.Status(status)
		}
	})
	mark := func(status borrowing.Status) {
		must(l.t, second(l.MarkItem(librarian(), s.barcode, status, "", borrowing.Order{})))
	}
	switch situation {
	case "checked_out":
		s.loan = l.mustLend("C1", s.barcode).ID
	case "checked_out, web":
		s.loan = l.borrow(1, title).ID
	case "lost", "claimed_returned", "lost, settled":
		if situation != "lost, settled" {
			s.loan = l.mustLend("C1", s.barcode).ID
		}
		if status == "lost" {
			must(l.t, second(l.DeclareLost(desk(), borrowing.DeclareLost{Barcode: s.barcode}, borrowing.Order{})))
		} else {
			must(l.t, second(l.ClaimReturned(desk(), s.barcode, "", borrowing.Order{})))
		}
	case "on_hold_shelf for 3", "on_hold_shelf, to clear":
		s.hold = l.hold(3, title, "main").ID
		l.checkIn(s.barcode, "main")
		if situation == "on_hold_shelf, to clear" {
			must(l.t, second(l.CancelHold(desk(), s.hold, borrowing.Order{})))
		}
	case "in_transit home":
		l.checkIn(s.barcode, "east")
	case "in_transit to 3":
		s.hold = l.hold(3, title, "west").ID
		l.checkIn(s.barcode, "main")
	case "missing", "damaged", "withdrawn":
		mark(borrowing.Status(status))
	}
	if it, err := l.Item(desk(), s.barcode); err != nil || string(it.Status) != status {
		l.t.Fatalf("%s: arranged %s (%v)", situation, it.Status, err)
	}
	return s
}

// doing is a column: the command, and what the state machine calls it; "" where it is not to move the copy.
type doing struct {
	by string
	do func(s *scene) error
}

func checkingIn(branch string) doing {
	return doing{borrowing.ByCheckingIn, func(s *scene) error {
		return second(s.CheckIn(desk(), borrowing.CheckIn{Barcode: s.barcode, Branch: branch}, borrowing.Order{}))
	}}
}

func lending(card string) doing {
	return doing{borrowing.ByLending, func(s *scene) error { return second(s.lend(card, s.barcode)) }}
}

func marking(status borrowing.Status) doing {
	return doing{borrowing.ByHand, func(s *scene) error {
		return second(s.MarkItem(librarian(), s.barcode, status, "", borrowing.Order{}))
	}}
}

func waiting(s *scene) error {
	return second(s.PlaceHold(patron(4), borrowing.PlaceHold{BookID: book(s.title), PickupBranch: "main"}, borrowing.Order{}))
}

var commands = map[string]doing{
	"in at main": checkingIn("main"), "in at east": checkingIn("east"), "in at west": checkingIn("west"),
	"in at main, 4 waits": {borrowing.ByCheckingIn, func(s *scene) error {
		must(s.t, waiting(s))
		return checkingIn("main").do(s)
	}},
	"lend to 1": lending("C1"), "lend to 2": lending("C2"), "lend to 3": lending("C3"),
	"2 borrows on the web": {borrowing.ByLending, func(s *scene) error {
		return second(s.CheckOut(patron(2), borrowing.CheckOut{BookID: book(s.title)}, borrowing.Order{}))
	}},
	"lend to 3, undo": {borrowing.ByUndoing, func(s *scene) error {
		return second(s.Reverse(desk(), s.mustLend("C3", s.barcode).ID, "", borrowing.Order{}))
	}},
	"renew": {"", func(s *scene) error {
		return second(s.Renew(desk(), s.loan, borrowing.Override{}, borrowing.Order{}))
	}},
	"undo the loan": {borrowing.ByUndoing, func(s *scene) error { return second(s.Reverse(desk(), s.loan, "", borrowing.Order{})) }},
	"missing":       marking(borrowing.Missing), "damaged": marking(borrowing.Damaged), "withdraw": marking(borrowing.Withdrawn),
	"declare lost": {borrowing.ByLosing, func(s *scene) error {
		return second(s.DeclareLost(desk(), borrowing.DeclareLost{Barcode: s.barcode}, borrowing.Order{}))
	}},
	"claim returned": {borrowing.ByClaiming, func(s *scene) error {
		return second(s.ClaimReturned(desk(), s.barcode, "", borrowing.Order{}))
	}},
	"collect": {"", func(s *scene) error { return second(s.Collect(desk(), s.loan, borrowing.Order{})) }},
	"2 takes it over": {borrowing.ByLending, func(s *scene) error {
		return second(s.takingOver(librarian(), "C2", s.barcode, borrowing.ItemReserved, borrowing.HoldQueueAhead))
	}},
	"4 waits": {"", waiting},
	"3 fetches it at east": {borrowing.ByRerouting, func(s *scene) error {
		return second(s.EditHold(desk(), borrowing.EditHold{ID: s.hold, PickupBranch: "east"}, borrowing.Order{}))
	}},
	"3 gives up": {"", func(s *scene) error { return second(s.CancelHold(desk(), s.hold, borrowing.Order{})) }},
}

// roomy opens a library with a third branch and no limits to get in the way.
func roomy(t *testing.T) *library {
	l := opened(t, 4)
	must(t, l.SaveBranch(librarian(), borrowing.Branch{Code: "west", Name: "West", Sort: 2}))
	must(t, l.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 21, Renewals: 2, LoanLimit: 1000, HoldLimit: 1000}}))
	return l
}

func TestWhatEveryCommandMakesOfACopyInEveryStatus(t *testing.T) {
	t.Parallel() // it takes long
	l := roomy(t)
	seen := map[borrowing.Step]bool{}
	look := func(s *scene) state {
		it, err := l.Item(desk(), s.barcode)
		must(t, err)
		return state{string(it.Status), it.Version}
	}
	rows := l.walk(whatBecomesOfACopy, nil, l.arrange, look, func(_ *scene, column string, before, after state) {
		if before.status != after.status {
			seen[borrowing.Step{By: commands[column].by, From: before.status, To: after.status}] = true
		}
		if column == "lend to 3, undo" {
			seen[borrowing.Step{By: borrowing.ByUndoing, From: "checked_out", To: after.status}] = true
		}
	})
	for _, status := range borrowing.Statuses {
		if !slices.ContainsFunc(rows, func(row string) bool { return strings.HasPrefix(row, string(status)) }) {
			t.Errorf("no row for %s", status)
		}
	}
	everyStep(t, seen, borrowing.ItemSteps(), func(step borrowing.Step) bool {
		undoneOffline := step.By == borrowing.ByUndoing && step.To != "available" && step.To != "on_hold_shelf" && step.To != "in_transit"
		return step.By == borrowing.ByLendingOffline || undoneOffline
	})
}

// What no row of the state machine allows is a mistake in the program: it fails the command, which leaves no trace.
func TestAMoveThatTheStateMachineDoesNotHaveIsAFault(t *testing.T) {
	allowed := borrowing.ItemSteps()
	for _, from := range borrowing.Statuses {
		for _, to := range borrowing.Statuses {
			known := from == to || slices.ContainsFunc(allowed, func(s borrowing.Step) bool { return s.From == string(from) && s.To == string(to) })
			err := borrowing.TryMove(from, to)
			if known != (err == nil) {
				t.Errorf("%s to %s: %v", from, to, err)
			}
			if err != nil && problem.Of(err).Kind != problem.Internal {
				t.Errorf("%s to %s is explained to the caller: %v", from, to, err)
			}
		}
	}
	l := opened(t, 1)
	l.byHand = true
	l.add("B1", 1)
	lent := l.mustLend("C1", "B1")
	// A loan that remembers an impossible past asks its reversal for an impossible move.
	_, err := l.db.Pool().Exec(context.Background(), `UPDATE borrowing.loans SET explanation = jsonb_set(explanation, '{before,status}', '"eaten"') WHERE id = $1`, lent.ID)
	must(t, err)
	events := l.count("borrowing.events")
	_, err = l.Reverse(desk(), lent.ID, "", borrowing.Order{})
	if err == nil || !strings.Contains(err.Error(), `cannot become "eaten"`) || problem.Of(err).Kind != problem.Internal || l.count("borrowing.events") != events {
		t.Errorf("%v, %d events after %d", err, l.count("borrowing.events"), events)
	}
}
