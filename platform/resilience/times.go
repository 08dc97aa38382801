package resilience

import (
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// times finds a quantile of how long calls have taken of late, to within a ninth: a histogram whose past fades.
type times struct {
	share float64
	now   atomic.Int64 // nanoseconds: the quantile; 0 while too little is known

	lock    sync.Mutex
	buckets [timesBuckets]uint32
	total   uint32
}

const (
	timesBuckets  = 200  // of a ninth each: from a microsecond to beyond an hour
	timesEnough   = 100  // calls, before the quantile means anything
	timesKept     = 4096 // calls that count; then all count half
	timesEvery    = 32   // calls after which the quantile is found anew
	timesSmallest = float64(time.Microsecond)
)

var timesRatio = math.Log(10.0 / 9)

func newTimes(share float64) *times { return &times{share: share} }

// add takes in a call.
func (t *times) add(took time.Duration) {
	bucket := min(timesBuckets-1, max(0, int(math.Log(float64(took)/timesSmallest)/timesRatio)))
	t.lock.Lock()
	defer t.lock.Unlock()
	t.buckets[bucket]++
	if t.total++; t.total < timesEnough || t.total%timesEvery != 0 {
		return
	}
	below, found := uint32(0), false
	for i, n := range t.buckets {
		if below += n; !found && float64(below) >= t.share*float64(t.total) {
			t.now.Store(int64(timesSmallest * math.Exp(timesRatio*float64(i+1))))
			found = true
		}
	}
	if t.total >= timesKept {
		t.total = 0
		for i := range t.buckets {
			t.buckets[i] /= 2
			t.total += t.buckets[i]
		}
	}
}

// quantile gives it; 0 while too little is known.
func (t *times) quantile() time.Duration { return time.Duration(t.now.Load()) }
