package borrowing

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"bookvault/platform/ledger"
)

// History is a copy, a loan, a hold or a charge as its stream tells it, event by event. What a row of the tables holds follows from
// these events alone, but for what the ledger does not know by design: who the member is; the last day on the shelf, which follows
// from the calendar; and how members stand. A stream that is older than that has a version 0 (baseline.go), which says what its events
// do not: then the state is that one's from its version on, and before it as far as the events tell.
type History struct {
	Stream  string
	Version int // of the last event

	Item    *Item // one of these, nil before the first event
	Loan    *Loan
	Hold    *Hold
	Charge  *Charge
	Because string // what moved the copy last: a stream, or ""
	Closed  bool   // of the stream of a title: it was closed, or merged into another

	base *baseline
}

// baseline is the data of a version 0.
type baseline struct {
	Version int        `json:"at_version"`
	Item    *itemState `json:"item,omitempty"`
	Loan    *loanState `json:"loan,omitempty"`
	Hold    *holdState `json:"hold,omitempty"`
}

// Apply goes on by one event. An error says that the event cannot follow, or is of no known form.
func (h *History) Apply(e ledger.Event) error {
	if err := h.apply(e); err != nil {
		return fmt.Errorf("%s, version %d, %s: %w", e.Stream, e.Version, e.Type, err)
	}
	return nil
}

func (h *History) apply(e ledger.Event) error {
	h.Stream = e.Stream
	if e.Version == ledger.Baseline {
		h.base = &baseline{}
		return json.Unmarshal(e.Data, h.base)
	}
	kind, name, _ := strings.Cut(e.Stream, "/")
	if h.Version == 0 && e.Version > 1 && kind == "item" {
		return h.fromState(e)
	}
	if h.Version++; e.Version != h.Version {
		return fmt.Errorf("version %d should follow", h.Version)
	}
	var err error
	switch kind {
	case "item":
		if err = h.item(e, name); err == nil && e.Version%ledger.StateEvery == 0 {
			err = h.checkState(e)
		}
	case "loan":
		err = h.loan(e, name)
	case "hold":
		err = h.hold(e, name)
	case "charge":
		err = h.charge(e)
	case "title":
		h.Closed = e.Type == EventTitleClosed || e.Type == EventTitleMerged
	}
	if err == nil && h.base != nil {
		h.fromBaseline()
	}
	return err
}

// fromState begins with an event that carries the state after it.
func (h *History) fromState(e ledger.Event) error {
	d, err := read[itemChanged](e)
	if err != nil || d.State == nil {
		return errors.Join(errors.New("a history begins with a first event, or with one that carries a state"), err)
	}
	it := d.State.item()
	h.Version, h.Item, h.Because = e.Version, &it, d.Because
	return nil
}

// checkState holds the state that an event carries against what the events before it make.
func (h *History) checkState(e ledger.Event) error {
	d, err := read[struct {
		State *itemState `json:"state"`
	}](e)
	if err == nil && d.State != nil {
		if fields := differing(*d.State, stateOfItem(h.Item)); len(fields) > 0 {
			err = fmt.Errorf("the state that it carries differs from what the events make, in %s", strings.Join(fields, ", "))
		}
	}
	return err
}

// fromBaseline puts in what the events of older times do not say.
func (h *History) fromBaseline() {
	whole := h.Version == h.base.Version
	switch {
	case h.Item != nil && h.base.Item != nil && whole:
		*h.Item = h.base.Item.item()
	case h.Item != nil && h.base.Item != nil && h.Version == 1:
		h.Item.CallNumber, h.Item.Location = h.base.Item.CallNumber, h.base.Item.Location
	case h.Loan != nil && h.base.Loan != nil && whole:
		barcode := h.Loan.Barcode
		*h.Loan = h.base.Loan.loan()
		h.Loan.Barcode = barcode
	case h.Loan != nil && h.base.Loan != nil && h.Version == 1:
		h.Loan.ItemType, h.Loan.OpenedAt = h.base.Loan.ItemType, h.base.Loan.OpenedAt
		if h.Loan.CollectedAt != nil {
			h.Loan.CollectedAt = &h.base.Loan.OpenedAt
		}
	case h.Hold != nil && h.base.Hold != nil && whole:
		*h.Hold = h.base.Hold.hold()
	case h.Hold != nil && h.base.Hold != nil && h.Version == 1:
		h.Hold.Place = h.base.Hold.Place
	}
}

// read decodes the data of an event.
func read[D any](e ledger.Event) (data D, err error) {
	if err = json.Unmarshal(e.Data, &data); err != nil {
		err = fmt.Errorf("its data: %w", err)
	}
	return data, err
}

