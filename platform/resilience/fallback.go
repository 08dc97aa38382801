package resilience

import (
	"cmp"
	"context"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
)

// FallbackSettings say what may stand in for a failure; the zero value of each has the meaning in its comment.
type FallbackSettings struct {
	Name    string           // of what is asked for, in metrics
	Keys    int              // answers that are remembered at most; those asked for last; 128
	Kept    time.Duration    // age up to which one may stand in; 1 h
	Helps   func(error) bool // whether an older answer is better than an error; nil: never
	Enabled func() bool      // asked each time; nil: always on
	Now     func() time.Time // nil: time.Now
	Metrics *Metrics
}

// Fallback remembers the last answer to each question, and gives it, as stale, in place of a failure: for what a person is better off with
// than with an error, and never for a decision. It stands outside of every other policy, so that what stands in is never taken for
// new. Answers are shared: whoever gets one does not change it.
type Fallback[K comparable, V any] struct {
	s     FallbackSettings
	kept  *lru.Cache[K, remembered[V]]
	shown atomic.Uint64
}

type remembered[V any] struct {
	value V
	at    time.Time
}

// NewFallback makes one that remembers nothing yet.
func NewFallback[K comparable, V any](s FallbackSettings) *Fallback[K, V] {
	s.Keys = cmp.Or(s.Keys, 128)
	s.Kept = cmp.Or(s.Kept, time.Hour)
	if s.Helps == nil {
		s.Helps = func(error) bool { return false }
	}
	if s.Enabled == nil {
		s.Enabled = func() bool { return true }
	}
	if s.Now == nil {
		s.Now = time.Now
	}
	kept, _ := lru.New[K, remembered[V]](max(1, s.Keys)) // the only error is a size below one
	f := &Fallback[K, V]{s: s, kept: kept}
	s.Metrics.counter("bookvault_fallbacks_total", "Failures in whose place an older answer was given.", labelled("what", s.Name), &f.shown)
	return f
}

// Do asks fn, and gives what it answered last time, as stale, where it fails in a way that helps.
func (f *Fallback[K, V]) Do(ctx context.Context, key K, fn func(context.Context) (V, error)) (value V, stale bool, err error) {
	if !f.s.Enabled() {
		value, err = fn(ctx)
		return value, false, err
	}
	value, err = fn(ctx)
	switch {
	case err == nil:
		f.kept.Add(key, remembered[V]{value, f.s.Now()})
		return value, false, nil
	case ctx.Err() == context.Canceled || !f.s.Helps(err): // nobody waits for it, or the question was at fault
		return value, false, err
	}
	last, known := f.kept.Get(key)
	if !known || f.s.Now().Sub(last.at) > f.s.Kept {
		return value, false, err
	}
	f.shown.Add(1)
	return last.value, true, nil
}
