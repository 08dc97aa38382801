package borrowing

import (
	"context"
	"time"
)

// NoticeKind is what a notice tells.
type NoticeKind string

// The kinds of notices.
const (
	NoticeDueSoon      NoticeKind = "due_soon"
	NoticeOverdue      NoticeKind = "overdue"
	NoticeHoldReady    NoticeKind = "hold_ready"
	NoticeHoldExpiring NoticeKind = "hold_expiring"
)

// NoticeStatus is what became of a notice: waiting -> sent, told (by the desk), failed, or cancelled, since it was no longer true
// when its turn came. What failed can still be told.
type NoticeStatus string

// The statuses of a notice.
const (
	NoticeWaiting   NoticeStatus = "waiting"
	NoticeSent      NoticeStatus = "sent"
	NoticeFailed    NoticeStatus = "failed"
	NoticeCancelled NoticeStatus = "cancelled"
	NoticeTold      NoticeStatus = "told"
)

// Notice is one thing that a member is to hear of a loan or a hold. It is written with its cause, in the same transaction.
type Notice struct {
	ID        int64
	Kind      NoticeKind
	Ref       Ref
	MemberID  int64 // 0 once the link to the member was purged
	LoanID    int64 // of the loan or
	HoldID    int64 // the hold that it is about
	On        Date  // the due date, or the last day on the shelf, when it was written
	Occasion  int   // of the same: which reminder, or which version of the hold became ready
	Status    NoticeStatus
	CreatedAt time.Time
	Attempts  int
	Letter    string     // names the letter it goes in, once it was tried; several notices go in one
	SettledAt *time.Time // nil while it waits
	Failure   string     // why the last attempt failed

	// What it is about, as it is now.
	BookID       int64
	Barcode      string
	PickupBranch string // of a hold
	Until        *Date  // the due date, or the last day on the shelf
}

// NoticeSettings say when members hear of what; zero days or times switch a kind off.
type NoticeSettings struct {
	DueSoonDays      int // days before the due date
	OverdueFirstDays int // days after the due date; 1 if less
	OverdueEveryDays int // days between two reminders; 7
	OverdueTimes     int // reminders of one due date
	HoldExpiringDays int // days before the last day on the shelf

	Library  string // its name, under letters
	Language string // of letters to members who chose none, or one that we do not speak: en, vi; en
	Mailer   Mailer // nil: nothing is sent; notices wait for the desk, or for a mailer
}

// Mailer carries letters; platform/mail does, introduced by modules.go.
type Mailer interface {
	// Send hands letters over and gives the answer to each.
	Send(ctx context.Context, letters []Letter) []Answer
}

// Answer is what became of handing over a letter.
type Answer struct {
	Verdict Verdict
	Words   string // why it was not accepted
}

// Verdict sorts answers by what is to be done then.
type Verdict int

// The verdicts.
const (
	Accepted Verdict = iota // by a server that is responsible for it now
	PutOff                  // it may be accepted later
	Refused                 // it never will be: there is no such address, say
	NoPost                  // no letter can be handed over now, through no fault of this one
)

// Letter is one e-mail to one member.
type Letter struct {
	ID       string // a UUID, the same whenever it is tried again, by which a receiver can know it again
	To       string // e-mail address
	Name     string // of the member
	Language string // of the text
	Subject  string // names no title: it shows on locked screens
	Body     string // plain text
}

// notify records that whoever waits for a hold is to hear that it became ready. It goes with the hold's own change, so that one
// never happens without the other.
func (sc *Scene) notify(kind NoticeKind, h *Hold) {
	on := sc.Today
	if h.ExpiresOn != nil {
		on = *h.ExpiresOn
	}
	sc.Changes.NewNotices = append(sc.Changes.NewNotices, Notice{Kind: kind, Ref: h.Ref, MemberID: h.MemberID, HoldID: h.ID, On: on, Occasion: h.Version,
		Status: NoticeWaiting, CreatedAt: sc.Now})
}

// NoticeFilter says which notices to list, newest first.
type NoticeFilter struct {
	MemberID int64 // 0: everybody's
	Open     bool  // only what waits or failed, and is still true
	Today    Date  // set by the Service
	Before   int64
	Limit    int
}

// NoticeCount is how many notices nobody was told of.
type NoticeCount struct{ Waiting, Failed int64 }

// DueNotices says which notices of a kind are due at an instant.
type DueNotices struct {
	Kind     NoticeKind
	Now      time.Time
	Today    Date
	Midnight time.Time // at which today began, in the library
	Days     int       // before the day, or after it for the first one
	Every    int       // days between two
	Times    int       // at most
}

// Delivery is what became of trying to send notices.
type Delivery struct {
	IDs      []int64
	Status   NoticeStatus // waiting: try again
	At       time.Time
	Attempts int       // to count
	Next     time.Time // while waiting
	Failure  string
}

// NoticeStore keeps notices. What is true is looked at anew by each method: a loan that came back or was renewed, a hold that is
// over or has another last day, a later reminder of the same make a notice untrue.
type NoticeStore interface {
	// MakeNotices writes the notices that are due and were never written, at most limit, and says how many.
	MakeNotices(ctx context.Context, due DueNotices, limit int) (int, error)
	// CancelNotices settles the open ones that are no longer true, at most limit, and says how many.
	CancelNotices(ctx context.Context, now time.Time, today Date, limit int) (int, error)
	// ClaimNotices takes true waiting ones whose time has come, those of at most so many letters, until a lease ends. All of one
	// letter come together: those tried before in the same one, and of the rest those of one member and kind.
	ClaimNotices(ctx context.Context, now, until time.Time, today Date, letters int) ([]Notice, error)
	// SettleNotices writes what became of notices that were claimed.
	SettleNotices(ctx context.Context, deliveries []Delivery) error
	// ForgetNotices deletes those whose link to a member was purged, at most limit, and says how many.
	ForgetNotices(ctx context.Context, limit int) (int, error)
	// CountNotices counts the open ones, whether or not they are still true.
	CountNotices(ctx context.Context) (NoticeCount, error)
	// Notice gives one notice, or ErrNotFound.
	Notice(ctx context.Context, id int64) (Notice, error)
	// Notices lists notices, newest first.
	Notices(ctx context.Context, f NoticeFilter) ([]Notice, error)
}
