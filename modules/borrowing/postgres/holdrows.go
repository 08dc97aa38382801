package postgres

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"bookvault/modules/borrowing"
)

// ref is a uuid column.
type ref borrowing.Ref

// Scan takes what the driver gives for a uuid: its text.
func (r *ref) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("a uuid column gave %T", value)
	}
	raw, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
	if err != nil || len(raw) != len(r) {
		return fmt.Errorf("a uuid column gave %q", text)
	}
	copy(r[:], raw)
	return nil
}

// MarshalText writes the usual form, also in JSON.
func (r ref) MarshalText() ([]byte, error) { return borrowing.Ref(r).MarshalText() }

// GormDataType tells GORM that it is one column.
func (ref) GormDataType() string { return "uuid" }

type holdRow struct {
	ID             int64      `gorm:"column:id;primaryKey" db:"id" json:"id"`
	BorrowerRef    ref        `gorm:"column:borrower_ref" db:"borrower_ref" json:"borrower_ref"`
	MemberID       *int64     `gorm:"column:member_id" db:"member_id" json:"member_id"`
	BookID         int64      `gorm:"column:book_id" db:"book_id" json:"book_id"`
	Part           *string    `gorm:"column:part" db:"part" json:"part"`
	ItemID         *int64     `gorm:"column:item_id" db:"item_id" json:"item_id"`
	PickupBranch   string     `gorm:"column:pickup_branch" db:"pickup_branch" json:"pickup_branch"`
	Status         string     `gorm:"column:status" db:"status" json:"status"`
	Place          int64      `gorm:"column:place" db:"place" json:"place"`
	CapturedItem   *int64     `gorm:"column:captured_item" db:"captured_item" json:"captured_item"`
	SuspendedUntil *day       `gorm:"column:suspended_until" db:"suspended_until" json:"suspended_until"`
	PlacedAt       time.Time  `gorm:"column:placed_at" db:"placed_at" json:"placed_at"`
	ReadyOn        *day       `gorm:"column:ready_on" db:"ready_on" json:"ready_on"`
	ExpiresOn      *day       `gorm:"column:expires_on" db:"expires_on" json:"expires_on"`
	ClosedAt       *time.Time `gorm:"column:closed_at" db:"closed_at" json:"closed_at"`
	Version        int        `gorm:"column:version" db:"version" json:"version"`
}

const holdColumns = `h.id, h.borrower_ref, h.member_id, h.book_id, h.part, h.item_id, h.pickup_branch, h.status, h.place, h.captured_item,
	h.suspended_until, h.placed_at, h.ready_on, h.expires_on, h.closed_at, h.version`

// queuedHolds reads holds with the standing of their members, as queuedRow takes them.
const queuedHolds = `SELECT ` + holdColumns + `, a.category, a.expires_on AS member_expires_on, a.blocked
	FROM borrowing.holds h LEFT JOIN borrowing.accounts a ON a.member_id = h.member_id`

func (r holdRow) hold() borrowing.Hold {
	return borrowing.Hold{ID: r.ID, Ref: borrowing.Ref(r.BorrowerRef), MemberID: value(r.MemberID), BookID: r.BookID, Part: value(r.Part), ItemID: value(r.ItemID),
		PickupBranch: r.PickupBranch, Status: borrowing.HoldStatus(r.Status), Place: r.Place, CapturedItem: value(r.CapturedItem),
		SuspendedUntil: toDate(r.SuspendedUntil), PlacedAt: r.PlacedAt.UTC(), ReadyOn: toDate(r.ReadyOn), ExpiresOn: toDate(r.ExpiresOn), ClosedAt: inUTC(r.ClosedAt), Version: r.Version}
}

func rowOfHold(h *borrowing.Hold) holdRow {
	return holdRow{ID: h.ID, BorrowerRef: ref(h.Ref), MemberID: optional(h.MemberID), BookID: h.BookID, Part: optional(h.Part), ItemID: optional(h.ItemID),
		PickupBranch: h.PickupBranch, Status: string(h.Status), Place: h.Place, CapturedItem: optional(h.CapturedItem), SuspendedUntil: toDay(h.SuspendedUntil),
		PlacedAt: h.PlacedAt, ReadyOn: toDay(h.ReadyOn), ExpiresOn: toDay(h.ExpiresOn), ClosedAt: h.ClosedAt, Version: h.Version}
}

// queuedRow is a live hold with the standing of its member.
type queuedRow struct {
	holdRow
	Category      *string `db:"category"`
	MemberExpires *day    `db:"member_expires_on"`
	MemberBlocked *bool   `db:"blocked"`
}

func (r queuedRow) queued() borrowing.Hold {
	h := r.hold()
	h.Standing = borrowing.Standing{Category: value(r.Category), ExpiresOn: toDate(r.MemberExpires), Blocked: value(r.MemberBlocked)}
	return h
}

// shownRow is a hold with what a reader sees of it.
type shownRow struct {
	Hold     holdRow `gorm:"embedded"`
	Wanted   *string `gorm:"column:wanted"`
	Barcode  *string `gorm:"column:barcode"`
	Position int     `gorm:"column:position"`
}
