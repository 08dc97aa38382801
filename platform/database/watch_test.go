package database

import (
	"testing"
	"time"

	"bookvault/platform/wal"
)

func TestHowOldAReplicasPositionIs(t *testing.T) {
	begun := time.Unix(1_000, 0)
	at := func(ms int) time.Time { return begun.Add(time.Duration(ms) * time.Millisecond) }
	var h history
	if got := h.caughtUp(wal.Position{Timeline: 1, LSN: 500}); !got.IsZero() {
		t.Errorf("without any look at the primary: %v", got)
	}
	h.add(at(0), wal.Position{Timeline: 1, LSN: 100})
	h.add(at(50), wal.Position{Timeline: 1, LSN: 200})
	h.add(at(100), wal.Position{Timeline: 1, LSN: 200}) // it stands still
	h.add(at(150), wal.Position{Timeline: 1, LSN: 300})
	for _, c := range []struct {
		replayed uint64
		want     time.Time
	}{{99, time.Time{}}, {100, at(0)}, {199, at(0)}, {200, at(100)}, {299, at(100)}, {300, at(150)}, {400, at(150)}} {
		if got := h.caughtUp(wal.Position{Timeline: 1, LSN: c.replayed}); !got.Equal(c.want) {
			t.Errorf("replayed %d: caught up at %v, want %v", c.replayed, got, c.want)
		}
	}
	h.add(at(200), wal.Position{Timeline: 2, LSN: 310})
	if got := h.caughtUp(wal.Position{Timeline: 1, LSN: 400}); !got.IsZero() {
		t.Errorf("on the old timeline: %v", got)
	}
	if got := h.caughtUp(wal.Position{Timeline: 2, LSN: 310}); !got.Equal(at(200)) {
		t.Errorf("on the new timeline: %v", got)
	}
}

func TestTheHistoryIsBounded(t *testing.T) {
	var h history
	for i := range 10 * longestHistory {
		h.add(time.Unix(int64(i), 0), wal.Position{Timeline: 1, LSN: uint64(i + 1)})
	}
	if len(h.points) > longestHistory {
		t.Errorf("%d points", len(h.points))
	}
	if got := h.caughtUp(wal.Position{Timeline: 1, LSN: 10 * longestHistory}); got.Unix() != 10*longestHistory-1 {
		t.Errorf("the newest is from %v", got)
	}
	if got := h.caughtUp(wal.Position{Timeline: 1, LSN: 1}); !got.IsZero() {
		t.Errorf("what is forgotten is from %v", got)
	}
}
