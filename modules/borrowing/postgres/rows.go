package postgres

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"bookvault/modules/borrowing"
)

// The rows below are read by GORM and by pgx (column names in both tags) and written as JSON sets (save.go).

// day is a date column.
type day borrowing.Date

// Scan takes what the driver gives for a date.
func (d *day) Scan(value any) error {
	t, ok := value.(time.Time)
	if !ok {
		return fmt.Errorf("a date column gave %T", value)
	}
	*d = day(borrowing.DateOf(t, time.UTC))
	return nil
}

// MarshalJSON writes 2026-09-05.
func (d day) MarshalJSON() ([]byte, error) { return json.Marshal(borrowing.Date(d)) }

// GormDataType tells GORM that it is one column.
func (day) GormDataType() string { return "date" }

// document is a jsonb column that holds a T.
type document[T any] struct{ Value T }

// Scan takes what the driver gives for jsonb.
func (d *document[T]) Scan(value any) error {
	switch v := value.(type) {
	case string:
		return json.Unmarshal([]byte(v), &d.Value)
	case []byte:
		return json.Unmarshal(v, &d.Value)
	}
	return fmt.Errorf("a jsonb column gave %T", value)
}

// MarshalJSON writes the T.
func (d document[T]) MarshalJSON() ([]byte, error) { return json.Marshal(d.Value) }

// GormDataType tells GORM that it is one column.
func (document[T]) GormDataType() string { return "jsonb" }

// ids is a set of ids as one parameter: GORM would make a list of a slice.
type ids []int64

// Value writes PostgreSQL's text form of an array.
func (s ids) Value() (driver.Value, error) {
	text := []byte{'{'}
	for i, id := range s {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendInt(text, id, 10)
	}
	return string(append(text, '}')), nil
}

// optional gives nil for the zero value, as NULL.
func optional[T comparable](v T) *T {
	var zero T
	if v == zero {
		return nil
	}
	return &v
}

