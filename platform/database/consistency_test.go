package database

import (
	"context"
	"testing"

	"bookvault/platform/wal"
)

func TestAReaderMovesForward(t *testing.T) {
	r := &Reader{}
	for _, step := range []struct{ commit, needs wal.Position }{
		{wal.Position{Timeline: 1, LSN: 100}, wal.Position{Timeline: 1, LSN: 100}},
		{wal.Position{Timeline: 1, LSN: 300}, wal.Position{Timeline: 1, LSN: 300}},
		{wal.Position{Timeline: 1, LSN: 200}, wal.Position{Timeline: 1, LSN: 300}}, // two ran at once; this one was told later
		{wal.Beyond, wal.Beyond}, // nobody knows where it went
		{wal.Position{Timeline: 1, LSN: 400}, wal.Position{Timeline: 1, LSN: 400}}, // it went before this one
		{wal.Position{Timeline: 2, LSN: 350}, wal.Position{Timeline: 2, LSN: 350}}, // after a failover
	} {
		r.advance(step.commit)
		if r.Needs() != step.needs || !r.Moved() {
			t.Errorf("after the commit at %v it needs %v, want %v", step.commit, r.Needs(), step.needs)
		}
	}
}

func TestAReadForSeveralSeesWhatEachMustSee(t *testing.T) {
	db := &DB{shared: &shared{}}
	reader := func(lsn uint64) context.Context {
		ctx, _ := WithReader(context.Background(), wal.Position{Timeline: 1, LSN: lsn}.Token())
		return ctx
	}
	gone, hangUp := context.WithCancel(reader(7))
	hangUp()
	both := db.Merge([]context.Context{reader(3), gone, reader(5)})
	if got := db.needs(both); got != (wal.Position{Timeline: 1, LSN: 7}) || both.Err() != nil {
		t.Errorf("needs %v, %v", got, both.Err())
	}
	other, _ := WithReader(context.Background(), wal.Position{Timeline: 2, LSN: 1}.Token())
	for name, asked := range map[string][]context.Context{"the primary": {reader(3), Primary(reader(3))}, "two timelines": {reader(3), other}} {
		if got := db.needs(db.Merge(asked)); got != wal.Beyond {
			t.Errorf("%s: needs %v", name, got)
		}
	}
}
