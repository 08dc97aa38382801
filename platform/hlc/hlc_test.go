package hlc

import (
	"errors"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestMomentsOfOneClockOnlyGrow(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		wall := time.UnixMilli(1_700_000_000_000)
		clock := New(1, func() time.Time { return wall })
		var last Time
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			wall = wall.Add(time.Duration(rapid.Int64Range(-5000, 5000).Draw(t, "ms")) * time.Millisecond) // somebody sets the clock
			if rapid.Bool().Draw(t, "hears") {
				shown := Time{Tick: wall.Add(time.Duration(rapid.Int64Range(-90, 90).Draw(t, "s"))*time.Second).UnixMilli() << logicalBits, Node: 2}
				if clock.Observe(shown) == nil && shown.Tick > last.Tick {
					last = Time{Tick: shown.Tick, Node: shown.Node}
				}
			}
			now := clock.Now()
			if now.Tick <= last.Tick {
				t.Fatalf("%v after %v", now, last)
			}
			last = now
		}
	})
}

func TestAWriteAfterOneThatWasSeenIsNewerWhateverTheClocksSay(t *testing.T) {
	wall := time.UnixMilli(1_700_000_000_000)
	fast := New(1, func() time.Time { return wall.Add(30 * time.Second) })
	slow := New(2, func() time.Time { return wall })
	first := fast.Now()
	if slow.Now().After(first) {
		t.Fatal("the clocks were to differ")
	}
	if err := slow.Observe(first); err != nil {
		t.Fatal(err)
	}
	if second := slow.Now(); !second.After(first) {
		t.Errorf("%v is not after %v, which was seen before it", second, first)
	}
}

func TestABrokenClockDragsNobodyAlong(t *testing.T) {
	wall := time.UnixMilli(1_700_000_000_000)
	clock := New(1, func() time.Time { return wall })
	broken := New(2, func() time.Time { return wall.AddDate(10, 0, 0) })
	if err := clock.Observe(broken.Now()); !errors.Is(err, ErrAhead) {
		t.Errorf("a moment ten years ahead: %v", err)
	}
	if now := clock.Now().Wall(); now.Sub(wall) > time.Second {
		t.Errorf("it is %v now", now)
	}
}

func TestMomentsOfManyNodesAreAllDifferentAndOrdered(t *testing.T) {
	wall := time.UnixMilli(1_700_000_000_000)
	var lock sync.Mutex
	seen := map[Time]bool{}
	var all sync.WaitGroup
	for node := range 4 {
		clock := New(int64(node), func() time.Time { return wall })
		for range 2 {
			all.Go(func() {
				for range 1000 {
					now := clock.Now()
					lock.Lock()
					if seen[now] {
						t.Errorf("%v was made twice", now)
					}
					seen[now] = true
					lock.Unlock()
				}
			})
		}
	}
	all.Wait()
	for _, c := range []struct {
		a, b Time
		want int
	}{{Time{1, 1}, Time{2, 0}, -1}, {Time{2, 0}, Time{1, 1}, 1}, {Time{1, 1}, Time{1, 2}, -1}, {Time{1, 2}, Time{1, 2}, 0}} {
		if got := c.a.Compare(c.b); got != c.want {
			t.Errorf("%v and %v: %d", c.a, c.b, got)
		}
	}
}