// value gives the zero value for NULL.
func value[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

func toDay(d *borrowing.Date) *day  { return (*day)(d) }
func toDate(d *day) *borrowing.Date { return (*borrowing.Date)(d) }

func inUTC(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := t.UTC()
	return &u
}

type itemRow struct {
	ID            int64     `gorm:"column:id;primaryKey" db:"id" json:"id"`
	Barcode       string    `gorm:"column:barcode" db:"barcode" json:"barcode"`
	BookID        int64     `gorm:"column:book_id" db:"book_id" json:"book_id"`
	HomeBranch    string    `gorm:"column:home_branch" db:"home_branch" json:"home_branch"`
	CurrentBranch string    `gorm:"column:current_branch" db:"current_branch" json:"current_branch"`
	ItemType      string    `gorm:"column:item_type" db:"item_type" json:"item_type"`
	Part          *string   `gorm:"column:part" db:"part" json:"part"`
	CallNumber    *string   `gorm:"column:call_number" db:"call_number" json:"call_number"`
	Location      *string   `gorm:"column:location" db:"location" json:"location"`
	PriceMinor    *int64    `gorm:"column:price_minor" db:"price_minor" json:"price_minor"`
	PriceCurrency *string   `gorm:"column:price_currency" db:"price_currency" json:"price_currency"`
	Loanable      bool      `gorm:"column:loanable" db:"loanable" json:"loanable"`
	Status        string    `gorm:"column:status" db:"status" json:"status"`
	TransitTo     *string   `gorm:"column:transit_to" db:"transit_to" json:"transit_to"`
	SlipHold      *int64    `gorm:"column:slip_hold" db:"slip_hold" json:"slip_hold"`
	CreatedAt     time.Time `gorm:"column:created_at" db:"created_at" json:"created_at"`
	Version       int       `gorm:"column:version" db:"version" json:"version"`
}

const freeItemColumns = `i.id, i.barcode, i.book_id, i.home_branch, i.current_branch, i.item_type, i.part, i.call_number, i.location, i.price_minor,
	i.price_currency, i.loanable, i.status, i.transit_to, i.slip_hold, i.created_at, i.version`

const itemColumns = `id, barcode, book_id, home_branch, current_branch, item_type, part, call_number, location, price_minor, price_currency,
	loanable, status, transit_to, slip_hold, created_at, version`

func (r itemRow) item() borrowing.Item {
	it := borrowing.Item{ID: r.ID, Barcode: r.Barcode, BookID: r.BookID, HomeBranch: r.HomeBranch, CurrentBranch: r.CurrentBranch, ItemType: r.ItemType,
		Part: value(r.Part), CallNumber: value(r.CallNumber), Location: value(r.Location), Loanable: r.Loanable, Status: borrowing.Status(r.Status),
		TransitTo: value(r.TransitTo), SlipHold: value(r.SlipHold), CreatedAt: r.CreatedAt.UTC(), Version: r.Version}
	if r.PriceMinor != nil {
		it.Price = &borrowing.Money{Minor: *r.PriceMinor, Currency: value(r.PriceCurrency)}
	}
	return it
}

func rowOfItem(it *borrowing.Item) itemRow {
	r := itemRow{ID: it.ID, Barcode: it.Barcode, BookID: it.BookID, HomeBranch: it.HomeBranch, CurrentBranch: it.CurrentBranch, ItemType: it.ItemType,
		Part: optional(it.Part), CallNumber: optional(it.CallNumber), Location: optional(it.Location), Loanable: it.Loanable, Status: string(it.Status),
		TransitTo: optional(it.TransitTo), SlipHold: optional(it.SlipHold), CreatedAt: it.CreatedAt, Version: it.Version}
	if it.Price != nil {
		r.PriceMinor, r.PriceCurrency = &it.Price.Minor, &it.Price.Currency
	}
	return r
}

type loanRow struct {
	ID          int64                           `gorm:"column:id;primaryKey" db:"id" json:"id"`
	BorrowerRef ref                             `gorm:"column:borrower_ref" db:"borrower_ref" json:"borrower_ref"`
	MemberID    *int64                          `gorm:"column:member_id" db:"member_id" json:"member_id"`
	ItemID      int64                           `gorm:"column:item_id" db:"item_id" json:"item_id"`
	Barcode     string                          `gorm:"column:barcode;->" db:"barcode" json:"-"`
	BookID      int64                           `gorm:"column:book_id" db:"book_id" json:"book_id"`
	ItemType    string                          `gorm:"column:item_type" db:"item_type" json:"item_type"`
	Branch      string                          `gorm:"column:branch" db:"branch" json:"branch"`
	Channel     string                          `gorm:"column:channel" db:"channel" json:"channel"`
	Status      string                          `gorm:"column:status" db:"status" json:"status"`
	OpenedAt    time.Time                       `gorm:"column:opened_at" db:"opened_at" json:"opened_at"`
	DueOn       day                             `gorm:"column:due_on" db:"due_on" json:"due_on"`
	DueAt       time.Time                       `gorm:"column:due_at" db:"due_at" json:"due_at"`
	Renewals    int                             `gorm:"column:renewals" db:"renewals" json:"renewals"`
	CollectedAt *time.Time                      `gorm:"column:collected_at" db:"collected_at" json:"collected_at"`
	ClosedAt    *time.Time                      `gorm:"column:closed_at" db:"closed_at" json:"closed_at"`
	ReturnedOn  *day                            `gorm:"column:returned_on" db:"returned_on" json:"returned_on"`
	ClosedBy    *string                         `gorm:"column:closed_by" db:"closed_by" json:"closed_by"`
	Terms       document[borrowing.Terms]       `gorm:"column:terms" db:"terms" json:"terms"`
	Explanation document[borrowing.Explanation] `gorm:"column:explanation" db:"explanation" json:"explanation"`
	Version     int                             `gorm:"column:version" db:"version" json:"version"`

	FinedMinor   int64 `gorm:"column:fined_minor" db:"fined_minor" json:"fined_minor"`
	FinedThrough *day  `gorm:"column:fined_through" db:"fined_through" json:"fined_through"`
	LostOn       *day  `gorm:"column:lost_on" db:"lost_on" json:"lost_on"`
	ClaimedOn    *day  `gorm:"column:claimed_on" db:"claimed_on" json:"claimed_on"`
}

const loanColumns = `l.id, l.borrower_ref, l.member_id, l.item_id, i.barcode, l.book_id, l.item_type, l.branch, l.channel, l.status, l.opened_at,
	l.due_on, l.due_at, l.renewals, l.collected_at, l.closed_at, l.returned_on, l.closed_by, l.terms, l.explanation, l.version,
	l.fined_minor, l.fined_through, l.lost_on, l.claimed_on`

// loansOfItems reads loans with the barcodes of their copies, as loanRow takes them.
const loansOfItems = `SELECT ` + loanColumns + ` FROM borrowing.loans l JOIN borrowing.items i ON i.id = l.item_id`

func (r loanRow) loan() borrowing.Loan {
	return borrowing.Loan{ID: r.ID, Ref: borrowing.Ref(r.BorrowerRef), MemberID: value(r.MemberID), ItemID: r.ItemID, Barcode: r.Barcode, BookID: r.BookID,
		ItemType: r.ItemType, Branch: r.Branch, Channel: borrowing.Channel(r.Channel), Status: borrowing.LoanStatus(r.Status), OpenedAt: r.OpenedAt.UTC(),
		DueOn: borrowing.Date(r.DueOn), DueAt: r.DueAt.UTC(), Renewals: r.Renewals, CollectedAt: inUTC(r.CollectedAt), ClosedAt: inUTC(r.ClosedAt), ReturnedOn: toDate(r.ReturnedOn),
		ClosedBy: value(r.ClosedBy), Terms: r.Terms.Value, Why: r.Explanation.Value, Version: r.Version,
		Fined: r.FinedMinor, FinedThrough: toDate(r.FinedThrough), LostOn: toDate(r.LostOn), ClaimedOn: toDate(r.ClaimedOn)}
}

func rowOfLoan(l *borrowing.Loan) loanRow {
	return loanRow{ID: l.ID, BorrowerRef: ref(l.Ref), MemberID: optional(l.MemberID), ItemID: l.ItemID, BookID: l.BookID, ItemType: l.ItemType, Branch: l.Branch,
		Channel: string(l.Channel), Status: string(l.Status), OpenedAt: l.OpenedAt, DueOn: day(l.DueOn), DueAt: l.DueAt, Renewals: l.Renewals, CollectedAt: l.CollectedAt, ClosedAt: l.ClosedAt,
		ReturnedOn: toDay(l.ReturnedOn), ClosedBy: optional(l.ClosedBy), Terms: document[borrowing.Terms]{l.Terms},
		Explanation: document[borrowing.Explanation]{l.Why}, Version: l.Version,
		FinedMinor: l.Fined, FinedThrough: toDay(l.FinedThrough), LostOn: toDay(l.LostOn), ClaimedOn: toDay(l.ClaimedOn)}
}
