package resilience

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// ErrTooSlow says that a call took longer than the dependency may.
var ErrTooSlow = errors.New("it took longer than it may")

// Timeout bounds one call, inside of the caller's own deadline. It ends the call's context; the call is over when it has heard of it.
type Timeout struct {
	limit time.Duration
	hits  atomic.Uint64
}

// NewTimeout makes a bound for calls to a dependency; limit 0 is none.
func NewTimeout(name string, limit time.Duration, m *Metrics) *Timeout {
	t := &Timeout{limit: limit}
	m.counter("bookvault_timeouts_total", "Calls that a dependency did not answer in its time.", labelled("dependency", name), &t.hits)
	return t
}

// bound gives the context of one call. A caller with less time than the limit needs no other bound.
func (t *Timeout) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	if end, has := ctx.Deadline(); t.limit <= 0 || has && time.Until(end) <= t.limit {
		return ctx, func() {}
	}
	return context.WithTimeoutCause(ctx, t.limit, ErrTooSlow)
}

// judge makes ErrTooSlow of the error of a call that failed because its bound had passed.
func (t *Timeout) judge(outer, inner context.Context, err error) error {
	if err == nil || outer.Err() != nil || context.Cause(inner) != ErrTooSlow {
		return err
	}
	t.hits.Add(1)
	return ErrTooSlow
}
