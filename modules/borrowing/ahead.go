package borrowing

import (
	"cmp"
	"fmt"
	"slices"

	"bookvault/platform/problem"
)

// judgeQueue is the test against holds: ahead are other members' waiting, eligible holds that this copy can fill and that
// precede the borrower's own; free are other available copies that can fill them, each of them one. It refuses only if ahead > free.
// A hold on one copy binds that copy: it is refused whatever else is free, and it does not count as free for others.
func (sc *Scene) judgeQueue(memberID int64, it *Item) []problem.Reason {
	if sc.captureOf(it.ID) != nil || sc.slipOf(memberID, it) {
		return nil // it is kept for somebody already; judgeItem says whether for this member
	}
	own := sc.ownHold(memberID, it)
	var ahead []*Hold
	bound := map[int64]bool{}
	for _, h := range sc.queue(it.BookID) {
		if h.Status != HoldWaiting || !h.eligible(sc.Today) {
			continue
		}
		if h.ItemID != 0 && h.ItemID != it.ID {
			bound[h.ItemID] = true
		}
		if h.MemberID == memberID || !h.canBeFilledBy(it.ID, it.Part) || own != nil && own.Place < h.Place {
			continue
		}
		if h.ItemID == it.ID {
			bound[it.ID] = true
		}
		ahead = append(ahead, h)
	}
	if len(ahead) == 0 {
		return nil
	}
	taken := int64(0) // by the loan of this copy, which moves to it
	if loan := sc.openLoanOf(it.ID); loan != nil {
		if other := sc.standIn(loan, it); other != nil {
			taken = other.ID
		}
	}
	var others []Free
	for _, f := range sc.Free {
		if f.BookID == it.BookID && f.ItemID != it.ID && f.ItemID != taken && !bound[f.ItemID] {
			others = append(others, f)
		}
	}
	free := len(pairUp(ahead, others))
	if len(ahead) <= free && !bound[it.ID] {
		return nil
	}
	return []problem.Reason{overridable(HoldQueueAhead, fmt.Sprintf("Other members wait for this title: %d ahead, %d other copies free.", len(ahead), free))}
}

// Pair is a hold and the copy that can fill it.
type Pair struct {
	Hold *Hold
	Copy Free
}

// pairUp gives each hold a copy that can fill it, each copy to one hold, to as many holds as can be: the earlier hold never goes
// without for a later one, but takes another copy where that lets both have one (augmenting paths: Kuhn, "The Hungarian method",
// 1955). A copy at the pickup branch is preferred, then the one that was there first. The pairs are in the order of the holds.
func pairUp(holds []*Hold, copies []Free) []Pair {
	takers := make([]int, len(copies)) // of each copy, the hold that has it, from 1
	var find func(taker int, asked []bool) bool
	find = func(taker int, asked []bool) bool {
		wanted := fitting(holds[taker-1], copies)
		for _, c := range wanted {
			if takers[c] == 0 {
				takers[c] = taker
				return true
			}
		}
		for _, c := range wanted {
			if asked[c] {
				continue
			}
			asked[c] = true
			if find(takers[c], asked) {
				takers[c] = taker
				return true
			}
		}
		return false
	}
	for i := range holds {
		find(i+1, make([]bool, len(copies)))
	}
	pairs := make([]Pair, 0, len(holds))
	for i, h := range holds {
		if c := slices.Index(takers, i+1); c >= 0 {
			pairs = append(pairs, Pair{h, copies[c]})
		}
	}
	return pairs
}

// fitting lists the places of the copies that can fill a hold, the best ones first.
func fitting(h *Hold, copies []Free) (places []int) {
	for i, c := range copies {
		if h.canBeFilledBy(c.ItemID, c.Part) {
			places = append(places, i)
		}
	}
	slices.SortStableFunc(places, func(a, b int) int {
		return cmp.Compare(elsewhere(copies[a], h), elsewhere(copies[b], h))
	})
	return places
}

func elsewhere(c Free, h *Hold) int {
	if c.Branch == h.PickupBranch {
		return 0
	}
	return 1
}
