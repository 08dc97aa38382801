package resilience

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// taking makes a call that takes a time, and ends with its context.
func taking(d time.Duration, value string, err error) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		select {
		case <-time.After(d):
			return value, err
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// practised gives a hedge that has seen calls of 10 ms.
func practised(t *testing.T, s HedgeSettings) *Hedge {
	t.Helper()
	h := NewHedge(s)
	for range 200 {
		if _, err := Hedged(t.Context(), h, taking(10*time.Millisecond, "first", nil), nobody, dropNothing(t)); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func nobody(context.Context) (string, error) { return "", ErrNobodyElse }

func dropNothing(t *testing.T) func(string) {
	return func(value string) { t.Errorf("%q was thrown away", value) }
}

func TestALateReadIsAskedForElsewhere(t *testing.T) {
	broken := errors.New("broken")
	tests := []struct {
		name          string
		first, second func(context.Context) (string, error)
		value         string
		err           error
		took          time.Duration // at most
		dropped       string
	}{
		{"in time", taking(5*time.Millisecond, "first", nil), taking(0, "second", nil), "first", nil, 5 * time.Millisecond, ""},
		{"late", taking(5*time.Second, "first", nil), taking(3*time.Millisecond, "second", nil), "second", nil, 16 * time.Millisecond, "first"},
		{"late, and the second later still", taking(50*time.Millisecond, "first", nil), taking(5*time.Second, "second", nil), "first", nil, 50 * time.Millisecond, ""},
		{"late, and the second fails", taking(50*time.Millisecond, "first", nil), taking(0, "", broken), "first", nil, 50 * time.Millisecond, ""},
		{"late, and nobody else is there", taking(50*time.Millisecond, "first", nil), nobody, "first", nil, 50 * time.Millisecond, ""},
		{"late, and fails before the second answers", taking(50*time.Millisecond, "", broken), taking(90*time.Millisecond, "second", nil), "second", nil, 103 * time.Millisecond, ""},
		{"both fail", taking(50*time.Millisecond, "", broken), taking(0, "", errIll), "", broken, 50 * time.Millisecond, ""},
		{"fails at once", taking(0, "", broken), taking(0, "second", nil), "", broken, 0, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := practised(t, HedgeSettings{})
				var dropped atomic.Value
				dropped.Store("")
				begin := time.Now()
				value, err := Hedged(t.Context(), h, test.first, test.second, func(v string) { dropped.Store(v) })
				if took := time.Since(begin); value != test.value || err != test.err || took > test.took {
					t.Errorf("%q, %v after %v", value, err, took)
				}
				time.Sleep(10 * time.Second)
				if dropped.Load() != test.dropped {
					t.Errorf("%q was thrown away", dropped.Load())
				}
			})
		})
	}
}

func TestTheSecondReadsContextLivesWhileItsAnswerIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := practised(t, HedgeSettings{})
		ctx, leave := context.WithCancel(t.Context())
		var of context.Context
		_, _ = Hedged(ctx, h, taking(time.Second, "first", nil), func(ctx context.Context) (string, error) { of = ctx; return "second", nil }, func(string) {})
		time.Sleep(500 * time.Millisecond)
		if of.Err() != nil {
			t.Error("the rows of the answer were closed")
		}
		leave()
		if of.Err() == nil {
			t.Error("it outlives its caller")
		}
		time.Sleep(time.Second)
	})
}

func TestHedgesAreATwentiethAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := practised(t, HedgeSettings{Quantile: 0.1, Metrics: NewMetrics(prometheus.NewRegistry())}) // nine of ten are late, by that
		var seconds atomic.Int64
		const reads = 2000
		for n := range reads {
			_, _ = Hedged(t.Context(), h, taking(time.Duration(10+n%90)*time.Millisecond, "first", nil), func(ctx context.Context) (string, error) {
				seconds.Add(1)
				return taking(100*time.Millisecond, "second", nil)(ctx)
			}, func(string) {})
		}
		if n := seconds.Load(); n > reads/20+hedgesInHand || n < reads/25 {
			t.Errorf("%d of %d reads were asked for twice", n, reads)
		}
		if h.asked.Load() != uint64(seconds.Load()) {
			t.Errorf("%d were counted, %d were asked", h.asked.Load(), seconds.Load())
		}
	})
}

func TestNobodyIsAskedTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var on atomic.Bool
		on.Store(true)
		late := func(h *Hedge) string {
			value, _ := Hedged(t.Context(), h, taking(time.Second, "first", nil), taking(0, "second", nil), func(string) {})
			time.Sleep(time.Second)
			return value
		}
		if value := late(NewHedge(HedgeSettings{})); value != "first" {
			t.Errorf("before anything is known of times: %q", value)
		}
		h := practised(t, HedgeSettings{Enabled: on.Load})
		on.Store(false)
		if value := late(h); value != "first" {
			t.Errorf("switched off: %q", value)
		}
		on.Store(true)
		if value := late(h); value != "second" {
			t.Errorf("switched on again: %q", value)
		}
	})
}

func TestACallerWhoLeavesWaitsForNoneAndAPanicIsTheirs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := practised(t, HedgeSettings{})
		ctx, end := context.WithTimeout(t.Context(), 20*time.Millisecond)
		defer end()
		stubborn := func(context.Context) (string, error) { time.Sleep(time.Second); return "first", nil }
		var dropped atomic.Int64
		begin := time.Now()
		if _, err := Hedged(ctx, h, stubborn, stubborn, func(string) { dropped.Add(1) }); err != context.DeadlineExceeded || time.Since(begin) > 20*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(begin))
		}
		time.Sleep(2 * time.Second)
		if n := dropped.Load(); n != 2 {
			t.Errorf("%d of 2 late answers were thrown away", n)
		}
		defer func() {
			if thrown := recover(); thrown != "a defect" {
				t.Errorf("%v came out", thrown)
			}
		}()
		_, _ = Hedged(t.Context(), h, func(context.Context) (string, error) { panic("a defect") }, nobody, dropNothing(t))
	})
}

func TestTheQuantileFollowsTheTimes(t *testing.T) {
	q := newTimes(0.95)
	for i := range 1000 {
		q.add(time.Duration(i%100+1) * time.Millisecond)
	}
	if d := q.quantile(); d < 90*time.Millisecond || d > 115*time.Millisecond {
		t.Errorf("of 1 to 100 ms it is %v", d)
	}
	for range 20_000 {
		q.add(2 * time.Millisecond)
	}
	if d := q.quantile(); d < 1800*time.Microsecond || d > 2500*time.Microsecond {
		t.Errorf("after a long time of 2 ms it is %v", d)
	}
}
