package borrowing_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"bookvault/modules/borrowing"
	"bookvault/platform/housekeeping"
)

func (l *library) loan(id int64) borrowing.LoanView {
	l.t.Helper()
	loan, err := l.Loan(desk(), id)
	must(l.t, err)
	return loan
}

func (l *library) status(barcode string, want borrowing.Status) {
	l.t.Helper()
	if it, err := l.Item(desk(), barcode); err != nil || it.Status != want {
		l.t.Errorf("%s is %s, want %s (%v)", barcode, it.Status, want, err)
	}
}

// refunded checks in a copy and gives what the desk is told to give back.
func (l *library) refunded(barcode string, want int64) borrowing.CheckedIn {
	l.t.Helper()
	in := l.checkIn(barcode, "main")
	if in.Refunded.Minor != want || (want > 0) != strings.Contains(in.Next.Alert, "give the member") {
		l.t.Errorf("%s: give back %v (%s), want %d", barcode, in.Refunded, in.Next.Alert, want)
	}
	return in
}

func TestALostLoanStaysOpenUntilItIsSettledAndTheItemStaysLost(t *testing.T) {
	l := fining(t, 1)
	must(t, l.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 21, LoanLimit: 1, FinePerDay: 1000, LostFee: 7000}}))
	l.priced("B1", 1, 100_000)
	l.add("B2", 2)
	lent := l.mustLend("C1", "B1")
	l.days(25) // four days late
	gone := l.lose("B1")
	if gone.Item.Status != borrowing.Lost || gone.Loan.Status != borrowing.LoanOpen || *gone.Loan.LostOn != on("2026-03-27") || len(gone.Charges) != 3 {
		t.Errorf("%+v", gone)
	}
	l.has(1, "overdue 4000/4000", "processing 7000/7000", "lost 100000/100000")
	if again := l.lose("B1"); len(again.Charges) != 0 || again.Loan.Version != gone.Loan.Version {
		t.Errorf("declared twice: %+v", again)
	}
	l.days(10)
	l.owes(1, 111_000, 0) // nothing accrues any more
	if _, err := l.lend("C1", "B2"); fmt.Sprint(codes(t, err)) != "[loan_limit_reached]" {
		t.Errorf("a lost loan counts in limits: %v", err)
	}
	if _, err := l.Renew(desk(), lent.ID, borrowing.Override{}, borrowing.Order{}); fmt.Sprint(codes(t, err)) != "[item_not_lendable renewal_limit_reached]" {
		t.Errorf("renewed: %v", err)
	}
	if _, err := l.Reverse(desk(), lent.ID, "", borrowing.Order{}); code(err) != borrowing.LoanHasFollowers {
		t.Errorf("reversed: %v", err)
	}
	charges := l.account(1).Charges // lost, processing, overdue
	paid, err := l.pay("C1", 100_000, charges[0].ID)
	must(t, err)
	if len(paid.Closed) != 0 || l.loan(lent.ID).Status != borrowing.LoanOpen {
		t.Errorf("closed before the fee is settled: %+v", paid)
	}
	paid, err = l.waive("C1", 7000, charges[1].ID)
	must(t, err)
	if loan := l.loan(lent.ID); fmt.Sprint(paid.Closed) != fmt.Sprint([]int64{lent.ID}) || loan.ClosedBy != borrowing.BySettling || loan.ReturnedOn != nil {
		t.Errorf("not settled: %+v %+v", paid, loan)
	}
	l.status("B1", borrowing.Lost)
	l.owes(1, 4000, 0) // the fine is no part of it
	l.mustLend("C1", "B2")
	l.consistent()
}

func TestOnReturnWhatWasPaidIsRefundedWhatIsUnpaidVoidedAndWhatWasWaivedStays(t *testing.T) {
	l := fining(t, 1)
	l.priced("B1", 1, 100_000)
	l.mustLend("C1", "B1")
	l.lose("B1")
	charges := l.account(1).Charges
	lost, fee := charges[0].ID, charges[1].ID
	must(t, second(l.pay("C1", 20_000, lost)))
	must(t, second(l.waive("C1", 30_000, lost)))
	must(t, second(l.pay("C1", 5000, fee)))
	l.days(30)
	in := l.refunded("B1", 20_000)
	if in.Closed == nil || in.Closed.ClosedBy != borrowing.ByCheckIn || in.Item.Status != borrowing.Available {
		t.Errorf("%+v", in)
	}
	c := l.account(1).Charges[0]
	if c.Refunded != 20_000 || c.Voided != 50_000 || c.Waived != 30_000 || c.Paid != 20_000 || c.Outstanding() != 0 {
		t.Errorf("%+v", c.Charge)
	}
	l.has(1, "processing 2000/7000", "lost 0/100000") // the fee is kept
	l.refunded("B1", 0)
	l.consistent()
}

