package resilience

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// ErrOpen is the answer of a breaker that lets no calls through.
var ErrOpen = circuitbreaker.ErrOpen

// State of a breaker.
type State = circuitbreaker.State

// The states of a breaker.
const (
	Closed   = circuitbreaker.ClosedState   // calls go through
	HalfOpen = circuitbreaker.HalfOpenState // a few go through, to find out
	Open     = circuitbreaker.OpenState     // none does
)

// BreakerSettings say when a dependency counts as ill; the zero value of each has the meaning in its comment. The defaults are
// Resilience4j's, but for the window: rates are of time here, so its 10 calls became 10 seconds.
type BreakerSettings struct {
	Name string // of the dependency, in metrics and in the log

	FailureRate float64       // share of calls in the window that must fail, 0 to 1; 0.5
	MinCalls    uint          // in the window, before the rate means anything; 5. So many that fail in a row open it too, see Record
	Window      time.Duration // that the rate is of; 10 s
	OpenFor     time.Duration // until a few calls may try again; 10 s
	Trials      uint          // calls that then try; 3. Two thirds of them, rounded up, must go well to close
	SlowAfter   time.Duration // a call that took longer failed, however it ended; 0: none is too slow

	// Failed tells whether an error says that the dependency is ill. Nil: every error does, except that the caller left or ran out of
	// time, which never counts: a caller may be as impatient as they like. SlowAfter counts what took too long.
	Failed func(error) bool
	// Enabled is asked each time; false lets every call through and remembers nothing. Nil: always on.
	Enabled func() bool

	Metrics *Metrics     // nil: nobody counts
	Logger  *slog.Logger // nil: slog.Default()
}

// Breaker stops calls to a dependency that is ill, so that it can recover and callers hear at once. It is safe for concurrent use.
//
// A call is Allow; when that gives nil, the work, and then Record in every case, a panic included:
//
//	if err := breaker.Allow(); err != nil {
//		return err
//	}
//	begin := time.Now()
//	err := work()
//	breaker.Record(err, time.Since(begin))
type Breaker struct {
	s      BreakerSettings
	policy circuitbreaker.CircuitBreaker[any]
	counts *breakerCounts
	state  atomic.Int32 // as of the last Allow or Record

	lock    sync.Mutex
	inARow  uint      // calls that failed, and none went well since
	changed time.Time // when the state last changed
	trials  uint      // calls that were let through half-open, and are not recorded yet
	spare   uint      // of those, that were given back
	hasty   bool      // it was let try before its time, and has not closed since
}

// NewBreaker makes a breaker, closed.
func NewBreaker(s BreakerSettings) *Breaker {
	s.FailureRate = cmp.Or(s.FailureRate, 0.5)
	s.MinCalls = cmp.Or(s.MinCalls, 5)
	s.Window = cmp.Or(s.Window, 10*time.Second)
	s.OpenFor = cmp.Or(s.OpenFor, 10*time.Second)
	s.Trials = cmp.Or(s.Trials, 3)
	if s.Enabled == nil {
		s.Enabled = func() bool { return true }
	}
	if s.Failed == nil {
		s.Failed = func(error) bool { return true }
	}
	if s.Logger == nil {
		s.Logger = slog.Default()
	}
	b := &Breaker{s: s, policy: circuitbreaker.NewBuilder[any]().
		WithFailureRateThreshold(s.FailureRate, s.MinCalls, s.Window).
		WithDelay(s.OpenFor).
		WithSuccessThresholdRatio((2*s.Trials+2)/3, s.Trials).
		Build()}
	b.counts = s.Metrics.breaker(b)
	return b
}

