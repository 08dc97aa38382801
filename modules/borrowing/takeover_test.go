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

func TestALostCopyThatIsTakenOverSaysWhatIsToBeGivenBack(t *testing.T) {
	l := fining(t, 2)
	l.priced("B1", 1, 100_000)
	l.mustLend("C1", "B1")
	for _, c := range l.lose("B1").Charges {
		if c.Kind == borrowing.LostCharge {
			must(t, second(l.pay("C1", 60_000, c.ID)))
		}
	}
	lent, err := l.takingOver(desk(), "C2", "B1")
	must(t, err)
	if w := lent.Warnings; len(w) != 1 || w[0].Code != borrowing.TakenBack || !strings.Contains(w[0].Detail, "declared lost") || !strings.Contains(w[0].Detail, "give that member "+(borrowing.Money{Minor: 60_000, Currency: "VND"}).String()) {
		t.Errorf("warned %+v", w)
	}
	l.owes(1, 7000, 0)
	l.consistent()
}

func TestAWebLoanNotCollectedMovesToAnotherFreeCopyWhenItsOwnIsScannedForSomebodyElse(t *testing.T) {
	l := opened(t, 3)
	l.add("B1", 1)
	web := l.borrow(1, 1)
	l.add("B2", 1, func(n *borrowing.NewItem) { n.Branch = "east" })
	l.clock.move(24 * time.Hour)
	lent := l.mustLend("C2", "B1")
	if len(lent.Warnings) != 1 || lent.Warnings[0].Code != borrowing.WebLoanMoved || lent.Why.Overridden != nil || lent.Barcode != "B1" {
		t.Errorf("lent %+v", lent)
	}
	moved, err := l.Loan(desk(), web.ID)
	must(t, err)
	if moved.Barcode != "B2" || moved.Status != borrowing.LoanOpen || moved.DueOn != web.DueOn || moved.Collected() {
		t.Errorf("moved to %+v", moved)
	}
	events, _, err := l.LoanEvents(patron(1), web.ID, 0, 10)
	must(t, err)
	if len(events) != 2 || events[1].Type != borrowing.EventLoanMoved || strings.Contains(string(events[1].Data), "C2") {
		t.Errorf("events %+v", events)
	}
	if a, _ := l.Availability(desk(), []int64{book(1)}); a[0].Available != 0 {
		t.Errorf("availability %+v", a)
	}
	l.consistent()
	handed := l.mustLend("C1", "B2")
	if handed.ID != web.ID || !handed.Collected() {
		t.Errorf("handed over %+v", handed)
	}
	l.add("B3", 1)
	if _, err := l.lend("C3", "B2"); code(err) != borrowing.ItemOnLoan {
		t.Errorf("what was handed over does not move: %v", err)
	}
	l.consistent()
}

func TestAWebLoanWithoutAnotherFreeCopyStays(t *testing.T) {
	l := opened(t, 4)
	l.add("B1", 1, func(n *borrowing.NewItem) { n.Part = "1" })
	l.borrow(1, 1)
	l.add("B2", 1, func(n *borrowing.NewItem) { n.Part = "2" })
	l.add("B3", 1, func(n *borrowing.NewItem) { n.Part, n.ItemType = "1", "dvd" })
	if _, err := l.lend("C2", "B1"); code(err) != borrowing.ItemOnLoan {
		t.Errorf("another part, another kind: %v", err)
	}
	l.add("B4", 2)
	web := l.borrow(1, 2)
	l.add("B5", 2)
	l.hold(3, 2, "main")
	// The one free copy would go to the web loan, and there is none for who waits.
	if _, err := l.lend("C2", "B4"); code(err) != borrowing.HoldQueueAhead {
		t.Errorf("another waits: %v", err)
	}
	l.add("B6", 2)
	l.mustLend("C2", "B4")
	if moved, _ := l.Loan(desk(), web.ID); moved.Barcode == "B4" || moved.Status != borrowing.LoanOpen {
		t.Errorf("the web loan %+v", moved)
	}
	l.consistent()
}

func TestACheckInOfAWebLoanThatWasNotHandedOverClosesItAndSaysSo(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1)
	web := l.borrow(1, 1)
	if in := l.checkIn("B1", "main"); in.Closed == nil || in.Closed.ID != web.ID || in.Item.Status != borrowing.Available || in.Next.Alert == "" {
		t.Errorf("%+v", in)
	}
	l.consistent()
}

func TestCheckInThenLendChargesWhatTheOtherOwes(t *testing.T) {
	l := opened(t, 2)
	must(t, l.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 21, LoanLimit: 9, HoldLimit: 9, FinePerDay: 1000}}))
	l.add("B1", 1)
	first := l.mustLend("C1", "B1")
	l.clock.move(24 * 24 * time.Hour) // three days late
	must(t, second(l.takingOver(desk(), "C2", "B1")))
	if n := l.count("borrowing.account_entries WHERE kind = 'charge' AND member_id = 1 AND amount = 3000"); n != 1 {
		t.Errorf("%d charges of 3000 for loan %d", n, first.ID)
	}
	l.consistent()
}
