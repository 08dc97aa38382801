package resilience

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

var errIll = errors.New("the server is gone")

// call is one call through a breaker that ends as it is told.
func call(b *Breaker, err error, took time.Duration) error {
	if refused := b.Allow(); refused != nil {
		return refused
	}
	time.Sleep(took)
	b.Record(err, took)
	return err
}

func fails(b *Breaker, times int) {
	for range times {
		_ = call(b, errIll, time.Millisecond)
	}
}

func TestABreakerOpensTriesAndCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		registry, lines := prometheus.NewRegistry(), &strings.Builder{}
		b := NewBreaker(BreakerSettings{Name: "primary", Metrics: NewMetrics(registry), Logger: slog.New(slog.NewTextHandler(lines, nil))})
		fails(b, 4)
		if b.State() != Closed {
			t.Fatal("four calls are too few to judge by")
		}
		fails(b, 1)
		if b.State() != Open || call(b, nil, 0) != ErrOpen {
			t.Fatal("not open after five failures")
		}
		if left := b.RetryAfter(); left <= 9*time.Second || left > 10*time.Second {
			t.Errorf("try again after %v", left)
		}
		time.Sleep(10 * time.Second)
		for range 3 {
			if err := b.Allow(); err != nil {
				t.Fatal("three calls may try")
			}
		}
		if b.State() != HalfOpen || b.Allow() != ErrOpen {
			t.Fatal("a fourth call was let through to try")
		}
		b.Record(nil, 0)
		b.Record(errIll, 0)
		b.Record(nil, 0)
		if b.State() != Closed || call(b, nil, 0) != nil {
			t.Fatal("not closed after two of three went well")
		}
		if n := strings.Count(lines.String(), "changed its state"); n != 3 {
			t.Errorf("%d lines for three changes:\n%s", n, lines)
		}
		want := `
# HELP bookvault_breaker_refused_total Calls that a circuit breaker did not let through.
# TYPE bookvault_breaker_refused_total counter
bookvault_breaker_refused_total{dependency="primary"} 2
# HELP bookvault_breaker_changes_total Changes of a circuit breaker's state.
# TYPE bookvault_breaker_changes_total counter
bookvault_breaker_changes_total{dependency="primary",to="closed"} 1
bookvault_breaker_changes_total{dependency="primary",to="half-open"} 1
bookvault_breaker_changes_total{dependency="primary",to="open"} 1
`
		if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "bookvault_breaker_refused_total", "bookvault_breaker_changes_total"); err != nil {
			t.Error(err)
		}
	})
}

func TestWhoWasSeenToAnswerIsTriedAtOnceButNotAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBreaker(BreakerSettings{Name: "primary", Logger: slog.New(slog.DiscardHandler)})
		b.TryNow(nil) // one that is closed lets all through anyway
		for _, first := range []error{nil, errIll} {
			fails(b, 5)
			b.TryNow(nil)
			if b.State() != HalfOpen {
				t.Fatalf("%v: nobody may try", b.State())
			}
			for range 2 {
				_ = call(b, first, 0)
			}
		}
		if b.State() != Open {
			t.Fatalf("%v after the trials failed", b.State())
		}
		if b.TryNow(nil); b.State() != Open {
			t.Fatal("it failed before its time, and is tried again before it")
		}
		time.Sleep(10 * time.Second)
		fails(b, 3) // in its time
		if b.TryNow(nil); b.State() != HalfOpen {
			t.Fatalf("%v: in a new time it may be seen to answer again", b.State())
		}
	})
}

