package borrowing_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/problem"
)

// fining opens a library of n members whose rule fines 1,000 a day after a grace of 2 days, up to 20,000, and takes 7,000 for
// processing a lost copy. Loans of 21 days made at its start are due on 23 March 2026.
func fining(t testing.TB, n int) *library {
	l := opened(t, n)
	must(t, l.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 21, Renewals: 2, LoanLimit: 1000, HoldLimit: 100,
		FinePerDay: 1000, GraceDays: 2, FineCap: 20_000, LostFee: 7_000}}))
	return l
}

// priced shelves a copy whose replacement costs so many đồng.
func (l *library) priced(barcode string, title int, price int64) {
	l.t.Helper()
	l.add(barcode, title, func(n *borrowing.NewItem) { n.Price = &borrowing.Money{Minor: price, Currency: "VND"} })
}

func (l *library) days(n int) { l.clock.move(time.Duration(n) * 24 * time.Hour) }

// account gives a member's account, and checks that it adds up.
func (l *library) account(member int64) borrowing.AccountView {
	l.t.Helper()
	a, err := l.Account(patron(member), "", borrowing.ChargeFilter{Limit: 1000})
	must(l.t, err)
	sum := int64(0)
	for _, c := range a.Charges {
		sum += c.Outstanding()
	}
	if sum != a.Balance.Minor {
		l.t.Errorf("member %d owes %d, but the balance is %d", member, sum, a.Balance.Minor)
	}
	return a
}

// charged lists a member's charges, oldest first, as kind, amount and what is outstanding.
func (l *library) charged(member int64) (list []string) {
	l.t.Helper()
	for _, c := range l.account(member).Charges {
		list = append([]string{fmt.Sprintf("%s %d/%d", c.Kind, c.Outstanding(), c.Amount)}, list...)
	}
	return list
}

func (l *library) owes(member, balance, accrued int64) {
	l.t.Helper()
	if a := l.account(member); a.Balance.Minor != balance || a.Accrued.Minor != accrued {
		l.t.Errorf("member %d owes %v and %v accrued, want %d and %d", member, a.Balance, a.Accrued, balance, accrued)
	}
}

func (l *library) has(member int64, want ...string) {
	l.t.Helper()
	if got := l.charged(member); fmt.Sprint(got) != fmt.Sprint(want) {
		l.t.Errorf("member %d has the charges %q, want %q", member, got, want)
	}
}

func (l *library) pay(card string, amount, charge int64) (borrowing.Settled, error) {
	return l.Pay(desk(), borrowing.Settle{Card: card, Amount: amount, ChargeID: charge, Method: "cash"}, borrowing.Order{})
}

func (l *library) waive(card string, amount, charge int64) (borrowing.Settled, error) {
	return l.Waive(librarian(), borrowing.Settle{Card: card, Amount: amount, ChargeID: charge, Reason: "goodwill"}, borrowing.Order{})
}

func (l *library) lose(barcode string) borrowing.Gone {
	l.t.Helper()
	gone, err := l.DeclareLost(desk(), borrowing.DeclareLost{Barcode: barcode}, borrowing.Order{})
	must(l.t, err)
	return gone
}

func TestAnAccruedFineIsComputedAndBecomesAChargeAtCheckIn(t *testing.T) {
	l := fining(t, 1)
	l.priced("B1", 1, 100_000)
	l.mustLend("C1", "B1")
	l.days(23) // two days late: within the grace
	l.owes(1, 0, 0)
	l.days(1)
	l.owes(1, 0, 3000)
	if l.count("borrowing.account_entries") != 0 {
		t.Error("a fine that only accrued was written")
	}
	in := l.checkIn("B1", "main")
	if len(in.Charges) != 1 || in.Charges[0].Kind != borrowing.OverdueCharge || in.Charges[0].Amount != 3000 {
		t.Errorf("charged %+v", in.Charges)
	}
	if again := l.checkIn("B1", "main"); len(again.Charges) != 0 {
		t.Errorf("charged again: %+v", again.Charges)
	}
	l.owes(1, 3000, 0)
	c := l.account(1).Charges[0]
	if c.Title != "Title 1" || c.Barcode != "B1" || c.LoanID != in.Closed.ID || c.Day != on("2026-03-26") || len(c.Entries) != 1 || c.Entries[0].Actor != "staff/9001" {
		t.Errorf("%+v", c)
	}
	l.days(10)
	l.owes(1, 3000, 0)
	l.consistent()
}

