// Package borrowing is the library's desk: copies, loans, holds, the rules that decide on them, and the record of what
// happened. It owns these things so that one loan is one transaction in one module.
//
// Every command has one shape (execute.go): lock and load a Scene, decide on it in plain Go, save what changed with its
// events. The rules are therefore pure functions of a Scene: rule.go, calendar.go and due.go say when, lend.go, checkin.go,
// renew.go, reverse.go and hold.go say whether and what then. The next rooms are postgres/ (scenes on PostgreSQL) and api/.
package borrowing

import (
	"context"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// Member is what borrowing needs to know of a member.
type Member struct {
	ID        int64
	Card      string // the current card
	Replaced  bool   // the card asked for is an old one of this member
	Name      string // for staff and for letters to the member; never stored here
	Email     string // "": none
	Language  string // of letters, a BCP 47 tag; "": the library's
	Category  string
	ExpiresOn *Date    // last day of the membership; nil: it does not expire
	Blocks    []string // codes of what stands against lending
	Version   int32    // how often the member was changed: of two answers the one with the higher version is the newer one

	BlockNotes   map[string]string // what staff noted of some of them, for staff only
	KeepsHistory bool              // the member wants to see past loans: nothing of them is forgotten
}

// Members answers who a member is; modules/members does, introduced by modules.go.
type Members interface {
	// MemberByCard finds a member by a card, current or replaced; a problem of kind NotFound when there is none.
	MemberByCard(ctx context.Context, card string) (Member, error)
	// MembersByCards is MemberByCard for several cards, by the cards as they were given; those that nobody has or had are left out.
	MembersByCards(ctx context.Context, cards []string) (map[string]Member, error)
	// MembersByID finds members; those that do not exist are left out.
	MembersByID(ctx context.Context, ids []int64) (map[int64]Member, error)
}

// Titles answers what a title is called; modules/catalog does, introduced by modules.go.
type Titles interface {
	// TitlesByID gives the text of each title that exists; the others are left out.
	TitlesByID(ctx context.Context, ids []int64) (map[int64]string, error)
}

// Settings of the module; the zero value of each has the meaning in its comment.
type Settings struct {
	Location      *time.Location // the library's time zone; UTC
	DefaultBranch string         // stands in where a command names none; "": the first branch
	Currency      string         // ISO 4217, of the rules' money and of every account; VND
	Notices       NoticeSettings
	HoldShelfDays int              // open days that a hold waits on the shelf; 7
	CollectDays   int              // open days that a web loan waits to be fetched; 3
	Retention     time.Duration    // how long after its return a loan names its member, if the member keeps no history; 7 days
	OfflineMaxAge time.Duration    // how long ago something may have happened at a desk that was offline; 72 h
	LostRefund    LostRefund       // what becomes of the charges of a lost copy that comes back; nothing
	LostAfterDays int              // days past due after which a copy is declared lost by itself; 0: never
	Clock         func() time.Time // time.Now
	Committed     func()           // called after each command that changed something, to wake the outbox relay; nothing
	Carrier       Carrier          // carries out the commands that can share a transaction; nil: each has one of its own
	// StaffRead records that staff read of what a member has here (0: of everybody), each kind by itself; an answer is given after it is
	// recorded. Nobody.
	StaffRead func(ctx context.Context, memberID int64, what ...string) error
	// Current makes a context whose reads see all that was committed anywhere, for looking again. Nil: the same context.
	Current func(context.Context) context.Context
	// Untitled is asked whether loans and holds are shown without their titles while the catalogue is ill, rather than not at all. They are.
	Untitled func() bool
	Logger   *slog.Logger // hears when titles cannot be read; slog.Default
}

// Service is the desk.
type Service struct {
	store    Store
	members  Members
	titles   Titles
	settings Settings

	historian *atomic.Int64 // how far the members who keep a history were asked again (forget.go)
}

// New builds the desk from its store and its neighbours.
func New(store Store, members Members, titles Titles, s Settings) *Service {
	if s.Location == nil {
		s.Location = time.UTC
	}
	if s.Currency == "" {
		s.Currency = "VND"
	}
	if s.HoldShelfDays <= 0 {
		s.HoldShelfDays = 7
	}
	if s.CollectDays <= 0 {
		s.CollectDays = 3
	}
	if s.Retention <= 0 {
		s.Retention = 7 * 24 * time.Hour
	}
	if s.OfflineMaxAge <= 0 {
		s.OfflineMaxAge = 72 * time.Hour
	}
	if s.Clock == nil {
		s.Clock = time.Now
	}
	if s.Untitled == nil {
		s.Untitled = func() bool { return true }
	}
	if s.Current == nil {
		s.Current = func(ctx context.Context) context.Context { return ctx }
	}
	if s.Committed == nil {
		s.Committed = func() {}
	}
	if s.Logger == nil {
		s.Logger = slog.Default()
	}
	return &Service{store: store, members: members, titles: titles, settings: s, historian: &atomic.Int64{}}
}

// At gives the same desk with its clock stopped at an instant, for what is entered after it happened.
func (s *Service) At(at time.Time) *Service {
	then := *s
	then.settings.Clock = func() time.Time { return at }
	then.settings.Carrier = nil // commands that share a transaction share their day
	return &then
}

// now is read once a command, in the precision that PostgreSQL keeps.
func (s *Service) now() time.Time { return s.settings.Clock().UTC().Truncate(time.Microsecond) }

// TimeZone names the library's time zone.
func (s *Service) TimeZone() string { return s.settings.Location.String() }

// Today is the library's date at an instant.
func (s *Service) Today(at time.Time) Date { return DateOf(at, s.settings.Location) }

// titleTexts gives the texts of titles, or none when the catalogue is ill: the desk goes on without them.
func (s *Service) titleTexts(ctx context.Context, ids ...int64) map[int64]string {
	if len(ids) == 0 {
		return nil
	}
	texts, err := s.titles.TitlesByID(ctx, ids)
	if err != nil {
		s.settings.Logger.LogAttrs(ctx, levelOf(err), "titles are shown without their names", slog.Any("error", err))
		return nil
	}
	if texts == nil {
		texts = map[int64]string{} // nil says that nobody knows
	}
	return texts
}

// mayShow tells whether lists may be shown although nobody knows what their titles are called: that is a fallback, which can be switched
// off. What is lent or given back does not depend on it.
func (s *Service) mayShow(texts map[int64]string, rows int) error {
	if texts != nil || rows == 0 || s.settings.Untitled() {
		return nil
	}
	e := problem.New(problem.Unavailable, "part_unavailable", "The catalogue does not answer right now. Please try again in a moment.")
	e.RetryAfter = time.Second
	return e
}

// levelOf gives the level at which a neighbour's failure is logged that the desk goes on without. That one is unavailable is said once,
// by its breaker, and not again for each request.
func levelOf(err error) slog.Level {
	if problem.Of(err).Kind == problem.Unavailable {
		return slog.LevelDebug
	}
	return slog.LevelWarn
}

// memberByID finds one member; a problem when there is none.
func (s *Service) memberByID(ctx context.Context, id int64) (Member, error) {
	found, err := s.members.MembersByID(ctx, []int64{id})
	if err != nil {
		return Member{}, err
	}
	m, ok := found[id]
	if !ok {
		return Member{}, errMemberNotFound()
	}
	return m, nil
}

// borrower finds whom a command is for: staff name a card; a patron may leave it out, and may name only their own.
func (s *Service) borrower(ctx context.Context, card string) (Member, error) {
	p, _ := identity.FromContext(ctx)
	if p.May(identity.Desk) {
		if card == "" {
			return Member{}, problem.InvalidField("body.member_card", "is required")
		}
		return s.members.MemberByCard(ctx, card)
	}
	if !p.SignedIn() {
		return Member{}, problem.New(problem.Unauthenticated, "sign_in_needed", "Sign in first.")
	}
	if card == "" {
		return s.memberByID(ctx, p.MemberID)
	}
	m, err := s.members.MemberByCard(ctx, card)
	if err != nil && problem.Of(err).Kind != problem.NotFoundKind {
		return Member{}, err
	}
	if err != nil || m.ID != p.MemberID {
		return Member{}, problem.New(problem.Forbidden, "not_your_account", "You can do this for yourself only.")
	}
	return m, nil
}

// byBorrower is the actor of what members do for themselves.
const byBorrower = "borrower"

// actor says in the ledger who did it, without naming a member: one who works here is staff to others, and a borrower in what they
// do with a loan or hold of their own.
func actor(p identity.Principal, scope Scope) string {
	own := slices.Contains(scope.Accounts, p.MemberID) || slices.ContainsFunc(scope.Members, func(m Member) bool { return m.ID == p.MemberID })
	switch {
	case p.May(identity.Desk) && p.SignedIn() && !own:
		return "staff/" + formatID(p.MemberID)
	case p.SignedIn():
		return byBorrower
	}
	return "system"
}

// needStaff refuses callers below the desk: a second fence behind the route's own.
func needStaff(ctx context.Context) error {
	if p, _ := identity.FromContext(ctx); !p.May(identity.Desk) {
		return problem.New(problem.Forbidden, "role_needed", "This needs the role desk.")
	}
	return nil
}

func errMemberNotFound() error { return MemberNotFound() }

// MemberNotFound says that no member has a card.
func MemberNotFound() *problem.Error {
	return problem.NotFound("member_not_found", "No member has this card.")
}
func errItemNotFound(barcode string) error {
	return problem.NotFound("item_not_found", "No item has the barcode %q.", barcode)
}
func errLoanNotFound() error { return problem.NotFound("loan_not_found", "There is no such loan.") }
func errHoldNotFound() error { return problem.NotFound("hold_not_found", "There is no such hold.") }
func errChargeNotFound() error {
	return problem.NotFound("charge_not_found", "There is no such charge.")
}
func errBookNotFound() error { return problem.NotFound("book_not_found", "There is no such title.") }
