package borrowing_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

func TestALoanIsOpenedReadListedAndExplained(t *testing.T) {
	l := opened(t, 2)
	l.add("B1", 1)
	lent := l.mustLend("C1", "B1")
	if lent.DueOn.String() != "2026-03-23" || lent.DueAt.Format(time.RFC3339) != "2026-03-23T22:59:59Z" || lent.Title != "Title 1" || lent.MemberCard != "C1" {
		t.Errorf("lent %+v", lent)
	}
	got, err := l.Loan(desk(), lent.ID)
	must(t, err)
	if got.Barcode != "B1" || got.Status != borrowing.LoanOpen || got.Why.Due.Days != 21 || got.Why.Due.Asked != (borrowing.RuleKey{Branch: "main", Category: "adult", ItemType: "book"}) {
		t.Errorf("got %+v", got)
	}
	if list, more, err := l.Loans(patron(1), "", borrowing.LoanFilter{Limit: 10}); err != nil || more || len(list) != 1 || list[0].ID != lent.ID {
		t.Errorf("list %v %v %v", list, more, err)
	}
	if it, err := l.Item(desk(), "B1"); err != nil || it.Status != borrowing.CheckedOut || it.DueOn == nil || *it.DueOn != lent.DueOn {
		t.Errorf("item %+v %v", it, err)
	}
	l.consistent()
}

func TestAPatronSeesOnlyTheirOwn(t *testing.T) {
	l := opened(t, 2)
	l.add("B1", 1)
	lent := l.mustLend("C1", "B1")
	_, another := l.Loan(patron(2), lent.ID)
	_, unknown := l.Loan(patron(2), lent.ID+1000)
	if code(another) != "loan_not_found" || problem.Of(another).Detail != problem.Of(unknown).Detail || problem.Of(another).Kind != problem.Of(unknown).Kind {
		t.Errorf("another's %v, unknown %v", another, unknown)
	}
	if _, _, err := l.LoanEvents(patron(2), lent.ID, 0, 10); code(err) != "loan_not_found" {
		t.Errorf("events %v", err)
	}
	if _, err := l.Renew(patron(2), lent.ID, borrowing.Override{}, borrowing.Order{}); code(err) != "loan_not_found" {
		t.Errorf("renew %v", err)
	}
	_, _, another = l.Loans(patron(2), "C1", borrowing.LoanFilter{Limit: 10})
	_, _, unknown = l.Loans(patron(2), "C77", borrowing.LoanFilter{Limit: 10})
	if code(another) != "member_not_found" || problem.Of(another).Detail != problem.Of(unknown).Detail {
		t.Errorf("another's list %v, unknown %v", another, unknown)
	}
	if _, err := l.CheckOut(patron(2), borrowing.CheckOut{Card: "C1", BookID: book(1)}, borrowing.Order{}); code(err) != "not_your_account" {
		t.Errorf("for another %v", err)
	}
	if _, err := l.CheckOut(patron(2), borrowing.CheckOut{Card: "C2", Barcode: "B1"}, borrowing.Order{}); code(err) != "role_needed" {
		t.Errorf("by barcode %v", err)
	}
	for name, err := range map[string]error{
		"check-in": second(l.CheckIn(patron(1), borrowing.CheckIn{Barcode: "B1"}, borrowing.Order{})),
		"reversal": second(l.Reverse(patron(1), lent.ID, "", borrowing.Order{})),
		"add":      second(l.AddItem(patron(1), borrowing.NewItem{BookID: book(1), Barcode: "B9"}, borrowing.Order{})),
		"withdraw": second(l.MarkItem(desk(), "B1", borrowing.Withdrawn, "", borrowing.Order{})),
	} {
		if problem.Of(err).Kind != problem.Forbidden {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func second[T any](_ T, err error) error { return err }

func TestRefusalsComeAllAtOnce(t *testing.T) {
	l := opened(t, 3)
	l.add("B1", 1)
	l.add("B2", 2)
	l.mustLend("C2", "B1")
	past := borrowing.NewDate(2026, 3, 1)
	l.people.change(1, func(m *borrowing.Member) { m.ExpiresOn, m.Blocks = &past, []string{"conduct"} })
	l.people.old["OLD1"] = 1
	must(t, l.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 21, LoanLimit: 0, HoldLimit: 9}}))
	_, err := l.lend("OLD1", "B1")
	want := []string{borrowing.ItemOnLoan, borrowing.CardReplaced, borrowing.MemberExpired, borrowing.MemberBlocked, borrowing.LoanLimitReached}
	if got := codes(t, err); !slices.Equal(got, want) {
		t.Errorf("reasons %v, want %v", got, want)
	}
	for _, r := range problem.Of(err).Reasons {
		if r.Overridable != (r.By != "") || strings.Contains(r.Detail, "C2") || strings.Contains(r.Detail, "Member 2") {
			t.Errorf("reason %+v", r)
		}
	}
}

