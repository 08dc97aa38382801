package cache

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"bookvault/platform/wal"
)

func TestClosingEndsLoadsAndThenEverybodyGoesAround(t *testing.T) {
	a, from, _ := aside(t, Settings[int]{})
	from.set(1, 10)
	expect(t, a, from, 1, 10, 1)
	begun, failed := make(chan bool), make(chan error)
	go func() {
		_, _, err := a.Get(context.Background(), 2, func(ctx context.Context) (int, bool, error) {
			close(begun)
			<-ctx.Done()
			return 0, false, ctx.Err()
		})
		failed <- err
	}()
	<-begun
	closed := make(chan bool)
	go func() { a.Close(); a.Close(); close(closed) }()
	if err := <-failed; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	<-closed
	for i := range 2 {
		if v, found, err := a.Get(t.Context(), 1, from.load(1)); v != 10 || !found || err != nil || from.loads.Load() != int64(2+i) {
			t.Errorf("%d %v %v after %d loads", v, found, err, from.loads.Load())
		}
	}
	a.Invalidate(wal.Position{}, 1)
	a.InvalidateAll(wal.Position{})
	if _, found, err := a.Remembered(1, from.fail); found || err != from.fail {
		t.Errorf("%v %v", found, err)
	}
	many, err := a.GetMany(t.Context(), []int64{1}, func(context.Context, []int64) (map[int64]int, error) { return map[int64]int{1: 7}, nil })
	if err != nil || many[1] != 7 {
		t.Errorf("%v %v", many, err)
	}
}

func TestEarlyLoadsAreOneAKeyAndFewAtOnce(t *testing.T) {
	a, from, now := aside(t, Settings[int]{TTL: 100 * time.Second, Early: 0.5})
	const keys = 3 * refreshesAtMost
	for key := range int64(keys) {
		from.set(key, 10)
		_, _, _ = a.Get(t.Context(), key, from.load(key))
	}
	a.c.memory.Wait()
	now.wait(85 * time.Second) // they live 90 to 110 s
	renewals, leave := atomic.Int64{}, make(chan bool)
	hit := func(key int64) {
		_, _, _ = a.Get(t.Context(), key, func(context.Context) (int, bool, error) {
			renewals.Add(1)
			<-leave
			return 0, false, errors.New("no")
		})
	}
	for range 500 {
		hit(0)
	}
	until(t, "a renewal", func() bool { return renewals.Load() == 1 })
	for key := range int64(keys) {
		hit(key)
	}
	until(t, "as many renewals as may be", func() bool { return renewals.Load() == refreshesAtMost })
	hit(keys - 1)
	if n, behind := renewals.Load(), a.c.behind.Load(); n != refreshesAtMost || behind != refreshesAtMost {
		t.Errorf("%d renewals, %d behind", n, behind)
	}
	close(leave)
	until(t, "all ended", func() bool { return a.c.behind.Load() == 0 })
	hit(0)
	until(t, "a failed one is tried again", func() bool { return renewals.Load() == refreshesAtMost+1 })
}

func TestAHitAllocatesNothing(t *testing.T) {
	numbers, from, _ := aside(t, Settings[int]{})
	load := from.load(1)
	from.set(1, 10)
	expect(t, numbers, from, 1, 10, 1)
	words, err := NewAside[string](Settings[string]{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(words.Close)
	word := func(context.Context) (string, bool, error) { return "x", true, nil }
	_, _, _ = words.Get(t.Context(), "key", word)
	words.c.memory.Wait()
	ctx := t.Context()
	for name, hit := range map[string]func(){
		"number": func() { _, _, _ = numbers.Get(ctx, 1, load) },
		"word":   func() { _, _, _ = words.Get(ctx, "key", word) },
	} {
		if n := testing.AllocsPerRun(1000, hit); n >= 1 { // ristretto's record of what is asked for takes one in 64
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}
