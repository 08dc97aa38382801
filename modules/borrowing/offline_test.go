package borrowing_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// ago is an order for something that happened a while ago, at a desk that was offline.
func (l *library) ago(d time.Duration) borrowing.Order {
	at := l.clock.read().Add(-d)
	return borrowing.Order{OccurredAt: &at}
}

func (l *library) lentAgo(card, barcode string, d time.Duration) (borrowing.Lent, error) {
	return l.CheckOut(desk(), borrowing.CheckOut{Card: card, Barcode: barcode}, l.ago(d))
}

func TestWhatHappenedOfflineIsDecidedAsOfThatTimeAndBothTimesAreKept(t *testing.T) {
	l := opened(t, 2)
	l.add("B1", 1)
	yesterday := borrowing.NewDate(2026, 3, 1)
	l.people.change(1, func(m *borrowing.Member) { m.ExpiresOn = &yesterday }) // it was no member's last day then
	now := l.clock.read()
	lent, err := l.lentAgo("C1", "B1", 24*time.Hour)
	must(t, err)
	if lent.DueOn.String() != "2026-03-22" || !lent.OpenedAt.Equal(now.Add(-24*time.Hour)) || !lent.Why.RecordedAt.Equal(now) || lent.Why.Exceptions != nil {
		t.Errorf("lent %+v", lent)
	}
	events, _, err := l.LoanEvents(desk(), lent.ID, 0, 10)
	must(t, err)
	if !events[0].At.Equal(now) {
		t.Errorf("recorded at %s", events[0].At)
	}
	in, err := l.CheckIn(desk(), borrowing.CheckIn{Barcode: "B1"}, l.ago(13*time.Hour)) // 23:00 of the day before
	must(t, err)
	if in.Closed == nil || in.Closed.ReturnedOn.String() != "2026-03-01" || !in.Closed.ClosedAt.Equal(now.Add(-13*time.Hour)) {
		t.Errorf("checked in %+v", in.Closed)
	}
	l.consistent()
}

func TestAnOfflineRenewalCountsFromItsDay(t *testing.T) {
	l := opened(t, 1)
	must(t, l.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 21, Renewals: 1, LoanLimit: 9, RenewFrom: borrowing.RenewFromToday}}))
	l.add("B1", 1)
	lent := l.mustLend("C1", "B1")
	l.clock.move(10 * 24 * time.Hour)
	got, err := l.Renew(desk(), lent.ID, borrowing.Override{}, l.ago(48*time.Hour))
	if err != nil || got.DueOn.String() != "2026-03-31" {
		t.Errorf("%s %v", got.DueOn, err)
	}
	l.clock.move(24 * time.Hour)
	got, err = l.Renew(desk(), lent.ID, borrowing.Override{}, l.ago(time.Hour)) // once too often: the reader was told so, though
	if err != nil || got.Renewals != 2 || !slices.Equal(got.Why.Exceptions, []string{borrowing.RenewalLimitReached}) {
		t.Errorf("%+v %v", got.Why, err)
	}
	if _, err := l.Renew(patron(1), lent.ID, borrowing.Override{}, l.ago(time.Hour)); problem.Of(err).Kind != problem.Forbidden {
		t.Errorf("a reader says when: %v", err)
	}
	l.consistent()
}

