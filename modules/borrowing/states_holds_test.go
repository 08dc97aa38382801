package borrowing_test

import (
	"testing"

	"bookvault/modules/borrowing"
)

// whatBecomesOfAHold is the specification of a hold of member 3, like that of a copy; one that waits may be suspended. It is to be
// picked up at west. The copy belongs to main, and lies on its shelf there while nobody has it. A hold whose time is up lives until a
// round or a check-in ends it: until then its member may come late.
var whatBecomesOfAHold = []string{`
                        | 3 gives up   | 3 suspends it  | 3 resumes it | 3 fetches it at east | 3 waits again | a round    | 9 days and a round
waiting                 | cancelled    | suspended      | waiting      | waiting              | !hold_exists  | waiting    | waiting
waiting, suspended      | cancelled    | suspended      | waiting      | suspended            | !hold_exists  | suspended  | suspended
in_transit              | cancelled    | !hold_captured | in_transit   | in_transit           | !hold_exists  | in_transit | in_transit
ready                   | cancelled    | !hold_captured | ready        | in_transit           | !hold_exists  | ready      | expired
ready, time up          | cancelled    | !hold_captured | ready        | in_transit           | !hold_exists  | expired    | expired
filled                  | !hold_closed | !hold_closed   | !hold_closed | !hold_closed         | filled        | filled     | filled
filled on its way       | !hold_closed | !hold_closed   | !hold_closed | !hold_closed         | filled        | filled     | filled
filled from the shelf   | !hold_closed | !hold_closed   | !hold_closed | !hold_closed         | filled        | filled     | filled
filled on the web       | !hold_closed | !hold_closed   | !hold_closed | !hold_closed         | filled        | filled     | waiting
filled, 3 waits again   | !hold_closed | !hold_closed   | !hold_closed | !hold_closed         | !hold_exists  | filled     | filled
cancelled               | cancelled    | !hold_closed   | !hold_closed | !hold_closed         | cancelled     | cancelled  | cancelled
cancelled on its way    | cancelled    | !hold_closed   | !hold_closed | !hold_closed         | cancelled     | cancelled  | cancelled
cancelled on the shelf  | cancelled    | !hold_closed   | !hold_closed | !hold_closed         | cancelled     | cancelled  | cancelled
expired                 | !hold_closed | !hold_closed   | !hold_closed | !hold_closed         | expired       | expired    | expired
`, `
                        | in at west | in at main | in at east | lend to 3      | 2 takes it over | undo the loan
waiting                 | ready      | in_transit | in_transit | filled         | waiting         | .
waiting, suspended      | suspended  | suspended  | suspended  | filled         | suspended       | .
in_transit              | ready      | in_transit | in_transit | filled         | waiting         | .
ready                   | ready      | ready      | ready      | filled         | waiting         | .
ready, time up          | expired    | expired    | expired    | filled         | waiting         | .
filled                  | filled     | filled     | filled     | !already_yours | filled          | waiting
filled on its way       | filled     | filled     | filled     | !already_yours | filled          | in_transit
filled from the shelf   | filled     | filled     | filled     | !already_yours | filled          | ready
filled on the web       | filled     | filled     | filled     | filled         | filled          | waiting
filled, 3 waits again   | filled     | filled     | filled     | !already_yours | filled          | !loan_has_followers
cancelled               | cancelled  | cancelled  | cancelled  | cancelled      | cancelled       | .
cancelled on its way    | cancelled  | cancelled  | cancelled  | cancelled      | cancelled       | .
cancelled on the shelf  | cancelled  | cancelled  | cancelled  | cancelled      | cancelled       | .
expired                 | expired    | expired    | expired    | expired        | expired         | .
`, `
                        | missing       | withdraw      | declare lost
waiting                 | waiting       | waiting       | waiting
waiting, suspended      | suspended     | suspended     | suspended
in_transit              | waiting       | waiting       | waiting
ready                   | waiting       | waiting       | waiting
ready, time up          | waiting       | waiting       | waiting
filled                  | !item_on_loan | !item_on_loan | filled
filled on its way       | !item_on_loan | !item_on_loan | filled
filled from the shelf   | !item_on_loan | !item_on_loan | filled
filled on the web       | !item_on_loan | !item_on_loan | !loan_not_collected
filled, 3 waits again   | !item_on_loan | !item_on_loan | filled
cancelled               | cancelled     | cancelled     | cancelled
cancelled on its way    | cancelled     | cancelled     | cancelled
cancelled on the shelf  | cancelled     | cancelled     | cancelled
expired                 | expired       | expired       | expired
`}

