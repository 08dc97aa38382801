package borrowing

import (
	"maps"
	"slices"
	"time"

	"bookvault/platform/ledger"
)

// Scope says what a command is about: what a store must lock, in the order members, titles, items, each by id, and load.
// Everything is a set, so that several commands can share one Scene.
type Scope struct {
	Members  []Member // known from the members module: lock, and keep their standing
	Accounts []int64  // members to lock only
	Closing  []int64  // members whose account is closed: lock, made if need be, and load as HoldsOf
	HoldsOf  []int64  // members whose live holds to load, with their titles
	Books    []int64  // titles
	Items    []int64  // with their open loans
	Picks    []Pick   // any free copy of a title
	Stock    []int64  // titles whose copies are all meant, with their open loans
	Leftover bool     // whether anything about the titles is still owed
	Loans    []int64  // by id, open or not
	Holds    []int64  // by id, live or not, with the copies that are kept for them; live holds of Books are always loaded
	Siblings bool     // the parts of the other copies of the titles, into Kinds
	Sighted  bool     // when each of the Items was last in somebody's hand
	Payers   []int64  // members of the scene whose open charges are loaded, with their open loans of lost copies
	Charges  []int64  // by id, open or not

	Notices []int64

	Order bool // the library's own order: rules, calendar, branches and item types, for one command at a time to change

	HoldLimits bool // count the members' holds, as NewHolds does

	// How many new ids to set aside, and the titles that may not have a row yet.
	NewLoans, NewHolds, NewItems, NewCharges int
	NewTitles                                bool
}

// Pick asks for free copies of a title to choose from: a copy that waits on the shelf for the member, then those at a branch,
// then the others. The store locks them, passing over what is locked: it is not lent to somebody twice.
type Pick struct {
	BookID   int64
	MemberID int64
	Branch   string
}

// Account is a member's row: the lock under which limits are counted, and the counts.
type Account struct {
	MemberID int64
	Standing Standing
	Closed   bool             // the member is being deleted, or was merged into another: nothing new
	Version  int32            // of the member, the latest that borrowing has heard of
	ByType   map[string]int   // open loans by item type
	Books    map[int64]int    // open loans by title, of the titles in the scene
	Owed     map[string]int64 // outstanding, in minor units by currency
	Late     []Lateness       // of open loans past their due date, where the member of the scene is known

	// Live holds: all, and by the item types of the copies that can fill them. Loaded where the scope has NewHolds.
	AllHolds    int
	HoldsByType map[string]int
}

// Holds counts the member's live holds that a copy of an item type can fill; "" is all.
func (a *Account) Holds(itemType string) int {
	if itemType == "" {
		return a.AllHolds
	}
	return a.HoldsByType[itemType]
}

// Loans counts the member's open loans of an item type; "" is all.
func (a *Account) Loans(itemType string) (n int) {
	if itemType != "" {
		return a.ByType[itemType]
	}
	for _, c := range a.ByType {
		n += c
	}
	return n
}

// Free is an available copy of a title with holds, as far as the hold test needs to know it.
type Free struct {
	ItemID int64
	BookID int64
	Part   string
	Branch string // where it is
}

// Scene is everything that a command decides on, locked and loaded; and, as it decides, everything that it changes.
type Scene struct {
	Now    time.Time
	Today  Date
	At     time.Time // when it happened: Now, or earlier at a desk that was offline then
	On     Date      // the library's date of At
	Late   bool      // it comes from a desk that was offline
	Zone   *time.Location
	Policy *Policy
	// Currency is the library's: that of the rules' money and of every charge.
	Currency string
	// lostRefund is the library's rule for a lost copy that comes back.
	lostRefund LostRefund

	Accounts map[int64]*Account
	Titles   map[int64]*Title
	Items    map[int64]*Item
	Picked   []int64         // items found for the Picks, in the order of preference
	Loans    map[int64]*Loan // of lost copies also the last one that was settled and never returned
	Charges  map[int64]*Charge
	Holds    []*Hold                  // live ones of the titles in the scene by place, then those asked for by id
	Free     []Free                   // available copies, of titles that have holds
	Census   map[int64]map[Status]int // copies of the picked titles by status
	Owing    map[int64]bool           // titles about which charges are open; loaded where the scope has Leftover
	Kinds    map[int64][]string       // by title, the parts of its copies that can be lent one day; loaded where the scope has NewHolds or Siblings
	Seen     map[int64]time.Time      // when each copy was last in somebody's hand; for what comes from a desk that was offline

	Notices   map[int64]*Notice
	ItemTypes map[int64][]string // of the copies of the titles that are not withdrawn; loaded where the scope has NewHolds

	LoanIDs, HoldIDs, HoldPlaces, ItemIDs, ChargeIDs []int64 // set aside for what is new

	Changes Changes
	fault   error // a move that no state machine has: a mistake in the program

	Actor, RequestID string
}

