package layers_test

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/modules/borrowing/layers"
	"bookvault/platform/resilience"
)

var errGone = errors.New("the server is gone")

// open gives a stack whose breaker is open.
func open() *resilience.Stack {
	breaker := resilience.NewBreaker(resilience.BreakerSettings{MinCalls: 1, Logger: slog.New(slog.DiscardHandler)})
	_ = breaker.Allow()
	breaker.Record(errGone, 0)
	return resilience.NewStack(resilience.StackSettings{Breaker: breaker})
}

// behind are the methods of a store that the housekeeping alone calls.
var behind = []string{"OverdueSince", "HoldsReadySince", "RedateHolds", "LoansUncollectedSince", "KeepStandings",
	"ChainLedger", "Forgettable", "Forget", "ForgetCharges", "ForgetAccount", "Historians", "ForgetMessages", "ForgetKeys", "Kept",
	"MakeNotices", "CancelNotices", "ClaimNotices", "SettleNotices", "ForgetNotices", "CountNotices", "Notice", "Notices"}

// TestTheDeskPassesThePoliciesAndTheHousekeepingDoesNot calls every method of the store before an open breaker, with nothing behind:
// one that gets through panics.
func TestTheDeskPassesThePoliciesAndTheHousekeepingDoesNot(t *testing.T) {
	v := reflect.ValueOf(layers.Resilient(struct{ borrowing.Store }{}, open(), open()))
	for i := range v.NumMethod() {
		name, m := v.Type().Method(i).Name, v.Method(i)
		args := []reflect.Value{reflect.ValueOf(t.Context())}
		for j := 1; j < m.Type().NumIn(); j++ {
			args = append(args, reflect.Zero(m.Type().In(j)))
		}
		passed := func() (passed bool) {
			defer func() {
				if recover() != nil {
					passed = true
				}
			}()
			out := m.Call(args)
			err, _ := out[len(out)-1].Interface().(error)
			return !errors.Is(err, resilience.ErrOpen)
		}()
		if want := slices.Contains(behind, name); passed != want {
			t.Errorf("%s: passed is %v", name, passed)
		}
	}
}

// asleep is a catalogue and a members module that answer when their context ends.
type asleep struct{ calls int }

func (a *asleep) TitlesByID(ctx context.Context, _ []int64) (map[int64]string, error) {
	a.calls++
	<-ctx.Done()
	return nil, ctx.Err()
}

func (a *asleep) MembersByID(ctx context.Context, _ []int64) (map[int64]borrowing.Member, error) {
	_, err := a.TitlesByID(ctx, nil)
	return nil, err
}

func (a *asleep) MembersByCards(ctx context.Context, _ []string) (map[string]borrowing.Member, error) {
	_, err := a.TitlesByID(ctx, nil)
	return nil, err
}

func (a *asleep) MemberByCard(ctx context.Context, _ string) (borrowing.Member, error) {
	_, err := a.TitlesByID(ctx, nil)
	return borrowing.Member{}, err
}

func TestANeighbourThatSleepsIsSoonLeftAlone(t *testing.T) {
	tests := []struct {
		name string
		ask  func(context.Context, *asleep, *resilience.Stack) error
	}{
		{"titles", func(ctx context.Context, a *asleep, s *resilience.Stack) error {
			_, err := layers.Titles(a, s).TitlesByID(ctx, nil)
			return err
		}},
		{"members by id", func(ctx context.Context, a *asleep, s *resilience.Stack) error {
			_, err := layers.Members(a, s).MembersByID(ctx, nil)
			return err
		}},
		{"cards", func(ctx context.Context, a *asleep, s *resilience.Stack) error {
			_, err := layers.Members(a, s).MembersByCards(ctx, nil)
			return err
		}},
		{"a card", func(ctx context.Context, a *asleep, s *resilience.Stack) error {
			_, err := layers.Members(a, s).MemberByCard(ctx, "29001")
			return err
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := &asleep{}
				s := resilience.NewStack(resilience.StackSettings{
					Breaker: resilience.NewBreaker(resilience.BreakerSettings{Logger: slog.New(slog.DiscardHandler)}),
					Timeout: resilience.NewTimeout(resilience.TimeoutSettings{Limit: time.Second})})
				begin := time.Now()
				for i := range 100 {
					want := resilience.ErrTooSlow
					if i >= 5 {
						want = resilience.ErrOpen
					}
					if err := test.ask(t.Context(), a, s); !errors.Is(err, want) {
						t.Fatalf("call %d: %v", i, err)
					}
				}
				if took := time.Since(begin); a.calls != 5 || took != 5*time.Second {
					t.Errorf("%d calls got through, and all took %v", a.calls, took)
				}
			})
		})
	}
}