func TestAnOfflineRefusalByPolicyBecomesARecordedException(t *testing.T) {
	l := opened(t, 4)
	l.add("B1", 1)
	l.people.change(1, func(m *borrowing.Member) { m.Blocks = []string{"conduct"} })
	must(t, second(l.MarkItem(desk(), "B1", borrowing.Missing, "", borrowing.Order{})))
	h := l.hold(2, 1, "main")
	lent, err := l.lentAgo("C1", "B1", time.Hour)
	must(t, err)
	want := []string{borrowing.HoldQueueAhead, borrowing.ItemNotLendable, borrowing.MemberBlocked}
	if !slices.Equal(lent.Why.Exceptions, want) {
		t.Errorf("exceptions %v, want %v", lent.Why.Exceptions, want)
	}
	list, _, err := l.Loans(desk(), "", borrowing.LoanFilter{Exceptions: true, Branch: "main", Limit: 10})
	must(t, err)
	if len(list) != 1 || list[0].ID != lent.ID {
		t.Errorf("listed %v", list)
	}
	if list, _, _ := l.Loans(desk(), "", borrowing.LoanFilter{Exceptions: true, Branch: "east", Limit: 10}); len(list) != 0 {
		t.Errorf("listed at east %v", list)
	}
	if got, _ := l.Hold(desk(), h.ID); got.Status != borrowing.HoldWaiting {
		t.Errorf("the hold is %s", got.Status)
	}
	must(t, second(l.Reverse(desk(), lent.ID, "", borrowing.Order{})))
	if it, _ := l.Item(desk(), "B1"); it.Status != borrowing.Missing {
		t.Errorf("after the undo it is %s", it.Status)
	}
	// Nobody makes an exception for themselves.
	l.people.change(3, func(m *borrowing.Member) { m.Blocks = []string{"conduct"} })
	l.add("B2", 2)
	_, err = l.CheckOut(as(identity.Desk, 3), borrowing.CheckOut{Card: "C3", Barcode: "B2"}, l.ago(time.Hour))
	if code(err) != borrowing.MemberBlocked {
		t.Errorf("for oneself: %v", err)
	}
	l.consistent()
}

// Every status that a copy can have in the library's mind: at the desk that was offline, the book was in the hand.
func TestAnOfflineCheckOutLendsACopyInEveryStatus(t *testing.T) {
	l := roomy(t)
	for i, situation := range []string{"on_order", "in_process", "available", "checked_out", "on_hold_shelf for 3", "on_hold_shelf, to clear", "in_transit home",
		"in_transit to 3", "missing", "lost", "lost, settled", "claimed_returned", "damaged", "withdrawn"} {
		s := l.arrange(i+1, situation)
		l.clock.move(time.Hour)
		lent, err := l.lentAgo("C2", s.barcode, time.Minute)
		if err != nil || lent.MemberCard != "C2" {
			t.Errorf("%s: %v", situation, err)
		}
		if it, _ := l.Item(desk(), s.barcode); it.Status != borrowing.CheckedOut {
			t.Errorf("%s: it is %s", situation, it.Status)
		}
		if s.loan != 0 {
			if other, _ := l.Loan(desk(), s.loan); other.Status != borrowing.LoanClosed || !other.ClosedAt.Equal(lent.OpenedAt) || !slices.Contains(lent.Why.Exceptions, borrowing.ItemOnLoan) {
				t.Errorf("%s: the other loan %+v, exceptions %v", situation, other, lent.Why.Exceptions)
			}
		}
	}
	l.consistent()
}