func TestAReturnAfterTheLoanWasSettledRefundsByRule(t *testing.T) {
	for _, c := range []struct {
		what   string
		days   int
		rule   borrowing.LostRefund
		refund int64
	}{
		{"in time", 180, borrowing.LostRefund{Days: 180}, 100_000},
		{"a day too late", 181, borrowing.LostRefund{Days: 180}, 0},
		{"the fee too, where the library says so", 10, borrowing.LostRefund{Days: 180, Processing: true}, 107_000},
		{"never, where the library says so", 0, borrowing.LostRefund{Processing: true}, 0},
	} {
		t.Run(c.what, func(t *testing.T) {
			l := opened(t, 1, func(s *borrowing.Settings) { s.LostRefund = c.rule })
			must(t, l.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 21, LoanLimit: 10, LostFee: 7000}}))
			l.priced("B1", 1, 100_000)
			lent := l.mustLend("C1", "B1")
			l.lose("B1")
			must(t, second(l.pay("C1", 107_000, 0)))
			l.days(c.days)
			in := l.refunded("B1", c.refund)
			loan := l.loan(lent.ID)
			if in.Closed != nil || loan.ClosedBy != borrowing.BySettling || loan.ReturnedOn == nil || in.Item.Status != borrowing.Available {
				t.Errorf("%+v, then the loan %+v", in, loan)
			}
			l.refunded("B1", 0)
			l.owes(1, 0, 0)
			l.consistent()
		})
	}
}

func TestALossThatNothingIsChargedForIsNotSettledByItself(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1) // of a price that nobody wrote down
	lent := l.mustLend("C1", "B1")
	l.lose("B1")
	must(t, second(l.Charge(desk(), borrowing.NewCharge{Card: "C1", Amount: 500, Note: "x"}, borrowing.Order{})))
	must(t, second(l.pay("C1", 500, 0)))
	if loan := l.loan(lent.ID); loan.Status != borrowing.LoanOpen {
		t.Errorf("%+v", loan)
	}
	price := int64(80_000) // the desk looks it up
	for range 2 {
		must(t, second(l.DeclareLost(desk(), borrowing.DeclareLost{Barcode: "B1", Price: &price}, borrowing.Order{})))
	}
	l.has(1, "manual 0/500", "lost 80000/80000")
	must(t, second(l.pay("C1", 80_000, 0)))
	if loan := l.loan(lent.ID); loan.ClosedBy != borrowing.BySettling {
		t.Errorf("%+v", loan)
	}
	l.consistent()
}

func TestAPriceInAnotherCurrencyIsNotCharged(t *testing.T) {
	l := fining(t, 1)
	l.add("B1", 1, func(n *borrowing.NewItem) { n.Price = &borrowing.Money{Minor: 5000, Currency: "USD"} })
	l.mustLend("C1", "B1")
	l.days(60)
	l.lose("B1")
	l.has(1, "overdue 20000/20000", "processing 7000/7000")
	l.consistent()
}

func TestACopyThatIsNotOnLoanIsLostWithoutCharges(t *testing.T) {
	l := fining(t, 2)
	l.priced("B1", 1, 100_000)
	h := l.hold(2, 1, "main")
	l.checkIn("B1", "main") // kept for member 2
	gone := l.lose("B1")
	if gone.Loan != nil || len(gone.Charges) != 0 || gone.Item.Status != borrowing.Lost {
		t.Errorf("%+v", gone)
	}
	if got, err := l.Hold(desk(), h.ID); err != nil || got.Status != borrowing.HoldWaiting || got.Position != 1 {
		t.Errorf("the hold is %+v (%v)", got, err)
	}
	in := l.checkIn("B1", "main")
	if in.Item.Status != borrowing.OnHoldShelf || in.Next.HoldID != h.ID || in.Next.Alert == "" {
		t.Errorf("found again: %+v", in)
	}
	must(t, second(l.MarkItem(librarian(), "B1", borrowing.Withdrawn, "", borrowing.Order{})))
	if _, err := l.DeclareLost(desk(), borrowing.DeclareLost{Barcode: "B1"}, borrowing.Order{}); code(err) != borrowing.ItemWithdrawn {
		t.Errorf("a withdrawn one: %v", err)
	}
	l.consistent()
}

