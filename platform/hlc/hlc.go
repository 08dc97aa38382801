// Package hlc is a hybrid logical clock: moments that several processes can compare, of which the later one is the newer write.
//
// A moment is a count of milliseconds with a counter behind it, and the node that made it, which decides between equals. Moments of one
// clock only ever grow, even when the machine's clock is set back; a clock that was shown a moment of another node makes only later ones.
// It follows Kulkarni, Demirbas, Madappa, Avva and Leone, "Logical Physical Clocks" (2014).
package hlc

import (
	"errors"
	"sync"
	"time"
)

// logicalBits is the width of the counter behind the milliseconds. When it runs over, the milliseconds run ahead a little.
const logicalBits = 16

// AheadAtMost is how far a moment of another node may be ahead of this node's clock. One beyond comes from a broken clock, and would
// drag every other one along.
const AheadAtMost = time.Minute

// ErrAhead says that a moment was too far ahead to be taken in.
var ErrAhead = errors.New("this moment lies too far in the future: the clock that made it is wrong")

// Time is a moment. The zero Time is before all others.
type Time struct {
	Tick int64 `json:"t"` // milliseconds since 1970, times 65,536, and the counter
	Node int64 `json:"n"`
}

// Compare orders moments: -1 when t is earlier than u, +1 when it is later, 0 when they are the same.
func (t Time) Compare(u Time) int {
	switch {
	case t.Tick < u.Tick, t.Tick == u.Tick && t.Node < u.Node:
		return -1
	case t == u:
		return 0
	}
	return 1
}

// After tells whether t is later than u.
func (t Time) After(u Time) bool { return t.Compare(u) > 0 }

// IsZero tells whether t is no moment at all.
func (t Time) IsZero() bool { return t == Time{} }

// Wall gives the moment as the time of day that it stands for, to the millisecond.
func (t Time) Wall() time.Time { return time.UnixMilli(t.Tick >> logicalBits).UTC() }

// Clock makes moments of one node. It is safe for concurrent use.
type Clock struct {
	node int64
	now  func() time.Time

	lock sync.Mutex
	last int64
}

// New makes the clock of a node on a physical clock; nil: the machine's. Nodes that run at the same time must have different numbers.
func New(node int64, now func() time.Time) *Clock {
	if now == nil {
		now = time.Now
	}
	return &Clock{node: node, now: now}
}

// Now gives a moment that is later than all that this clock made or was shown.
func (c *Clock) Now() Time {
	physical := c.now().UnixMilli() << logicalBits
	c.lock.Lock()
	defer c.lock.Unlock()
	c.last = max(c.last+1, physical)
	return Time{Tick: c.last, Node: c.node}
}

// Observe has the clock make only moments that are later than one of another node. ErrAhead says that it did not.
func (c *Clock) Observe(t Time) error {
	if t.Tick > c.now().Add(AheadAtMost).UnixMilli()<<logicalBits {
		return ErrAhead
	}
	c.lock.Lock()
	c.last = max(c.last, t.Tick)
	c.lock.Unlock()
	return nil
}
