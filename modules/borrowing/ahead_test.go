package borrowing_test

import (
	"testing"

	"bookvault/modules/borrowing"
)

// aheadOf fails unless the hold test stands against lending.
func (l *library) aheadOf(card, barcode string) {
	l.t.Helper()
	if _, err := l.lend(card, barcode); code(err) != borrowing.HoldQueueAhead {
		l.t.Errorf("%s for %s: %v", barcode, card, err)
	}
}

func TestEachFreeItemCanServeOneHold(t *testing.T) {
	l := opened(t, 5)
	l.add("V1", 1, part("I"))
	l.add("V2", 1, part("II"))
	l.add("W2", 1, part("II"))
	must(t, second(l.place(1, borrowing.PlaceHold{BookID: book(1), Part: "I"})))
	l.hold(2, 1, "main")
	l.aheadOf("C3", "V1")  // two ahead and two free, but neither of the two is volume I
	l.mustLend("C3", "V2") // of volume II only member 2 is ahead, and W2 is free
	l.mustLend("C1", "V1") // the first in the queue
	l.mustLend("C2", "W2")
	l.consistent()
}

func TestAHoldOnOneItemBindsThatItem(t *testing.T) {
	l := opened(t, 5)
	l.add("B1", 1)
	l.add("B2", 1)
	l.add("B3", 1)
	must(t, second(l.place(1, borrowing.PlaceHold{Barcode: "B1"})))
	l.aheadOf("C2", "B1") // though two others are free
	l.hold(3, 1, "main")
	l.mustLend("C2", "B2") // member 3 is ahead, and B3 is free
	l.aheadOf("C4", "B3")  // B1 is bound, so it is not free for member 3
	l.mustLend("C3", "B3")
	l.mustLend("C1", "B1")
	l.consistent()
}

func TestHoldsThatTheItemCannotFillOrThatComeLaterAreNotAhead(t *testing.T) {
	l := opened(t, 6)
	l.add("V1", 1, part("I"))
	l.add("V2", 1, part("II"))
	must(t, second(l.place(1, borrowing.PlaceHold{BookID: book(1), Part: "II"})))
	must(t, second(l.place(2, borrowing.PlaceHold{Barcode: "V2"})))
	must(t, second(l.place(3, borrowing.PlaceHold{BookID: book(1), Part: "I"})))
	must(t, second(l.place(4, borrowing.PlaceHold{BookID: book(1), Part: "I"})))
	l.aheadOf("C4", "V1")
	l.people.change(3, func(m *borrowing.Member) { m.Blocks = []string{"conduct"} })
	must(t, l.MembersChanged(desk(), 3))
	l.mustLend("C4", "V1") // who precedes is blocked, and nobody else waits for volume I
	l.consistent()
}

func TestTheOwnHoldOnOneItemIsNotFilledByAnother(t *testing.T) {
	l := opened(t, 2)
	l.add("B1", 1)
	l.add("B2", 1)
	one, err := l.place(1, borrowing.PlaceHold{Barcode: "B1"})
	must(t, err)
	l.mustLend("C1", "B2")
	l.is(one.ID, borrowing.HoldWaiting, 1)
	if _, err := l.place(1, borrowing.PlaceHold{Barcode: "B1"}); code(err) != borrowing.HoldExists {
		t.Errorf("twice: %v", err)
	}
}

func TestARenewalFailsTheHoldTestToo(t *testing.T) {
	l := opened(t, 3)
	l.add("B1", 1)
	l.add("B2", 1)
	lent := l.mustLend("C1", "B1")
	renew := func() error { return second(l.Renew(patron(1), lent.ID, borrowing.Override{}, borrowing.Order{})) }
	l.hold(2, 1, "main")
	must(t, renew()) // B2 is free for them
	l.hold(3, 1, "main")
	if err := renew(); code(err) != borrowing.HoldQueueAhead {
		t.Errorf("two ahead and one free: %v", err)
	}
	l.consistent()
}
