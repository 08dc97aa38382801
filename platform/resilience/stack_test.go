package resilience

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"bookvault/platform/problem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func ill(err error) bool { return errors.Is(err, errIll) }

// whole is a stack with every policy.
func whole(enabled func() bool) *Stack {
	return NewStack(StackSettings{Name: "catalog", Subject: "The catalogue",
		Retry:    NewRetry(RetrySettings{Failed: ill, Enabled: enabled}),
		Breaker:  NewBreaker(BreakerSettings{Name: "catalog", Failed: ill, Enabled: enabled, Logger: slog.New(slog.DiscardHandler)}),
		Timeout:  NewTimeout(TimeoutSettings{Name: "catalog", Limit: time.Second, Enabled: enabled}),
		Bulkhead: NewBulkhead(BulkheadSettings{Concurrent: 2, Queue: 3, MaxWait: 500 * time.Millisecond, Enabled: enabled})})
}

func always() bool { return true }

func TestARefusalSaysWhatIsIllAndWhenToComeBack(t *testing.T) {
	tests := []struct {
		name  string
		ill   func(*Stack)
		is    error
		code  string
		after time.Duration
	}{
		{"an open breaker", func(s *Stack) { fails(s.Breaker(), 5) }, ErrOpen, "part_unavailable", 10 * time.Second},
		{"a full compartment", func(s *Stack) {
			for range 5 {
				go Do(context.Background(), s, slow)
			}
			synctest.Wait()
		}, ErrFull, "busy", time.Second},
		{"no answer in time", func(*Stack) {}, ErrTooSlow, "too_slow", time.Second},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := whole(always)
				test.ill(s)
				_, err := Read(t.Context(), s, slow)
				e := problem.Of(err)
				if !errors.Is(err, test.is) || e.Kind != problem.Unavailable || e.Code != test.code || (e.RetryAfter-test.after).Abs() > 10*time.Millisecond {
					t.Errorf("%v, again after %v", err, e.RetryAfter)
				}
				time.Sleep(time.Minute)
			})
		})
	}
}

// slow answers after the time of its context.
func slow(ctx context.Context) (int, error) {
	<-ctx.Done()
	return 0, ctx.Err()
}

// A failure is worded once the policies have judged it by what it was; a refusal of theirs is worded as ever.
func TestAFailureIsWordedAfterItWasJudged(t *testing.T) {
	worded := problem.New(problem.Unavailable, "database_unavailable", "Not now.")
	s := NewStack(StackSettings{Name: "catalog", Subject: "The catalogue", Breaker: NewBreaker(BreakerSettings{Failed: func(err error) bool { return err == errIll }, Logger: slog.New(slog.DiscardHandler)}),
		Explain: func(_ context.Context, err error) error { return worded.Because(err) }})
	for range 5 {
		if _, err := Do(t.Context(), s, func(context.Context) (int, error) { return 0, errIll }); !errors.Is(err, worded) || !errors.Is(err, errIll) {
			t.Fatalf("%v", err)
		}
	}
	if _, err := Do(t.Context(), s, func(context.Context) (int, error) { return 1, nil }); problem.Of(err).Code != "part_unavailable" {
		t.Errorf("after five failures: %v", err)
	}
}

func TestReadsAreMadeAnewAndCommandsAreNot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, calls := whole(always), 0
		twice := func(context.Context) (int, error) {
			if calls++; calls < 3 {
				return 0, errIll
			}
			return 7, nil
		}
		if v, err := Read(t.Context(), s, twice); v != 7 || err != nil || calls != 3 {
			t.Errorf("%d %v after %d calls", v, err, calls)
		}
		calls = 0
		if _, err := Do(t.Context(), s, twice); err != errIll || calls != 1 {
			t.Errorf("%v after %d calls", err, calls)
		}
	})
}

func TestWhatIsNotMadeAnew(t *testing.T) {
	notFound := errors.New("there is no such title")
	tests := []struct {
		name  string
		err   error
		calls int
		with  func(context.Context) context.Context
	}{
		{"what the dependency is not to blame for", notFound, 1, nil},
		{"what there is no time left for", errIll, 1, func(ctx context.Context) context.Context {
			ctx, end := context.WithTimeout(ctx, time.Nanosecond)
			context.AfterFunc(ctx, end)
			return ctx
		}},
		{"what failed three times", errIll, 3, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, calls := t.Context(), 0
				if test.with != nil {
					ctx = test.with(ctx)
				}
				_, err := Read(ctx, whole(always), func(context.Context) (int, error) { calls++; return 0, test.err })
				if !errors.Is(err, test.err) || calls != test.calls {
					t.Errorf("%v after %d calls", err, calls)
				}
			})
		})
	}
}

func TestNoAttemptGoesThroughAnOpenBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, calls := whole(always), 0
		fails(s.Breaker(), 4)
		_, err := Read(t.Context(), s, func(context.Context) (int, error) { calls++; return 0, errIll })
		if calls != 1 || !errors.Is(err, errIll) {
			t.Errorf("%d calls, %v", calls, err)
		}
	})
}

func TestRetriesAddAFifthAtMostToWhatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewStack(StackSettings{Retry: NewRetry(RetrySettings{Failed: ill})})
		var calls atomic.Int64
		var all sync.WaitGroup
		const callers, each = 50, 40
		for range callers {
			all.Go(func() {
				for range each {
					_, _ = Read(t.Context(), s, func(context.Context) (int, error) { calls.Add(1); return 0, errIll })
				}
			})
		}
		all.Wait()
		if extra := calls.Load() - callers*each; extra > callers*each/5+retriesInHand || extra < callers*each/10 {
			t.Errorf("%d calls more than the %d that were asked for", extra, callers*each)
		}
	})
}

func TestACompartmentHoldsNoMoreThanItMay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := whole(always)
		open := make(chan struct{})
		var inside, most, done, full atomic.Int64
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				_, err := Do(t.Context(), s, func(context.Context) (int, error) {
					if n := inside.Add(1); n > most.Load() {
						most.Store(n)
					}
					<-open
					inside.Add(-1)
					return 0, nil
				})
				if errors.Is(err, ErrFull) {
					full.Add(1)
				} else if err == nil {
					done.Add(1)
				}
			})
		}
		synctest.Wait()
		if s.Bulkhead().InUse() != 2 || s.Bulkhead().Waiting() != 3 || full.Load() != 15 {
			t.Errorf("%d at work, %d wait, %d were refused at once", s.Bulkhead().InUse(), s.Bulkhead().Waiting(), full.Load())
		}
		close(open)
		all.Wait()
		if done.Load() != 5 || most.Load() > 2 || s.Bulkhead().InUse() != 0 || s.Bulkhead().Waiting() != 0 {
			t.Errorf("%d done, %d at once, %d left at work", done.Load(), most.Load(), s.Bulkhead().InUse())
		}
	})
}

func TestAFullCompartmentSaysNothingOfTheDependency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := whole(always)
		fails(s.Breaker(), 5)
		time.Sleep(10 * time.Second)
		for range 2 {
			_, _ = s.Bulkhead().Enter(t.Context())
		}
		for range 10 {
			if _, err := Do(t.Context(), s, slow); !errors.Is(err, ErrFull) {
				t.Fatal(err)
			}
		}
		if s.Breaker().State() != HalfOpen {
			t.Errorf("the breaker is %v", s.Breaker().State())
		}
		s.Bulkhead().Leave()
		for range 2 {
			if _, err := Do(t.Context(), s, func(context.Context) (int, error) { return 0, nil }); err != nil {
				t.Error(err)
			}
		}
		if s.Breaker().State() != Closed {
			t.Errorf("the breaker is %v after two trials", s.Breaker().State())
		}
	})
}

func TestAPanicLeavesNoPermitBehindAndKeepsItsValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := whole(always)
		for range 5 {
			func() {
				defer func() {
					if thrown := recover(); thrown != "a defect" {
						t.Errorf("%v came out", thrown)
					}
				}()
				_, _ = Read(t.Context(), s, func(context.Context) (int, error) { panic("a defect") })
			}()
		}
		if s.Bulkhead().InUse() != 0 || s.Breaker().State() != Open {
			t.Errorf("%d places taken, breaker %v", s.Bulkhead().InUse(), s.Breaker().State())
		}
	})
}

func TestSwitchedOffTheCallIsPlain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := whole(func() bool { return false })
		var all sync.WaitGroup
		var inside atomic.Int64
		for range 50 {
			all.Go(func() {
				_, err := Read(t.Context(), s, func(context.Context) (int, error) {
					inside.Add(1)
					time.Sleep(time.Millisecond)
					return 0, errIll
				})
				if err != errIll {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if inside.Load() != 50 {
			t.Errorf("%d calls", inside.Load())
		}
		ctx, end := context.WithTimeout(t.Context(), time.Minute)
		defer end()
		if _, err := Do(ctx, s, slow); err != context.DeadlineExceeded {
			t.Errorf("after a minute: %v", err)
		}
	})
}

func BenchmarkHealthyCall(b *testing.B) {
	s := whole(always)
	plain := func(context.Context) (int, error) { return 1, nil }
	ctx, end := context.WithTimeout(b.Context(), time.Hour)
	defer end()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Read(ctx, s, plain); err != nil {
			b.Fatal(err)
		}
	}
}