// Changes is what a command changed in a Scene, for the store to write.
type Changes struct {
	NewItems []*Item
	NewLoans []*Loan
	NewHolds []*Hold
	Items    map[int64]*Item
	Loans    map[int64]*Loan
	Holds    map[int64]*Hold
	Titles   map[int64]*Title
	Merged   []Merge // accounts that become another's, and those that are closed
	Closed   []int64
	Charges  []*Charge // new ones; what they were for
	Entries  []Entry   // of the accounts, in order
	Retitled []Retitle // titles that become another
	Charged  []Ref     // of the charges that entries are about, and of their loans
	Events   []ledger.Event

	// Of the library's own order: entries added or changed, and what was published as a whole.
	Branches   []Branch
	ItemTypes  []ItemType
	Matrix     *Matrix
	Calendar   *Calendar
	NewNotices []Notice
	Notices    map[int64]*Notice
}

// Empty tells whether nothing changed.
func (c *Changes) Empty() bool { return len(c.Events) == 0 }

// ChangesOrder tells whether the library's own order changed.
func (c *Changes) ChangesOrder() bool {
	return len(c.Branches) > 0 || len(c.ItemTypes) > 0 || c.Matrix != nil || c.Calendar != nil
}

// openLoanOf gives the open loan of an item, or nil.
func (sc *Scene) openLoanOf(itemID int64) *Loan {
	for _, l := range sc.Loans {
		if l.ItemID == itemID && l.Status == LoanOpen {
			return l
		}
	}
	return nil
}

// settledLoanOf gives the newest loan of a lost copy that was settled and never returned, or nil.
func (sc *Scene) settledLoanOf(itemID int64) (newest *Loan) {
	for _, l := range sc.Loans {
		if l.ItemID == itemID && l.ClosedBy == BySettling && l.ReturnedOn == nil && (newest == nil || newest.ID < l.ID) {
			newest = l
		}
	}
	return newest
}

// lastLoanOf gives the loan of an item that its return concerns: the open one, else that of a lost copy which was settled, or nil.
func (sc *Scene) lastLoanOf(itemID int64) *Loan {
	if l := sc.openLoanOf(itemID); l != nil {
		return l
	}
	return sc.settledLoanOf(itemID)
}

// captureOf gives the hold that an item is kept or travels for, or nil.
func (sc *Scene) captureOf(itemID int64) *Hold {
	for _, h := range sc.Holds {
		if h.CapturedItem == itemID && h.Status.Live() {
			return h
		}
	}
	return nil
}

// hold gives a hold of the scene by id, or nil.
func (sc *Scene) hold(id int64) *Hold {
	i := slices.IndexFunc(sc.Holds, func(h *Hold) bool { return h.ID == id })
	if i < 0 {
		return nil
	}
	return sc.Holds[i]
}

// queue gives the live holds of a title in the order of their places.
func (sc *Scene) queue(bookID int64) []*Hold {
	var q []*Hold
	for _, h := range sc.Holds {
		if h.BookID == bookID && h.Status.Live() {
			q = append(q, h)
		}
	}
	return q
}

// record appends an event of a stream at its next version.
func (sc *Scene) record(stream string, version int, eventType string, data any, reason string) {
	sc.Changes.Events = append(sc.Changes.Events, ledger.Event{Stream: stream, Version: version, Type: eventType, Data: ledger.Encode(data),
		Actor: sc.Actor, At: sc.Now, Reason: reason, RequestID: sc.RequestID})
}

