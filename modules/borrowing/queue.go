package borrowing

import (
	"context"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// PlaceHold asks for a place in the queue of a title: for any copy, for one of a part, or for one copy.
type PlaceHold struct {
	Card           string // a patron may leave it out
	BookID         int64  // of the title; left out with a barcode
	Part           string // "": any part will do
	Barcode        string // of the one copy that is wanted
	PickupBranch   string // "": the library's default
	SuspendedUntil *Date
	Override       Override
}

// PlaceHold puts a member at the end of a title's queue.
func (s *Service) PlaceHold(ctx context.Context, cmd PlaceHold, order Order) (HoldView, error) {
	cmd.Part = norm.NFC.String(strings.TrimSpace(cmd.Part))
	switch {
	case (cmd.Barcode == "") == (cmd.BookID == 0):
		return HoldView{}, problem.InvalidField("body.barcode", "give either barcode or book_id")
	case cmd.Barcode != "" && cmd.Part != "":
		return HoldView{}, problem.InvalidField("body.part", "a copy is its part: give either barcode or part")
	case cmd.SuspendedUntil != nil && *cmd.SuspendedUntil <= s.Today(s.now()):
		return HoldView{}, errSuspensionOver()
	}
	return retryMoved(ctx, s, func(ctx context.Context) (HoldView, error) { return s.placeHold(ctx, cmd, order) })
}

func (s *Service) placeHold(ctx context.Context, cmd PlaceHold, order Order) (HoldView, error) {
	member, seen, title, early := s.meet(ctx, CheckOut{Card: cmd.Card, BookID: cmd.BookID, Barcode: cmd.Barcode})
	if early == nil {
		early = cmd.Override.check(ctx, member.ID)
	}
	scope := Scope{Members: []Member{member}, Books: []int64{seen.BookID}, NewHolds: 1}
	if cmd.Barcode != "" {
		scope.Items = []int64{seen.ItemID}
	}
	return execute(ctx, s, order, scope, early, func(sc *Scene) (HoldView, error) {
		pickup, err := s.branchOf(sc, cmd.PickupBranch)
		if err != nil {
			return HoldView{}, errBranchUnknown("body.pickup_branch")
		}
		it := sc.Items[seen.ItemID]
		if sc.outdated(member) || cmd.Barcode != "" && (it == nil || it.BookID != seen.BookID || it.Barcode != cmd.Barcode) {
			return HoldView{}, errMoved
		}
		h, err := sc.placeHold(member, seen.BookID, it, cmd, pickup)
		if err != nil {
			return HoldView{}, err
		}
		return HoldView{Hold: *h, MemberCard: member.Card, Title: title, Untitled: title == ""}, nil
	})
}

// judgeStock tells when nothing of what is waited for could ever be lent.
func (sc *Scene) judgeStock(bookID int64, it *Item, part string) []problem.Reason {
	t, kinds := sc.Titles[bookID], sc.Kinds[bookID]
	switch {
	case t == nil || t.Closed || len(kinds) == 0:
		return []problem.Reason{final(NothingToHold, "The library has no copy of this title to wait for.")}
	case it != nil && (it.Status == Withdrawn || !it.Loanable):
		return []problem.Reason{final(NothingToHold, "This copy is not lent.")}
	case it == nil && part != "" && !slices.Contains(kinds, part):
		return []problem.Reason{final(NothingToHold, "The library has no copy of this part to wait for.")}
	}
	return nil
}

// placeHold decides on a hold on a title, a part of it, or the copy that is not nil. A hold on one copy counts as one on its part.
func (sc *Scene) placeHold(m Member, bookID int64, it *Item, cmd PlaceHold, pickup string) (*Hold, error) {
	reasons := sc.judgeStock(bookID, it, cmd.Part)
	part, itemID, wanted := cmd.Part, int64(0), ""
	if it != nil {
		part, itemID, wanted = it.Part, it.ID, it.Barcode
	}
	queue := sc.queue(bookID)
	for _, h := range queue {
		if h.MemberID == m.ID && h.Part == part {
			reasons = append(reasons, final(HoldExists, "The member waits for this title already."))
		}
	}
	reasons = append(reasons, judgeMember(m, sc.Today)...)
	reasons = append(reasons, sc.judgeHoldLimits(sc.Accounts[m.ID], m.Category, pickup, sc.holdTypes(bookID, itemID))...)
	standing, used := cmd.Override.sift(reasons)
	if len(standing) > 0 {
		return nil, problem.Refused(standing...)
	}
	h := &Hold{ID: take(&sc.HoldIDs), Ref: NewRef(), MemberID: m.ID, BookID: bookID, Part: part, ItemID: itemID, Wanted: wanted, PickupBranch: pickup, Status: HoldWaiting,
		Place: take(&sc.HoldPlaces), SuspendedUntil: cmd.SuspendedUntil, PlacedAt: sc.Now, Version: 1, Standing: StandingOf(m), Position: len(queue) + 1}
	sc.Holds = append(sc.Holds, h)
	sc.Changes.NewHolds = append(sc.Changes.NewHolds, h)
	sc.count(h.BookID, func(t *Title) { t.Holds++ })
	sc.countHold(h, true)
	reason := ""
	if len(used) > 0 {
		reason = cmd.Override.Reason
	}
	sc.record(holdStream(h.ID), 1, EventHoldPlaced, holdPlaced{BookID: h.BookID, Ref: h.Ref, Part: h.Part, Item: h.ItemID, PickupBranch: pickup, Place: h.Place, SuspendedUntil: h.SuspendedUntil, Overridden: used}, reason)
	return h, nil
}

// CancelHold takes a member out of a queue. A copy that waits for it on the shelf stays there, unreserved, until it is checked
// in again; one in transit is routed when it arrives. Cancelling twice is no mistake.
func (s *Service) CancelHold(ctx context.Context, holdID int64, order Order) (HoldView, error) {
	return retryMoved(ctx, s, func(ctx context.Context) (HoldView, error) {
		seen, early := s.visibleHold(ctx, holdID)
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
				sc.cancel(h, "")
			case h.Status != HoldCancelled:
				return HoldView{}, problem.Refused(final(HoldNotLive, "This hold is over: it is "+string(h.Status)+"."))
			}
			return HoldView{Hold: *h, MemberCard: seen.MemberCard, Title: seen.Title}, nil
		})
	})
}