func TestTheMembershipsLastDayCounts(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1)
	last := borrowing.NewDate(2026, 3, 2)
	l.people.change(1, func(m *borrowing.Member) { m.ExpiresOn = &last })
	l.mustLend("C1", "B1")
}

func TestOverrides(t *testing.T) {
	l := opened(t, 2)
	l.add("B1", 1)
	l.people.change(1, func(m *borrowing.Member) { m.Blocks = []string{"conduct"} })
	try := func(ctx context.Context, o borrowing.Override) error {
		_, err := l.CheckOut(ctx, borrowing.CheckOut{Card: "C1", Barcode: "B1", Override: o}, borrowing.Order{})
		return err
	}
	blocked := []string{borrowing.MemberBlocked}
	for name, c := range map[string]struct {
		ctx  context.Context
		o    borrowing.Override
		want string
	}{
		"without a reason":   {librarian(), borrowing.Override{Codes: blocked}, "invalid_request"},
		"of what is final":   {librarian(), borrowing.Override{Codes: []string{borrowing.NoRule}, Reason: "x"}, "invalid_request"},
		"above one's role":   {desk(), borrowing.Override{Codes: blocked, Reason: "x"}, "override_not_allowed"},
		"for oneself":        {as(identity.Librarian, 1), borrowing.Override{Codes: blocked, Reason: "x"}, "override_for_self"},
		"of something else":  {librarian(), borrowing.Override{Codes: []string{borrowing.LoanLimitReached}, Reason: "x"}, borrowing.MemberBlocked},
		"with everything in": {librarian(), borrowing.Override{Codes: blocked, Reason: "spoke with them"}, ""},
	} {
		if c.want == "" {
			continue
		}
		if err := try(c.ctx, c.o); code(err) != c.want {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
	}
	must(t, try(librarian(), borrowing.Override{Codes: append(blocked, borrowing.LoanLimitReached), Reason: "spoke with them"}))
	list, _, err := l.Loans(desk(), "C1", borrowing.LoanFilter{Limit: 1})
	must(t, err)
	if !slices.Equal(list[0].Why.Overridden, blocked) || list[0].Why.Reason != "spoke with them" {
		t.Errorf("recorded %+v", list[0].Why)
	}
	events, _, err := l.LoanEvents(desk(), list[0].ID, 0, 10)
	must(t, err)
	if len(events) != 1 || events[0].Reason != "spoke with them" || events[0].Actor != "staff/9001" {
		t.Errorf("events %+v", events)
	}
	l.consistent()
}

func TestTheSameScanTwiceIsAlreadyYours(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1)
	l.add("B2", 1)
	first := l.mustLend("C1", "B1")
	_, err := l.lend("C1", "B1")
	if !slices.Equal(codes(t, err), []string{borrowing.AlreadyYours}) {
		t.Errorf("again: %v", err)
	}
	if again, _ := l.Loan(desk(), first.ID); again.Renewals != 0 {
		t.Error("it was renewed silently")
	}
	other := l.mustLend("C1", "B2")
	if len(other.Warnings) != 1 || other.Warnings[0].Code != borrowing.SameTitleOnLoan {
		t.Errorf("another copy: %+v", other.Warnings)
	}
	l.consistent()
}