// changeItem changes an item in place, with its title's counts and its event. Because names what moved it.
func (sc *Scene) changeItem(it *Item, eventType, because string, change func(*Item)) {
	was := *it
	change(it)
	if it.Status != OnHoldShelf {
		it.SlipHold = 0 // a slip is taken out of what leaves the shelf
	}
	if sameItem(was, *it) {
		return
	}
	insist(sc, itemMoves, itemStream(it.ID), "", was.Status, it.Status)
	it.Version++
	i0, a0 := was.counts()
	i1, a1 := it.counts()
	if was.BookID != it.BookID {
		sc.count(was.BookID, func(t *Title) { t.Items, t.Available = t.Items-i0, t.Available-a0 })
		i0, a0 = 0, 0
	}
	sc.count(it.BookID, func(t *Title) { t.Items, t.Available = t.Items+i1-i0, t.Available+a1-a0 })
	if sc.Changes.Items == nil {
		sc.Changes.Items = map[int64]*Item{}
	}
	sc.Changes.Items[it.ID] = it
	sc.record(itemStream(it.ID), it.Version, eventType, itemChanged{BookID: it.BookID, Barcode: it.Barcode, From: was.Status, To: it.Status,
		Branch: it.CurrentBranch, TransitTo: it.TransitTo, SlipHold: it.SlipHold, Because: because, State: it.state(), OccurredAt: sc.occurred()}, "")
}

func sameItem(a, b Item) bool {
	if (a.Price == nil) != (b.Price == nil) || a.Price != nil && *a.Price != *b.Price {
		return false
	}
	a.Price, b.Price, a.DueOn, b.DueOn = nil, nil, nil, nil
	return a == b
}

// changeLoan changes a loan in place, with its event.
func (sc *Scene) changeLoan(l *Loan, eventType string, data any, reason string, change func(*Loan)) {
	was := l.Status
	change(l)
	insist(sc, loanMoves, loanStream(l.ID), eventType, was, l.Status)
	l.Version++
	if sc.Changes.Loans == nil {
		sc.Changes.Loans = map[int64]*Loan{}
	}
	sc.Changes.Loans[l.ID] = l
	if was == LoanOpen && l.Status != LoanOpen {
		if a := sc.Accounts[l.MemberID]; a != nil {
			a.ByType[l.ItemType]--
			a.Books[l.BookID]--
		}
	}
	sc.record(loanStream(l.ID), l.Version, eventType, data, reason)
}

// changeHold changes a hold in place, with its title's count and its event.
func (sc *Scene) changeHold(h *Hold, eventType, because string, change func(*Hold)) {
	was, book := h.Status, h.BookID
	change(h)
	insist(sc, holdMoves, holdStream(h.ID), eventType, was, h.Status)
	h.Version++
	if sc.Changes.Holds == nil {
		sc.Changes.Holds = map[int64]*Hold{}
	}
	sc.Changes.Holds[h.ID] = h
	if live := h.Status.Live(); live != was.Live() {
		sc.countHold(h, live)
		sc.count(h.BookID, func(t *Title) {
			if live {
				t.Holds++
			} else {
				t.Holds--
			}
		})
	} else if live && h.BookID != book {
		sc.count(book, func(t *Title) { t.Holds-- })
		sc.count(h.BookID, func(t *Title) { t.Holds++ })
	}
	sc.record(holdStream(h.ID), h.Version, eventType, holdChanged{BookID: h.BookID, Ref: h.Ref, Status: h.Status, Item: h.CapturedItem,
		PickupBranch: h.PickupBranch, SuspendedUntil: h.SuspendedUntil, ReadyOn: h.ReadyOn, ExpiresOn: h.ExpiresOn, Because: because}, "")
}

// count changes a title's counts.
func (sc *Scene) count(bookID int64, change func(*Title)) {
	t := sc.Titles[bookID]
	was := *t
	change(t)
	if *t == was {
		return
	}
	if sc.Changes.Titles == nil {
		sc.Changes.Titles = map[int64]*Title{}
	}
	if _, seen := sc.Changes.Titles[bookID]; !seen {
		t.Version++
	}
	sc.Changes.Titles[bookID] = t
}

// take gives the next id that was set aside.
func take(ids *[]int64) int64 {
	id := (*ids)[0]
	*ids = (*ids)[1:]
	return id
}

// Sorted gives the values of a set of changes in the order of their ids, as rows are locked.
func Sorted[T any](changed map[int64]T) []T {
	sorted := make([]T, 0, len(changed))
	for _, id := range slices.Sorted(maps.Keys(changed)) {
		sorted = append(sorted, changed[id])
	}
	return sorted
}
