package borrowing

import (
	"context"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// PlaceHold asks for a place in the queue of a title.
type PlaceHold struct {
	Card           string // a patron may leave it out
	BookID         int64
	PickupBranch   string // "": the library's default
	SuspendedUntil *Date
	Override       Override
}

// PlaceHold puts a member at the end of a title's queue.
func (s *Service) PlaceHold(ctx context.Context, cmd PlaceHold, order Order) (HoldView, error) {
	member, _, title, early := s.meet(ctx, CheckOut{Card: cmd.Card, BookID: cmd.BookID})
	if early == nil {
		early = cmd.Override.check(ctx, member.ID)
	}
	scope := Scope{Members: []Member{member}, Books: []int64{cmd.BookID}, NewHolds: 1}
	return execute(ctx, s, order, scope, early, func(sc *Scene) (HoldView, error) {
		pickup, err := s.branchOf(sc, cmd.PickupBranch)
		if err != nil {
			return HoldView{}, errBranchUnknown("body.pickup_branch")
		}
		h, err := sc.placeHold(member, cmd, pickup)
		if err != nil {
			return HoldView{}, err
		}
		return HoldView{Hold: *h, MemberCard: member.Card, Title: title}, nil
	})
}

func (sc *Scene) placeHold(m Member, cmd PlaceHold, pickup string) (*Hold, error) {
	var reasons []problem.Reason
	if t := sc.Titles[cmd.BookID]; t == nil || t.Closed || t.Items == 0 {
		reasons = append(reasons, final(NothingToHold, "The library has no copy of this title to wait for."))
	}
	queue := sc.queue(cmd.BookID)
	for _, h := range queue {
		if h.MemberID == m.ID && h.Part == "" {
			reasons = append(reasons, final(HoldExists, "The member waits for this title already."))
		}
	}
	reasons = append(reasons, judgeMember(m, sc.Today)...)
	reasons = append(reasons, sc.judgeHoldLimits(sc.Accounts[m.ID], m.Category, pickup, sc.holdTypes(cmd.BookID, 0))...)
	standing, used := cmd.Override.sift(reasons)
	if len(standing) > 0 {
		return nil, problem.Refused(standing...)
	}
	h := &Hold{ID: take(&sc.HoldIDs), Ref: NewRef(), MemberID: m.ID, BookID: cmd.BookID, PickupBranch: pickup, Status: HoldWaiting,
		Place: take(&sc.HoldPlaces), SuspendedUntil: cmd.SuspendedUntil, PlacedAt: sc.Now, Version: 1, Standing: StandingOf(m), Position: len(queue) + 1}
	sc.Holds = append(sc.Holds, h)
	sc.Changes.NewHolds = append(sc.Changes.NewHolds, h)
	sc.count(h.BookID, func(t *Title) { t.Holds++ })
	sc.countHold(h, true)
	reason := ""
	if len(used) > 0 {
		reason = cmd.Override.Reason
	}
	sc.record(holdStream(h.ID), 1, EventHoldPlaced, holdPlaced{BookID: h.BookID, Ref: h.Ref, PickupBranch: pickup, SuspendedUntil: h.SuspendedUntil, Overridden: used}, reason)
	return h, nil
}

// CancelHold takes a member out of a queue. A copy that waits for it on the shelf stays there, unreserved, until it is checked
// in again; one in transit is routed when it arrives. Cancelling twice is no mistake.
func (s *Service) CancelHold(ctx context.Context, holdID int64, order Order) (HoldView, error) {
	return retryMoved(func() (HoldView, error) {
		seen, early := s.Hold(ctx, holdID)
		scope := Scope{Books: []int64{seen.BookID}, Holds: []int64{holdID}}
		if seen.MemberID != 0 {
			scope.Accounts = []int64{seen.MemberID}
		}
		return execute(ctx, s, order, scope, early, func(sc *Scene) (HoldView, error) {
			h := sc.hold(holdID)
			if h == nil || h.BookID != seen.BookID || h.MemberID != seen.MemberID {
				return HoldView{}, errMoved
			}
			switch {
			case h.Status.Live():
				sc.changeHold(h, EventHoldCancelled, "", func(h *Hold) {
					h.Status, h.CapturedItem, h.ExpiresOn, h.ClosedAt = HoldCancelled, 0, nil, &sc.Now
				})
			case h.Status != HoldCancelled:
				return HoldView{}, problem.Refused(final(HoldNotLive, "This hold is over: it is "+string(h.Status)+"."))
			}
			return HoldView{Hold: *h, MemberCard: seen.MemberCard, Title: seen.Title}, nil
		})
	})
}

// Hold gives one hold; a patron's own only, anybody else's is not found.
func (s *Service) Hold(ctx context.Context, id int64) (HoldView, error) {
	h, err := s.store.Hold(ctx, id)
	if err != nil {
		return HoldView{}, orNotFound(err, errHoldNotFound())
	}
	if p, _ := identity.FromContext(ctx); !seesAll(ctx) && (h.MemberID == 0 || h.MemberID != p.MemberID) {
		return HoldView{}, errHoldNotFound()
	}
	return s.holdViews(ctx, []Hold{h})[0], nil
}

// Holds lists holds, newest first: of a member (a patron: their own), of a title, or all. It gives at most limit, and whether
// there are more.
func (s *Service) Holds(ctx context.Context, card string, f HoldFilter) ([]HoldView, bool, error) {
	memberID, err := s.whose(ctx, card)
	if err != nil {
		return nil, false, err
	}
	f.MemberID = memberID
	limit := f.Limit
	f.Limit++
	holds, err := s.store.Holds(ctx, f)
	if err != nil {
		return nil, false, err
	}
	more := len(holds) > limit
	return s.holdViews(ctx, holds[:min(len(holds), limit)]), more, nil
}

func (s *Service) holdViews(ctx context.Context, holds []Hold) []HoldView {
	var members, books []int64
	for _, h := range holds {
		members, books = append(members, h.MemberID), append(books, h.BookID)
	}
	cards, texts := s.cards(ctx, members...), s.titleTexts(ctx, books...)
	views := make([]HoldView, len(holds))
	for i, h := range holds {
		views[i] = HoldView{Hold: h, MemberCard: cards[h.MemberID], Title: texts[h.BookID]}
	}
	return views
}
