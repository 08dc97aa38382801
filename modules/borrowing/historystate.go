package borrowing

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"bookvault/platform/ledger"
)

// The states below are what the ledger knows of a row, and no more: two are compared field by field, and a version 0 keeps one.

type itemState struct {
	ID            int64     `json:"id"`
	Barcode       string    `json:"barcode"`
	BookID        int64     `json:"book_id"`
	HomeBranch    string    `json:"home_branch"`
	CurrentBranch string    `json:"current_branch"`
	ItemType      string    `json:"item_type"`
	Part          string    `json:"part,omitempty"`
	CallNumber    string    `json:"call_number,omitempty"`
	Location      string    `json:"location,omitempty"`
	Price         *Money    `json:"price,omitempty"`
	Loanable      bool      `json:"loanable"`
	Status        Status    `json:"status"`
	TransitTo     string    `json:"transit_to,omitempty"`
	SlipHold      int64     `json:"slip_hold,omitempty"`
	CreatedAt     time.Time `json:"created_at"`
	Version       int       `json:"version"`
}

func stateOfItem(i *Item) itemState {
	return itemState{i.ID, i.Barcode, i.BookID, i.HomeBranch, i.CurrentBranch, i.ItemType, i.Part, i.CallNumber, i.Location, i.Price, i.Loanable, i.Status, i.TransitTo,
		i.SlipHold, i.CreatedAt.UTC(), i.Version}
}

// state is what an event carries of a copy, so that the past of one that has been here for long need not be made from its first event:
// every 64th event has it. The streams of loans, holds and charges stay short.
func (i *Item) state() *itemState {
	if i.Version%ledger.StateEvery != 0 {
		return nil
	}
	s := stateOfItem(i)
	return &s
}

func (s itemState) item() Item {
	return Item{ID: s.ID, Barcode: s.Barcode, BookID: s.BookID, HomeBranch: s.HomeBranch, CurrentBranch: s.CurrentBranch, ItemType: s.ItemType, Part: s.Part,
		CallNumber: s.CallNumber, Location: s.Location, Price: s.Price, Loanable: s.Loanable, Status: s.Status, TransitTo: s.TransitTo, SlipHold: s.SlipHold,
		CreatedAt: s.CreatedAt.UTC(), Version: s.Version}
}

type loanState struct {
	ID           int64       `json:"id"`
	Ref          Ref         `json:"borrower_ref"`
	ItemID       int64       `json:"item_id"`
	BookID       int64       `json:"book_id"`
	ItemType     string      `json:"item_type"`
	Branch       string      `json:"branch"`
	Channel      Channel     `json:"channel"`
	Status       LoanStatus  `json:"status"`
	OpenedAt     time.Time   `json:"opened_at"`
	DueOn        Date        `json:"due_on"`
	DueAt        time.Time   `json:"due_at"`
	Renewals     int         `json:"renewals"`
	CollectedAt  *time.Time  `json:"collected_at,omitempty"`
	ClosedAt     *time.Time  `json:"closed_at,omitempty"`
	ReturnedOn   *Date       `json:"returned_on,omitempty"`
	ClosedBy     string      `json:"closed_by,omitempty"`
	Terms        Terms       `json:"terms"`
	Why          Explanation `json:"explanation"`
	Fined        int64       `json:"fined_minor,omitempty"`
	FinedThrough *Date       `json:"fined_through,omitempty"`
	LostOn       *Date       `json:"lost_on,omitempty"`
	ClaimedOn    *Date       `json:"claimed_on,omitempty"`
	Version      int         `json:"version"`
}

func stateOfLoan(l *Loan) loanState {
	return loanState{l.ID, l.Ref, l.ItemID, l.BookID, l.ItemType, l.Branch, l.Channel, l.Status, l.OpenedAt.UTC(), l.DueOn, l.DueAt.UTC(), l.Renewals, l.CollectedAt, l.ClosedAt,
		l.ReturnedOn, l.ClosedBy, l.Terms, l.Why, l.Fined, l.FinedThrough, l.LostOn, l.ClaimedOn, l.Version}
}

