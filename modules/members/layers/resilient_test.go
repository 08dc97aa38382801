package layers_test

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"testing"

	"bookvault/modules/members"
	"bookvault/modules/members/layers"
	"bookvault/platform/resilience"
)

// deskKey marks the desk's calls of these tests.
type deskKey struct{}

func ofDesk(ctx context.Context) bool { return ctx.Value(deskKey{}) != nil }

// shut gives a stack whose breaker is open.
func shut() *resilience.Stack {
	breaker := resilience.NewBreaker(resilience.BreakerSettings{MinCalls: 1, Logger: slog.New(slog.DiscardHandler)})
	_ = breaker.Allow()
	breaker.Record(errors.New("gone"), 0)
	return resilience.NewStack(resilience.StackSettings{Breaker: breaker})
}

// unguarded are the methods of a store that commands, the housekeeping and the queue call, and one that asks nothing.
var unguarded = []string{"Current", "FirstOfKind", "ForgetListTraces", "InsertMany", "Kept", "Purge", "Seen", "WriteLists"}

// Every method of the store is called before an open breaker, with nothing behind: one that gets through panics.
func TestWhoAsksForMembersPassesThePolicies(t *testing.T) {
	v := reflect.ValueOf(layers.Resilient(struct{ members.Store }{}, shut(), shut(), ofDesk))
	for i := range v.NumMethod() {
		name, m := v.Type().Method(i).Name, v.Method(i)
		args := []reflect.Value{reflect.ValueOf(t.Context())}
		for j := 1; j < m.Type().NumIn() && !(m.Type().IsVariadic() && j == m.Type().NumIn()-1); j++ {
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
		if want := slices.Contains(unguarded, name); passed != want {
			t.Errorf("%s: passed is %v", name, passed)
		}
	}
}

// quiet is a store that answers nothing at once.
type quiet struct{ members.Store }

func (quiet) ByIDs(context.Context, []int64) ([]members.Member, error) { return nil, nil }

func (quiet) Answer(ctx context.Context, _ members.Once, run func(context.Context) ([]byte, int64, error)) ([]byte, error) {
	answer, _, err := run(ctx)
	return answer, err
}

// A flood of members fills their compartment; the desk has its own. A command that asks on its way does so by its one place.
func TestTheDeskHasACompartmentOfItsOwn(t *testing.T) {
	place := func() *resilience.Bulkhead { return resilience.NewBulkhead(resilience.BulkheadSettings{Concurrent: 1}) }
	everybody, desk := place(), place()
	stack := func(b *resilience.Bulkhead) *resilience.Stack {
		return resilience.NewStack(resilience.StackSettings{Bulkhead: b})
	}
	store := layers.Resilient(quiet{}, stack(everybody), stack(desk), ofDesk)
	if _, err := everybody.Enter(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := store.ByIDs(t.Context(), nil); !errors.Is(err, resilience.ErrFull) {
		t.Errorf("a member: %v", err)
	}
	atDesk := context.WithValue(t.Context(), deskKey{}, true)
	if _, err := store.ByIDs(atDesk, nil); err != nil {
		t.Errorf("the desk: %v", err)
	}
	asked := func(ctx context.Context) ([]byte, int64, error) {
		_, err := store.ByIDs(ctx, nil)
		return nil, 0, err
	}
	if _, err := store.Answer(atDesk, members.Once{}, asked); err != nil || desk.InUse() != 0 {
		t.Errorf("a command that asks: %v; %d places are taken", err, desk.InUse())
	}
}