// Allow asks to make a call; ErrOpen refuses it. A call that is let through must be recorded, or trials are used up for nothing.
func (b *Breaker) Allow() error {
	b.lock.Lock()
	defer b.lock.Unlock()
	if !b.s.Enabled() {
		b.policy.Close() // when it is switched on again it begins anew
		b.noteChange()
		return nil
	}
	allowed := b.policy.TryAcquirePermit()
	if !allowed && b.policy.IsHalfOpen() && time.Since(b.changed) > b.s.OpenFor {
		// The trials neither failed nor went well in all that time: they hang, or were never recorded. Others may try.
		b.policy.Open()
		b.policy.HalfOpen()
		b.changed, b.trials, b.spare = time.Now(), 0, 0
		allowed = b.policy.TryAcquirePermit()
	}
	if !allowed && b.spare > 0 {
		b.spare--
		allowed = true
	}
	b.noteChange()
	if !allowed {
		b.counts.refused.Add(1)
		return ErrOpen
	}
	if b.policy.IsHalfOpen() {
		b.trials++
	}
	return nil
}

// TryNow has an open breaker let a few calls try before its time, since the dependency was seen to answer again by other means. It does so
// once: when those calls fail, its time passes before others try. first, if there is one, is called before any of them.
func (b *Breaker) TryNow(first func()) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if !b.policy.IsOpen() || b.hasty {
		return
	}
	if first != nil {
		first()
	}
	b.policy.HalfOpen()
	b.noteChange()
	b.hasty = true
}

// GiveBack is in place of Record for a call that did not reach the dependency after all.
func (b *Breaker) GiveBack() {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.giveBack()
}

func (b *Breaker) giveBack() {
	if b.trials > 0 {
		b.trials--
		b.spare++
	}
}

// justBefore is what may lie between Allow and the moment from which a caller measures, or the other way round.
const justBefore = 100 * time.Millisecond

// Record tells how a call ended that Allow let through, and how long it took from then on. A call that began before the state last
// changed says nothing of now, and is not counted; nor is one whose caller left, or ran out of time, before it was too slow.
//
// The rate alone would take long to see a busy dependency fall silent: thousands that went well stand in the window, while a few calls
// hang. So it opens as well when MinCalls failed in a row, as Resilience4j's window of ten calls would.
func (b *Breaker) Record(err error, took time.Duration) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if !b.s.Enabled() || time.Since(b.changed) < took-justBefore {
		return
	}
	switch b.policy.State() {
	case Open:
		return
	case HalfOpen:
		if b.trials == 0 {
			return
		}
	}
	failed := b.failed(err, took)
	if !failed && callerLeft(err) {
		b.giveBack()
		return
	}
	b.trials -= min(b.trials, 1)
	if failed {
		b.policy.RecordFailure()
		b.counts.failures.Add(1)
		if b.inARow++; b.inARow >= b.s.MinCalls && b.policy.IsClosed() {
			b.policy.Open()
		}
	} else {
		b.policy.RecordSuccess()
		b.inARow = 0
	}
	b.noteChange()
}

func callerLeft(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

func (b *Breaker) failed(err error, took time.Duration) bool {
	if b.s.SlowAfter > 0 && took > b.s.SlowAfter || errors.Is(err, ErrTooSlow) || errors.Is(err, errPanicked) {
		return true
	}
	return err != nil && !callerLeft(err) && b.s.Failed(err)
}

// noteChange logs and counts a change of state, once.
func (b *Breaker) noteChange() {
	now, before := b.policy.State(), State(b.state.Load())
	if now == before {
		return
	}
	b.state.Store(int32(now))
	b.changed, b.trials, b.spare, b.inARow = time.Now(), 0, 0, 0
	if now != Open {
		b.hasty = false
	}
	b.counts.changes[now].Add(1)
	level := slog.LevelInfo
	if now == Open {
		level = slog.LevelWarn
	}
	b.s.Logger.Log(context.Background(), level, "a circuit breaker changed its state", "dependency", b.s.Name, "from", before.String(), "to", now.String())
}

// Name is the dependency's.
func (b *Breaker) Name() string { return b.s.Name }

// State tells how it stands. An open one stays so until the first call after its time: somebody must try.
func (b *Breaker) State() State { return State(b.state.Load()) }

// RetryAfter is the time after which calling again may help; 0 when it is not open.
func (b *Breaker) RetryAfter() time.Duration { return b.policy.RemainingDelay() }
