package resilience

import (
	"cmp"
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// RetrySettings say how often a call is made anew; the zero value of each has the meaning in its comment.
type RetrySettings struct {
	Name     string        // of the dependency, in metrics
	Attempts int           // in all; 3
	Backoff  time.Duration // before the second attempt, at most; twice as long before each further one; 20 ms
	// Budget is the share of calls that may be made anew, over all callers; 0.2. It is what keeps retries from finishing off a
	// dependency that is failing.
	Budget float64
	// Failed tells which errors another attempt may mend. Nil: none.
	Failed  func(error) bool
	Enabled func() bool // asked each time; nil: always on
	Metrics *Metrics
}

// retriesInHand is how many calls may be made anew before any budget was earned, and at most after a quiet time.
const retriesInHand = 10

// Retry makes calls anew that may be repeated without harm.
//
// Its budget is a count, as in Finagle: each call earns a part of a retry, each retry spends one. failsafe-go's budget compares those
// in flight, and does not bind where attempts fail at once and most of the time is spent between them.
type Retry struct {
	s               RetrySettings
	purse           *purse
	retries, denied atomic.Uint64
}

// NewRetry makes a retry with its own budget.
func NewRetry(s RetrySettings) *Retry {
	s.Attempts = cmp.Or(s.Attempts, 3)
	s.Backoff = cmp.Or(s.Backoff, 20*time.Millisecond)
	s.Budget = cmp.Or(s.Budget, 0.2)
	if s.Enabled == nil {
		s.Enabled = func() bool { return true }
	}
	if s.Failed == nil {
		s.Failed = func(error) bool { return false }
	}
	r := &Retry{s: s, purse: newPurse(s.Budget, retriesInHand)}
	label := labelled("dependency", s.Name)
	s.Metrics.counter("bookvault_retries_total", "Calls that were made anew.", label, &r.retries)
	s.Metrics.counter("bookvault_retries_denied_total", "Calls that were not made anew, since the budget was spent.", label, &r.denied)
	return r
}

// again waits before the attempt that follows on a number of them, and tells whether to make it.
func (r *Retry) again(ctx context.Context, attempts int, err error) bool {
	if err == nil || attempts >= r.s.Attempts || !r.s.Enabled() || !r.s.Failed(err) {
		return false
	}
	// Up to the whole time at random: callers who failed together do not come back together.
	wait := rand.N(r.s.Backoff<<(attempts-1)) + 1
	if end, has := ctx.Deadline(); has && time.Until(end) <= wait {
		return false
	}
	if !r.purse.spend() {
		r.denied.Add(1)
		return false
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		r.retries.Add(1)
		return true
	case <-ctx.Done():
		return false
	}
}