func TestWhatCannotHaveHappenedOfflineIsRefused(t *testing.T) {
	l := opened(t, 3)
	l.add("B1", 1)
	l.clock.move(24 * time.Hour)
	l.mustLend("C1", "B1")
	l.clock.move(time.Hour)
	if _, err := l.lentAgo("C2", "B1", 2*time.Hour); !slices.Contains(codes(t, err), borrowing.ItemSeenSince) {
		t.Errorf("on a loan that began later: %v", err)
	}
	if _, err := l.lentAgo("C1", "B1", time.Minute); code(err) != borrowing.AlreadyYours {
		t.Errorf("the same member's: %v", err)
	}
	l.checkIn("B1", "main")
	if _, err := l.lentAgo("C2", "B1", 30*time.Minute); code(err) != borrowing.ItemSeenSince {
		t.Errorf("it came back since: %v", err)
	}
	for name, c := range map[string]struct {
		card, barcode string
		ago           time.Duration
		want          string
	}{
		"an unknown card":    {"nobody", "B1", 0, "member_not_found"},
		"an unknown barcode": {"C1", "nothing", 0, "item_not_found"},
		"too long ago":       {"C1", "B1", 73 * time.Hour, borrowing.TooLongAgo},
		"in the future":      {"C1", "B1", -time.Second, "invalid_request"},
	} {
		if _, err := l.lentAgo(c.card, c.barcode, c.ago); code(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	if _, err := l.CheckOut(desk(), borrowing.CheckOut{Card: "C1", BookID: book(1)}, l.ago(time.Hour)); problem.Of(err).Kind != problem.InvalidInput {
		t.Errorf("without a barcode: %v", err)
	}
	l.consistent()
}

func TestACheckInOlderThanTheCurrentLoanDoesNotCloseIt(t *testing.T) {
	l := opened(t, 2)
	l.add("B1", 1)
	l.mustLend("C1", "B1")
	l.clock.move(time.Hour)
	in, err := l.CheckIn(desk(), borrowing.CheckIn{Barcode: "B1", Branch: "east"}, l.ago(2*time.Hour))
	must(t, err)
	if in.Closed != nil || in.Item.Status != borrowing.CheckedOut || in.Next.Action != borrowing.Leave || in.Next.Alert == "" {
		t.Errorf("%+v", in)
	}
	// Nor does one change a copy that was scanned since.
	l.checkIn("B1", "main")
	l.clock.move(time.Hour)
	in, err = l.CheckIn(desk(), borrowing.CheckIn{Barcode: "B1", Branch: "east"}, l.ago(90*time.Minute))
	must(t, err)
	if in.Item.Status != borrowing.Available || in.Item.CurrentBranch != "main" || in.Next.Action != borrowing.Leave {
		t.Errorf("%+v", in)
	}
	l.consistent()
}

// A day at a desk that was offline, entered in its order in the evening.
func TestADayOfflineIsEnteredInItsOrder(t *testing.T) {
	l := opened(t, 3)
	l.add("B1", 1)
	l.mustLend("C1", "B1")
	l.clock.move(8 * time.Hour)
	must(t, second(l.CheckIn(desk(), borrowing.CheckIn{Barcode: "B1"}, l.ago(6*time.Hour))))
	must(t, second(l.lentAgo("C2", "B1", 6*time.Hour)))
	must(t, second(l.CheckIn(desk(), borrowing.CheckIn{Barcode: "B1"}, l.ago(4*time.Hour))))
	last, err := l.lentAgo("C3", "B1", 3*time.Hour)
	must(t, err)
	if last.Why.Exceptions != nil {
		t.Errorf("exceptions %v", last.Why.Exceptions)
	}
	if n := l.count("borrowing.loans a JOIN borrowing.loans b ON a.item_id = b.item_id AND a.id < b.id AND a.closed_at > b.opened_at"); n != 0 {
		t.Errorf("%d pairs of loans of one copy at the same time", n)
	}
	l.consistent()
}

func TestASettledLostCopyThatWasLentOfflineRefundsByRule(t *testing.T) {
	l := opened(t, 3)
	must(t, l.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 14, Renewals: 2, LoanLimit: 5, HoldLimit: 5, LostFee: 500, Currency: "VND"}}))
	l.add("B1", 1, func(n *borrowing.NewItem) { n.Price = &borrowing.Money{Minor: 90_000, Currency: "VND"} })
	lost := l.mustLend("C1", "B1")
	_, err := l.DeclareLost(desk(), borrowing.DeclareLost{Barcode: "B1"}, borrowing.Order{})
	must(t, err)
	_, err = l.Pay(desk(), borrowing.Settle{Card: "C1", Amount: 90_500}, borrowing.Order{})
	must(t, err)
	if was, _ := l.Loan(desk(), lost.ID); was.ClosedBy != borrowing.BySettling {
		t.Fatalf("%+v", was)
	}
	l.clock.move(48 * time.Hour)
	lent, err := l.lentAgo("C2", "B1", time.Hour)
	must(t, err)
	refund := "give that member " + borrowing.Money{Minor: 90_000, Currency: "VND"}.String() + " back"
	if w := lent.Warnings; len(w) != 1 || w[0].Code != borrowing.FoundAgain || !strings.Contains(w[0].Detail, refund) {
		t.Errorf("%+v", w)
	}
	if was, _ := l.Loan(desk(), lost.ID); was.ReturnedOn == nil || *was.ReturnedOn != l.Today(l.clock.read()) {
		t.Errorf("the settled loan is %+v", was)
	}
	l.clock.move(time.Hour)
	if in := l.checkIn("B1", "main"); in.Refunded.Minor != 0 {
		t.Errorf("refunded again: %+v", in.Refunded)
	}
	l.consistent()
}