func TestADryRunLeavesNoTrace(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1)
	before := l.count("borrowing.events")
	lent, err := l.CheckOut(desk(), borrowing.CheckOut{Card: "C1", Barcode: "B1"}, borrowing.Order{DryRun: true})
	if err != nil || lent.DueOn.String() != "2026-03-23" {
		t.Errorf("%+v %v", lent, err)
	}
	if l.count("borrowing.loans")+l.count("borrowing.accounts") != 0 || l.count("borrowing.events") != before {
		t.Error("it left a trace")
	}
	l.mustLend("C1", "B1")
	if _, err := l.CheckOut(desk(), borrowing.CheckOut{Card: "C1", Barcode: "B1"}, borrowing.Order{DryRun: true}); code(err) != borrowing.AlreadyYours {
		t.Errorf("a dry run of what is refused: %v", err)
	}
}

func (l *library) count(table string) (n int) {
	l.t.Helper()
	must(l.t, l.db.Pool().QueryRow(context.Background(), "SELECT count(*) FROM "+table).Scan(&n))
	return n
}

func TestTheDeskLendsWhileTheCatalogueIsIll(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1)
	l.shelf.ill = true
	lent := l.mustLend("C1", "B1")
	if lent.Title != "" || !lent.Untitled {
		t.Errorf("title %q, and that it is not known: %v", lent.Title, lent.Untitled)
	}
	if list, _, err := l.Loans(desk(), "C1", borrowing.LoanFilter{Limit: 5}); err != nil || len(list) != 1 || list[0].MemberCard != "C1" || !list[0].Untitled {
		t.Errorf("%v %v", list, err)
	}
	in := l.checkIn("B1", "main")
	if in.Closed == nil {
		t.Error("nothing was closed")
	}
	if _, err := l.AddItem(desk(), borrowing.NewItem{BookID: book(2), Barcode: "B2"}, borrowing.Order{}); problem.Of(err).Kind != problem.Unavailable {
		t.Errorf("a copy of an unknown title: %v", err)
	}
}

// atOnce runs something n times at once and gives how often each code came out; "" is success.
func atOnce(n int, run func(i int) error) map[string]int {
	var wg sync.WaitGroup
	var lock sync.Mutex
	outcome := map[string]int{}
	start := make(chan struct{})
	for i := range n {
		wg.Go(func() {
			<-start
			err := run(i)
			lock.Lock()
			defer lock.Unlock()
			outcome[code(err)]++
		})
	}
	close(start)
	wg.Wait()
	return outcome
}

func TestSixtyFourDesksForOneItem(t *testing.T) {
	l := opened(t, 64)
	l.add("B1", 1)
	got := atOnce(64, func(i int) error { return second(l.lend(fmt.Sprintf("C%d", i+1), "B1")) })
	if got[""] != 1 || got[borrowing.ItemOnLoan] != 63 {
		t.Errorf("outcomes %v", got)
	}
	l.consistent()
}

func TestThirtyTwoDesksForTheLastLoanOfAMember(t *testing.T) {
	l := opened(t, 1)
	for i := range 41 {
		l.add(fmt.Sprintf("B%d", i), i+1)
	}
	for i := range 9 {
		l.mustLend("C1", fmt.Sprintf("B%d", i))
	}
	got := atOnce(32, func(i int) error { return second(l.lend("C1", fmt.Sprintf("B%d", i+9))) })
	if got[""] != 1 || got[borrowing.LoanLimitReached] != 31 {
		t.Errorf("outcomes %v", got)
	}
	l.consistent()
}