// asOf is when a thing happened: as the event says, or when it was recorded.
func asOf(occurred *time.Time, e ledger.Event) time.Time {
	if occurred != nil {
		return occurred.UTC()
	}
	return e.At.UTC()
}

func errUnknownEvent() error { return fmt.Errorf("no such event belongs to this stream") }

func parseID(name string) (id int64, err error) {
	_, err = fmt.Sscan(name, &id)
	return id, err
}

func (h *History) item(e ledger.Event, name string) (err error) {
	if h.Item == nil {
		if e.Type != EventItemAdded {
			return errUnknownEvent()
		}
		d, err := read[itemAdded](e)
		if err != nil {
			return err
		}
		id, err := parseID(name)
		h.Item = &Item{ID: id, Barcode: d.Barcode, BookID: d.BookID, HomeBranch: d.Branch, CurrentBranch: d.Branch, ItemType: d.ItemType, Part: d.Part, CallNumber: d.CallNumber,
			Location: d.Location, Price: d.Price, Loanable: d.Loanable, Status: d.Status, CreatedAt: e.At.UTC(), Version: 1}
		return err
	}
	it := h.Item
	it.Version = e.Version
	switch e.Type {
	case EventItemMoved, EventItemRetitled:
		d, err := read[itemChanged](e)
		it.BookID, it.Status, it.CurrentBranch, it.TransitTo, it.SlipHold = d.BookID, d.To, d.Branch, d.TransitTo, d.SlipHold
		h.Because = d.Because
		return err
	case EventItemEdited:
		d, err := read[struct {
			Changed map[string][2]json.RawMessage `json:"changed"`
		}](e)
		if err != nil {
			return err
		}
		fields := map[string]any{"barcode": &it.Barcode, "home_branch": &it.HomeBranch, "item_type": &it.ItemType, "part": &it.Part, "call_number": &it.CallNumber,
			"location": &it.Location, "loanable": &it.Loanable, "price": &it.Price}
		for field, change := range d.Changed {
			into, known := fields[field]
			if !known {
				return fmt.Errorf("an edited field %q is not known", field)
			}
			if err := json.Unmarshal(change[1], into); err != nil {
				return fmt.Errorf("the edited field %q: %w", field, err)
			}
		}
		return nil
	}
	return errUnknownEvent()
}

func (h *History) hold(e ledger.Event, name string) (err error) {
	if h.Hold == nil {
		if e.Type != EventHoldPlaced {
			return errUnknownEvent()
		}
		d, err := read[holdPlaced](e)
		if err != nil {
			return err
		}
		id, err := parseID(name)
		h.Hold = &Hold{ID: id, Ref: d.Ref, BookID: d.BookID, Part: d.Part, ItemID: d.Item, PickupBranch: d.PickupBranch, Status: HoldWaiting, Place: d.Place,
			SuspendedUntil: d.SuspendedUntil, PlacedAt: e.At.UTC(), Version: 1}
		return err
	}
	switch e.Type {
	case EventHoldCaptured, EventHoldReady, EventHoldReleased, EventHoldEdited, EventHoldRerouted, EventHoldExpired, EventHoldFilled, EventHoldCancelled,
		EventHoldRestored, EventHoldRetitled:
	default:
		return errUnknownEvent()
	}
	d, err := read[holdChanged](e)
	o := h.Hold
	o.Version, o.BookID, o.Status, o.CapturedItem, o.PickupBranch = e.Version, d.BookID, d.Status, d.Item, d.PickupBranch
	o.SuspendedUntil, o.ReadyOn, o.ExpiresOn, o.ClosedAt = d.SuspendedUntil, d.ReadyOn, d.ExpiresOn, nil
	if !d.Status.Live() {
		at := e.At.UTC()
		o.ClosedAt = &at
	}
	return err
}

// entryKinds are the entries of an account by the names of their events.
var entryKinds = func() map[string]EntryKind {
	kinds := map[string]EntryKind{}
	for kind, event := range entryEvents {
		kinds[event] = kind
	}
	return kinds
}()

func (h *History) charge(e ledger.Event) error {
	kind, known := entryKinds[e.Type]
	if !known || (h.Charge == nil) != (kind == ChargeEntry) {
		return errUnknownEvent()
	}
	d, err := read[entryMade](e)
	if err != nil {
		return err
	}
	if h.Charge == nil {
		h.Charge = &Charge{Kind: d.Charge, Amount: d.Minor, Currency: d.Currency, Note: e.Reason}
	}
	h.Charge.Version = e.Version
	h.Charge.Tally(kind, d.Minor)
	return nil
}
