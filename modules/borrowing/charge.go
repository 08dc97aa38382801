package borrowing

// ChargeKind is what a charge is for.
type ChargeKind string

// The kinds of charges.
const (
	OverdueCharge    ChargeKind = "overdue"
	LostCharge       ChargeKind = "lost"       // the replacement price
	ProcessingCharge ChargeKind = "processing" // the fee beside it
	ManualCharge     ChargeKind = "manual"     // by hand, with a note
)

// EntryKind is what an entry of an account is.
type EntryKind string

// The kinds of entries. A refund hands back money that was paid for a charge which no longer stands; it takes as much from the
// charge as from what was paid, so that what is outstanding stays.
const (
	ChargeEntry EntryKind = "charge"
	Payment     EntryKind = "payment"
	Waiver      EntryKind = "waiver"
	Void        EntryKind = "void"
	Refund      EntryKind = "refund"
)

// Entry is one line of an account. It is never changed. It keeps the day and not the time, which would lead to the loan after
// what the charge was for is forgotten; the ledger has the time.
type Entry struct {
	ID         int64 // of a charge: set aside; of others: given when they are written
	MemberID   int64
	ChargeID   int64 // what it is about; of a charge: itself
	Kind       EntryKind
	ChargeKind ChargeKind // of a charge
	Amount     int64      // in minor units, above 0
	Currency   string
	Method     string // of a payment, as the desk names it
	Reason     string // of a charge: its note
	Actor      string
	Day        Date
}

// Charge is something that a member owes, or owed, with what became of it.
type Charge struct {
	ID       int64
	Ref      Ref // names its stream in the ledger; zero once what it was for was forgotten
	MemberID int64
	Kind     ChargeKind
	Amount   int64
	Currency string
	Note     string
	Day      Date

	Paid, Waived, Voided, Refunded int64

	LoanID, ItemID, BookID int64 // 0 of one made by hand, and once forgotten
	LoanRef                Ref   // of the loan
	Version                int   // entries about it, itself among them

	Barcode string  // where a read asked for it
	Entries []Entry // where a read asked for them, oldest first
}

// Outstanding is what is left to pay.
func (c *Charge) Outstanding() int64 { return c.Amount - c.Paid - c.Waived - c.Voided }

// forLoss tells whether the charge is one of those that a lost loan stays open for.
func (c *Charge) forLoss() bool { return c.Kind == LostCharge || c.Kind == ProcessingCharge }

// charge puts a charge on a member's account; about is the loan it is for, or nil. Nothing is charged as nothing.
func (sc *Scene) charge(memberID int64, kind ChargeKind, m Money, about *Loan, note string) {
	if m.Minor <= 0 {
		return
	}
	c := &Charge{ID: take(&sc.ChargeIDs), Ref: NewRef(), MemberID: memberID, Kind: kind, Amount: min(m.Minor, mostMoney), Currency: m.Currency, Note: note, Day: sc.Today}
	if about != nil {
		c.LoanID, c.ItemID, c.BookID, c.LoanRef, c.Barcode = about.ID, about.ItemID, about.BookID, about.Ref, about.Barcode
	}
	sc.Charges[c.ID] = c
	sc.Changes.Charges = append(sc.Changes.Charges, c)
	sc.enter(c, ChargeEntry, c.Amount, "", note)
}

// enter writes an entry about a charge, with its event. The event names neither the member nor the charge: only the stream's
// random name, which is forgotten with what the charge was for, leads from one to the other.
func (sc *Scene) enter(c *Charge, kind EntryKind, amount int64, method, reason string) {
	if amount <= 0 {
		return
	}
	owes := c.Tally(kind, amount)
	e := Entry{MemberID: c.MemberID, ChargeID: c.ID, Kind: kind, Amount: amount, Currency: c.Currency, Method: method, Reason: reason, Actor: sc.Actor, Day: sc.Today}
	if kind == ChargeEntry {
		e.ID, e.ChargeKind = c.ID, c.Kind
	}
	sc.Changes.Entries = append(sc.Changes.Entries, e)
	sc.Changes.Charged = append(sc.Changes.Charged, c.Ref, c.LoanRef)
	if a := sc.Accounts[c.MemberID]; a != nil {
		a.Owed[c.Currency] += owes
	}
	c.Version++
	if c.Ref != (Ref{}) {
		sc.record("charge/"+c.Ref.String(), c.Version, entryEvents[kind], entryMade{Charge: e.ChargeKind, Minor: amount, Currency: c.Currency, Method: method}, reason)
	}
}

// Tally counts an entry about the charge, and gives what more is owed for it.
func (c *Charge) Tally(kind EntryKind, amount int64) (owes int64) {
	switch kind {
	case ChargeEntry:
		return amount
	case Payment:
		c.Paid += amount
	case Waiver:
		c.Waived += amount
	case Void:
		c.Voided += amount
	case Refund:
		c.Refunded += amount
		return 0
	}
	return -amount
}

// fine charges what a loan has run up by the end of a day. The loan changes with it: the caller records why. A web loan whose copy
// was never handed over runs up nothing.
func (sc *Scene) fine(l *Loan, price *Money, until Date) {
	fine := sc.Policy.Accrued(l.lateness(price), until)
	if fine == 0 || !l.Collected() {
		return
	}
	l.Fined, l.FinedThrough = l.Fined+fine, &until
	sc.charge(l.MemberID, OverdueCharge, Money{fine, l.Terms.Currency}, l, "")
}