func TestAFineCountsToTheDayOfTheReturnAndNotOfTheScan(t *testing.T) {
	l := fining(t, 2)
	l.priced("B1", 1, 100_000)
	l.priced("B2", 2, 100_000)
	l.mustLend("C1", "B1")
	l.mustLend("C2", "B2")
	l.days(26) // 28 March, five days late
	returned := on("2026-03-26")
	must(t, second(l.CheckIn(desk(), borrowing.CheckIn{Barcode: "B1", ReturnedOn: &returned}, borrowing.Order{})))
	must(t, second(l.CheckIn(desk(), borrowing.CheckIn{Barcode: "B2", BookDrop: true}, borrowing.Order{})))
	l.has(1, "overdue 3000/3000")
	l.has(2, "overdue 4000/4000")
	l.consistent()
}

func TestARenewalChargesTheFineAndCountsAnew(t *testing.T) {
	l := fining(t, 1)
	must(t, l.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 7, Renewals: 9, LoanLimit: 10, FinePerDay: 1000, FineCap: 12_000}}))
	l.priced("B1", 1, 100_000)
	lent := l.mustLend("C1", "B1") // due on 9 March
	l.days(12)
	renewed, err := l.Renew(patron(1), lent.ID, borrowing.Override{}, borrowing.Order{})
	must(t, err)
	if renewed.DueOn != on("2026-03-16") {
		t.Errorf("due on %v", renewed.DueOn)
	}
	l.has(1, "overdue 5000/5000")
	l.days(4) // 18 March: two days late again
	l.owes(1, 5000, 2000)
	l.days(1)
	must(t, second(l.Renew(patron(1), lent.ID, borrowing.Override{}, borrowing.Order{}))) // due on 23 March
	l.has(1, "overdue 5000/5000", "overdue 3000/3000")
	l.days(24)
	l.owes(1, 8000, 4000) // 12,000 is the cap of one loan
	l.checkIn("B1", "main")
	l.has(1, "overdue 5000/5000", "overdue 3000/3000", "overdue 4000/4000")
	l.consistent()
}

func TestARenewalOfAnOldDateDoesNotChargeADayTwice(t *testing.T) {
	l := opened(t, 1)
	must(t, l.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 7, Renewals: 9, LoanLimit: 10, FinePerDay: 1000}}))
	l.add("B1", 1)
	lent := l.mustLend("C1", "B1") // due on 9 March
	l.days(20)                     // 22 March, 13 days late
	renewed, err := l.Renew(desk(), lent.ID, borrowing.Override{}, borrowing.Order{})
	must(t, err)
	if renewed.DueOn != on("2026-03-16") {
		t.Errorf("due on %v", renewed.DueOn)
	}
	l.owes(1, 13_000, 0) // overdue since the 16th, and paid for until today
	l.days(2)
	l.owes(1, 13_000, 2000)
	l.consistent()
}

func TestPaymentsGoToTheOldestChargeFirstAndNeverBeyondWhatIsOwed(t *testing.T) {
	l := fining(t, 2)
	charge := func(card string, amount int64) int64 {
		c, err := l.Charge(desk(), borrowing.NewCharge{Card: card, Amount: amount, Note: "a new card"}, borrowing.Order{})
		must(t, err)
		return c.ID
	}
	one, two, three := charge("C1", 1000), charge("C1", 2000), charge("C1", 4000)
	paid, err := l.pay("C1", 1500, 0)
	must(t, err)
	if fmt.Sprint(paid.Parts) != fmt.Sprint([]borrowing.SettledPart{{one, 1000, 0}, {two, 500, 1500}}) || paid.Balance.Minor != 5500 {
		t.Errorf("paid %+v", paid)
	}
	l.has(1, "manual 0/1000", "manual 1500/2000", "manual 4000/4000")
	if _, err := l.pay("C1", 5501, 0); code(err) != borrowing.PaymentTooHigh {
		t.Errorf("too much: %v", err)
	}
	if _, err := l.pay("C1", 1, one); code(err) != borrowing.PaymentTooHigh {
		t.Errorf("of a settled charge: %v", err)
	}
	if _, err := l.pay("C2", 1000, three); code(err) != "charge_not_found" {
		t.Errorf("of another's charge: %v", err)
	}
	if _, err := l.waive("C1", 4001, three); code(err) != borrowing.WaiverTooHigh {
		t.Errorf("too much waived: %v", err)
	}
	must(t, second(l.waive("", 4000, three)))
	must(t, second(l.pay("C1", 1500, two)))
	l.has(1, "manual 0/1000", "manual 0/2000", "manual 0/4000")
	l.owes(1, 0, 0)
	for _, e := range l.account(1).Charges[0].Entries {
		if e.Kind == borrowing.Waiver && (e.Reason != "goodwill" || e.Actor != "staff/9001") {
			t.Errorf("waiver %+v", e)
		}
	}
	l.consistent()
}

