package coalesce

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// gate lets a test hold loads at the door.
type gate struct {
	lock  sync.Mutex
	loads [][]int
	open  chan struct{}
	fail  error
}

func (g *gate) load(ctx context.Context, keys []int) (map[int]string, error) {
	g.lock.Lock()
	g.loads = append(g.loads, keys)
	g.lock.Unlock()
	select {
	case <-g.open:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	values := map[int]string{}
	for _, k := range keys {
		if k >= 0 {
			values[k] = fmt.Sprint("value ", k)
		}
	}
	return values, g.fail
}

func (g *gate) count() int { g.lock.Lock(); defer g.lock.Unlock(); return len(g.loads) }

func until(t *testing.T, what string, true func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !true(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}

func TestWhileAWorkerIsBusyKeysGatherIntoOneLoad(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	registry := prometheus.NewRegistry()
	b := New(Settings{Workers: 1, Metrics: NewMetrics(registry, "titles")}, g.load)
	var all sync.WaitGroup
	ask := func(key int, found bool) {
		all.Go(func() {
			v, there, err := b.Get(t.Context(), key)
			if err != nil || there != found || there && v != fmt.Sprint("value ", key) {
				t.Errorf("%d: %q %v %v", key, v, there, err)
			}
		})
	}
	ask(0, true) // at once, alone
	until(t, "the first load", func() bool { return g.count() == 1 })
	for i := range 50 {
		ask(i%10, true) // ten keys, five times each; 0 again, since the load under way began before
	}
	ask(-1, false)
	until(t, "all wait", func() bool {
		b.lock.Lock()
		defer b.lock.Unlock()
		return len(b.queue) == 11 && b.s.Metrics.joined.Load() == 40
	})
	close(g.open)
	all.Wait()
	if g.count() != 2 || len(g.loads[0]) != 1 || len(g.loads[1]) != 11 {
		t.Errorf("loads of %v", g.loads)
	}
	if n, err := registry.Gather(); err != nil || len(n) != 2 {
		t.Errorf("metrics: %v %v", n, err)
	}
	if _, _, err := b.Get(t.Context(), 3); err != nil || g.count() != 3 {
		t.Errorf("idle again: %v, %d loads", err, g.count())
	}
}

func TestNobodyJoinsALoadThatBeganBeforeTheyAsked(t *testing.T) {
	var written atomic.Int64
	began, go1 := make(chan int64, 10), make(chan struct{})
	b := New(Settings{Workers: 4}, func(_ context.Context, keys []int) (map[int]int64, error) {
		read := written.Load()
		began <- read
		if read == 0 {
			<-go1
		}
		return map[int]int64{keys[0]: read}, nil
	})
	first := make(chan int64)
	go func() {
		v, _, _ := b.Get(t.Context(), 1)
		first <- v
	}()
	<-began
	written.Store(1) // the write is done before the second caller asks
	if v, _, err := b.Get(t.Context(), 1); v != 1 || err != nil {
		t.Errorf("after the write: %d %v", v, err)
	}
	close(go1)
	if v := <-first; v != 0 {
		t.Errorf("before it: %d", v)
	}
}

func TestOneCallerWhoHangsUpDoesNotFailTheOthers(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	b := New(Settings{Workers: 1}, g.load)
	gone, hangUp := context.WithCancel(t.Context())
	errs := make(chan error, 2)
	for _, ctx := range []context.Context{gone, t.Context()} {
		go func() {
			_, _, err := b.Get(ctx, 7)
			errs <- err
		}()
		until(t, "a load", func() bool { return g.count() >= 1 })
	}
	hangUp()
	if err := <-errs; !errors.Is(err, context.Canceled) {
		t.Errorf("who hung up: %v", err)
	}
	close(g.open)
	if err := <-errs; err != nil {
		t.Errorf("the other: %v", err)
	}
}

func TestAFailureIsEverybodysAndAPanicIsAFailure(t *testing.T) {
	g := &gate{open: make(chan struct{}), fail: errors.New("no database")}
	close(g.open)
	if _, _, err := New(Settings{}, g.load).Get(t.Context(), 1); !errors.Is(err, g.fail) {
		t.Errorf("%v", err)
	}
	b := New(Settings{Name: "titles"}, func(context.Context, []int) (map[int]int, error) { panic("broken") })
	for range 3 {
		if _, _, err := b.Get(t.Context(), 1); err == nil {
			t.Error("no error")
		}
	}
}

func TestALoadHasAnEndOfItsOwn(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	b := New(Settings{Timeout: 10 * time.Millisecond}, g.load)
	if _, _, err := b.Get(t.Context(), 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestTooManyWaitingKeysAreRefused(t *testing.T) {
	g := &gate{open: make(chan struct{})}
	b := New(Settings{Workers: 1, Waiting: 3}, g.load)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() { _, _, _ = b.Get(t.Context(), i) })
		until(t, "it is taken in", func() bool { b.lock.Lock(); defer b.lock.Unlock(); return g.count()+len(b.queue) == i+1 })
	}
	if _, _, err := b.Get(t.Context(), 99); !errors.Is(err, ErrFull) {
		t.Errorf("%v", err)
	}
	close(g.open)
	all.Wait()
}

func TestALoadSeesWhatEachOfItsCallersMustSee(t *testing.T) {
	type mark struct{}
	g := &gate{open: make(chan struct{})}
	merged := make(chan int, 10)
	b := New(Settings{Workers: 1, Merge: func(asked []context.Context) context.Context {
		most := 0
		for _, ctx := range asked {
			most = max(most, ctx.Value(mark{}).(int))
		}
		merged <- most
		return context.Background()
	}}, g.load)
	var all sync.WaitGroup
	for i, key := range []int{1, 2, 2, 3} {
		all.Go(func() { _, _, _ = b.Get(context.WithValue(t.Context(), mark{}, i*10), key) })
		until(t, "it waits", func() bool {
			b.lock.Lock()
			defer b.lock.Unlock()
			return g.count()+len(b.queue)+int(b.s.Metrics.joined.Load()) == i+1
		})
	}
	close(g.open)
	all.Wait()
	if first, second := <-merged, <-merged; first != 0 || second != 30 {
		t.Errorf("%d, then %d", first, second)
	}
}

func BenchmarkIdle(b *testing.B) {
	c := New(Settings{}, func(_ context.Context, keys []int) (map[int]int, error) { return map[int]int{keys[0]: 1}, nil })
	b.ReportAllocs()
	for b.Loop() {
		_, _, _ = c.Get(b.Context(), 1)
	}
}
