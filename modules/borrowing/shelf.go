package borrowing

import (
	"context"
	"slices"
	"time"
)

// A hold waits on the shelf until the close of the Nth open day at its pickup branch. That day is counted from the day on which the
// hold became ready, which is kept, by the calendar as it is: a closure that is entered later moves it.

// shelfAtOnce is how many holds, or loans that nobody came for, one transaction ends.
const shelfAtOnce = 100

// ShelfUntil gives the last day on the shelf of what became ready on a day. A calendar without an open day gives none: it then waits
// until somebody clears it.
func (p *Policy) ShelfUntil(branch string, ready Date, openDays int) *Date {
	day, err := p.NthOpenDay(branch, ready, openDays)
	if err != nil {
		return nil
	}
	return &day
}

// TimeUp gives, by branch, the last day from which openDays open days have passed before today: what began on it or before has had its
// time. A branch that has been closed for too long has none.
func (p *Policy) TimeUp(today Date, openDays int) map[string]Date {
	up := map[string]Date{}
	for _, b := range p.Branches {
		for day, open, closed := today-1, 0, 0; closed <= openSearchDays; day-- {
			if p.closedOn(b.Code, day) != "" {
				closed++
				continue
			}
			if open, closed = open+1, 0; open == openDays {
				up[b.Code] = day - 1
				break
			}
		}
	}
	return up
}

// over tells whether a hold is ready and its last day on the shelf has passed.
func (sc *Scene) over(h *Hold, shelfDays int) bool {
	if h.Status != HoldReady || h.ReadyOn == nil {
		return false
	}
	until := sc.Policy.ShelfUntil(h.PickupBranch, *h.ReadyOn, shelfDays)
	return until != nil && *until < sc.Today
}

// expire ends a hold whose time on the shelf is over, and tells whether it was. The copy stays where it lies, with its slip.
func (sc *Scene) expire(h *Hold, shelfDays int) bool {
	if !sc.over(h, shelfDays) {
		return false
	}
	sc.changeHold(h, EventHoldExpired, "", func(h *Hold) {
		h.Status, h.CapturedItem, h.ClosedAt = HoldExpired, 0, &sc.Now
	})
	return true
}

// slipOf tells whether a copy lies on the shelf, kept for nobody, and still wears the slip of the member's hold that expired. Until
// the shelf is cleared the member may have it, whoever waits: nobody else has been told of it.
func (sc *Scene) slipOf(memberID int64, it *Item) bool {
	if it.Status != OnHoldShelf || it.SlipHold == 0 {
		return false
	}
	h := sc.hold(it.SlipHold)
	return h != nil && h.MemberID == memberID && h.Status == HoldExpired
}

// expireHolds ends one batch of holds whose last day on the shelf is over.
func (s *Service) expireHolds(ctx context.Context) (done int, err error) {
	policy, err := s.store.Policy(ctx)
	if err != nil {
		return 0, err
	}
	found, err := s.store.HoldsReadySince(ctx, policy.TimeUp(s.Today(s.now()), s.settings.HoldShelfDays), shelfAtOnce)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	var scope Scope
	for _, h := range found {
		scope.Books, scope.Holds = append(scope.Books, h.BookID), append(scope.Holds, h.ID)
	}
	scope.Books = distinct(scope.Books)
	return execute(ctx, s, Order{}, scope, nil, func(sc *Scene) (ended int, err error) {
		for _, id := range scope.Holds {
			if h := sc.hold(id); h != nil && sc.Titles[h.BookID] != nil && sc.expire(h, s.settings.HoldShelfDays) {
				ended++
			}
		}
		return ended, nil
	})
}

// FollowCalendar counts the last days on the shelf anew, of all holds that are ready, and says how many moved. It is done when the
// calendar changes, and by housekeeping for a change that another process made.
func (s *Service) FollowCalendar(ctx context.Context) (moved int, err error) {
	policy, err := s.store.Policy(ctx)
	if err != nil {
		return 0, err
	}
	return s.store.RedateHolds(ctx, func(branch string, ready Date) *Date {
		return policy.ShelfUntil(branch, ready, s.settings.HoldShelfDays)
	})
}

// Shelved is a copy on the hold shelf.
type Shelved struct {
	Item  Item
	Title string
	Hold  Hold   // whose slip it wears: ready, or over; zero where nobody knows any more
	Slip  string // the end of the member's card, as the slip shows it
	Clear bool   // nobody fetches it any more: its next check-in routes it
}

// ListFilter says which part of a desk's list to read.
type ListFilter struct {
	Branch string // "": the library's default
	Clear  bool   // of the hold shelf: only what is to be cleared away
	After  int64  // only what has a larger id
	Limit  int
}

// HoldShelf lists the copies on the hold shelf of a branch by id: those that are kept for somebody, or those to be cleared away. It
// gives at most f.Limit, and whether there are more.
func (s *Service) HoldShelf(ctx context.Context, f ListFilter) ([]Shelved, bool, error) {
	branch, err := s.deskList(ctx, f.Branch)
	if err != nil {
		return nil, false, err
	}
	policy, err := s.store.Policy(ctx)
	if err != nil {
		return nil, false, err
	}
	limit := f.Limit
	f.Branch, f.Limit = branch, limit+1
	since, some := policy.TimeUp(s.Today(s.now()), s.settings.HoldShelfDays)[branch]
	if !some {
		since = NewDate(minYear, time.January, 1)
	}
	list, err := s.store.HoldShelf(ctx, f, since)
	if err != nil {
		return nil, false, err
	}
	var members, books []int64
	for _, e := range list {
		members, books = append(members, e.Hold.MemberID), append(books, e.Item.BookID)
	}
	cards, texts := s.cards(ctx, members...), s.titleTexts(ctx, books...)
	for i := range list {
		list[i].Title, list[i].Slip = texts[list[i].Item.BookID], CardAlias(cards[list[i].Hold.MemberID])
	}
	return list[:min(len(list), limit)], len(list) > limit, nil
}

// Travelling is a copy in transit.
type Travelling struct {
	Item   Item
	Title  string
	HoldID int64 // the hold it travels for; 0: it goes home, or is routed where it arrives
}

// Transit lists the copies that travel to a branch, or that it has to send, by id. It gives at most f.Limit, and whether there are
// more.
func (s *Service) Transit(ctx context.Context, f ListFilter) ([]Travelling, bool, error) {
	branch, err := s.deskList(ctx, f.Branch)
	if err != nil {
		return nil, false, err
	}
	limit := f.Limit
	f.Branch, f.Limit = branch, limit+1
	list, err := s.store.Transit(ctx, f)
	if err != nil {
		return nil, false, err
	}
	var books []int64
	for _, e := range list {
		books = append(books, e.Item.BookID)
	}
	texts := s.titleTexts(ctx, books...)
	for i := range list {
		list[i].Title = texts[list[i].Item.BookID]
	}
	return list[:min(len(list), limit)], len(list) > limit, nil
}

// deskList opens a list to staff only, and finds the branch that it is of.
func (s *Service) deskList(ctx context.Context, named string) (string, error) {
	if err := needStaff(ctx); err != nil {
		return "", err
	}
	policy, err := s.store.Policy(ctx)
	if err != nil {
		return "", err
	}
	if named != "" && !policy.HasBranch(named) {
		return "", errBranchUnknown("query.branch")
	}
	return s.branchOf(&Scene{Policy: policy}, named)
}

// distinct sorts ids and drops those that come twice.
func distinct(ids []int64) []int64 {
	slices.Sort(ids)
	return slices.Compact(ids)
}
