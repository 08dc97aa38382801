package borrowing

import (
	"context"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// markers says who may give a copy a status by hand.
var markers = map[Status]identity.Role{Missing: identity.Desk, Damaged: identity.Desk, Withdrawn: identity.Librarian}

// MarkItem takes a copy out of circulation: missing, damaged or withdrawn. It is refused while the copy is on loan. A hold that it
// was kept for goes back to waiting, at its original place. The next check-in of a missing copy brings it back.
func (s *Service) MarkItem(ctx context.Context, barcode string, status Status, reason string, order Order) (Item, error) {
	role, known := markers[status]
	if p, _ := identity.FromContext(ctx); !known || !p.May(role) {
		return Item{}, problem.New(problem.Forbidden, "role_needed", "This needs the role %s.", max(role, identity.Desk))
	}
	return retryMoved(ctx, s, func(ctx context.Context) (Item, error) {
		seen, err := s.store.Glimpse(ctx, barcode)
		scope := Scope{Books: []int64{seen.BookID}, Items: []int64{seen.ItemID}}
		return execute(ctx, s, order, scope, orNotFound(err, errItemNotFound(barcode)), func(sc *Scene) (Item, error) {
			it := sc.Items[seen.ItemID]
			if it == nil || it.BookID != seen.BookID {
				return Item{}, errMoved
			}
			if l := sc.openLoanOf(it.ID); l != nil {
				detail := "This copy is on loan. Check it in first, or declare it lost."
				if !l.Collected() { // nobody has it who could have lost it
					detail = "This copy was borrowed on the web and not handed over yet. Undo the loan first, or check the copy in."
				}
				return Item{}, problem.Refused(final(ItemOnLoan, detail))
			}
			if it.Status == Withdrawn && status != Withdrawn {
				return Item{}, problem.Refused(final(ItemWithdrawn, "This copy was withdrawn; it is no longer part of the collection."))
			}
			if h := sc.captureOf(it.ID); h != nil && status != it.Status {
				sc.release(h, itemStream(it.ID))
			}
			sc.changeItem(it, EventItemMoved, "", func(it *Item) { it.Status, it.TransitTo = status, "" })
			sc.because(reason)
			return *it, nil
		})
	})
}

// because puts the reason that somebody gave on the newest event.
func (sc *Scene) because(reason string) {
	if n := len(sc.Changes.Events); n > 0 {
		sc.Changes.Events[n-1].Reason = reason
	}
}
