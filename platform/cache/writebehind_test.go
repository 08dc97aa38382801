package cache

import (
	"context"
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"bookvault/platform/hlc"
	"bookvault/platform/wal"
)

// dated is a text with the moment of its writing.
type dated struct {
	key  int64
	text string
	at   hlc.Time
}

func newer(have, write dated) (dated, bool) {
	if write.at.After(have.at) {
		return write, true
	}
	return have, false
}

// shelf is where values of these tests live.
type shelf struct {
	lock sync.Mutex
	kept map[int64]dated
}

func (s *shelf) load(_ context.Context, about dated) (dated, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	return s.kept[about.key], nil
}

func (s *shelf) land(d dated) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.kept[d.key], _ = newer(s.kept[d.key], d)
}

func newBehind(t *testing.T, s *shelf, change ...func(*Settings[dated])) *WriteBehind[int64, dated, dated] {
	t.Helper()
	settings := Settings[dated]{Name: "behind", MaxBytes: 4 << 20}
	for _, c := range change {
		c(&settings)
	}
	w, err := NewWriteBehind(settings, Behind[int64, dated, dated]{Key: func(d dated) int64 { return d.key }, Load: s.load, Apply: newer, Most: 100})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Close)
	return w
}

func taken(context.Context) error { return nil }

func reads(t *testing.T, w *WriteBehind[int64, dated, dated], key int64, want string) {
	t.Helper()
	if got, err := w.Get(t.Context(), dated{key: key}); err != nil || got.text != want {
		t.Errorf("%q (%v), want %q", got.text, err, want)
	}
}

func TestWhatIsWrittenBehindIsShownFromWhenTheQueueHasIt(t *testing.T) {
	s := &shelf{kept: map[int64]dated{1: {1, "old", hlc.Time{Tick: 1}}}}
	w := newBehind(t, s)
	reads(t, w, 1, "old")
	write := dated{1, "new", hlc.Time{Tick: 2}}
	if err := w.Put(t.Context(), write.at, write, func(context.Context) error {
		reads(t, w, 1, "old") // it may still be refused
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	reads(t, w, 1, "new")

	s.land(write)
	w.Invalidate(wal.Position{}, 1)
	w.Landed(write.at, write)
	reads(t, w, 1, "new")
	if w.Under() != 0 {
		t.Errorf("%d writes are under way", w.Under())
	}
}

func TestWhatTheQueueRefusesWasNeverThere(t *testing.T) {
	w := newBehind(t, &shelf{kept: map[int64]dated{1: {1, "old", hlc.Time{Tick: 1}}}})
	full := errors.New("full")
	write := dated{1, "new", hlc.Time{Tick: 2}}
	if err := w.Put(t.Context(), write.at, write, func(context.Context) error { return full }); !errors.Is(err, full) {
		t.Error(err)
	}
	reads(t, w, 1, "old")
	if w.Under() != 0 {
		t.Errorf("%d writes are under way", w.Under())
	}
}

func TestTheNewestWinsWhateverLandsFirst(t *testing.T) {
	s := &shelf{kept: map[int64]dated{}}
	w := newBehind(t, s)
	first, second, others := dated{1, "first", hlc.Time{Tick: 1}}, dated{1, "second", hlc.Time{Tick: 2}}, dated{1, "another process's", hlc.Time{Tick: 3}}
	for _, d := range []dated{second, first} {
		if err := w.Put(t.Context(), d.at, d, taken); err != nil {
			t.Fatal(err)
		}
	}
	reads(t, w, 1, "second")
	s.land(others) // newer than both, while ours are under way
	w.Invalidate(wal.Position{}, 1)
	reads(t, w, 1, "another process's")
	s.land(first)
	w.Landed(first.at, first)
	reads(t, w, 1, "another process's")
}

func TestNoMoreIsUnderWayThanMayBe(t *testing.T) {
	w := newBehind(t, &shelf{kept: map[int64]dated{}})
	for n := range int64(101) {
		d := dated{n, "x", hlc.Time{Tick: n + 1}}
		if err := w.Put(t.Context(), d.at, d, taken); (n == 100) != errors.Is(err, ErrBehind) {
			t.Errorf("write %d: %v", n, err)
		}
	}
}

func TestWhatAnotherProcessCarriedIsFoundToHaveLanded(t *testing.T) {
	s := &shelf{kept: map[int64]dated{}}
	var lock sync.Mutex
	now := time.Unix(1_700_000_000, 0)
	w := newBehind(t, s, func(c *Settings[dated]) {
		c.Clock = func() time.Time { lock.Lock(); defer lock.Unlock(); return now }
	})
	put := func(key, tick int64) {
		d := dated{key, "x", hlc.Time{Tick: tick}}
		if err := w.Put(t.Context(), d.at, d, taken); err != nil {
			t.Fatal(err)
		}
		w.all.Wait()
	}
	put(1, 1)
	put(2, 2) // which nobody carries
	s.land(dated{1, "x", hlc.Time{Tick: 1}})
	for round := range int64(3) {
		lock.Lock()
		now = now.Add(settleAfter + time.Second)
		lock.Unlock()
		put(3+round, 3+round)
	}
	w.lock.Lock()
	keys := maps.Clone(w.under)
	w.lock.Unlock()
	if keys[1] != nil || keys[2] == nil {
		t.Errorf("under way: %v", keys)
	}
}

// Readers beside writers and a queue that carries in any order: nobody is shown less than was answered before they asked.
func TestNobodyIsShownLessThanWasAnswered(t *testing.T) {
	s := &shelf{kept: map[int64]dated{}}
	w := newBehind(t, s)
	clock := hlc.New(1, nil)
	var lock sync.Mutex
	var answered hlc.Time
	queue := make(chan dated, 50)
	var carriers, others sync.WaitGroup
	for range 3 {
		carriers.Go(func() {
			for d := range queue {
				s.land(d)
				w.Invalidate(wal.Position{}, 1)
				w.Landed(d.at, d)
			}
		})
	}
	stop := make(chan struct{})
	for range 2 {
		others.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				lock.Lock()
				least := answered
				lock.Unlock()
				got, err := w.Get(t.Context(), dated{key: 1})
				if err != nil || least.After(got.at) {
					t.Errorf("shown %v (%v) after %v was answered", got.at, err, least)
					return
				}
			}
		})
	}
	for range 2000 {
		d := dated{1, "x", clock.Now()}
		if err := w.Put(t.Context(), d.at, d, func(context.Context) error { queue <- d; return nil }); err != nil {
			t.Fatal(err)
		}
		lock.Lock()
		answered = d.at
		lock.Unlock()
	}
	close(stop)
	others.Wait()
	close(queue)
	carriers.Wait()
	if w.Under() != 0 {
		t.Errorf("%d writes are under way", w.Under())
	}
}
