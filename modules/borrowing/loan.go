package borrowing

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
)

// Ref is the random name of a borrower in the ledger; what member stands behind it is kept outside, and can be forgotten.
type Ref [16]byte

// NewRef makes a random one, in the form of a UUID version 4.
func NewRef() (r Ref) {
	_, _ = rand.Read(r[:]) // crypto/rand does not fail
	r[6], r[8] = r[6]&0x0f|0x40, r[8]&0x3f|0x80
	return r
}

// String gives the usual form of a UUID.
func (r Ref) String() string {
	h := hex.EncodeToString(r[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// MarshalText writes it as text, also in JSON.
func (r Ref) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads the usual form of a UUID.
func (r *Ref) UnmarshalText(text []byte) error {
	raw, err := hex.DecodeString(strings.ReplaceAll(string(text), "-", ""))
	if err != nil || len(raw) != len(r) {
		return fmt.Errorf("%q is no UUID", text)
	}
	copy(r[:], raw)
	return nil
}

// LoanStatus is open or closed; open -> closed is the only way.
type LoanStatus string

// The statuses of a loan.
const (
	LoanOpen   LoanStatus = "open"
	LoanClosed LoanStatus = "closed"
)

// Channel is where a loan was asked for.
type Channel string

// The channels of a loan.
const (
	AtDesk Channel = "desk"
	OnWeb  Channel = "web"
)

// How a loan was closed.
const (
	ByCheckIn  = "check_in"
	ByReversal = "reversal"
	BySettling = "settled" // it was lost, and paid for
)

// Loan is one copy lent to one member.
type Loan struct {
	ID          int64
	Ref         Ref
	MemberID    int64 // 0 once the link to the member was purged
	ItemID      int64
	Barcode     string
	BookID      int64
	ItemType    string
	Branch      string
	Channel     Channel
	Status      LoanStatus
	OpenedAt    time.Time
	DueOn       Date
	DueAt       time.Time
	Renewals    int
	CollectedAt *time.Time // when the member was given the copy; nil: a web loan that still lies in the pull list
	ClosedAt    *time.Time
	ReturnedOn  *Date
	ClosedBy    string
	Terms       Terms
	Why         Explanation
	Version     int

	Fined        int64 // fines charged so far, in minor units of the terms' currency
	FinedThrough *Date // the last day that they count
	LostOn       *Date // declared lost
	ClaimedOn    *Date // claimed returned
}

// Collected tells whether the member has been given the copy.
func (l *Loan) Collected() bool { return l.CollectedAt != nil }

// IsOverdue tells whether the loan is open past its due date.
func (l *Loan) IsOverdue(now time.Time) bool { return l.Status == LoanOpen && now.After(l.DueAt) }

// Explanation is kept with a loan: its due date with every input, what was overridden, and what opening it changed, so that
// a reversal can put it back.
type Explanation struct {
	Due        Due      `json:"due"`
	Overridden []string `json:"overridden,omitempty"`
	Reason     string   `json:"override_reason,omitempty"`
	Before     Before   `json:"before"`

	// What policy says against it, of a loan that was made, or renewed, at a desk that was offline; and when it was entered.
	Exceptions []string   `json:"exceptions,omitempty"`
	RecordedAt *time.Time `json:"recorded_at,omitempty"`
}

// Before is what opening a loan changed: the item as it was, and the hold that was filled.
type Before struct {
	Status       Status     `json:"status"`
	Branch       string     `json:"branch"`
	TransitTo    string     `json:"transit_to,omitempty"`
	SlipHold     int64      `json:"slip_hold,omitempty"`
	ItemVersion  int        `json:"item_version"` // right after the loan was opened
	HoldID       int64      `json:"hold_id,omitempty"`
	HoldStatus   HoldStatus `json:"hold_status,omitempty"`
	HoldItem     int64      `json:"hold_item,omitempty"`
	HoldExpires  *Date      `json:"hold_expires_on,omitempty"`
	HoldVersion  int        `json:"hold_version,omitempty"`
	DisplacedOne bool       `json:"displaced_a_hold,omitempty"`
}

// LoanView is a loan as it is shown: with the member's current card and the title's text.
type LoanView struct {
	Loan
	MemberCard string
	Title      string // "" when the catalogue is ill
	Untitled   bool   // the catalogue does not say the title just now
	Overdue    bool
}