// arrangeHold brings a new hold of member 3 into a situation, by commands.
func (l *library) arrangeHold(title int, situation string) *scene {
	l.t.Helper()
	s := l.stage(title)
	s.hold = l.hold(3, title, "west").ID
	do := func(columns ...string) {
		for _, column := range columns {
			must(l.t, doingOf(l.t, column, holdCommands).do(s))
		}
	}
	fill := func() { s.loan = l.mustLend("C3", s.barcode).ID }
	want := borrowing.HoldFilled
	switch situation {
	case "waiting":
		want = borrowing.HoldWaiting
	case "waiting, suspended":
		do("3 suspends it")
		l.days(1)
		want = borrowing.HoldWaiting
	case "in_transit":
		do("in at main")
		want = borrowing.HoldInTransit
	case "ready":
		do("in at west")
		want = borrowing.HoldReady
	case "ready, time up":
		do("in at west")
		l.days(8)
		want = borrowing.HoldReady
	case "filled":
		fill()
	case "filled on its way":
		do("in at main")
		fill()
	case "filled from the shelf":
		do("in at west")
		fill()
	case "filled on the web":
		s.loan = l.borrow(3, title).ID
	case "filled, 3 waits again":
		fill()
		do("3 waits again")
	case "cancelled":
		do("3 gives up")
		want = borrowing.HoldCancelled
	case "cancelled on its way":
		do("in at main", "3 gives up")
		want = borrowing.HoldCancelled
	case "cancelled on the shelf":
		do("in at west", "3 gives up")
		want = borrowing.HoldCancelled
	case "expired":
		do("in at west", "9 days and a round")
		want = borrowing.HoldExpired
	}
	if h, err := l.Hold(desk(), s.hold); err != nil || h.Status != want {
		l.t.Fatalf("%s: arranged %s (%v)", situation, h.Status, err)
	}
	return s
}

// suspending has the hold wait so many days; 0: it is served again at once.
func suspending(days borrowing.Date) doing {
	return doing{"", func(s *scene) error {
		cmd := borrowing.EditHold{ID: s.hold, Suspend: true}
		if days > 0 {
			until := s.Today(s.clock.read()) + days
			cmd.SuspendedUntil = &until
		}
		return second(s.EditHold(patron(3), cmd, borrowing.Order{}))
	}}
}

var holdCommands = map[string]doing{
	"3 suspends it": suspending(20),
	"3 resumes it":  suspending(0),
	"3 waits again": {"", func(s *scene) error {
		return second(s.PlaceHold(patron(3), borrowing.PlaceHold{BookID: book(s.title), PickupBranch: "west"}, borrowing.Order{}))
	}},
	"a round":            {"", later(0)},
	"9 days and a round": {"", later(9)},
}

func TestWhatEveryCommandMakesOfAHoldInEveryStatus(t *testing.T) {
	t.Parallel() // it takes long
	l := roomy(t)
	look := func(s *scene) state {
		h, err := l.Hold(desk(), s.hold)
		must(t, err)
		if h.Status == borrowing.HoldWaiting && h.SuspendedUntil != nil {
			return state{"suspended", h.Version}
		}
		return state{string(h.Status), h.Version}
	}
	machine := func(status string) string {
		if status == "suspended" {
			return string(borrowing.HoldWaiting)
		}
		return status
	}
	seen := map[borrowing.Step]bool{}
	l.walk(whatBecomesOfAHold, holdCommands, l.arrangeHold, look, func(s *scene, _ string, before, after state) {
		if from, to := machine(before.status), machine(after.status); from != to {
			seen[borrowing.Step{By: l.cause("hold", s.hold, after.version), From: from, To: to}] = true
		}
	})
	everyStep(t, seen, borrowing.HoldSteps(), func(borrowing.Step) bool { return false })
}
