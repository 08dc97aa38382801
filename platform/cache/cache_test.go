package cache

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bookvault/platform/wal"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

// clock is a fake one.
type clock struct {
	lock sync.Mutex
	now  time.Time
}

func (c *clock) read() time.Time { c.lock.Lock(); defer c.lock.Unlock(); return c.now }
func (c *clock) wait(d time.Duration) {
	c.lock.Lock()
	defer c.lock.Unlock()
	c.now = c.now.Add(d)
}

// truth is where values live: versions by key.
type truth struct {
	lock  sync.Mutex
	at    map[int64]int
	loads atomic.Int64
	fail  error
}

func (t *truth) load(key int64) Load[int] {
	return func(context.Context) (int, bool, error) {
		t.loads.Add(1)
		t.lock.Lock()
		defer t.lock.Unlock()
		v, there := t.at[key]
		return v, there, t.fail
	}
}

func (t *truth) set(key int64, v int) { t.lock.Lock(); defer t.lock.Unlock(); t.at[key] = v }

func aside(t *testing.T, s Settings[int]) (*Aside[int64, int], *truth, *clock) {
	t.Helper()
	now := &clock{now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
	s.Clock = now.read
	c, err := NewAside[int64](s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, &truth{at: map[int64]int{}}, now
}

// expect gets a key and compares; 0 stands for "there is none". Ristretto's queue is let drain before.
func expect(t *testing.T, a *Aside[int64, int], from *truth, key int64, want int, loads int64) {
	t.Helper()
	a.c.memory.Wait()
	v, found, err := a.Get(t.Context(), key, from.load(key))
	if err != nil || v != want || found != (want != 0) {
		t.Errorf("got %d %v %v, not %d", v, found, err, want)
	}
	if n := from.loads.Load(); n != loads {
		t.Errorf("%d loads, not %d", n, loads)
	}
}

func TestAValueIsLoadedOnceUntilItIsChanged(t *testing.T) {
	a, from, _ := aside(t, Settings[int]{})
	from.set(1, 10)
	expect(t, a, from, 1, 10, 1)
	expect(t, a, from, 1, 10, 1)
	from.set(1, 11)
	a.Invalidate(wal.Position{}, 1)
	expect(t, a, from, 1, 11, 2)
	expect(t, a, from, 2, 0, 3)
	expect(t, a, from, 2, 0, 3) // that there is none is known too
	from.set(2, 20)
	a.Invalidate(wal.Position{}, 2) // a creation says so
	expect(t, a, from, 2, 20, 4)
	from.set(1, 12)
	a.InvalidateAll(wal.Position{})
	expect(t, a, from, 1, 12, 5)
}

func TestWhatIsBeingLoadedWhenItChangesIsNotKept(t *testing.T) {
	a, from, _ := aside(t, Settings[int]{})
	from.set(1, 10)
	inside, leave := make(chan bool), make(chan bool)
	got := make(chan int)
	go func() {
		v, _, _ := a.Get(context.Background(), 1, func(ctx context.Context) (int, bool, error) {
			v, found, err := from.load(1)(ctx)
			inside <- true
			<-leave
			return v, found, err
		})
		got <- v
	}()
	<-inside
	from.set(1, 11)
	a.Invalidate(wal.Position{}, 1)
	expect(t, a, from, 1, 11, 2) // not the load that began before
	leave <- true
	if v := <-got; v != 10 {
		t.Errorf("who asked before the change got %d", v)
	}
	expect(t, a, from, 1, 11, 2)
}

func TestAValueEndsAndStandsInWhileLoadingFails(t *testing.T) {
	a, from, now := aside(t, Settings[int]{TTL: time.Minute, Keep: time.Hour, Early: -1})
	from.set(1, 10)
	expect(t, a, from, 1, 10, 1)
	a.c.memory.Wait()
	now.wait(2 * time.Minute)
	from.fail = errors.New("the database is away")
	_, _, err := a.Get(t.Context(), 1, from.load(1))
	if !errors.Is(err, from.fail) {
		t.Fatalf("%v", err)
	}
	v, found, err := a.Remembered(1, err)
	stale := &Stale{}
	if v != 10 || !found || !errors.As(err, &stale) || !errors.Is(err, from.fail) {
		t.Errorf("%d %v %v", v, found, err)
	}
	if _, _, err := a.Remembered(1, context.Canceled); !errors.Is(err, context.Canceled) || errors.As(err, &stale) {
		t.Errorf("who hung up wants no stale value: %v", err)
	}
	a.Invalidate(wal.Position{}, 1) // somebody changed it: it never stands in again
	if _, found, err := a.Remembered(1, from.fail); found || err != from.fail {
		t.Errorf("%v %v", found, err)
	}
}

func TestAValueIsLoadedAgainBeforeItEnds(t *testing.T) {
	a, from, now := aside(t, Settings[int]{TTL: 100 * time.Second, Early: 0.5})
	from.set(1, 10)
	expect(t, a, from, 1, 10, 1)
	a.c.memory.Wait()
	from.set(1, 11)
	now.wait(85 * time.Second) // it lives 90 to 110 s
	v, _, _ := a.Get(t.Context(), 1, from.load(1))
	if v != 10 {
		t.Errorf("the answer waited for the load: %d", v)
	}
	for deadline := time.Now().Add(10 * time.Second); from.loads.Load() < 2 && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	for deadline := time.Now().Add(10 * time.Second); v != 11 && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		v, _, _ = a.Get(t.Context(), 1, from.load(1))
	}
	if v != 11 {
		t.Errorf("it was not replaced: %d", v)
	}
}

func TestEqualKeysAreOneLoadAndWhoHangsUpFailsNobodyElse(t *testing.T) {
	a, _, _ := aside(t, Settings[int]{})
	leave, begun := make(chan bool), atomic.Int64{}
	load := func(ctx context.Context) (int, bool, error) {
		begun.Add(1)
		select {
		case <-leave:
			return 7, true, nil
		case <-ctx.Done():
			return 0, false, ctx.Err()
		}
	}
	gone, hangUp := context.WithCancel(t.Context())
	first := make(chan error)
	go func() {
		_, _, err := a.Get(gone, 1, load)
		first <- err
	}()
	for begun.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if v, _, err := a.Get(t.Context(), 1, load); v != 7 || err != nil {
				t.Errorf("%d %v", v, err)
			}
		})
	}
	for a.c.metrics.counts[misses].Load() < 21 {
		time.Sleep(time.Millisecond)
	}
	hangUp()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if n := begun.Load(); n != 1 {
		t.Errorf("%d loads while all of them wait", n)
	}
	close(leave)
	all.Wait()
}

