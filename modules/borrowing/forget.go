package borrowing

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// What is forgotten, and what stays. The ledger and the rows of loans and holds stay for good, as the library's statistics: they name
// a random borrower_ref and nobody. Deleting the mapping of that ref (Link) cuts them from the member, and with it go the answers
// kept for repeated commands that speak of the loan or hold, and what the charges on it were for. A member who keeps a history keeps
// all of that.
//
// What remains afterwards: that somebody had the copy from when to when; and on the member's account, which the books need, amounts
// with their days, without the time, the copy or the title. No column leads from the one to the other. Whoever has the whole database
// may still guess, where few were charged on a day, by the amount and the order of the entries; or while the audit is kept, by when
// which member of staff had whose account open. Backups forget when they are deleted.

// Link is what ties a loan or hold to a person: its random ref, and the member behind it.
type Link struct {
	Ref      Ref
	MemberID int64
}

// Forgetting says which links have served their time. Never are those of open loans and live holds, nor of loans with charges that
// are not settled.
type Forgetting struct {
	MemberID int64     // all of one member's, whatever follows and whatever the member chose; 0: everybody's that are old enough
	Until    time.Time // loans that were checked in, and holds that ended, at this instant or before
	Day      Date      // the library's date then: loans that came back before it, out of the book drop, though they were checked in later
	Lost     Date      // loans of copies that were declared lost before this day, and paid: until then a return brings a refund
	Limit    int
}

// Memory keeps and forgets who borrowed.
type Memory interface {
	// Forgettable lists links that have served their time, at most f.Limit.
	Forgettable(ctx context.Context, f Forgetting) ([]Link, error)
	// Forget deletes those of the links that (still) have served their time, with everything that speaks of them, in one
	// transaction, and says how many.
	Forget(ctx context.Context, f Forgetting, links []Link) (int, error)
	// ForgetCharges does the same to what charges by hand were for, once they are settled; at most f.Limit.
	ForgetCharges(ctx context.Context, f Forgetting) (int, error)
	// ForgetAccount deletes what is kept of the standing of a member who is no more.
	ForgetAccount(ctx context.Context, memberID int64) error
	// Historians lists members who were last heard to keep a history, by id, after one.
	Historians(ctx context.Context, after int64, limit int) ([]int64, error)
	// ForgetMessages deletes messages of the outbox that all who follow it have had, at most limit, and says how many.
	ForgetMessages(ctx context.Context, limit int) (int, error)
	// ForgetKeys deletes Idempotency-Keys older than an instant, at most limit, and says how many it deleted.
	ForgetKeys(ctx context.Context, before time.Time, limit int) (int, error)
	// Kept counts what could tell who borrowed.
	Kept(ctx context.Context) (Kept, error)
}

// Kept is how much there is that could tell who borrowed.
type Kept struct {
	Links      int64 // refs of loans and holds with the member behind them
	Closed     int64 // of those, of loans and holds that are over
	Oldest     *Date // day of return of the oldest loan that is over and still names its member
	Answers    int64 // answers kept for repeated commands
	Historians int64 // members who keep a history, and have borrowed
	Messages   int64 // rows of the outbox
	Late       bool  // something was to be forgotten more than a day ago
}

const (
	forgetAtOnce     = 500  // links in one transaction
	historiansAtOnce = 1000 // members whose choice is asked for again in one round
	messagesAtOnce   = 5000 // rows of the outbox in one transaction
)

// forgetBorrowers forgets one batch of links that have served their time. It asks the members module again before it forgets, since a
// history is not to be had back; and once nothing is left to forget, it asks for the choice of those who were last heard to keep one.
func (s *Service) forgetBorrowers(ctx context.Context) (done int, err error) {
	f := s.due(s.now())
	links, err := s.store.Forgettable(ctx, f)
	if err != nil {
		return 0, err
	}
	if len(links) == 0 {
		if done, err = s.store.ForgetCharges(ctx, f); done > 0 || err != nil {
			return done, err
		}
		return s.askHistorians(ctx)
	}
	ids := map[int64]bool{}
	for _, l := range links {
		ids[l.MemberID] = true
	}
	keeping, err := s.refreshStandings(ctx, slices.Sorted(maps.Keys(ids)), true)
	if err != nil {
		return 0, err
	}
	forgotten, err := s.store.Forget(ctx, f, slices.DeleteFunc(links, func(l Link) bool { return keeping[l.MemberID] }))
	return forgotten + len(keeping), err
}

