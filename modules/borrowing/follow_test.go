package borrowing_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"bookvault/modules/borrowing"
)

// copied is a copy of the counts elsewhere, as the catalogue's.
type copied struct {
	sync.Mutex
	counts map[int64]borrowing.Availability
	ill    bool
}

func (c *copied) take(_ context.Context, list []borrowing.Availability) error {
	c.Lock()
	defer c.Unlock()
	if c.ill {
		return errors.New("ill")
	}
	for _, a := range list {
		if old := c.counts[a.BookID]; old.Version > a.Version {
			return fmt.Errorf("title %d: version %d after %d", a.BookID, a.Version, old.Version)
		}
		c.counts[a.BookID] = a
	}
	return nil
}

func (c *copied) of(title int) borrowing.Availability {
	c.Lock()
	defer c.Unlock()
	return c.counts[book(title)]
}

func TestTheCatalogueHearsOfEveryTitleAlsoAfterItWasIll(t *testing.T) {
	l := opened(t, 8)
	copy := &copied{counts: map[int64]borrowing.Availability{}, ill: true}
	relay := l.store.Relay("catalogue", 20*time.Millisecond, slog.New(slog.DiscardHandler), borrowing.FollowAvailability(l.store.Availability, copy.take))
	must(t, relay.Start(t.Context()))
	t.Cleanup(func() { must(t, relay.Stop(context.Background())) })
	for i := range 12 {
		l.add(fmt.Sprintf("B%d", i), i%3+1)
	}
	copy.Lock()
	copy.ill = false
	copy.Unlock()
	atOnce(8, func(i int) error {
		for k := range 3 {
			_, _ = l.CheckOut(patron(int64(i+1)), borrowing.CheckOut{BookID: book(k + 1)}, borrowing.Order{})
			_, _ = l.CheckIn(desk(), borrowing.CheckIn{Barcode: fmt.Sprintf("B%d", (i+k)%12)}, borrowing.Order{})
		}
		return nil
	})
	want, err := l.Availability(desk(), []int64{book(1), book(2), book(3)})
	must(t, err)
	deadline := time.Now().Add(20 * time.Second)
	for n := 0; n < 3; {
		if copy.of(n+1) == want[n] {
			n++
		} else if time.Now().After(deadline) {
			t.Fatalf("title %d: %+v, want %+v", n+1, copy.of(n+1), want[n])
		} else {
			relay.Nudge()
			time.Sleep(5 * time.Millisecond)
		}
	}
	l.consistent()
}
