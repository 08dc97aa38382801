package borrowing

import "bookvault/platform/ledger"

// FirstEvent is the event with which a copy enters the ledger: for stock that is brought in past the commands, by COPY, so
// that its history begins like everyone else's.
func FirstEvent(it *Item) ledger.Event {
	return ledger.Event{Stream: itemStream(it.ID), Version: 1, Type: EventItemAdded, Actor: "system", At: it.CreatedAt,
		Data: ledger.Encode(itemAdded{BookID: it.BookID, Barcode: it.Barcode, Branch: it.HomeBranch, ItemType: it.ItemType, Part: it.Part,
			Loanable: it.Loanable, Status: it.Status, Price: it.Price, CallNumber: it.CallNumber, Location: it.Location})}
}

// Counts gives what a copy adds to the counts of its title: whether it is there at all, and whether it can be lent now.
func (i *Item) Counts() (items, available int) { return i.counts() }
