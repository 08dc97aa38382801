package layers_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"bookvault/modules/members"
	"bookvault/modules/members/layers"
	"bookvault/platform/resilience"
	"bookvault/platform/resilience/resiliencetest"
)

// deskKey marks the desk's calls of these tests.
type deskKey struct{}

func ofDesk(ctx context.Context) bool { return ctx.Value(deskKey{}) != nil }

// unguarded are the methods of a store that commands, the housekeeping and the queue call, and one that asks nothing.
var unguarded = []string{"Current", "FirstOfKind", "ForgetListTraces", "InsertMany", "Kept", "Purge", "Seen", "WriteLists"}

func TestWhoAsksForMembersPassesThePolicies(t *testing.T) {
	shut := resiliencetest.Shut()
	if passing := resiliencetest.Passing(t.Context(), layers.Resilient(struct{ members.Store }{}, shut, shut, ofDesk)); !slices.Equal(passing, unguarded) {
		t.Errorf("%v pass, and %v may", passing, unguarded)
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
