package layers_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/modules/borrowing/layers"
	"bookvault/platform/resilience"
	"bookvault/platform/resilience/resiliencetest"
)

// behind are the methods of a store that the housekeeping alone calls.
var behind = []string{"OverdueSince", "HoldsReadySince", "RedateHolds", "LoansUncollectedSince", "KeepStandings",
	"ChainLedger", "Forgettable", "Forget", "ForgetCharges", "ForgetAccount", "Historians", "ForgetMessages", "ForgetKeys", "Kept",
	"MakeNotices", "CancelNotices", "ClaimNotices", "SettleNotices", "ForgetNotices", "CountNotices", "Notice", "Notices"}

func TestTheDeskPassesThePoliciesAndTheHousekeepingDoesNot(t *testing.T) {
	shut := resiliencetest.Shut()
	slices.Sort(behind)
	if passing := resiliencetest.Passing(t.Context(), layers.Resilient(struct{ borrowing.Store }{}, shut, shut)); !slices.Equal(passing, behind) {
		t.Errorf("%v pass, and %v may", passing, behind)
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
