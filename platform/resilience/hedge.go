package resilience

import (
	"cmp"
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// HedgeSettings say when a read is asked for a second time elsewhere; the zero value of each has the meaning in its comment.
type HedgeSettings struct {
	Name     string        // of what is read, in metrics
	Quantile float64       // of the times of late, after which a second one is asked; 0.95
	Budget   float64       // share of reads that may be asked for twice, over all callers; 0.05
	Least    time.Duration // to wait at least, however fast answers are; 1 ms
	Enabled  func() bool   // asked each time; nil: always on
	Metrics  *Metrics
}

// hedgesInHand is how many reads may be asked for twice after a quiet time.
const hedgesInHand = 5

// ErrNobodyElse is for the second call to say that there is nobody to ask.
var ErrNobodyElse = errors.New("there is nobody else to ask")

// Hedge asks a second server when the first is late, and takes the answer that comes first (Dean and Barroso, "The Tail at Scale",
// 2013). It is for reads alone. The budget bounds the extra load: when everything is slow, few are asked for twice.
//
// It is not failsafe-go's hedge policy, which ends the contexts of all attempts once there is an answer: rows hang on theirs until they
// are read.
type Hedge struct {
	s          HedgeSettings
	purse      *purse
	times      *times
	asked, won atomic.Uint64
}

// NewHedge makes a hedge that knows nothing of times yet; until it does, nobody is asked twice.
func NewHedge(s HedgeSettings) *Hedge {
	s.Quantile = cmp.Or(s.Quantile, 0.95)
	s.Budget = cmp.Or(s.Budget, 0.05)
	s.Least = cmp.Or(s.Least, time.Millisecond)
	if s.Enabled == nil {
		s.Enabled = func() bool { return true }
	}
	h := &Hedge{s: s, purse: newPurse(s.Budget, hedgesInHand), times: newTimes(s.Quantile)}
	label := labelled("what", s.Name)
	s.Metrics.counter("bookvault_hedges_total", "Reads that were asked for a second time, since the first server was late.", label, &h.asked)
	s.Metrics.counter("bookvault_hedges_won_total", "Of those, reads that the second server answered first.", label, &h.won)
	s.Metrics.gauge("bookvault_hedge_delay_seconds", "Time after which a second server is asked; 0 while it is not known.", label,
		func() float64 { return h.times.quantile().Seconds() })
	return h
}

// Hedged makes a call, and when it is late another one. It gives what comes first, and a failure only when nothing better can come. drop
// is given what comes too late. The context of the first call is the caller's own; that of the second ends when the first one wins, else
// with the caller's.
func Hedged[T any](ctx context.Context, h *Hedge, first, second func(context.Context) (T, error), drop func(T)) (T, error) {
	h.purse.earn()
	after, begin := h.times.quantile(), time.Now()
	if after == 0 || !h.purse.holds() || !h.s.Enabled() {
		value, err := first(ctx)
		h.record(err, time.Since(begin))
		return value, err
	}
	r := &race[T]{answers: make(chan answer[T], 2), drop: drop}
	go r.run(ctx, 0, func(ctx context.Context) (T, error) {
		value, err := first(ctx)
		h.record(err, time.Since(begin))
		return value, err
	})
	timer := time.NewTimer(max(after, h.s.Least))
	defer timer.Stop()
	select {
	case a := <-r.answers:
		return a.give()
	case <-timer.C:
	case <-ctx.Done():
		return r.leave(ctx, 1)
	}
	if !h.purse.spend() {
		return r.best(ctx, 1).give()
	}
	h.asked.Add(1)
	var other context.Context
	other, r.lost = context.WithCancel(ctx)
	go r.run(other, 1, second)
	a := r.best(ctx, 2)
	switch {
	case errors.Is(a.other, ErrNobodyElse):
		h.asked.Add(^uint64(0))
		h.purse.giveBack()
	case a.which == 1 && a.err == nil:
		h.won.Add(1)
		return a.value, nil // its rows are still to be read
	}
	r.lost()
	return a.give()
}

func (h *Hedge) record(err error, took time.Duration) {
	if err == nil {
		h.times.add(took)
	}
}

// race is two calls of which one answer is wanted.
type race[T any] struct {
	answers chan answer[T]
	drop    func(T)
	lost    context.CancelFunc // of the second call; not called when that one wins, and its context ends with the caller's
}

type answer[T any] struct {
	which  int
	value  T
	err    error
	other  error // how the other call failed before this answer
	thrown any   // what it panicked with
}

// give returns it, or goes on with its panic where the caller is.
func (a answer[T]) give() (T, error) {
	if a.thrown != nil {
		panic(a.thrown)
	}
	return a.value, a.err
}

func (r *race[T]) run(ctx context.Context, which int, fn func(context.Context) (T, error)) {
	a := answer[T]{which: which, err: errPanicked}
	defer func() {
		a.thrown = recover()
		r.answers <- a
	}()
	a.value, a.err = fn(ctx)
}

// best waits for the first good one of so many answers, else for the failure of the first call, or for the caller to leave.
func (r *race[T]) best(ctx context.Context, left int) (worst answer[T]) {
	for ; left > 0; left-- {
		select {
		case a := <-r.answers:
			if a.err == nil {
				a.other = worst.err
				go r.forget(left - 1)
				return a
			}
			if a.which == 0 {
				a.other, worst = worst.err, a
			} else if worst.other = a.err; worst.err == nil {
				worst.which, worst.err = 1, a.err
			}
		case <-ctx.Done():
			value, err := r.leave(ctx, left)
			return answer[T]{value: value, err: err}
		}
	}
	return worst
}

// leave is for a caller who does not wait for so many answers.
func (r *race[T]) leave(ctx context.Context, left int) (none T, err error) {
	go r.forget(left)
	return none, ctx.Err()
}

// forget throws late answers away.
func (r *race[T]) forget(left int) {
	for range left {
		if a := <-r.answers; a.err == nil {
			r.drop(a.value)
		}
	}
}