func TestClaimedReturnedClosesWithNoFinePastTheClaim(t *testing.T) {
	l := fining(t, 2)
	l.priced("B1", 1, 100_000)
	lent := l.mustLend("C1", "B1")
	l.days(24)
	claim := func() borrowing.Gone {
		t.Helper()
		gone, err := l.ClaimReturned(desk(), "B1", "says it lay on the counter", borrowing.Order{})
		must(t, err)
		return gone
	}
	first := claim()
	if first.Item.Status != borrowing.ClaimedReturned || first.Loan.Status != borrowing.LoanOpen || *first.Loan.ClaimedOn != on("2026-03-26") {
		t.Errorf("%+v", first)
	}
	l.days(10)
	if again := claim(); again.Loan.Version != first.Loan.Version || *again.Loan.ClaimedOn != *first.Loan.ClaimedOn {
		t.Errorf("claimed twice: %+v", again)
	}
	l.owes(1, 0, 3000)
	l.priced("B2", 2, 100_000)
	l.mustLend("C2", "B2") // nobody claims anything of it
	claimed := func(branch string) int {
		t.Helper()
		list, _, err := l.Loans(desk(), "", borrowing.LoanFilter{Claimed: true, Branch: branch, Limit: 10})
		must(t, err)
		return len(list)
	}
	if here, everywhere, east := claimed("main"), claimed(""), claimed("east"); here != 1 || everywhere != 1 || east != 0 {
		t.Errorf("claims: %d at the branch, %d in all, %d elsewhere", here, everywhere, east)
	}
	in := l.checkIn("B1", "main")
	if in.Closed == nil || in.Closed.ID != lent.ID || in.Item.Status != borrowing.Available || in.Next.Alert == "" {
		t.Errorf("%+v", in)
	}
	if n := claimed(""); n != 0 {
		t.Errorf("%d claims are left", n)
	}
	l.has(1, "overdue 3000/3000")
	if _, err := l.ClaimReturned(desk(), "B1", "", borrowing.Order{}); code(err) != borrowing.ItemNotOnLoan {
		t.Errorf("of a copy that is not on loan: %v", err)
	}
	l.consistent()
}

func TestACopyClaimedReturnedCanBeDeclaredLostAndNotTheOtherWayRound(t *testing.T) {
	l := fining(t, 1)
	l.people.byID[staffID] = borrowing.Member{ID: staffID, Card: "S1", Category: "staff"}
	l.priced("B1", 1, 100_000)
	l.priced("B2", 2, 100_000)
	l.mustLend("C1", "B1")
	l.mustLend("S1", "B2")
	l.days(24)
	must(t, second(l.ClaimReturned(desk(), "B1", "", borrowing.Order{})))
	l.days(30)
	l.lose("B1")
	l.has(1, "overdue 3000/3000", "processing 7000/7000", "lost 100000/100000")
	if _, err := l.ClaimReturned(desk(), "B1", "", borrowing.Order{}); code(err) != borrowing.ItemLost {
		t.Errorf("claimed after it was lost: %v", err)
	}
	if _, err := l.ClaimReturned(desk(), "B2", "", borrowing.Order{}); code(err) != "claim_for_self" {
		t.Errorf("for oneself: %v", err)
	}
	l.status("B2", borrowing.CheckedOut)
	l.consistent()
}

func TestALongOverdueCopyIsDeclaredLostAlsoWhenTheRoundComesLate(t *testing.T) {
	var accounts [2][]string
	for i, late := range []int{0, 40} {
		l := fining(t, 3)
		l.settings.LostAfterDays = 10
		l.Service = borrowing.New(l.store, l.people, l.shelf, l.settings)
		for n := 1; n <= 4; n++ {
			l.priced(fmt.Sprintf("B%d", n), n, 100_000)
		}
		overdue := l.mustLend("C1", "B1")
		l.mustLend("C1", "B2")
		claimed := l.mustLend("C2", "B3")
		must(t, second(l.ClaimReturned(desk(), "B3", "", borrowing.Order{})))
		l.days(1)
		later := l.mustLend("C3", "B4")
		round := func() {
			t.Helper()
			must(t, housekeeping.Once(context.Background(), l.Housekeeping()))
		}
		l.days(31) // 3 April: ten days overdue, and eleven for the first two
		round()
		if late == 0 && (l.loan(later.ID).LostOn != nil || l.loan(overdue.ID).LostOn == nil) {
			t.Error("not those that are overdue for longer than ten days")
		}
		l.days(late)
		round()
		round()
		if loan := l.loan(overdue.ID); *loan.LostOn != on("2026-04-02") || loan.Status != borrowing.LoanOpen {
			t.Errorf("%+v", loan)
		}
		if loan := l.loan(claimed.ID); loan.LostOn != nil {
			t.Errorf("claimed returned, and yet %+v", loan)
		}
		accounts[i] = l.charged(1)
		l.consistent()
	}
	want := "[overdue 10000/10000 processing 7000/7000 lost 100000/100000 overdue 10000/10000 processing 7000/7000 lost 100000/100000]"
	if fmt.Sprint(accounts[0]) != want || fmt.Sprint(accounts[1]) != want {
		t.Errorf("in time %v\nlate    %v", accounts[0], accounts[1])
	}
}

