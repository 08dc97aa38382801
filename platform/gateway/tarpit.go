package gateway

import (
	"context"
	"sync/atomic"
	"time"
)

// tarpit holds refusals back from a client that goes on asking at many times its rate: as long as it waits for one on each of its
// connections it sends nothing there, and what it can cost us is bounded by their number and not by how fast it is.
type tarpit struct {
	hold     time.Duration // of each refusal; 0: none is held
	most     int64         // refusals that are held at once
	held     atomic.Int64
	counters [tarpitCounters]atomic.Uint64 // the second, and the refusals in it, by client; those who share one are refused all of them
}

const (
	tarpitCounters = 4096
	tarpitMost     = 1000 // each holds a connection and a goroutine
	tarpitTimes    = 10   // what it may go on with, that a client must be refused in one second
)

// wait is called before a refusal of a client that may go on with rate requests a second.
func (t *tarpit) wait(ctx context.Context, client uint64, rate float64, now time.Time) {
	if t.hold <= 0 || t.note(client, uint64(now.Unix())) <= uint64(rate*tarpitTimes) {
		return
	}
	defer t.held.Add(-1)
	if t.held.Add(1) > t.most {
		return
	}
	timer := time.NewTimer(t.hold)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// note counts a refusal, and gives how many there were in this second.
func (t *tarpit) note(client, second uint64) uint64 {
	counter := &t.counters[client%tarpitCounters]
	for {
		was := counter.Load()
		is := second<<32 | 1
		if was>>32 == second&0xffffffff {
			is = was + 1
		}
		if counter.CompareAndSwap(was, is) {
			return is & 0xffffffff
		}
	}
}