func TestNobodyWaivesOrTakesPaymentForThemselves(t *testing.T) {
	l := fining(t, 1)
	l.people.byID[staffID] = borrowing.Member{ID: staffID, Card: "S1", Category: "staff"}
	c, err := l.Charge(desk(), borrowing.NewCharge{Card: "S1", Amount: 1000, Note: "a lost key"}, borrowing.Order{})
	must(t, err)
	if _, err := l.pay("S1", 1000, 0); code(err) != "payment_for_self" {
		t.Errorf("paid: %v", err)
	}
	if _, err := l.waive("S1", 1000, 0); code(err) != "waiver_for_self" {
		t.Errorf("waived: %v", err)
	}
	if _, err := l.waive("", 1000, c.ID); code(err) != "waiver_for_self" {
		t.Errorf("waived by the charge: %v", err)
	}
	if _, err := l.Waive(desk(), borrowing.Settle{Card: "C1", Amount: 1, Reason: "x"}, borrowing.Order{}); code(err) != "role_needed" {
		t.Errorf("waived at the desk: %v", err)
	}
	l.owes(staffID, 1000, 0)
	l.consistent()
}

func TestTwoDesksThatTakeTheSamePaymentHaveOneEffect(t *testing.T) {
	l := fining(t, 1)
	c, err := l.Charge(desk(), borrowing.NewCharge{Card: "C1", Amount: 1000, Note: "x"}, borrowing.Order{})
	must(t, err)
	got := atOnce(16, func(i int) error {
		if i%2 == 0 {
			return second(l.pay("C1", 1000, c.ID))
		}
		return second(l.waive("C1", 1000, 0))
	})
	if got[""] != 1 || got[borrowing.PaymentTooHigh]+got[borrowing.WaiverTooHigh] != 15 {
		t.Errorf("outcomes %v", got)
	}
	l.owes(1, 0, 0)
	l.consistent()
}

func TestChargesOverTheLimitRefuseLoansAndRenewalsAndALibrarianOverrides(t *testing.T) {
	l := fining(t, 2)
	must(t, l.SaveCategoryLimits(librarian(), "adult", borrowing.CategoryLimits{ChargesLimit: 5000}))
	for i := range 4 {
		l.priced(fmt.Sprintf("B%d", i), i+1, 100_000)
	}
	late := l.mustLend("C1", "B0")
	must(t, second(l.Charge(desk(), borrowing.NewCharge{Card: "C1", Amount: 1000, Note: "x"}, borrowing.Order{})))
	l.days(25) // 4,000 accrued: at the limit, and not over it
	l.owes(1, 1000, 4000)
	l.mustLend("C1", "B1")
	l.days(1)
	for what, err := range map[string]error{
		"at the desk": second(l.lend("C1", "B2")),
		"on the web":  second(l.CheckOut(patron(1), borrowing.CheckOut{BookID: book(3)}, borrowing.Order{})),
		"renewal":     second(l.Renew(patron(1), late.ID, borrowing.Override{}, borrowing.Order{})),
	} {
		if got := codes(t, err); fmt.Sprint(got) != "[charges_over_limit]" {
			t.Errorf("%s: %v", what, got)
		}
		if r := problem.Of(err).Reasons[0]; !r.Overridable || r.By != "librarian" || r.Detail != "The member owes 6,000 VND, with the fines that still grow; the limit is 5,000 VND." {
			t.Errorf("%s: %+v", what, r)
		}
	}
	over := borrowing.Override{Codes: []string{borrowing.ChargesOverLimit}, Reason: "pays on Friday"}
	if _, err := l.CheckOut(desk(), borrowing.CheckOut{Card: "C1", Barcode: "B2", Override: over}, borrowing.Order{}); code(err) != "override_not_allowed" {
		t.Errorf("by the desk: %v", err)
	}
	must(t, second(l.CheckOut(librarian(), borrowing.CheckOut{Card: "C1", Barcode: "B2", Override: over}, borrowing.Order{})))
	must(t, second(l.pay("C1", 1000, 0)))
	l.mustLend("C1", "B3")
	l.consistent()
}