func TestCheckInThenLendChargesTheFineOfTheLoanThatItEnds(t *testing.T) {
	l := fining(t, 2)
	l.priced("B1", 1, 100_000)
	l.mustLend("C1", "B1")
	l.days(26)
	over := borrowing.Override{Codes: []string{borrowing.ItemOnLoan}, Reason: "it lay on the counter"}
	must(t, second(l.CheckOut(desk(), borrowing.CheckOut{Card: "C2", Barcode: "B1", Override: over}, borrowing.Order{})))
	l.has(1, "overdue 5000/5000")
	l.has(2)
	l.consistent()
}

func TestUndoingALoanLeavesNoChargeAndWaivesNone(t *testing.T) {
	l := fining(t, 1)
	l.priced("B1", 1, 100_000)
	l.priced("B2", 2, 100_000)
	wrong, late := l.mustLend("C1", "B1"), l.mustLend("C1", "B2")
	l.days(20)
	must(t, second(l.Reverse(desk(), wrong.ID, "the wrong card", borrowing.Order{})))
	l.days(20)
	l.owes(1, 0, 19_000)
	if _, err := l.Reverse(desk(), late.ID, "", borrowing.Order{}); code(err) != borrowing.LoanHasFollowers {
		t.Errorf("undone while a fine runs: %v", err)
	}
	l.owes(1, 0, 19_000)
	l.has(1)
	l.consistent()
}

func TestManyDesksWithOneLostCopyMakeOneOfEverything(t *testing.T) {
	l := fining(t, 1)
	l.priced("B1", 1, 100_000)
	l.mustLend("C1", "B1")
	l.days(30)
	atOnce(8, func(int) error {
		_, err := l.DeclareLost(desk(), borrowing.DeclareLost{Barcode: "B1"}, borrowing.Order{})
		return err
	})
	l.has(1, "overdue 9000/9000", "processing 7000/7000", "lost 100000/100000")
	got := atOnce(12, func(i int) error {
		if i%3 == 0 {
			_, err := l.CheckIn(desk(), borrowing.CheckIn{Barcode: "B1"}, borrowing.Order{})
			return err
		}
		return second(l.pay("C1", 116_000, 0))
	})
	if got[""]+got[borrowing.PaymentTooHigh] != 12 {
		t.Errorf("outcomes %v", got)
	}
	// Whoever came first: the price was paid and given back, or voided before it could be paid.
	for _, c := range l.account(1).Charges {
		if c.Kind == borrowing.LostCharge && (c.Outstanding() != 0 || c.Paid != c.Refunded || c.Paid+c.Voided != 100_000) {
			t.Errorf("%+v", c.Charge)
		}
	}
	l.status("B1", borrowing.Available)
	l.consistent()
}

func TestAWebLoanThatNobodyFetchedCostsNothing(t *testing.T) {
	l := fining(t, 1)
	l.priced("B1", 1, 100_000)
	must(t, second(l.CheckOut(patron(1), borrowing.CheckOut{BookID: book(1)}, borrowing.Order{})))
	if _, err := l.DeclareLost(desk(), borrowing.DeclareLost{Barcode: "B1"}, borrowing.Order{}); code(err) != borrowing.LoanNotCollected {
		t.Errorf("lost: %v", err)
	}
	if _, err := l.ClaimReturned(desk(), "B1", "", borrowing.Order{}); code(err) != borrowing.LoanNotCollected {
		t.Errorf("claimed returned: %v", err)
	}
	l.days(40)
	l.owes(1, 0, 0)
	l.checkIn("B1", "main")
	l.has(1)
	l.consistent()
}
