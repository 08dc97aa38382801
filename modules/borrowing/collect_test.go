package borrowing_test

import (
	"testing"

	"bookvault/modules/borrowing"
)

func (l *library) borrow(member int64, title int) borrowing.Lent {
	l.t.Helper()
	lent, err := l.CheckOut(patron(member), borrowing.CheckOut{BookID: book(title)}, borrowing.Order{})
	must(l.t, err)
	return lent
}

func TestAWebLoanIsCollectedWhenItsBarcodeIsScannedForItsMember(t *testing.T) {
	l := opened(t, 2)
	l.add("B1", 1)
	web := l.borrow(1, 1)
	if web.Collected() {
		t.Errorf("before anybody came: %+v", web)
	}
	if _, err := l.lend("C2", "B1"); code(err) != borrowing.ItemOnLoan {
		t.Errorf("for another: %v", err)
	}
	handed := l.mustLend("C1", "B1")
	if handed.ID != web.ID || !handed.Collected() || !handed.CollectedAt.Equal(l.clock.read()) || handed.DueOn != web.DueOn {
		t.Errorf("handed over: %+v", handed)
	}
	if _, err := l.lend("C1", "B1"); code(err) != borrowing.AlreadyYours {
		t.Errorf("again, it is never a silent renewal: %v", err)
	}
	must(t, second(l.Collect(desk(), web.ID, borrowing.Order{})))
	if _, err := l.Collect(patron(1), web.ID, borrowing.Order{}); code(err) != "role_needed" {
		t.Errorf("by the member: %v", err)
	}
	if atDesk := l.mustLend("C2", l.add("B2", 2).Barcode); !atDesk.Collected() {
		t.Errorf("a loan at the desk: %+v", atDesk)
	}
	l.consistent()
}