// cancel ends a hold that nobody wants any more.
func (sc *Scene) cancel(h *Hold, because string) {
	sc.changeHold(h, EventHoldCancelled, because, func(h *Hold) {
		h.Status, h.CapturedItem, h.ExpiresOn, h.ClosedAt = HoldCancelled, 0, nil, &sc.Now
	})
}

// Hold gives one hold; a patron's own only, anybody else's is not found.
func (s *Service) Hold(ctx context.Context, id int64) (HoldView, error) {
	h, err := s.visibleHold(ctx, id)
	if err != nil {
		return h, err
	}
	return h, s.staffReadsOne(ctx, h.MemberID, readHolds)()
}

// visibleHold is Hold for commands, which are recorded elsewhere.
func (s *Service) visibleHold(ctx context.Context, id int64) (HoldView, error) {
	h, err := s.store.Hold(ctx, id)
	if err != nil {
		return HoldView{}, orNotFound(err, errHoldNotFound())
	}
	if p, _ := identity.FromContext(ctx); !seesAll(ctx) && (h.MemberID == 0 || h.MemberID != p.MemberID) {
		return HoldView{}, errHoldNotFound()
	}
	views, err := s.holdViews(ctx, []Hold{h})
	if err != nil {
		return HoldView{}, err
	}
	return views[0], nil
}

// Holds lists holds, newest first: of a member (a patron: their own), of a title, or all. It gives at most limit, and whether
// there are more.
func (s *Service) Holds(ctx context.Context, card string, f HoldFilter) ([]HoldView, bool, error) {
	who, err := s.whose(ctx, card)
	if err != nil {
		return nil, false, err
	}
	recorded := s.staffReads(ctx, who.ID, readHolds)
	f.MemberID = who.ID
	limit := f.Limit
	f.Limit++
	holds, err := s.store.Holds(ctx, f)
	if err != nil {
		return nil, false, err
	}
	more := len(holds) > limit
	views, err := s.holdViews(ctx, holds[:min(len(holds), limit)], who)
	if err != nil {
		return nil, false, err
	}
	return views, more, recorded()
}

// holdViews shows holds; known are members who need not be asked for.
func (s *Service) holdViews(ctx context.Context, holds []Hold, known ...Member) ([]HoldView, error) {
	var members, books []int64
	for _, h := range holds {
		members, books = append(members, h.MemberID), append(books, h.BookID)
	}
	cards, texts := s.cardsBeside(ctx, known, members...), s.titleTexts(ctx, books...)
	if err := s.mayShow(texts, len(books)); err != nil {
		return nil, err
	}
	views := make([]HoldView, len(holds))
	for i, h := range holds {
		views[i] = HoldView{Hold: h, MemberCard: cards[h.MemberID], Title: texts[h.BookID], Untitled: texts == nil}
	}
	return views, nil
}
