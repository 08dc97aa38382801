package borrowing

import (
	"context"

	"bookvault/platform/problem"
)

// EditHold changes a hold; what is left out stays as it is.
type EditHold struct {
	ID             int64
	Version        int    // that was edited; 0: any
	PickupBranch   string // "": stays
	Suspend        bool   // whether SuspendedUntil is meant
	SuspendedUntil *Date  // nil: it is served again at once
}

// EditHold suspends a hold or resumes it, or has its copy picked up elsewhere. The place in the queue stays. A copy that is on its
// way is sent on to the new branch where it arrives; one that is ready leaves the shelf: it is in transit to the new branch
// from now on, and stands in the list of what the old one has to send. A copy that was found already cannot be suspended: it would
// lie there for nobody.
func (s *Service) EditHold(ctx context.Context, cmd EditHold, order Order) (HoldView, error) {
	if cmd.SuspendedUntil != nil && *cmd.SuspendedUntil <= s.Today(s.now()) {
		return HoldView{}, errSuspensionOver()
	}
	return retryMoved(ctx, s, func(ctx context.Context) (HoldView, error) {
		seen, early := s.visibleHold(ctx, cmd.ID)
		scope := Scope{Books: []int64{seen.BookID}, Holds: []int64{cmd.ID}}
		if seen.MemberID != 0 {
			scope.Accounts = []int64{seen.MemberID}
		}
		return execute(ctx, s, order, scope, early, func(sc *Scene) (HoldView, error) {
			h := sc.hold(cmd.ID)
			if h == nil || h.BookID != seen.BookID || h.MemberID != seen.MemberID {
				return HoldView{}, errMoved
			}
			if err := sc.editHold(h, cmd); err != nil {
				return HoldView{}, err
			}
			view := HoldView{Hold: *h, MemberCard: seen.MemberCard, Title: seen.Title}
			view.Wanted, view.Position = seen.Wanted, sc.position(h)
			if it := sc.Items[h.CapturedItem]; it != nil {
				view.Barcode = it.Barcode
			}
			return view, nil
		})
	})
}

func (sc *Scene) editHold(h *Hold, cmd EditHold) error {
	switch {
	case !h.Status.Live():
		return problem.Refused(final(HoldNotLive, "This hold is over: it is "+string(h.Status)+"."))
	case cmd.Version != 0 && cmd.Version != h.Version:
		return problem.New(problem.PreconditionFailed, "version_mismatch", "This hold has changed since you read it. Read it again and repeat your change.")
	case cmd.PickupBranch != "" && !sc.Policy.HasBranch(cmd.PickupBranch):
		return errBranchUnknown("body.pickup_branch")
	case cmd.SuspendedUntil != nil && h.Status != HoldWaiting:
		return problem.Refused(final(HoldCaptured, "A copy was found for this hold already. Give the hold up, or fetch the copy."))
	}
	if cmd.PickupBranch == "" {
		cmd.PickupBranch = h.PickupBranch
	}
	if !cmd.Suspend {
		cmd.SuspendedUntil = h.SuspendedUntil
	}
	if cmd.PickupBranch == h.PickupBranch && sameDay(cmd.SuspendedUntil, h.SuspendedUntil) {
		return nil
	}
	moves, event := cmd.PickupBranch != h.PickupBranch && h.CapturedItem != 0, EventHoldEdited
	if moves && h.Status == HoldReady {
		event = EventHoldRerouted
	}
	sc.changeHold(h, event, "", func(h *Hold) {
		h.PickupBranch, h.SuspendedUntil = cmd.PickupBranch, cmd.SuspendedUntil
		if moves {
			h.Status, h.ExpiresOn = HoldInTransit, nil
		}
	})
	if moves {
		sc.changeItem(sc.Items[h.CapturedItem], EventItemMoved, holdStream(h.ID), func(it *Item) {
			it.Status, it.TransitTo = InTransit, h.PickupBranch
		})
	}
	return nil
}

// position is a live hold's number in its queue, from 1; 0 for one that is over.
func (sc *Scene) position(h *Hold) int {
	for i, other := range sc.queue(h.BookID) {
		if other == h {
			return i + 1
		}
	}
	return 0
}

func sameDay(a, b *Date) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }

func errSuspensionOver() error {
	return problem.InvalidField("body.suspended_until", "must be a date after today")
}
