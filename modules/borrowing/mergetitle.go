package borrowing

import (
	"cmp"
	"context"
	"slices"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// Retitle says that a title was found to be another one.
type Retitle struct{ From, Into int64 }

// MergeTitle moves all that is here of one title to another, so that the catalogue can leave a tombstone in its place: its copies with
// their loans, and its queue. Places are kept: who waited longer, on whichever title, comes first. Where a member waits on both, the
// earlier hold survives, and takes over the copy that was found for the later one. What is over, loans and holds, keeps the old
// title's id, which leads to the new one. A title that is closed has nothing to move: this can be repeated.
func (s *Service) MergeTitle(ctx context.Context, from, into int64) error {
	if p, _ := identity.FromContext(ctx); !p.May(identity.Librarian) {
		return problem.New(problem.Forbidden, "role_needed", "This needs the role librarian.")
	}
	if from == into {
		return problem.InvalidField("body.into", "is the title itself")
	}
	_, err := retryMoved(ctx, s, func(ctx context.Context) (struct{}, error) {
		borrowers, err := s.store.BorrowersOf(ctx, from)
		if err != nil {
			return struct{}{}, err
		}
		titles := []int64{from, into}
		return execute(ctx, s, Order{}, Scope{Accounts: borrowers, Books: titles, Stock: titles, NewTitles: true}, nil, func(sc *Scene) (struct{}, error) {
			for _, l := range sc.Loans {
				if l.BookID == from && sc.Accounts[l.MemberID] == nil {
					return struct{}{}, errMoved // lent a moment ago
				}
			}
			return struct{}{}, sc.mergeTitle(from, into)
		})
	})
	return err
}

func (sc *Scene) mergeTitle(from, into int64) error {
	if sc.Titles[into].Closed {
		return errBookNotFound()
	}
	if sc.Titles[from].Closed {
		return nil
	}
	because := titleStream(from)
	for _, it := range Sorted(sc.Items) {
		if it.BookID == from {
			sc.changeItem(it, EventItemRetitled, because, func(it *Item) { it.BookID = into })
		}
	}
	for _, l := range Sorted(sc.Loans) {
		if l.BookID == from {
			sc.changeLoan(l, EventLoanRetitled, loanRetitled{BookID: into, From: from, ItemID: l.ItemID}, "", func(l *Loan) { l.BookID = into })
		}
	}
	for _, h := range sc.joinQueues(from, into, because) {
		if h.BookID == from {
			sc.changeHold(h, EventHoldRetitled, because, func(h *Hold) { h.BookID = into })
		}
	}
	sc.count(from, func(t *Title) { t.Closed = true })
	sc.Changes.Retitled = append(sc.Changes.Retitled, Retitle{from, into})
	sc.record(because, 1, EventTitleMerged, titleMerged{BookID: from, Into: into}, "")
	return nil
}

// joinQueues gives the holds that wait on in the one queue that two become, after it ended those that come second for their member
// and part.
func (sc *Scene) joinQueues(from, into int64, because string) []*Hold {
	type wish struct {
		member int64
		part   string
	}
	queue := append(sc.queue(from), sc.queue(into)...)
	slices.SortFunc(queue, func(a, b *Hold) int { return cmp.Compare(a.Place, b.Place) })
	first := map[wish]*Hold{}
	return slices.DeleteFunc(queue, func(h *Hold) bool {
		earlier := first[wish{h.MemberID, h.Part}]
		if earlier == nil {
			first[wish{h.MemberID, h.Part}] = h
			return false
		}
		sc.yield(h, earlier, because)
		return true
	})
}

// yield ends a hold for an earlier one of the same member, which gets the copy that was found for it if it still waits for one.
func (sc *Scene) yield(h, earlier *Hold, because string) {
	was, it := *h, sc.Items[h.CapturedItem]
	sc.cancel(h, because)
	if it == nil || earlier.Status != HoldWaiting || !earlier.canBeFilledBy(it.ID, it.Part) {
		return
	}
	event := EventHoldCaptured
	if was.Status == HoldReady {
		event = EventHoldReady
	}
	sc.changeHold(earlier, event, because, func(e *Hold) {
		e.Status, e.CapturedItem, e.PickupBranch, e.ReadyOn, e.ExpiresOn = was.Status, it.ID, was.PickupBranch, was.ReadyOn, was.ExpiresOn
	})
	if earlier.Status == HoldReady {
		sc.notify(NoticeHoldReady, earlier) // what was written about the later hold is no longer true
	}
	if it.SlipHold == h.ID {
		sc.changeItem(it, EventItemMoved, because, func(it *Item) { it.SlipHold = earlier.ID })
	}
}
