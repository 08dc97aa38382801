package resilience

import (
	"cmp"
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
	Once    time.Duration // of one that is made once only (Do), and may have to wait for locks; 0: Limit
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
func (t *Timeout) bound(ctx context.Context, once bool) (context.Context, context.CancelFunc) {
	limit := t.s.Limit
	if once {
		limit = cmp.Or(t.s.Once, limit)
	}
	end, has := ctx.Deadline()
	if limit <= 0 || has && time.Until(end) <= limit || !t.s.Enabled() {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, limit, ErrTooSlow)
}

// judge makes ErrTooSlow of the error of a call that failed because its bound had passed.
func (t *Timeout) judge(outer, inner context.Context, err error) error {
	if err == nil || outer.Err() != nil || context.Cause(inner) != ErrTooSlow {
		return err
	}
	t.hits.Add(1)
	return ErrTooSlow
}
