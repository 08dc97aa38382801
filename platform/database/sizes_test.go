package database

import (
	"fmt"
	"testing"
	"time"

	"bookvault/platform/wal"
)

func TestPoolsAreSizedByCoresAndWhatTheServerLetsIn(t *testing.T) {
	for _, c := range []struct {
		said         Sizes
		cores, limit int
		want         string // main, replica, search, background
	}{
		{Sizes{}, 2, 97, "16 16 8 4"},
		{Sizes{}, 1, 97, "10 10 4 4"},
		{Sizes{}, 32, 997, "64 64 32 4"},
		{Sizes{}, 16, 97, "23 23 11 4"}, // two fifths of what it lets in
		{Sizes{}, 2, 17, "2 2 1 4"},
		{Sizes{Main: 5, Search: 3, Background: 2}, 16, 97, "5 5 3 2"},
		{Sizes{Replica: 40}, 2, 97, "16 40 8 4"},
		{Sizes{}, 2, 0, "16 16 8 4"},
	} {
		s := derive(c.said, c.cores, c.limit)
		if got := fmt.Sprint(s.Main, s.Replica, s.Search, s.Background); got != c.want {
			t.Errorf("%+v on %d cores and a server of %d: %s, want %s", c.said, c.cores, c.limit, got, c.want)
		}
	}
}

// Of several replicas those get reads that are up, near enough, and have said so lately; each its share.
func TestReadsAreSpreadOverTheReplicasThatMayAnswer(t *testing.T) {
	s := Settings{Primary: "postgres://nobody@127.0.0.1:1/nowhere", MaxConns: 1, SearchMaxConns: 1, BackgroundMaxConns: 1}.withDefaults()
	db := &DB{shared: &shared{settings: s}}
	now, at := time.Now(), func(lsn uint64) wal.Position { return wal.Position{Timeline: 1, LSN: lsn} }
	open := func(name string, of role, p *progress) *server {
		one, err := s.openServer(name, s.Primary, of)
		if err != nil {
			t.Fatal(err)
		}
		one.progress.Store(p)
		return one
	}
	db.primary = open("primary", primaryOnly, &progress{at: at(100), asked: now, caughtUp: now})
	db.fallback = make(chan struct{}, 1)
	well := func() *progress { return &progress{at: at(100), asked: now, caughtUp: now} }
	late, silent, behind, old := well(), well(), well(), well()
	late.caughtUp = now.Add(-2 * s.ReplicaMaxLag)
	silent.asked = now.Add(-2 * time.Second)
	behind.at, old.at = at(50), wal.Position{Timeline: 0, LSN: 100}
	for i, p := range []*progress{well(), late, well(), silent, well(), nil, old, behind} {
		db.replicas = append(db.replicas, open(fmt.Sprint("replica-", i+1), standby, p))
	}
	defer db.closePools()
	r := &router{db: db}
	chosen := map[string]int{}
	for range 3000 {
		chosen[r.choose(at(100), now, nil).name]++
	}
	for _, name := range []string{"replica-1", "replica-3", "replica-5"} {
		if chosen[name] < 700 {
			t.Errorf("%s got %d of 3000", name, chosen[name])
		}
	}
	if len(chosen) != 3 {
		t.Errorf("reads went to %v", chosen)
	}
	if s := r.choose(at(101), now, nil); s != nil {
		t.Errorf("%s was asked for what it has not replayed", s.name)
	}
	db.replicas[0].downUntil.Store(now.Add(time.Second).UnixNano())
	for range 100 {
		if s := r.choose(at(100), now, nil); s == db.replicas[0] {
			t.Fatal("one that just failed was asked")
		}
	}
}
