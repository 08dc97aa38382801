package postgres

import (
	"bookvault/modules/borrowing"
)

// charges reads charges with the sums of what became of them, from a set of their rows that is named c.
const charges = `SELECT c.id, c.member_id, c.charge_kind, c.amount, c.currency, c.reason, c.day, s.charge_ref, s.loan_id, s.item_id, s.book_id, s.borrower_ref, i.barcode,
		t.paid, t.waived, t.voided, t.refunded, t.version
	FROM borrowing.account_entries c LEFT JOIN borrowing.charge_subjects s ON s.charge_id = c.id LEFT JOIN borrowing.items i ON i.id = s.item_id
	CROSS JOIN LATERAL (SELECT coalesce(sum(e.amount) FILTER (WHERE e.kind = 'payment'), 0)::bigint AS paid,
		coalesce(sum(e.amount) FILTER (WHERE e.kind = 'waiver'), 0)::bigint AS waived, coalesce(sum(e.amount) FILTER (WHERE e.kind = 'void'), 0)::bigint AS voided,
		coalesce(sum(e.amount) FILTER (WHERE e.kind = 'refund'), 0)::bigint AS refunded, count(*) AS version
		FROM borrowing.account_entries e WHERE e.charge_id = c.id) t WHERE `

type chargeRow struct {
	ID          int64   `gorm:"column:id" db:"id"`
	MemberID    int64   `gorm:"column:member_id" db:"member_id"`
	Kind        string  `gorm:"column:charge_kind" db:"charge_kind"`
	Amount      int64   `gorm:"column:amount" db:"amount"`
	Currency    string  `gorm:"column:currency" db:"currency"`
	Note        string  `gorm:"column:reason" db:"reason"`
	Day         day     `gorm:"column:day" db:"day"`
	Ref         *ref    `gorm:"column:charge_ref" db:"charge_ref"`
	LoanID      *int64  `gorm:"column:loan_id" db:"loan_id"`
	ItemID      *int64  `gorm:"column:item_id" db:"item_id"`
	BookID      *int64  `gorm:"column:book_id" db:"book_id"`
	BorrowerRef *ref    `gorm:"column:borrower_ref" db:"borrower_ref"`
	Barcode     *string `gorm:"column:barcode" db:"barcode"`
	Paid        int64   `gorm:"column:paid" db:"paid"`
	Waived      int64   `gorm:"column:waived" db:"waived"`
	Voided      int64   `gorm:"column:voided" db:"voided"`
	Refunded    int64   `gorm:"column:refunded" db:"refunded"`
	Version     int     `gorm:"column:version" db:"version"`
}

func (r chargeRow) charge() borrowing.Charge {
	return borrowing.Charge{ID: r.ID, Ref: borrowing.Ref(value(r.Ref)), MemberID: r.MemberID, Kind: borrowing.ChargeKind(r.Kind), Amount: r.Amount, Currency: r.Currency,
		Note: r.Note, Day: borrowing.Date(r.Day), Paid: r.Paid, Waived: r.Waived, Voided: r.Voided, Refunded: r.Refunded, LoanID: value(r.LoanID),
		ItemID: value(r.ItemID), BookID: value(r.BookID), LoanRef: borrowing.Ref(value(r.BorrowerRef)), Barcode: value(r.Barcode), Version: r.Version}
}

type entryRow struct {
	ID         *int64  `gorm:"column:id" json:"id"`
	MemberID   int64   `gorm:"column:member_id" json:"member_id"`
	ChargeID   int64   `gorm:"column:charge_id" json:"charge_id"`
	Kind       string  `gorm:"column:kind" json:"kind"`
	ChargeKind *string `gorm:"column:charge_kind" json:"charge_kind"`
	Amount     int64   `gorm:"column:amount" json:"amount"`
	Currency   string  `gorm:"column:currency" json:"currency"`
	Method     string  `gorm:"column:method" json:"method"`
	Reason     string  `gorm:"column:reason" json:"reason"`
	Actor      string  `gorm:"column:actor" json:"actor"`
	Day        day     `gorm:"column:day" json:"day"`
}

func rowOfEntry(e borrowing.Entry) entryRow {
	return entryRow{ID: optional(e.ID), MemberID: e.MemberID, ChargeID: e.ChargeID, Kind: string(e.Kind), ChargeKind: optional(string(e.ChargeKind)), Amount: e.Amount,
		Currency: e.Currency, Method: e.Method, Reason: e.Reason, Actor: e.Actor, Day: day(e.Day)}
}

func (r entryRow) entry() borrowing.Entry {
	return borrowing.Entry{ID: value(r.ID), MemberID: r.MemberID, ChargeID: r.ChargeID, Kind: borrowing.EntryKind(r.Kind), ChargeKind: borrowing.ChargeKind(value(r.ChargeKind)),
		Amount: r.Amount, Currency: r.Currency, Method: r.Method, Reason: r.Reason, Actor: r.Actor, Day: borrowing.Date(r.Day)}
}

type subjectRow struct {
	ChargeID    int64  `json:"charge_id"`
	Ref         ref    `json:"charge_ref"`
	LoanID      *int64 `json:"loan_id"`
	ItemID      *int64 `json:"item_id"`
	BookID      *int64 `json:"book_id"`
	BorrowerRef *ref   `json:"borrower_ref"`
}

func rowOfSubject(c *borrowing.Charge) subjectRow {
	return subjectRow{ChargeID: c.ID, Ref: ref(c.Ref), LoanID: optional(c.LoanID), ItemID: optional(c.ItemID), BookID: optional(c.BookID), BorrowerRef: optional(ref(c.LoanRef))}
}

type owedRow struct {
	MemberID int64  `gorm:"column:member_id" db:"member_id"`
	Currency string `gorm:"column:currency" db:"currency"`
	Owed     int64  `gorm:"column:owed" db:"owed"`
}

// lateLoans reads what the fines of open loans are reckoned from.
const lateLoans = `SELECT l.member_id, l.branch, l.due_on, l.terms, l.fined_minor, l.fined_through, l.claimed_on, i.price_minor, i.price_currency
	FROM borrowing.loans l JOIN borrowing.items i ON i.id = l.item_id
	WHERE l.member_id = ANY($1) AND l.status = 'open' AND l.due_on < $2 AND l.lost_on IS NULL AND l.collected_at IS NOT NULL`

type lateRow struct {
	MemberID      int64                     `db:"member_id"`
	Branch        string                    `db:"branch"`
	DueOn         day                       `db:"due_on"`
	Terms         document[borrowing.Terms] `db:"terms"`
	FinedMinor    int64                     `db:"fined_minor"`
	FinedThrough  *day                      `db:"fined_through"`
	ClaimedOn     *day                      `db:"claimed_on"`
	PriceMinor    *int64                    `db:"price_minor"`
	PriceCurrency *string                   `db:"price_currency"`
}

func (r lateRow) lateness() borrowing.Lateness {
	l := borrowing.Lateness{Branch: r.Branch, DueOn: borrowing.Date(r.DueOn), Terms: r.Terms.Value, Fined: r.FinedMinor, FinedThrough: toDate(r.FinedThrough), ClaimedOn: toDate(r.ClaimedOn)}
	if r.PriceMinor != nil {
		l.Price = &borrowing.Money{Minor: *r.PriceMinor, Currency: value(r.PriceCurrency)}
	}
	return l
}
