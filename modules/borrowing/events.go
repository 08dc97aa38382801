package borrowing

import "time"

// The types of events, as they stand in the ledger.
const (
	EventItemAdded      = "ItemAdded"
	EventItemEdited     = "ItemEdited"
	EventItemMoved      = "ItemMoved" // another status or place
	EventLoanOpened     = "LoanOpened"
	EventLoanRenewed    = "LoanRenewed"
	EventLoanCollected  = "LoanCollected"  // a web loan was handed over
	EventDueDateChanged = "DueDateChanged" // by hand
	EventLoanMoved      = "LoanMoved"      // to another copy: the first one was handed to somebody else
	EventLoanClosed     = "LoanClosed"
	EventLoanReversed   = "LoanReversed"
	EventHoldPlaced     = "HoldPlaced"
	EventHoldCaptured   = "HoldCaptured" // a copy was found for it
	EventHoldReady      = "HoldReady"    // it arrived at the pickup branch
	EventHoldReleased   = "HoldReleased" // its copy was taken away: it waits again
	EventHoldEdited     = "HoldEdited"   // suspended, resumed, or to be picked up elsewhere
	EventHoldRerouted   = "HoldRerouted" // its copy goes from one shelf to another
	EventHoldExpired    = "HoldExpired"  // nobody came for it
	EventHoldFilled     = "HoldFilled"
	EventHoldCancelled  = "HoldCancelled"
	EventHoldRestored   = "HoldRestored" // the loan that filled it was reversed
	EventItemRetitled   = "ItemRetitled" // its title was found to be another one
	EventLoanRetitled   = "LoanRetitled"
	EventHoldRetitled   = "HoldRetitled"
	EventTitleMerged    = "TitleMerged" // all that it had is another title's now
	EventTitleClosed    = "TitleClosed" // the catalogue deletes it

	EventRulesPublished      = "RulesPublished"    // the whole Matrix
	EventCalendarPublished   = "CalendarPublished" // the whole Calendar
	EventBranchAdded         = "BranchAdded"
	EventBranchChanged       = "BranchChanged"
	EventItemTypeAdded       = "ItemTypeAdded"
	EventItemTypeChanged     = "ItemTypeChanged"
	EventItemDeclaredLost    = "ItemDeclaredLost"    // of a loan
	EventItemClaimedReturned = "ItemClaimedReturned" // of a loan
	EventLostItemReturned    = "LostItemReturned"    // of a loan that was settled
	EventChargeMade          = "ChargeMade"
	EventPaymentTaken        = "PaymentTaken"
	EventChargeWaived        = "ChargeWaived"
	EventChargeVoided        = "ChargeVoided"
	EventChargeRefunded      = "ChargeRefunded"

	// EventStateKept is version 0 of a stream: what its row held when events began to keep all of it (history.go).
	EventStateKept = "StateKept"
)

// entryEvents names the event of each entry of an account.
var entryEvents = map[EntryKind]string{ChargeEntry: EventChargeMade, Payment: EventPaymentTaken, Waiver: EventChargeWaived, Void: EventChargeVoided, Refund: EventChargeRefunded}

func loanStream(id int64) string  { return "loan/" + formatID(id) }
func holdStream(id int64) string  { return "hold/" + formatID(id) }
func itemStream(id int64) string  { return "item/" + formatID(id) }
func titleStream(id int64) string { return "title/" + formatID(id) }

type itemAdded struct {
	BookID   int64  `json:"book_id"`
	Barcode  string `json:"barcode"`
	Branch   string `json:"branch"`
	ItemType string `json:"item_type"`
	Part     string `json:"part,omitempty"`
	Loanable bool   `json:"loanable"`
	Status   Status `json:"status"`
	Price    *Money `json:"price,omitempty"`

	CallNumber string `json:"call_number,omitempty"`
	Location   string `json:"location,omitempty"`
}

type itemChanged struct {
	BookID    int64  `json:"book_id"`
	Barcode   string `json:"barcode"`
	From      Status `json:"from"`
	To        Status `json:"to"`
	Branch    string `json:"branch"`
	TransitTo string `json:"transit_to,omitempty"`
	SlipHold  int64  `json:"slip_hold,omitempty"`
	Because   string `json:"because,omitempty"` // the stream of the cause

	State *itemState `json:"state,omitempty"` // of every 64th event

	OccurredAt *time.Time `json:"occurred_at,omitempty"` // where that was before the event was recorded
}

type itemEdited struct {
	BookID  int64             `json:"book_id"`
	Barcode string            `json:"barcode"`
	Changed map[string][2]any `json:"changed"` // what each field was, and what it is

	State *itemState `json:"state,omitempty"`
}

