package borrowing_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// takingOver checks a copy in and lends it, in one command.
func (l *library) takingOver(ctx context.Context, card, barcode string, more ...string) (borrowing.Lent, error) {
	return l.CheckOut(ctx, borrowing.CheckOut{Card: card, Barcode: barcode,
		Override: borrowing.Override{Codes: append([]string{borrowing.ItemOnLoan}, more...), Reason: "they handed it over"}}, borrowing.Order{})
}

func TestCheckInThenLendIsOneAtomicOverride(t *testing.T) {
	l := opened(t, 3)
	l.add("B1", 1)
	first := l.mustLend("C1", "B1")
	l.clock.move(24 * time.Hour)
	_, err := l.lend("C2", "B1")
	if r := problem.Of(err).Reasons; code(err) != borrowing.ItemOnLoan || !r[0].Overridable || r[0].By != "desk" {
		t.Errorf("refused: %v %+v", err, r)
	}
	lent, err := l.takingOver(desk(), "C2", "B1")
	must(t, err)
	if len(lent.Warnings) != 1 || lent.Warnings[0].Code != borrowing.TakenBack || !slices.Equal(lent.Why.Overridden, []string{borrowing.ItemOnLoan}) || lent.Why.Reason != "they handed it over" {
		t.Errorf("lent %+v", lent)
	}
	for _, text := range []string{lent.Warnings[0].Detail, problem.Of(err).Detail} {
		if strings.Contains(text, "C1") || strings.Contains(text, "Member 1") {
			t.Errorf("it names the other member: %s", text)
		}
	}
	closed, err := l.Loan(desk(), first.ID)
	must(t, err)
	if closed.Status != borrowing.LoanClosed || closed.ClosedBy != borrowing.ByCheckIn || closed.ReturnedOn.String() != "2026-03-03" || !closed.ClosedAt.Equal(lent.OpenedAt) {
		t.Errorf("the other loan %+v", closed)
	}
	l.consistent()
	// A refusal leaves the other's loan as it was: here the new borrower is blocked, which a desk cannot override.
	l.people.change(3, func(m *borrowing.Member) { m.Blocks = []string{"conduct"} })
	if _, err := l.takingOver(desk(), "C3", "B1"); !slices.Equal(codes(t, err), []string{borrowing.MemberBlocked}) {
		t.Errorf("blocked: %v", err)
	}
	if got, _ := l.Loan(desk(), lent.ID); got.Status != borrowing.LoanOpen {
		t.Errorf("the loan is %s", got.Status)
	}
	// Nobody does it for themselves, and its undo leaves the copy free.
	if _, err := l.takingOver(as(identity.Desk, 3), "C3", "B1"); code(err) != "override_for_self" {
		t.Errorf("for oneself: %v", err)
	}
	again, err := l.takingOver(desk(), "C1", "B1")
	must(t, err)
	must(t, second(l.Reverse(desk(), again.ID, "wrong card", borrowing.Order{})))
	if it, _ := l.Item(desk(), "B1"); it.Status != borrowing.Available {
		t.Errorf("after the undo it is %s", it.Status)
	}
	l.consistent()
}

// Whoever waits for the copy goes first, as at a check-in; that too can be overridden, by a librarian.
func TestCheckInThenLendPassesNobodyInTheQueue(t *testing.T) {
	l := opened(t, 3)
	l.add("B1", 1)
	l.mustLend("C1", "B1")
	h := l.hold(3, 1, "main")
	if _, err := l.takingOver(desk(), "C2", "B1"); !slices.Equal(codes(t, err), []string{borrowing.HoldQueueAhead}) {
		t.Errorf("another waits: %v", err)
	}
	if _, err := l.lend("C2", "B1"); !slices.Equal(codes(t, err), []string{borrowing.ItemOnLoan, borrowing.HoldQueueAhead}) {
		t.Errorf("all at once: %v", err)
	}
	lent, err := l.takingOver(librarian(), "C2", "B1", borrowing.HoldQueueAhead)
	must(t, err)
	if got, _ := l.Hold(desk(), h.ID); got.Status != borrowing.HoldWaiting || got.Position != 1 {
		t.Errorf("the hold %+v", got)
	}
	own, err := l.takingOver(desk(), "C3", "B1") // the first in the queue
	must(t, err)
	if got, _ := l.Hold(desk(), h.ID); got.Status != borrowing.HoldFilled {
		t.Errorf("the borrower's own hold is %s", got.Status)
	}
	if got, _ := l.Loan(desk(), lent.ID); got.Status != borrowing.LoanClosed || own.Status != borrowing.LoanOpen {
		t.Errorf("%s, %s", got.Status, own.Status)
	}
	l.consistent()
}

func TestManyDesksTakeACopyOver(t *testing.T) {
	l := opened(t, 17)
	l.add("B1", 1)
	l.mustLend("C17", "B1")
	got := atOnce(16, func(i int) error {
		return second(l.takingOver(desk(), l.people.byID[int64(i+1)].Card, "B1"))
	})
	if n := l.count("borrowing.loans WHERE status = 'open'"); n != 1 || got[""]+got["busy"] != 16 || got[""] != l.count("borrowing.loans")-1 {
		t.Errorf("%d open loans, outcomes %v", n, got)
	}
	l.consistent()
}