func TestWhatCountsAgainstADependency(t *testing.T) {
	notFound := errors.New("there is no such title")
	tests := []struct {
		name string
		err  error
		took time.Duration
		open bool
	}{
		{"it failed", fmt.Errorf("reading: %w", errIll), time.Millisecond, true},
		{"it went well", nil, time.Millisecond, false},
		{"what was asked for is not there", notFound, time.Millisecond, false},
		{"the caller hung up", fmt.Errorf("%w: %w", context.Canceled, errIll), time.Millisecond, false},
		{"the caller gave no time", fmt.Errorf("%w: %w", context.DeadlineExceeded, errIll), time.Millisecond, false},
		{"it went well, but too slowly", nil, 3 * time.Second, true},
		{"the caller left after waiting too long", context.Canceled, 3 * time.Second, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := NewBreaker(BreakerSettings{Window: time.Minute, SlowAfter: 2 * time.Second, Failed: func(err error) bool { return errors.Is(err, errIll) }})
				for range 5 {
					_ = call(b, test.err, test.took)
				}
				if open := b.State() == Open; open != test.open {
					t.Errorf("it is %v", b.State())
				}
			})
		})
	}
}

// A thousand that went well a moment ago do not hide that none does now.
func TestABreakerOpensWhenABusyDependencyFallsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBreaker(BreakerSettings{})
		for range 1000 {
			_ = call(b, nil, time.Millisecond)
		}
		fails(b, 4)
		_ = call(b, nil, time.Millisecond)
		fails(b, 4)
		_ = call(b, context.Canceled, time.Millisecond) // says nothing, neither way
		if b.State() != Closed {
			t.Fatal("four in a row are too few to judge by")
		}
		fails(b, 1)
		if b.State() != Open || b.RetryAfter() <= 9*time.Second {
			t.Errorf("after five in a row it is %v", b.State())
		}
	})
}

// Callers who leave while a trial is under way do not decide it: others may try in their place.
func TestTrialsWhoseCallersLeaveAreNoTrials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBreaker(BreakerSettings{})
		fails(b, 5)
		time.Sleep(10 * time.Second)
		for range 20 {
			if err := call(b, context.Canceled, time.Millisecond); err != context.Canceled {
				t.Fatal(err)
			}
		}
		if b.State() != HalfOpen {
			t.Fatalf("it is %v", b.State())
		}
		for range 2 {
			if err := call(b, nil, 0); err != nil {
				t.Fatal(err)
			}
		}
		if b.State() != Closed {
			t.Errorf("it is %v", b.State())
		}
	})
}

func TestCallsFromBeforeAChangeSayNothingOfNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBreaker(BreakerSettings{OpenFor: time.Second})
		for range 20 {
			_ = b.Allow() // these hang
		}
		time.Sleep(time.Second)
		fails(b, 5)
		time.Sleep(time.Second)
		if err := b.Allow(); err != nil {
			t.Fatal(err)
		}
		for range 20 {
			b.Record(errIll, 2*time.Second)
		}
		if b.State() != HalfOpen {
			t.Fatalf("calls from before made it %v", b.State())
		}
		b.Record(nil, 0)
		if err := call(b, nil, 0); err != nil || b.State() != Closed {
			t.Errorf("%v, %v", err, b.State())
		}
	})
}

func TestTrialsThatNobodyRecordsDoNotWedgeIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBreaker(BreakerSettings{OpenFor: time.Second})
		fails(b, 5)
		time.Sleep(time.Second)
		for b.Allow() == nil {
		}
		time.Sleep(time.Second + time.Millisecond)
		for range 2 {
			if err := call(b, nil, 0); err != nil {
				t.Error(err)
			}
		}
		if b.State() != Closed {
			t.Errorf("it is %v", b.State())
		}
	})
}

func TestSwitchedOffABreakerLetsEverythingThroughAndForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var on atomic.Bool
		on.Store(true)
		b := NewBreaker(BreakerSettings{Enabled: on.Load})
		fails(b, 5)
		on.Store(false)
		if err := b.Allow(); err != nil {
			t.Fatal(err)
		}
		fails(b, 100)
		on.Store(true)
		if err := b.Allow(); err != nil || b.State() != Closed {
			t.Errorf("%v, %v", err, b.State())
		}
	})
}

func BenchmarkBreaker(b *testing.B) {
	breaker := NewBreaker(BreakerSettings{})
	b.ReportAllocs()
	for b.Loop() {
		_ = breaker.Allow()
		breaker.Record(nil, time.Microsecond)
	}
}
