package borrowing_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"bookvault/modules/borrowing"
)

func TestRenewal(t *testing.T) {
	l := opened(t, 2)
	l.add("B1", 1)
	lent := l.mustLend("C1", "B1")
	renew := func(ctx context.Context) (borrowing.LoanView, error) {
		return l.Renew(ctx, lent.ID, borrowing.Override{}, borrowing.Order{})
	}
	once, err := renew(patron(1))
	must(t, err)
	if once.DueOn.String() != "2026-04-13" || once.Renewals != 1 {
		t.Errorf("renewed to %s, %d times", once.DueOn, once.Renewals)
	}
	must(t, second(renew(patron(1))))
	if _, err := renew(patron(1)); !slices.Equal(codes(t, err), []string{borrowing.RenewalLimitReached}) {
		t.Errorf("a third time: %v", err)
	}
	l.hold(2, 1, "main")
	l.people.change(1, func(m *borrowing.Member) { m.Blocks = []string{"conduct"} })
	if _, err := renew(patron(1)); !slices.Equal(codes(t, err), []string{borrowing.RenewalLimitReached, borrowing.HoldQueueAhead, borrowing.MemberBlocked}) {
		t.Errorf("all reasons: %v", err)
	}
	l.checkIn("B1", "main")
	if _, err := renew(patron(1)); code(err) != borrowing.LoanNotOpen {
		t.Errorf("a closed loan: %v", err)
	}
	l.consistent()
}

func TestARenewalFromTodayThatWouldNotMoveTheDueDate(t *testing.T) {
	l := opened(t, 1)
	must(t, l.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 21, Renewals: 2, LoanLimit: 9, HoldLimit: 9, RenewFrom: borrowing.RenewFromToday}}))
	l.add("B1", 1)
	lent := l.mustLend("C1", "B1")
	if _, err := l.Renew(desk(), lent.ID, borrowing.Override{}, borrowing.Order{}); code(err) != borrowing.DueDateUnchanged {
		t.Errorf("the same day: %v", err)
	}
	l.clock.move(5 * 24 * time.Hour)
	got, err := l.Renew(desk(), lent.ID, borrowing.Override{}, borrowing.Order{})
	if err != nil || got.DueOn.String() != "2026-03-28" {
		t.Errorf("%s %v", got.DueOn, err)
	}
}

func TestReversalPutsEverythingBack(t *testing.T) {
	l := opened(t, 3)
	l.add("B1", 1)
	h := l.hold(1, 1, "main")
	l.checkIn("B1", "main") // ready for member 1
	lent := l.mustLend("C1", "B1")
	if got, _ := l.Hold(desk(), h.ID); got.Status != borrowing.HoldFilled {
		t.Errorf("the hold is %s", got.Status)
	}
	back, err := l.Reverse(desk(), lent.ID, "wrong card", borrowing.Order{})
	if err != nil || back.Status != borrowing.LoanClosed || back.ClosedBy != borrowing.ByReversal {
		t.Fatalf("%+v %v", back, err)
	}
	if got, _ := l.Hold(desk(), h.ID); got.Status != borrowing.HoldReady || got.Barcode != "B1" || got.Position != 1 || got.ExpiresOn == nil {
		t.Errorf("the hold is %+v", got)
	}
	if it, _ := l.Item(desk(), "B1"); it.Status != borrowing.OnHoldShelf {
		t.Errorf("the item is %s", it.Status)
	}
	if _, err := l.Reverse(desk(), lent.ID, "", borrowing.Order{}); code(err) != borrowing.LoanNotOpen {
		t.Errorf("twice: %v", err)
	}
	l.consistent()
}

func TestReversalIsRefusedOnceAnythingFollowed(t *testing.T) {
	l := opened(t, 3)
	l.add("B1", 1)
	lent := l.mustLend("C1", "B1")
	must(t, second(l.Renew(desk(), lent.ID, borrowing.Override{}, borrowing.Order{})))
	if _, err := l.Reverse(desk(), lent.ID, "", borrowing.Order{}); code(err) != borrowing.LoanHasFollowers {
		t.Errorf("after a renewal: %v", err)
	}
	l.add("B2", 2)
	l.add("B3", 2)
	l.hold(2, 2, "main")
	lent = l.mustLend("C2", "B2") // fills the hold
	l.hold(2, 2, "main")          // and wants another one
	if _, err := l.Reverse(desk(), lent.ID, "", borrowing.Order{}); code(err) != borrowing.LoanHasFollowers {
		t.Errorf("after the hold was placed again: %v", err)
	}
	l.consistent()
}

// An undo of a loan that is late would waive its fine.
func TestALoanThatIsLateIsNotUndone(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1)
	lent := l.mustLend("C1", "B1")
	l.clock.move(22 * 24 * time.Hour)
	if _, err := l.Reverse(desk(), lent.ID, "", borrowing.Order{}); code(err) != borrowing.LoanHasFollowers {
		t.Errorf("late: %v", err)
	}
}