type loanOpened struct {
	BookID   int64       `json:"book_id"`
	ItemID   int64       `json:"item_id"`
	Barcode  string      `json:"barcode"`
	ItemType string      `json:"item_type"`
	Ref      Ref         `json:"borrower_ref"`
	Branch   string      `json:"branch"`
	Channel  Channel     `json:"channel"`
	DueOn    Date        `json:"due_on"`
	DueAt    time.Time   `json:"due_at"`
	Terms    Terms       `json:"terms"`
	Why      Explanation `json:"explanation"`

	OccurredAt *time.Time `json:"occurred_at,omitempty"`
}

// fines is what a loan had been fined in all by the time of an event.
type fines struct {
	Fined   int64 `json:"fined_minor,omitempty"`
	Through *Date `json:"fined_through,omitempty"`
}

func (l *Loan) fines() fines { return fines{l.Fined, l.FinedThrough} }

type loanRenewed struct {
	BookID     int64     `json:"book_id"`
	From       Date      `json:"from"`
	DueOn      Date      `json:"due_on"`
	DueAt      time.Time `json:"due_at"`
	Renewals   int       `json:"renewals"`
	Due        Due       `json:"explanation"`
	Overridden []string  `json:"overridden,omitempty"`
	Exceptions []string  `json:"exceptions,omitempty"`
	fines

	OccurredAt *time.Time `json:"occurred_at,omitempty"`
}

type dueDateChanged struct {
	BookID     int64     `json:"book_id"`
	From       Date      `json:"from"`
	DueOn      Date      `json:"due_on"`
	DueAt      time.Time `json:"due_at"`
	Due        Due       `json:"explanation"`
	Overridden []string  `json:"overridden,omitempty"`
	fines
}

type loanClosed struct {
	BookID     int64  `json:"book_id"`
	ItemID     int64  `json:"item_id"`
	Branch     string `json:"branch"`
	ReturnedOn Date   `json:"returned_on"`
	BookDrop   bool   `json:"book_drop,omitempty"`
	fines

	OccurredAt *time.Time `json:"occurred_at,omitempty"`
}

type loanCollected struct {
	BookID int64 `json:"book_id"`
	ItemID int64 `json:"item_id"`

	OccurredAt *time.Time `json:"occurred_at,omitempty"`
}

type loanMoved struct {
	BookID  int64  `json:"book_id"`
	From    int64  `json:"from_item_id"`
	ItemID  int64  `json:"item_id"`
	Barcode string `json:"barcode"`
	Before  Before `json:"before"` // what a reversal puts back now
}

type loanReversed struct {
	BookID     int64 `json:"book_id"`
	ItemID     int64 `json:"item_id"`
	ReturnedOn Date  `json:"returned_on"`
}

type holdPlaced struct {
	BookID         int64    `json:"book_id"`
	Ref            Ref      `json:"borrower_ref"`
	Part           string   `json:"part,omitempty"`
	Item           int64    `json:"item_id,omitempty"`
	PickupBranch   string   `json:"pickup_branch"`
	Place          int64    `json:"place"`
	SuspendedUntil *Date    `json:"suspended_until,omitempty"`
	Overridden     []string `json:"overridden,omitempty"`
}

type holdChanged struct {
	BookID         int64      `json:"book_id"`
	Ref            Ref        `json:"borrower_ref"`
	Status         HoldStatus `json:"status"`
	Item           int64      `json:"item_id,omitempty"`
	PickupBranch   string     `json:"pickup_branch"`
	SuspendedUntil *Date      `json:"suspended_until,omitempty"`
	ReadyOn        *Date      `json:"ready_on,omitempty"`
	ExpiresOn      *Date      `json:"expires_on,omitempty"`
	Because        string     `json:"because,omitempty"`
}

type loanRetitled struct {
	BookID int64 `json:"book_id"`
	From   int64 `json:"from_book_id"`
	ItemID int64 `json:"item_id"`
}

type titleMerged struct {
	BookID int64 `json:"book_id"`
	Into   int64 `json:"into"`
}

type titleClosed struct {
	BookID int64 `json:"book_id"`
}

// itemGone says that a copy on loan was declared lost, or claimed to be returned, as of a day.
type itemGone struct {
	BookID int64 `json:"book_id"`
	ItemID int64 `json:"item_id"`
	On     Date  `json:"on"`
	fines
}

// loanSettled closes the loan of a lost copy: what it cost is paid or waived, and the copy stays lost.
type loanSettled struct {
	BookID  int64 `json:"book_id"`
	ItemID  int64 `json:"item_id"`
	Settled bool  `json:"settled"`
}

// entryMade is an entry of an account, of a member and a charge that it does not name.
type entryMade struct {
	Charge   ChargeKind `json:"charge,omitempty"` // of a new charge
	Minor    int64      `json:"minor"`
	Currency string     `json:"currency"`
	Method   string     `json:"method,omitempty"`
}
