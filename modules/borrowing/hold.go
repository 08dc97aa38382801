package borrowing

import (
	"math"
	"time"
)

// HoldStatus is where a hold is: waiting -> in_transit -> ready -> filled, cancelled or expired. A hold whose copy is taken
// away goes back to waiting, at its original place.
type HoldStatus string

// The statuses of a hold.
const (
	HoldWaiting   HoldStatus = "waiting"
	HoldInTransit HoldStatus = "in_transit"
	HoldReady     HoldStatus = "ready"
	HoldFilled    HoldStatus = "filled"
	HoldCancelled HoldStatus = "cancelled"
	HoldExpired   HoldStatus = "expired"
)

// Live tells whether the hold still wants a copy.
func (s HoldStatus) Live() bool { return s == HoldWaiting || s == HoldInTransit || s == HoldReady }

// Hold is a member's place in the queue for a title, a part of it, or one copy.
type Hold struct {
	ID             int64
	Ref            Ref
	MemberID       int64
	BookID         int64
	Part           string // "": any part
	ItemID         int64  // 0: any copy
	PickupBranch   string
	Status         HoldStatus
	Place          int64 // order in the queue; grows with time, with gaps
	CapturedItem   int64 // 0: none
	SuspendedUntil *Date
	PlacedAt       time.Time
	ReadyOn        *Date // when its copy last came to the shelf
	ExpiresOn      *Date // last day on the shelf
	ClosedAt       *time.Time
	Version        int

	Standing Standing // of the member, as last heard; loaded with live holds
	Wanted   string   // barcode of the one copy that is waited for, where a read asked for it
	Barcode  string   // of the captured item, where a read asked for it
	Position int      // in the queue, from 1, where a read asked for it; 0 for closed holds
}

// Standing is what decides whether a hold may be served: the member's, as last heard from the members module.
type Standing struct {
	Category     string
	ExpiresOn    *Date
	Blocked      bool
	KeepsHistory bool  // decides nothing about holds, but what is forgotten of them
	Version      int32 // of the member
}

// LastVersion is that of a member who is no more: nothing comes after it.
const LastVersion = math.MaxInt32

// StandingOf takes what borrowing keeps of a member.
func StandingOf(m Member) Standing {
	return Standing{Category: m.Category, ExpiresOn: m.ExpiresOn, Blocked: len(m.Blocks) > 0, KeepsHistory: m.KeepsHistory, Version: m.Version}
}

// canBeFilledBy tells whether a copy is what the hold wants.
func (h *Hold) canBeFilledBy(itemID int64, part string) bool {
	if h.ItemID != 0 {
		return h.ItemID == itemID
	}
	return h.Part == "" || h.Part == part
}

// eligible tells whether the hold may be served today: suspended ones and those of blocked or expired members are skipped,
// and keep their place.
func (h *Hold) eligible(today Date) bool {
	if h.SuspendedUntil != nil && today < *h.SuspendedUntil {
		return false
	}
	return !h.Standing.Blocked && (h.Standing.ExpiresOn == nil || today <= *h.Standing.ExpiresOn)
}

// HoldView is a hold as it is shown.
type HoldView struct {
	Hold
	MemberCard string
	Title      string
	Untitled   bool // the catalogue does not say the title just now
}