func (s loanState) loan() Loan {
	return Loan{ID: s.ID, Ref: s.Ref, ItemID: s.ItemID, BookID: s.BookID, ItemType: s.ItemType, Branch: s.Branch, Channel: s.Channel, Status: s.Status,
		OpenedAt: s.OpenedAt.UTC(), DueOn: s.DueOn, DueAt: s.DueAt.UTC(), Renewals: s.Renewals, CollectedAt: s.CollectedAt, ClosedAt: s.ClosedAt, ReturnedOn: s.ReturnedOn,
		ClosedBy: s.ClosedBy, Terms: s.Terms, Why: s.Why, Fined: s.Fined, FinedThrough: s.FinedThrough, LostOn: s.LostOn, ClaimedOn: s.ClaimedOn, Version: s.Version}
}

type holdState struct {
	ID             int64      `json:"id"`
	Ref            Ref        `json:"borrower_ref"`
	BookID         int64      `json:"book_id"`
	Part           string     `json:"part,omitempty"`
	ItemID         int64      `json:"item_id,omitempty"`
	PickupBranch   string     `json:"pickup_branch"`
	Status         HoldStatus `json:"status"`
	Place          int64      `json:"place"`
	CapturedItem   int64      `json:"captured_item,omitempty"`
	SuspendedUntil *Date      `json:"suspended_until,omitempty"`
	PlacedAt       time.Time  `json:"placed_at"`
	ReadyOn        *Date      `json:"ready_on,omitempty"`
	ClosedAt       *time.Time `json:"closed_at,omitempty"`
	Version        int        `json:"version"`
}

func stateOfHold(h *Hold) holdState {
	return holdState{h.ID, h.Ref, h.BookID, h.Part, h.ItemID, h.PickupBranch, h.Status, h.Place, h.CapturedItem, h.SuspendedUntil, h.PlacedAt.UTC(), h.ReadyOn, h.ClosedAt, h.Version}
}

func (s holdState) hold() Hold {
	return Hold{ID: s.ID, Ref: s.Ref, BookID: s.BookID, Part: s.Part, ItemID: s.ItemID, PickupBranch: s.PickupBranch, Status: s.Status, Place: s.Place,
		CapturedItem: s.CapturedItem, SuspendedUntil: s.SuspendedUntil, PlacedAt: s.PlacedAt.UTC(), ReadyOn: s.ReadyOn, ClosedAt: s.ClosedAt, Version: s.Version}
}

// chargeState is what the ledger knows of a charge. Whose it is, and since which day, it does not say.
type chargeState struct {
	Kind     ChargeKind `json:"charge_kind"`
	Amount   int64      `json:"amount"`
	Currency string     `json:"currency"`
	Paid     int64      `json:"paid"`
	Waived   int64      `json:"waived"`
	Voided   int64      `json:"voided"`
	Refunded int64      `json:"refunded"`
	Version  int        `json:"version"`
}

func stateOfCharge(c *Charge) chargeState {
	return chargeState{c.Kind, c.Amount, c.Currency, c.Paid, c.Waived, c.Voided, c.Refunded, c.Version}
}

// Differs gives the names of the fields in which a row differs from what the stream makes of it, in their order; none when it is as
// it should be. A row is a *Item, *Loan, *Hold or *Charge; one that the stream is not about differs as a whole.
func (h *History) Differs(row any) []string {
	switch r := row.(type) {
	case *Item:
		if h.Item != nil {
			return differing(stateOfItem(h.Item), stateOfItem(r))
		}
	case *Loan:
		if h.Loan != nil {
			return differing(stateOfLoan(h.Loan), stateOfLoan(r))
		}
	case *Hold:
		if h.Hold != nil {
			return differing(stateOfHold(h.Hold), stateOfHold(r))
		}
	case *Charge:
		if h.Charge != nil {
			return differing(stateOfCharge(h.Charge), stateOfCharge(r))
		}
	}
	return []string{"everything"}
}

// differing compares two states as JSON, which is how both are kept: what is nothing and what is empty are one.
func differing[S any](a, b S) (fields []string) {
	one, other := ledger.Encode(a), ledger.Encode(b)
	if bytes.Equal(one, other) {
		return nil
	}
	var left, right map[string]json.RawMessage
	if json.Unmarshal(one, &left) != nil || json.Unmarshal(other, &right) != nil {
		return []string{"everything"}
	}
	for field, value := range left {
		if !bytes.Equal(value, right[field]) {
			fields = append(fields, field)
		}
	}
	for field := range right {
		if _, both := left[field]; !both {
			fields = append(fields, field)
		}
	}
	slices.Sort(fields)
	return fields
}
