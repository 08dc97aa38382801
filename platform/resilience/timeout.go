package resilience

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// ErrTooSlow says that a call took longer than the dependency may.
var ErrTooSlow = errors.New("it took longer than it may")

// TimeoutSettings say how long a call may take.
type TimeoutSettings struct {
	Name    string        // of the dependency, in metrics
	Limit   time.Duration // of one call; 0: none
	Enabled func() bool   // asked each time; nil: always on
	Metrics *Metrics
}

// Timeout bounds one call, inside of the caller's own deadline. It ends the call's context; the call is over when it has heard of it.
type Timeout struct {
	s    TimeoutSettings
	hits atomic.Uint64
}

// NewTimeout makes a bound for calls to a dependency.
func NewTimeout(s TimeoutSettings) *Timeout {
	if s.Enabled == nil {
		s.Enabled = func() bool { return true }
	}
	t := &Timeout{s: s}
	s.Metrics.counter("bookvault_timeouts_total", "Calls that a dependency did not answer in its time.", labelled("dependency", s.Name), &t.hits)
	return t
}

// bound gives the context of one call. A caller with less time than the limit needs no other bound.
func (t *Timeout) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	end, has := ctx.Deadline()
	if t.s.Limit <= 0 || has && time.Until(end) <= t.s.Limit || !t.s.Enabled() {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, t.s.Limit, ErrTooSlow)
}

// judge makes ErrTooSlow of the error of a call that failed because its bound had passed.
func (t *Timeout) judge(outer, inner context.Context, err error) error {
	if err == nil || outer.Err() != nil || context.Cause(inner) != ErrTooSlow {
		return err
	}
	t.hits.Add(1)
	return ErrTooSlow
}