func TestManyOnTheWebForFiveCopies(t *testing.T) {
	l := opened(t, 40)
	for i := range 5 {
		l.add(fmt.Sprintf("B%d", i), 1)
	}
	got := atOnce(40, func(i int) error {
		return second(l.CheckOut(patron(int64(i+1)), borrowing.CheckOut{BookID: book(1)}, borrowing.Order{}))
	})
	if got[""] != 5 || got[borrowing.ItemOnLoan] != 35 {
		t.Errorf("outcomes %v", got)
	}
	if a, err := l.Availability(patron(1), []int64{book(1), book(2)}); err != nil || a[0].Items != 5 || a[0].Available != 0 || a[1].BookID != book(2) || a[1].Items != 0 {
		t.Errorf("availability %+v %v", a, err)
	}
	l.consistent()
}

func TestADoubleClickOnTheWebIsOneLoan(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1)
	l.add("B2", 1)
	got := atOnce(2, func(int) error {
		return second(l.CheckOut(patron(1), borrowing.CheckOut{BookID: book(1)}, borrowing.Order{}))
	})
	if got[""] != 1 || got[borrowing.AlreadyYours] != 1 {
		t.Errorf("outcomes %v", got)
	}
	l.consistent()
}

func TestTheWebSaysWhyThereIsNoCopy(t *testing.T) {
	l := opened(t, 3)
	l.add("ref", 1, func(n *borrowing.NewItem) { n.Loanable = false })
	l.add("B2", 2)
	l.mustLend("C3", "B2")
	l.add("B3", 3)
	l.hold(2, 3, "main")
	l.checkIn("B3", "main") // kept for member 2
	for title, want := range map[int]string{1: borrowing.ItemNotLendable, 2: borrowing.ItemOnLoan, 3: borrowing.ItemReserved, 4: borrowing.ItemNotLendable, 5000: "book_not_found"} {
		_, err := l.CheckOut(patron(1), borrowing.CheckOut{BookID: book(title)}, borrowing.Order{})
		if code(err) != want {
			t.Errorf("title %d: %v, want %s", title, err, want)
		}
	}
	if _, err := l.CheckOut(patron(2), borrowing.CheckOut{BookID: book(3)}, borrowing.Order{}); err != nil {
		t.Errorf("what is kept for the borrower: %v", err)
	}
	l.consistent()
}

func TestTheMemberMustExist(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1)
	if _, err := l.lend("nobody", "B1"); code(err) != "member_not_found" {
		t.Error(err)
	}
	if _, err := l.lend("C1", "nothing"); code(err) != "item_not_found" {
		t.Error(err)
	}
	if _, err := l.CheckOut(desk(), borrowing.CheckOut{Card: "C1", Barcode: "B1", Branch: "moon"}, borrowing.Order{}); problem.Of(err).Kind != problem.InvalidInput {
		t.Error(err)
	}
	l.people.ill = true
	in := l.checkIn("B1", "main") // the members module is not needed to take a book back
	if in.Next.Action != borrowing.Shelve {
		t.Errorf("%+v", in.Next)
	}
}

func TestOverdueIsDerivedAndNeverStored(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1)
	lent := l.mustLend("C1", "B1")
	overdue := func() (bool, int) {
		loan, err := l.Loan(desk(), lent.ID)
		must(t, err)
		list, _, err := l.Loans(desk(), "C1", borrowing.LoanFilter{Overdue: true, Limit: 10})
		must(t, err)
		if it, err := l.Item(desk(), "B1"); err != nil || it.Status != borrowing.CheckedOut || loan.Status != borrowing.LoanOpen || loan.Version != 1 {
			t.Errorf("something was stored: %+v %+v %v", it, loan, err)
		}
		return loan.Overdue, len(list)
	}
	l.clock.move(lent.DueAt.Sub(l.clock.read())) // its very last second
	if late, n := overdue(); late || n != 0 {
		t.Errorf("on the due date: %v, %d in the list", late, n)
	}
	l.clock.move(time.Second)
	if late, n := overdue(); !late || n != 1 {
		t.Errorf("after it: %v, %d in the list", late, n)
	}
}