// due says what is to be forgotten at an instant.
func (s *Service) due(now time.Time) Forgetting {
	until := now.Add(-s.settings.Retention)
	return Forgetting{Until: until, Day: s.Today(until), Lost: s.Today(now) - Date(s.settings.LostRefund.Days), Limit: forgetAtOnce}
}

// forgetMessages deletes one batch of what all who follow the outbox have had.
func (s *Service) forgetMessages(ctx context.Context) (deleted int, err error) {
	return s.store.ForgetMessages(ctx, messagesAtOnce)
}

// askHistorians asks for the choice of members who were last heard to keep a history, some each round, in case the news that one of
// them no longer does was lost. It says how many no longer do.
func (s *Service) askHistorians(ctx context.Context) (changed int, err error) {
	ids, err := s.store.Historians(ctx, s.historian.Load(), historiansAtOnce)
	if err != nil {
		return 0, err
	}
	next := int64(0) // from the first one again
	if len(ids) == historiansAtOnce {
		next = ids[len(ids)-1]
	}
	s.historian.Store(next)
	given, err := s.refreshStandings(ctx, ids, false)
	return len(given), err
}

// refreshStandings asks the members module for members and keeps what it says of those whose choice to keep a history is (or is not)
// as looked for; it gives these. Members who are no more keep none.
func (s *Service) refreshStandings(ctx context.Context, ids []int64, keeping bool) (map[int64]bool, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := s.members.MembersByID(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("ask which members keep a history: %w", err)
	}
	matching, standings := map[int64]bool{}, map[int64]Standing{}
	for _, id := range ids {
		m, known := found[id]
		if !known {
			m.Version = LastVersion
		}
		if m.KeepsHistory == keeping {
			matching[id], standings[id] = true, StandingOf(m)
		}
	}
	if len(matching) == 0 {
		return nil, nil
	}
	return matching, s.store.KeepStandings(ctx, standings)
}

// ForgetMember cuts every link to a member who is being deleted, at once and whatever the member chose. Loans must be closed and
// holds over; those that are not keep their link. It can be repeated.
func (s *Service) ForgetMember(ctx context.Context, memberID int64) error {
	f := Forgetting{MemberID: memberID, Limit: forgetAtOnce}
	for {
		links, err := s.store.Forgettable(ctx, f)
		if err != nil {
			return err
		}
		if len(links) == 0 {
			break
		}
		if _, err := s.store.Forget(ctx, f, links); err != nil {
			return err
		}
	}
	for {
		if n, err := s.store.ForgetCharges(ctx, f); err != nil {
			return err
		} else if n == 0 {
			return s.store.ForgetAccount(ctx, memberID)
		}
	}
}

// Kept counts what could tell who borrowed, and says whether something should have been forgotten a day ago.
func (s *Service) Kept(ctx context.Context) (Kept, error) {
	k, err := s.store.Kept(ctx)
	if err != nil {
		return k, err
	}
	late := s.due(s.now().Add(-24 * time.Hour))
	late.Limit = 1
	links, err := s.store.Forgettable(ctx, late)
	k.Late = len(links) > 0
	return k, err
}

// speaker is a result that shows loans or holds, and so the cards of their members.
type speaker interface{ refs() []Ref }

func (l Loan) refs() []Ref { return []Ref{l.Ref} }
func (h Hold) refs() []Ref { return []Ref{h.Ref} }

func (g Gone) refs() []Ref {
	if g.Loan == nil {
		return nil
	}
	return g.Loan.refs()
}

func (c CheckedIn) refs() []Ref {
	if c.Closed == nil {
		return nil
	}
	return c.Closed.refs()
}

// spokenOf gives the refs of all that an answer may speak of: what its result shows, and what the command changed.
func spokenOf(result any, c *Changes) []Ref {
	spoken := map[Ref]bool{}
	for _, ref := range c.Charged {
		spoken[ref] = true
	}
	if r, shows := result.(speaker); shows {
		for _, ref := range r.refs() {
			spoken[ref] = true
		}
	}
	for _, loans := range [][]*Loan{c.NewLoans, slices.Collect(maps.Values(c.Loans))} {
		for _, l := range loans {
			spoken[l.Ref] = true
		}
	}
	for _, holds := range [][]*Hold{c.NewHolds, slices.Collect(maps.Values(c.Holds))} {
		for _, h := range holds {
			spoken[h.Ref] = true
		}
	}
	delete(spoken, Ref{})
	return slices.SortedFunc(maps.Keys(spoken), func(a, b Ref) int { return slices.Compare(a[:], b[:]) })
}
