// Package members knows who may borrow and who works here: members with their cards, categories and blocks, the roles of
// staff, and the ways to prove who one is (a password, a session, an API token).
//
// This is the domain: types, rules, the Service and the small interfaces it needs. It knows neither GORM nor HTTP. The
// next rooms are postgres (the interfaces on a database) and api (the operations over HTTP, and the authenticator that
// platform/rest asks who is calling).
package members

import (
	"context"
	"time"

	"bookvault/platform/identity"
)

// Settings are the module's settings, as plain values. Zero values take the default in brackets.
type Settings struct {
	Location    *time.Location // the library's time zone, for "today" [UTC]
	CardPrefix  string         // digits in front of generated card numbers [29001]
	Hashing     Hashing        // cost of password hashes
	PasswordMin int            // least length of a password, characters [8]

	SessionIdle     time.Duration // a session ends this long after it was last used [30 min]
	SessionLifetime time.Duration // and at the latest this long after signing in [12 h]
	SessionsMax     int           // sessions a member; the oldest ends when one more begins [20]

	TokenLifetime    time.Duration // of API tokens whose maker names none [90 days]
	TokenLifetimeMax time.Duration // the longest that may be asked for [366 days]
	TokensMax        int           // live tokens a member [50]

	ListsMax     int // reading lists a member [100]
	ListItemsMax int // titles in one [1000]

	Throttle  Throttle      // of attempts to sign in
	AuditKept time.Duration // how long it is kept who read or changed whose account [365 days]
}

func (s Settings) withDefaults() Settings {
	setDefault(&s.Location, time.UTC)
	setDefault(&s.CardPrefix, "29001")
	setDefault(&s.PasswordMin, 8)
	setDefault(&s.SessionIdle, 30*time.Minute)
	setDefault(&s.SessionLifetime, 12*time.Hour)
	setDefault(&s.SessionsMax, 20)
	setDefault(&s.TokenLifetime, 90*24*time.Hour)
	setDefault(&s.TokenLifetimeMax, 366*24*time.Hour)
	setDefault(&s.TokensMax, 50)
	setDefault(&s.ListsMax, 100)
	setDefault(&s.ListItemsMax, 1000)
	setDefault(&s.AuditKept, 365*24*time.Hour)
	s.Hashing = s.Hashing.withDefaults()
	s.Throttle = s.Throttle.withDefaults()
	return s
}

func setDefault[T comparable](value *T, fallback T) {
	var zero T
	if *value == zero {
		*value = fallback
	}
}

// ProofsChanged is the topic under which it is heard that sessions or tokens of members ended, or that who they stand for changed; by
// the members' ids (platform/database, Feed).
const ProofsChanged = "proofs"

// Store is all that the Service asks of its database; modules/members/postgres has it.
type Store interface {
	Accounts
	Categories
	Answers
	Leavers
	Credentials
	Sessions
	Tokens
	Attempts
	AuditTrail
	ListStore
	Machinery
}

// Service is the members module. It is safe for concurrent use. Make it with New, and let Start run while it is used.
type Service struct {
	store    Store
	settings Settings
	hasher   *hasher
	now      func() time.Time
	seen     *sightings
	desk     Desk
	reads    *reads
	changed  func(ctx context.Context, memberID int64)

	catalogue Catalogue
	lists     Lists
}

// New makes the service over a store. The clock is time.Now when it is nil.
func New(store Store, settings Settings, now func() time.Time) (*Service, error) {
	if now == nil {
		now = time.Now
	}
	settings = settings.withDefaults()
	hasher, err := newHasher(settings.Hashing)
	if err != nil {
		return nil, err
	}
	return &Service{store: store, settings: settings, hasher: hasher, now: now, seen: newSightings(), lists: store, desk: noDesk{}, catalogue: noCatalogue{}, reads: &reads{write: store.RecordAudit},
		changed: func(context.Context, int64) {}}, nil
}

// OnChange says whom to tell when a member's standing may have changed (category, expiry, blocks, card, history), after it is stored. It is
// called once, by modules.go, before the service is used; what it does must not fail the change.
func (s *Service) OnChange(tell func(ctx context.Context, memberID int64)) { s.changed = tell }

// AsCommand returns a context in which a command on the server's own machine acts: it may do everything, and the audit
// says that it was a command.
func AsCommand(ctx context.Context) context.Context {
	return identity.WithPrincipal(ctx, identity.Principal{Role: identity.Administrator, Via: identity.ViaCommand, Name: "command"})
}

// clock is the one "now" of a command, to the microsecond that PostgreSQL keeps.
func (s *Service) clock() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

// today is the library's date at a moment, as midnight UTC of that date.
func (s *Service) today(now time.Time) time.Time {
	y, m, d := now.In(s.settings.Location).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}