func TestFailuresAndPanicsAreNotKept(t *testing.T) {
	a, from, _ := aside(t, Settings[int]{Name: "x"})
	if _, _, err := a.Get(t.Context(), 1, func(context.Context) (int, bool, error) { panic("broken") }); err == nil {
		t.Error("no error")
	}
	from.fail = errors.New("no")
	if _, _, err := a.Get(t.Context(), 1, from.load(1)); !errors.Is(err, from.fail) {
		t.Errorf("%v", err)
	}
	from.fail = nil
	from.set(1, 5)
	expect(t, a, from, 1, 5, 2)
}

func TestSwitchedOffOrNotTrustedItIsGoneAround(t *testing.T) {
	on, trusted := true, true
	a, from, _ := aside(t, Settings[int]{Enabled: func() bool { return on }, Trusted: func(context.Context) bool { return trusted }})
	from.set(1, 10)
	expect(t, a, from, 1, 10, 1)
	on = false
	expect(t, a, from, 1, 10, 2)
	on, trusted = true, false
	expect(t, a, from, 1, 10, 3)
	trusted = true
	expect(t, a, from, 1, 10, 3)
}

func TestValuesAreTheCallersOwnWhereTheyAreCopied(t *testing.T) {
	c, err := NewReadThrough[string](Settings[[]int]{Copy: func(v []int) []int { return append([]int(nil), v...) }},
		func(context.Context, string) ([]int, bool, error) { return []int{1, 2}, true, nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	for range 3 {
		v, _, _ := c.Get(t.Context(), "a")
		if v[0] != 1 {
			t.Fatalf("somebody changed it: %v", v)
		}
		v[0] = 9
		c.c.memory.Wait()
	}
}

func TestAWriteThroughIsThereForTheNextReader(t *testing.T) {
	from := &truth{at: map[int64]int{}}
	w, err := NewWriteThrough(Settings[int]{}, func(ctx context.Context, key int64) (int, bool, error) { return from.load(key)(ctx) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	write := func(v int) Load[int] {
		return func(context.Context) (int, bool, error) { from.set(1, v); return v, true, nil }
	}
	for i := 1; i <= 3; i++ {
		if _, _, err := w.Put(t.Context(), 1, write(i)); err != nil {
			t.Fatal(err)
		}
		if v, found, err := w.Get(t.Context(), 1); v != i || !found || err != nil {
			t.Errorf("%d %v %v", v, found, err)
		}
	}
	if from.loads.Load() != 0 {
		t.Errorf("%d loads", from.loads.Load())
	}
	// A write that failed may have happened: nothing is believed of the key.
	if _, _, err := w.Put(t.Context(), 1, func(context.Context) (int, bool, error) {
		from.set(1, 99)
		return 0, false, errors.New("the answer was lost")
	}); err == nil {
		t.Error("no error")
	}
	if v, _, _ := w.Get(t.Context(), 1); v != 99 {
		t.Errorf("%d", v)
	}
}

// TestNobodyEverGetsWhatWasChangedBefore is the promise of the package under load: writers count versions up, readers note the version
// before they ask, and no answer may be older, by each of the three patterns.
func TestNobodyEverGetsWhatWasChangedBefore(t *testing.T) {
	const keys, readers, writers = 50, 6, 3
	for _, pattern := range []string{"aside", "write-through"} {
		t.Run(pattern, func(t *testing.T) {
			var versions [keys]atomic.Int64 // committed
			load := func(_ context.Context, key int64) (int64, bool, error) {
				v := versions[key].Load()
				if rand.IntN(4) == 0 {
					time.Sleep(time.Duration(rand.IntN(200)) * time.Microsecond) // on its way from the database
				}
				return v, true, nil
			}
			s := Settings[int64]{MaxBytes: keys * 1300 / 2} // not all fit
			through, err := NewWriteThrough(s, load)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(through.Close)
			locks := [keys]sync.Mutex{} // a row's lock in the database
			deadline := time.Now().Add(2 * time.Second)
			var all sync.WaitGroup
			var asked atomic.Int64
			for range writers {
				all.Go(func() {
					for time.Now().Before(deadline) {
						key := rand.Int64N(keys)
						commit := func(context.Context) (int64, bool, error) {
							locks[key].Lock()
							defer locks[key].Unlock()
							return versions[key].Add(1), true, nil
						}
						if pattern == "aside" {
							_, _, _ = commit(t.Context())
							through.Invalidate(wal.Position{}, key)
						} else {
							_, _, _ = through.Put(t.Context(), key, commit)
						}
						time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
					}
				})
			}
			var acknowledged [keys]atomic.Int64 // what some writer was told is done, its invalidation too
			for range writers {
				all.Go(func() {
					for time.Now().Before(deadline) {
						key := rand.Int64N(keys)
						v := int64(0)
						commit := func(context.Context) (int64, bool, error) {
							locks[key].Lock()
							defer locks[key].Unlock()
							v = versions[key].Add(1)
							return v, true, nil
						}
						if pattern == "aside" {
							_, _, _ = commit(t.Context())
							through.Invalidate(wal.Position{}, key)
						} else {
							_, _, _ = through.Put(t.Context(), key, commit)
						}
						for old := acknowledged[key].Load(); old < v && !acknowledged[key].CompareAndSwap(old, v); old = acknowledged[key].Load() {
						}
					}
				})
			}
			for range readers {
				all.Go(func() {
					for time.Now().Before(deadline) {
						key := rand.Int64N(keys)
						least := acknowledged[key].Load()
						v, _, err := through.Get(t.Context(), key)
						if err != nil || v < least {
							t.Errorf("key %d: version %d after %d was acknowledged (%v)", key, v, least, err)
							return
						}
						asked.Add(1)
					}
				})
			}
			all.Wait()
			t.Logf("%d reads, none of them stale", asked.Load())
		})
	}
}

func TestMemoryStaysWithinItsBound(t *testing.T) {
	registry := prometheus.NewRegistry()
	a, err := NewAside[int64](Settings[[]byte]{Name: "big", MaxBytes: 1 << 20, Cost: func(b []byte) int64 { return int64(len(b)) }, Registry: registry})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Close)
	for i := range int64(1000) {
		_, _, _ = a.Get(t.Context(), i, func(context.Context) ([]byte, bool, error) { return make([]byte, 10_000), true, nil })
		if i%50 == 0 {
			a.c.memory.Wait()
		}
	}
	a.c.memory.Wait()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "bookvault_cache_bytes" {
			if bytes := f.GetMetric()[0].GetGauge().GetValue(); bytes <= 0 || bytes > 1<<20 {
				t.Errorf("%v bytes", bytes)
			}
		}
	}
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func BenchmarkHit(b *testing.B) {
	a, err := NewAside[int64](Settings[string]{})
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close()
	load := func(context.Context) (string, bool, error) { return "x", true, nil }
	_, _, _ = a.Get(b.Context(), 1, load)
	a.c.memory.Wait()
	b.ReportAllocs()
	for b.Loop() {
		_, _, _ = a.Get(b.Context(), 1, load)
	}
}