func TestTheAccountIsAppendOnlyAndTheDatabaseKeepsItSo(t *testing.T) {
	l := fining(t, 2)
	c, err := l.Charge(desk(), borrowing.NewCharge{Card: "C1", Amount: 1000, Note: "x"}, borrowing.Order{})
	must(t, err)
	must(t, second(l.pay("C1", 400, 0)))
	entry := `INSERT INTO borrowing.account_entries (member_id, charge_id, kind, amount, currency, actor, day) VALUES `
	for what, query := range map[string]string{
		"an amount changed":        `UPDATE borrowing.account_entries SET amount = 1`,
		"a reason changed":         `UPDATE borrowing.account_entries SET reason = 'y'`,
		"an entry deleted":         `DELETE FROM borrowing.account_entries`,
		"all of them":              `TRUNCATE borrowing.account_entries CASCADE`,
		"a payment of too much":    fmt.Sprintf(entry+`(1, %d, 'payment', 601, 'VND', 'x', now())`, c.ID),
		"another's payment":        fmt.Sprintf(entry+`(2, %d, 'payment', 1, 'VND', 'x', now())`, c.ID),
		"one in another currency":  fmt.Sprintf(entry+`(1, %d, 'payment', 1, 'USD', 'x', now())`, c.ID),
		"a refund of too much":     fmt.Sprintf(entry+`(1, %d, 'refund', 401, 'VND', 'x', now())`, c.ID),
		"a payment below nothing":  fmt.Sprintf(entry+`(1, %d, 'payment', -1, 'VND', 'x', now())`, c.ID),
		"a payment for no charge":  entry + `(1, 999999, 'payment', 1, 'VND', 'x', now())`,
		"what is owed, taken away": `UPDATE borrowing.open_charges SET outstanding = -1`,
	} {
		if _, err := l.db.Pool().Exec(context.Background(), query); err == nil {
			t.Errorf("%s: the database took it", what)
		}
	}
	// Members are merged: an account changes hands whole.
	_, err = l.db.Pool().Exec(context.Background(), `UPDATE borrowing.account_entries SET member_id = 2 WHERE member_id = 1`)
	must(t, err)
	l.owes(1, 0, 0)
	l.owes(2, 600, 0)
	must(t, second(l.pay("C2", 600, 0)))
	l.consistent()
}

// Deleting the row of what a charge was for cuts the account from loan, title and ledger, and the account stands as it was.
func TestWithItsSubjectAChargeForgetsWhatItWasFor(t *testing.T) {
	l := fining(t, 1)
	l.priced("B1", 1, 100_000)
	l.mustLend("C1", "B1")
	l.days(30)
	l.checkIn("B1", "main")
	must(t, second(l.pay("C1", 9000, 0)))
	var linked int
	must(t, l.db.Pool().QueryRow(context.Background(), `SELECT count(*) FROM borrowing.events e JOIN borrowing.charge_subjects s ON e.stream = 'charge/' || s.charge_ref
		WHERE e.type IN ('ChargeMade', 'PaymentTaken') AND NOT e.data ? 'member_id' AND NOT e.data ? 'charge_id' AND NOT e.data ? 'book_id'`).Scan(&linked))
	if linked != 2 {
		t.Errorf("%d events of the charge", linked)
	}
	_, err := l.db.Pool().Exec(context.Background(), `DELETE FROM borrowing.charge_subjects`)
	must(t, err)
	c := l.account(1).Charges[0]
	if c.Title != "" || c.LoanID != 0 || c.BookID != 0 || c.Barcode != "" || c.Paid != 9000 || c.Amount != 9000 {
		t.Errorf("%+v", c)
	}
	// No time of day that would lead back to the check-in.
	var times int
	must(t, l.db.Pool().QueryRow(context.Background(), `SELECT count(*) FROM information_schema.columns WHERE table_schema = 'borrowing' AND table_name = 'account_entries'
		AND data_type LIKE 'timestamp%'`).Scan(&times))
	if times != 0 {
		t.Error("entries hold a time")
	}
}

func TestABalanceIsReadAtOnceHoweverLongTheAccountIs(t *testing.T) {
	l := fining(t, 1)
	l.byHand = true
	_, err := l.db.Pool().Exec(context.Background(), `INSERT INTO borrowing.accounts (member_id) VALUES (1);
		INSERT INTO borrowing.account_entries (id, member_id, charge_id, kind, charge_kind, amount, currency, actor, day)
			SELECT i, 1, i, 'charge', 'manual', 10, 'VND', 'system', '2026-01-01' FROM generate_series(1000001, 1004000) i;
		INSERT INTO borrowing.account_entries (member_id, charge_id, kind, amount, currency, actor, day)
			SELECT 1, i, 'payment', 10, 'VND', 'system', '2026-01-01' FROM generate_series(1000001, 1003990) i`)
	must(t, err)
	for i := range 50 {
		l.priced(fmt.Sprintf("B%d", i), i+1, 1000)
		l.mustLend("C1", fmt.Sprintf("B%d", i))
	}
	l.days(30)
	start := time.Now()
	a, err := l.Account(patron(1), "", borrowing.ChargeFilter{Limit: 50})
	must(t, err)
	if a.Balance.Minor != 100 || a.Accrued.Minor != 50*1000 || len(a.Charges) != 50 || !a.More {
		t.Errorf("%v %v %d", a.Balance, a.Accrued, len(a.Charges))
	}
	t.Logf("an account of 8,000 entries and 50 late loans: %v", time.Since(start))
	start = time.Now()
	l.add("N", 99)
	l.mustLend("C1", "N")
	t.Logf("a copy added, and lent to this member: %v", time.Since(start))
}
