package borrowing

import (
	"context"
	"slices"
	"time"

	"bookvault/platform/problem"
)

// What happened at a desk that was offline is entered later, with the time when it happened. It is decided as of that time: due dates,
// memberships and fines count from the library's date then. Both times are kept: the loan has the one, its event and
// recorded_at the other.
//
// The book has left, so a refusal by policy would change nothing: the loan is made, and what stood against it is kept with it as
// exceptions, for the desk to look at. What cannot be is still refused: a card or barcode that nobody knows, a copy that the
// same member has, and a copy that was in somebody's hand later than that (ItemSeenSince). A copy that is on an older loan of
// somebody else must have come back first: that loan is closed as of the check-out, and item_on_loan is an exception.

// happened refuses a time at which nothing can have happened, and readers who say that they were a desk.
func (s *Service) happened(ctx context.Context, order Order, now time.Time) error {
	if order.OccurredAt == nil {
		return nil
	}
	if err := needStaff(ctx); err != nil {
		return err
	}
	if order.OccurredAt.After(now) {
		return problem.InvalidField("body.occurred_at", "is in the future")
	}
	if now.Sub(*order.OccurredAt) > s.settings.OfflineMaxAge {
		return problem.Refused(final(TooLongAgo, "This happened more than "+s.settings.OfflineMaxAge.String()+" ago. Enter it as of now."))
	}
	return nil
}

// happened sets the time as of which the scene is decided on.
func (sc *Scene) happened(order Order) {
	sc.At, sc.On = sc.Now, sc.Today
	if order.OccurredAt != nil {
		sc.Late, sc.At = true, order.OccurredAt.UTC().Truncate(time.Microsecond)
		sc.On = DateOf(sc.At, sc.Zone)
	}
}

// occurred is what an event keeps of the time when it happened: nothing, where that is the time of the event.
func (sc *Scene) occurred() *time.Time {
	if !sc.Late {
		return nil
	}
	return &sc.At
}

// seenSince tells whether a copy was in somebody's hand after the time that is told of now.
func (sc *Scene) seenSince(itemID int64) bool { return sc.Late && sc.Seen[itemID].After(sc.At) }

// judgeLate gives what makes it impossible that a copy was lent at a desk that was offline.
func (sc *Scene) judgeLate(it *Item) (reasons []problem.Reason) {
	if sc.seenSince(it.ID) {
		reasons = append(reasons, final(ItemSeenSince, "This copy was lent or checked in after that time. If it was lent before, it has come back."))
	}
	if sc.Late && sc.Titles[it.BookID].Closed {
		reasons = append(reasons, final(ItemWithdrawn, "This copy and its title are no longer part of the collection."))
	}
	return reasons
}

// impossible are the refusals that stand also where the book has left. Every other one is policy.
var impossible = []string{AlreadyYours, ItemSeenSince, ItemWithdrawn, NoRule, NoOpenDay, DueDateUnchanged}

// excuse turns what policy says against a loan that was made at a desk that was offline into its exceptions. It excuses nothing
// where something impossible stands beside it, nor anybody for themselves.
func (sc *Scene) excuse(standing []problem.Reason) (left []problem.Reason, exceptions []string) {
	if !sc.Late || sc.Actor == byBorrower {
		return standing, nil
	}
	for _, r := range standing {
		if slices.Contains(impossible, r.Code) {
			return standing, nil
		}
		exceptions = append(exceptions, r.Code)
	}
	slices.Sort(exceptions)
	return nil, slices.Compact(exceptions)
}

// outdated leaves a copy as it is: it was in somebody's hand after this check-in.
func (a *arrival) outdated() Next {
	return Next{Action: Leave, Branch: a.item.CurrentBranch, Alert: "This copy was lent or checked in after that time.",
		Detail: "Nothing changes: what is known of it is newer than this check-in."}
}
