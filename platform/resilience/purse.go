package resilience

import "sync/atomic"

// purse is a budget of extra calls, as a count: each call earns a part of one, each extra one spends one. What is saved up in quiet
// times is bounded.
type purse struct {
	thousandths atomic.Int64
	earned      int64 // by each call
	most        int64
}

// newPurse makes a full one. share is of all calls, 0 to 1; inHand is how many can be saved up.
func newPurse(share float64, inHand int64) *purse {
	p := &purse{earned: int64(share * 1000), most: inHand * 1000}
	p.thousandths.Store(p.most)
	return p
}

// earn is called for each call.
func (p *purse) earn() {
	if p.thousandths.Load() < p.most {
		p.thousandths.Add(p.earned)
	}
}

// spend takes an extra call out of it; false when there is none.
func (p *purse) spend() bool {
	if p.thousandths.Add(-1000) < 0 {
		p.thousandths.Add(1000)
		return false
	}
	return true
}

// holds tells whether there is one.
func (p *purse) holds() bool { return p.thousandths.Load() >= 1000 }

// giveBack is for one that was not made after all.
func (p *purse) giveBack() { p.thousandths.Add(1000) }
