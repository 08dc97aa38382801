package resilience

import (
	"context"
	"errors"
	"time"

	"bookvault/platform/problem"
	"bookvault/platform/telemetry"
)

// StackSettings are the policies before one dependency. A nil one is left out.
type StackSettings struct {
	Name     string // of the dependency
	Subject  string // the same in words, to begin a sentence with: "The catalogue"
	Retry    *Retry
	Breaker  *Breaker
	Timeout  *Timeout
	Bulkhead *Bulkhead
	// Explain words what the dependency itself failed with, once the policies have judged it by what it was. Nil: it stays as it is.
	Explain func(context.Context, error) error
}

// Stack is the way to one dependency: retry( breaker( timeout( bulkhead( the call )))). The order matters:
//
//	retry     outermost, so that each attempt asks the breaker: none goes through an open one
//	breaker   outside of the timeout, which it hears of as a failure
//	timeout   outside of the bulkhead, so that waiting for a place is in the time
//	bulkhead  last, so that only work takes a place
type Stack struct{ s StackSettings }

// NewStack puts the policies together.
func NewStack(s StackSettings) *Stack { return &Stack{s} }

// Name is the dependency's.
func (s *Stack) Name() string { return s.s.Name }

// Breaker gives the breaker, nil without one.
func (s *Stack) Breaker() *Breaker { return s.s.Breaker }

// Bulkhead gives the compartment, nil without one.
func (s *Stack) Bulkhead() *Bulkhead { return s.s.Bulkhead }

// Read makes a call that may be repeated without harm. A refusal by a policy is a problem of kind Unavailable that says when to try
// again; errors.Is tells it to be ErrOpen, ErrFull or ErrTooSlow.
func Read[T any](ctx context.Context, s *Stack, fn func(context.Context) (T, error)) (T, error) {
	if s.s.Retry == nil {
		return attempt(ctx, s, false, fn)
	}
	s.s.Retry.purse.earn()
	for attempts := 1; ; attempts++ {
		value, err := attempt(ctx, s, false, fn)
		if refused(err) || s.open() || !s.s.Retry.again(ctx, attempts, err) {
			return value, err
		}
	}
}

// Do makes a call once, such as one that writes. Refusals are as Read says.
func Do[T any](ctx context.Context, s *Stack, fn func(context.Context) (T, error)) (T, error) {
	return attempt(ctx, s, true, fn)
}

func attempt[T any](ctx context.Context, s *Stack, once bool, fn func(context.Context) (T, error)) (value T, err error) {
	if s.s.Breaker == nil {
		value, _, err = bounded(ctx, s, once, fn)
		return value, s.explain(ctx, err)
	}
	if err := s.s.Breaker.Allow(); err != nil {
		return value, s.explain(ctx, err)
	}
	var took time.Duration
	value, err = guarded(func() (value T, err error) {
		value, took, err = bounded(ctx, s, once, fn)
		return value, err
	}, func(err error) {
		if took == neverBegan || errors.Is(err, ErrFull) {
			s.s.Breaker.GiveBack()
		} else {
			s.s.Breaker.Record(err, took)
		}
	})
	return value, s.explain(ctx, err)
}

// neverBegan is how long a call took that did not get as far as the dependency.
const neverBegan time.Duration = -1

// bounded makes the call within the timeout and the compartment, and tells how long it took without the wait for a place.
func bounded[T any](ctx context.Context, s *Stack, once bool, fn func(context.Context) (T, error)) (value T, took time.Duration, err error) {
	inner := ctx
	if s.s.Timeout != nil {
		var end context.CancelFunc
		inner, end = s.s.Timeout.bound(ctx, once)
		defer end()
	}
	if s.s.Bulkhead != nil {
		entered, err := s.s.Bulkhead.Enter(inner)
		if err != nil && ctx.Err() == nil {
			err = ErrFull // also when our own bound passed during the wait: the dependency was not even asked
		}
		if err != nil {
			return value, neverBegan, err
		}
		if entered {
			defer s.s.Bulkhead.Leave() // also when fn panics
		}
	}
	begin := time.Now()
	inner, end := telemetry.Span(inner, "call "+s.s.Name)
	value, err = fn(inner)
	took = time.Since(begin)
	end(err)
	if s.s.Timeout != nil {
		err = s.s.Timeout.judge(ctx, inner, err)
	}
	return value, took, err
}

func (s *Stack) open() bool { return s.s.Breaker != nil && s.s.Breaker.State() == Open }

func refused(err error) bool {
	return errors.Is(err, ErrOpen) || errors.Is(err, ErrFull) || errors.Is(err, ErrTooSlow)
}

// explain words a refusal, or a failure, for whoever asked.
func (s *Stack) explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if _, done := errors.AsType[*problem.Error](err); done {
		return err // a policy of an inner stack, or the call itself, has said it
	}
	var e *problem.Error
	switch {
	case errors.Is(err, ErrOpen):
		e = problem.New(problem.Unavailable, "part_unavailable", "%s does not answer right now. Please try again in a moment.", s.s.Subject)
		e.RetryAfter = s.s.Breaker.RetryAfter()
	case errors.Is(err, ErrFull):
		e = problem.New(problem.Unavailable, "busy", "%s has more to do than it can take. Please try again in a moment.", s.s.Subject)
	case errors.Is(err, ErrTooSlow):
		e = problem.New(problem.Unavailable, "too_slow", "%s needs too long to answer right now. Please try again in a moment.", s.s.Subject)
	case s.s.Explain != nil:
		return s.s.Explain(ctx, err)
	default:
		return err
	}
	e.RetryAfter = max(e.RetryAfter, time.Second)
	return e.Because(err)
}
