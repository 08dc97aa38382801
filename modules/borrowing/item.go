package borrowing

import "time"

// Status is where a copy is in its life. Overdue is not among them: it is derived, never stored.
type Status string

// The statuses of an item.
const (
	Available       Status = "available"
	CheckedOut      Status = "checked_out"
	OnHoldShelf     Status = "on_hold_shelf"
	InTransit       Status = "in_transit"
	OnOrder         Status = "on_order"
	InProcess       Status = "in_process"
	Missing         Status = "missing"
	Lost            Status = "lost"
	ClaimedReturned Status = "claimed_returned"
	Damaged         Status = "damaged"
	Withdrawn       Status = "withdrawn"
)

// Statuses lists all of them, in the order of a copy's life.
var Statuses = []Status{OnOrder, InProcess, Available, CheckedOut, OnHoldShelf, InTransit, Missing, Lost, ClaimedReturned, Damaged, Withdrawn}

// Item is one physical copy of a title.
type Item struct {
	ID            int64
	Barcode       string
	BookID        int64
	HomeBranch    string
	CurrentBranch string
	ItemType      string
	Part          string // "": the whole title
	CallNumber    string
	Location      string
	Price         *Money
	Loanable      bool
	Status        Status
	TransitTo     string // the branch it travels to, while in transit
	SlipHold      int64  // the hold whose slip it wears on the hold shelf, be that hold over or not; 0: none
	CreatedAt     time.Time
	Version       int

	DueOn *Date // of its open loan, where a read asked for it; not part of a scene
}

// counts gives what the item adds to its title's counts.
func (i *Item) counts() (items, available int) {
	if i.Status != Withdrawn {
		items = 1
	}
	if i.Status == Available && i.Loanable {
		available = 1
	}
	return items, available
}

// Availability is what a title has, counted in the transaction that changed it.
type Availability struct {
	BookID    int64
	Items     int // not withdrawn
	Available int // could be lent this moment
	Holds     int // live
	Version   int64
}

// Title is a title's row: its counts, and the lock that orders all that happens to it.
type Title struct {
	Availability
	Closed bool // being deleted from the catalogue: no more items or holds
}
