package borrowing_test

import (
	"slices"
	"testing"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

func TestADueDateChangedByHandIsRecordedAndExplained(t *testing.T) {
	l := opened(t, 2)
	must(t, l.SaveHours(librarian(), "main", []borrowing.Opening{{Weekday: 1, Opens: "09:00", Closes: "18:00"}, {Weekday: 3, Opens: "09:00", Closes: "18:00"}}))
	l.add("B1", 1)
	lent := l.mustLend("C1", "B1")
	change := func(day int, o borrowing.Override) (borrowing.LoanView, error) {
		return l.ChangeDueDate(librarian(), lent.ID, borrowing.NewDate(2026, 3, day), "needed for a reading", o, borrowing.Order{})
	}
	sooner, err := change(10, borrowing.Override{}) // a Tuesday: closed
	must(t, err)
	if sooner.DueOn.String() != "2026-03-11" || sooner.DueAt.Format(time.RFC3339) != "2026-03-11T22:59:59Z" || sooner.Why.Due.Moved == nil || sooner.Renewals != 0 {
		t.Errorf("%+v", sooner.Loan)
	}
	events, _, err := l.LoanEvents(desk(), lent.ID, 1, 10)
	must(t, err)
	if len(events) != 1 || events[0].Type != borrowing.EventDueDateChanged || events[0].Reason != "needed for a reading" {
		t.Errorf("events %+v", events)
	}
	if _, err := change(11, borrowing.Override{}); code(err) != borrowing.DueDateUnchanged {
		t.Errorf("the same: %v", err)
	}
	l.hold(2, 1, "main")
	if _, err := change(30, borrowing.Override{}); code(err) != borrowing.HoldQueueAhead {
		t.Errorf("later, while another waits: %v", err)
	}
	must(t, second(change(4, borrowing.Override{})))
	later, err := change(30, borrowing.Override{Codes: []string{borrowing.HoldQueueAhead}, Reason: "ill"})
	if err != nil || later.DueOn.String() != "2026-03-30" || !slices.Equal(later.Why.Overridden, []string{borrowing.HoldQueueAhead}) {
		t.Errorf("overridden: %+v %v", later.Loan, err)
	}
	if _, err := change(1, borrowing.Override{}); problem.Of(err).Kind != problem.InvalidInput {
		t.Errorf("in the past: %v", err)
	}
	if _, err := l.ChangeDueDate(as(identity.Desk, 1), lent.ID, borrowing.NewDate(2026, 4, 1), "x", borrowing.Override{}, borrowing.Order{}); code(err) != "due_date_for_self" {
		t.Errorf("for oneself: %v", err)
	}
	if _, err := l.ChangeDueDate(patron(1), lent.ID, borrowing.NewDate(2026, 4, 1), "x", borrowing.Override{}, borrowing.Order{}); code(err) != "role_needed" {
		t.Errorf("by a reader: %v", err)
	}
	if _, err := l.Reverse(desk(), lent.ID, "", borrowing.Order{}); code(err) != borrowing.LoanHasFollowers {
		t.Errorf("its undo: %v", err)
	}
	l.consistent()
}
