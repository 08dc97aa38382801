package borrowing

import "bookvault/platform/ledger"

func (h *History) loan(e ledger.Event, name string) error {
	if h.Loan == nil {
		if e.Type != EventLoanOpened {
			return errUnknownEvent()
		}
		return h.loanOpened(e, name)
	}
	h.Loan.Version = e.Version
	change, known := loanChanges[e.Type]
	if !known {
		return errUnknownEvent()
	}
	return change(h.Loan, e)
}

func (h *History) loanOpened(e ledger.Event, name string) error {
	d, err := read[loanOpened](e)
	if err != nil {
		return err
	}
	id, err := parseID(name)
	at := asOf(d.OccurredAt, e)
	h.Loan = &Loan{ID: id, Ref: d.Ref, ItemID: d.ItemID, Barcode: d.Barcode, BookID: d.BookID, ItemType: d.ItemType, Branch: d.Branch, Channel: d.Channel, Status: LoanOpen,
		OpenedAt: at, DueOn: d.DueOn, DueAt: d.DueAt.UTC(), Terms: d.Terms, Why: d.Why, Version: 1}
	if d.Channel == AtDesk {
		h.Loan.CollectedAt = &at
	}
	return err
}

// loanChanges says what each event makes of a loan that is there. An event that cannot be read leaves its error and the zero values.
var loanChanges = map[string]func(*Loan, ledger.Event) error{
	EventLoanRenewed: func(l *Loan, e ledger.Event) error {
		d, err := read[loanRenewed](e)
		l.DueOn, l.DueAt, l.Renewals, l.Why.Due = d.DueOn, d.DueAt.UTC(), d.Renewals, d.Due
		l.Why.Exceptions = append(l.Why.Exceptions, d.Exceptions...)
		if len(d.Overridden) > 0 {
			l.Why.Overridden, l.Why.Reason = append(l.Why.Overridden, d.Overridden...), e.Reason
		}
		l.fined(d.fines)
		return err
	},
	EventDueDateChanged: func(l *Loan, e ledger.Event) error {
		d, err := read[dueDateChanged](e)
		l.DueOn, l.DueAt, l.Why.Due = d.DueOn, d.DueAt.UTC(), d.Due
		l.Why.Overridden = append(l.Why.Overridden, d.Overridden...)
		l.fined(d.fines)
		return err
	},
	EventLoanCollected: func(l *Loan, e ledger.Event) error {
		d, err := read[loanCollected](e)
		at := asOf(d.OccurredAt, e)
		l.CollectedAt = &at
		return err
	},
	EventLoanMoved: func(l *Loan, e ledger.Event) error {
		d, err := read[loanMoved](e)
		l.ItemID, l.Barcode, l.Why.Before = d.ItemID, d.Barcode, d.Before
		return err
	},
	EventLoanRetitled: func(l *Loan, e ledger.Event) error {
		d, err := read[loanRetitled](e)
		l.BookID = d.BookID
		return err
	},
	EventLoanClosed: func(l *Loan, e ledger.Event) error {
		d, err := read[struct {
			loanClosed
			Settled bool `json:"settled"`
		}](e)
		at := asOf(d.OccurredAt, e)
		l.Status, l.ClosedAt, l.ClosedBy = LoanClosed, &at, BySettling
		if !d.Settled {
			l.ReturnedOn, l.ClosedBy = &d.ReturnedOn, ByCheckIn
			l.fined(d.fines)
		}
		return err
	},
	EventLoanReversed: func(l *Loan, e ledger.Event) error {
		d, err := read[loanReversed](e)
		at := e.At.UTC()
		l.Status, l.ClosedAt, l.ReturnedOn, l.ClosedBy = LoanClosed, &at, &d.ReturnedOn, ByReversal
		return err
	},
	EventItemDeclaredLost: func(l *Loan, e ledger.Event) error {
		d, err := read[itemGone](e)
		l.LostOn = &d.On
		l.fined(d.fines)
		return err
	},
	EventItemClaimedReturned: func(l *Loan, e ledger.Event) error {
		d, err := read[itemGone](e)
		l.ClaimedOn = &d.On
		return err
	},
	EventLostItemReturned: func(l *Loan, e ledger.Event) error {
		d, err := read[itemGone](e)
		l.ReturnedOn = &d.On
		return err
	},
}

func (l *Loan) fined(f fines) {
	if f.Through != nil {
		l.Fined, l.FinedThrough = f.Fined, f.Through
	}
}
