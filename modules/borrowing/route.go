package borrowing

// route finds the place of a copy that is free: the first eligible hold in the order of the queue, whatever its pickup
// branch; else its home; else the shelf it stands before.
func (a *arrival) route(alert string) Next {
	if a.item.Loanable {
		for _, h := range a.queue(a.item.BookID) {
			if h.Status == HoldWaiting && h.eligible(a.Today) && h.canBeFilledBy(a.item.ID, a.item.Part) {
				return a.capture(h, alert)
			}
		}
	}
	if a.item.HomeBranch != a.branch {
		a.move(func(it *Item) {
			it.Status, it.CurrentBranch, it.TransitTo = InTransit, a.branch, it.HomeBranch
		})
		return a.slip(alert)
	}
	a.move(func(it *Item) { it.Status, it.CurrentBranch, it.TransitTo = Available, a.branch, "" })
	return Next{Action: Shelve, Branch: a.branch, Alert: alert, Detail: "Put it back on its shelf."}
}

// capture keeps the copy for a hold: on the shelf here, or on its way to where it is picked up.
func (a *arrival) capture(h *Hold, alert string) Next {
	if h.PickupBranch != a.branch {
		a.changeHold(h, EventHoldCaptured, itemStream(a.item.ID), func(h *Hold) {
			h.Status, h.CapturedItem, h.ExpiresOn = HoldInTransit, a.item.ID, nil
		})
		a.move(func(it *Item) {
			it.Status, it.CurrentBranch, it.TransitTo = InTransit, a.branch, h.PickupBranch
		})
		return a.slip(alert)
	}
	a.ready(h)
	return a.slip(alert)
}

// ready puts the copy on the hold shelf here.
func (a *arrival) ready(h *Hold) {
	until := a.Policy.ShelfUntil(a.branch, a.Today, a.shelfDays)
	a.changeHold(h, EventHoldReady, itemStream(a.item.ID), func(h *Hold) {
		h.Status, h.CapturedItem, h.ReadyOn, h.ExpiresOn = HoldReady, a.item.ID, &a.Today, until
	})
	a.notify(NoticeHoldReady, h)
	a.move(func(it *Item) {
		it.Status, it.CurrentBranch, it.TransitTo, it.SlipHold = OnHoldShelf, a.branch, "", h.ID
	})
}

// travel is a copy in transit on a desk: it arrives, it has not left yet, or it came to a third branch.
func (a *arrival) travel() Next {
	h := a.captureOf(a.item.ID)
	switch a.branch {
	case a.item.TransitTo:
		if h == nil {
			return a.route("") // at home, or its hold was cancelled on the way
		}
		if h.PickupBranch != a.branch {
			return a.capture(h, "") // the pickup branch was changed on the way
		}
		a.ready(h)
	case a.item.CurrentBranch:
		// it has not left: the same slip
	default:
		if h == nil {
			return a.route("This copy was on its way to another branch.")
		}
		a.move(func(it *Item) { it.CurrentBranch, it.TransitTo = a.branch, h.PickupBranch })
	}
	return a.slip("")
}

// shelved is a copy from the hold shelf: the same slip while its hold lives, else it is routed. A hold whose time on the shelf is
// over ends here, if it was not ended before.
func (a *arrival) shelved() Next {
	h := a.captureOf(a.item.ID)
	if h != nil && a.expire(h, a.shelfDays) {
		h = nil
	}
	if h == nil {
		return a.route("")
	}
	return a.slip("")
}

// slip says where a copy that is kept or travels belongs, from what it now is: scanned twice, it gives the same answer.
func (a *arrival) slip(alert string) Next {
	n := Next{Alert: alert}
	if h := a.captureOf(a.item.ID); h != nil {
		n.HoldID = h.ID
	}
	switch a.item.Status {
	case OnHoldShelf:
		n.Action, n.Branch, n.Detail = PutOnShelf, a.item.CurrentBranch, "Put it on the hold shelf: a member is waiting for it."
	case InTransit:
		n.Action, n.Branch = Send, a.item.TransitTo
		if n.Detail = "Send it home to " + a.item.TransitTo + "."; n.HoldID != 0 {
			n.Detail = "Send it to " + a.item.TransitTo + ": a member waits for it there."
		}
	}
	return n
}
