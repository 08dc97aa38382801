package borrowing

// freeCopy takes a copy out of another member's open loan, so that it can be lent to whoever stands at the desk with it. The warning that
// it gives names nobody.
func (sc *Scene) freeCopy(it *Item, loan *Loan, branch string) Warning {
	if other := sc.standIn(loan, it); other != nil {
		sc.moveLoan(loan, it, other)
		return Warning{Code: WebLoanMoved, Detail: "It lay here for somebody who borrowed it on the web. Put the copy " + other.Barcode + " in its place."}
	}
	warning := Warning{Code: TakenBack, Detail: "The copy was on loan to somebody else. That loan was closed."}
	if it.Status == Lost {
		warning.Detail += " It had been declared lost."
	}
	if refunded := sc.takeBack(it, loan, branch); refunded.Minor > 0 {
		warning.Detail += " It was paid for: give that member " + refunded.String() + " back."
	}
	return warning
}

// takeBack is the first half of "check in, then lend": the loan of another member ends like at any check-in, and the copy goes to the one
// who stands at the desk instead of where a check-in would send it. judgeQueue has spoken for those who wait. It gives what the other
// member is to have back of the price of a lost copy.
func (sc *Scene) takeBack(it *Item, loan *Loan, branch string) Money {
	a := arrival{Scene: sc, item: it, loan: loan, branch: branch, returnedOn: max(sc.On, DateOf(loan.OpenedAt, sc.Zone))}
	a.close()
	a.move(func(it *Item) { it.Status, it.CurrentBranch, it.TransitTo = Available, branch, "" })
	return a.refunded
}

// foundAgain is the same for a lost copy whose loan was settled: it came back before it was lent.
func (sc *Scene) foundAgain(it *Item, settled *Loan, branch string) Warning {
	warning := Warning{Code: FoundAgain, Detail: "The copy had been declared lost."}
	if refunded := sc.cameBack(settled, sc.On); refunded.Minor > 0 {
		warning.Detail += " It was paid for: give that member " + refunded.String() + " back."
	}
	sc.changeItem(it, EventItemMoved, loanStream(settled.ID), func(it *Item) { it.Status, it.CurrentBranch = Available, branch })
	return warning
}

// standIn finds the free copy that takes the place of one which was lent on the web and not handed over yet: of the same part and
// type, and not what somebody waits for by its barcode. Nil: there is none, or the loan cannot move.
func (sc *Scene) standIn(loan *Loan, it *Item) *Item {
	if loan.Collected() || it.Status != CheckedOut {
		return nil
	}
	for _, id := range sc.Picked {
		if other := sc.Items[id]; other.Status == Available && other.BookID == it.BookID && other.Part == it.Part && other.ItemType == it.ItemType && !sc.bound(other) {
			return other
		}
	}
	return nil
}

// bound tells whether somebody waits for this very copy.
func (sc *Scene) bound(it *Item) bool {
	for _, h := range sc.queue(it.BookID) {
		if h.Status == HoldWaiting && h.ItemID == it.ID && h.eligible(sc.Today) {
			return true
		}
	}
	return false
}

// moveLoan gives a loan another copy; all else of it stays, the due date too. What a reversal puts back is then the other copy.
func (sc *Scene) moveLoan(loan *Loan, from, to *Item) {
	stream := loanStream(loan.ID)
	was := *to
	sc.changeItem(from, EventItemMoved, stream, func(it *Item) { it.Status = Available })
	sc.changeItem(to, EventItemMoved, stream, func(it *Item) { it.Status = CheckedOut })
	before := loan.Why.Before
	before.Status, before.Branch, before.TransitTo, before.SlipHold, before.ItemVersion = was.Status, was.CurrentBranch, was.TransitTo, was.SlipHold, to.Version
	sc.changeLoan(loan, EventLoanMoved, loanMoved{BookID: loan.BookID, From: from.ID, ItemID: to.ID, Barcode: to.Barcode, Before: before}, "", func(l *Loan) {
		l.ItemID, l.Barcode, l.Why.Before = to.ID, to.Barcode, before
	})
}
