package database_test

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/database/faulttest"
	"bookvault/platform/problem"
	"bookvault/platform/resilience"
)

// through has a test's database reach one of its servers by a way that can fail.
func through(t *testing.T, way **faulttest.Path, server func(*database.Settings) *string) dbtest.Option {
	return dbtest.With(func(s *database.Settings) {
		opened, address, err := faulttest.ToPostgres(*server(s))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(opened.Close)
		*way, *server(s) = opened, address
	})
}

// guarded puts breakers before a database's servers, and hedges that may ask elsewhere each time.
func guarded(db *database.DB) (breakers map[string]*resilience.Breaker, hedging *atomic.Bool) {
	return guardedFor(db, time.Second)
}

// guardedFor has the breakers stay open for a time.
func guardedFor(db *database.DB, open time.Duration) (breakers map[string]*resilience.Breaker, hedging *atomic.Bool) {
	hedging, breakers = &atomic.Bool{}, map[string]*resilience.Breaker{}
	for _, b := range db.Guard(database.Guards{
		Breaker: func(server string) *resilience.Breaker {
			return resilience.NewBreaker(resilience.BreakerSettings{Name: server, OpenFor: open, SlowAfter: 400 * time.Millisecond, Failed: database.Gone, Logger: slog.New(slog.DiscardHandler)})
		},
		Hedge: func(what string) *resilience.Hedge {
			return resilience.NewHedge(resilience.HedgeSettings{Name: what, Budget: 1, Enabled: hedging.Load})
		},
	}) {
		breakers[b.Name()] = b
	}
	return breakers, hedging
}

func TestALateReplicaIsPassedOver(t *testing.T) {
	var way *faulttest.Path
	db := replicated(t, through(t, &way, func(s *database.Settings) *string { return &s.Replicas[0] }))
	breakers, hedging := guarded(db)
	ctx := fresh(t)
	for range 300 { // until it is known what reads usually take
		one[int](t, db.Read(ctx), "SELECT 1")
	}
	late := faulttest.Latency(600 * time.Millisecond)
	if err := way.Begin(late); err != nil {
		t.Fatal(err)
	}
	hedging.Store(true)
	begin := time.Now()
	if onReplica(t, db.Read(ctx)) {
		t.Errorf("the replica answered first, after %v", time.Since(begin))
	}
	within(t, 20*time.Second, "the replica's breaker opens", func() bool {
		one[int](t, db.Read(fresh(t)), "SELECT 1")
		return breakers["replica-1"].State() == resilience.Open
	})
	if onReplica(t, db.Read(ctx)) || breakers["primary"].State() != resilience.Closed {
		t.Errorf("the primary, whose breaker is %v, is not asked in its place", breakers["primary"].State())
	}
	if err := way.End(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	within(t, 20*time.Second, "the replica is asked again", func() bool { return onReplica(t, db.Read(fresh(t))) })
}

func TestAPrimaryThatIsGoneIsLeftAlone(t *testing.T) {
	var way *faulttest.Path
	db := dbtest.New(t, through(t, &way, func(s *database.Settings) *string { return &s.Primary }))
	breakers, _ := guarded(db)
	if err := way.Begin(faulttest.Cut); err != nil {
		t.Fatal(err)
	}
	read := func() error { var n int; return db.Read(context.Background()).Raw("SELECT 1").Scan(&n).Error }
	within(t, 20*time.Second, "the primary's breaker opens", func() bool { _ = read(); return breakers["primary"].State() == resilience.Open })
	if err := read(); problem.Of(err).Code != "database_unavailable" {
		t.Errorf("a read: %v", err)
	}
	if err := db.InTx(context.Background(), nil); problem.Of(err).Code != "database_unavailable" { // nothing is even tried
		t.Errorf("a transaction: %v", err)
	}
	if err := way.End(t.Context(), faulttest.Cut); err != nil {
		t.Fatal(err)
	}
	within(t, 20*time.Second, "it is asked again", func() bool { return read() == nil })
	within(t, 20*time.Second, "its breaker closes", func() bool { _ = read(); return breakers["primary"].State() == resilience.Closed })
}

// TestAPrimaryThatAnswersAgainIsTriedAtOnce: whoever follows the changes sees it first, and nobody waits until the breaker's time is over.
func TestAPrimaryThatAnswersAgainIsTriedAtOnce(t *testing.T) {
	var way *faulttest.Path
	db := dbtest.New(t, through(t, &way, func(s *database.Settings) *string { return &s.Primary }))
	breakers, _ := guardedFor(db, time.Hour)
	var returns atomic.Int64
	db.OnReturn(func() { returns.Add(1) })
	if err := db.Feed().Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Feed().Stop(context.Background()) })
	within(t, 20*time.Second, "changes are followed", func() bool { return db.Feed().Trusted(t.Context()) })
	read := func() error { var n int; return db.Read(context.Background()).Raw("SELECT 1").Scan(&n).Error }
	for range 2 {
		if err := way.Begin(faulttest.Cut); err != nil {
			t.Fatal(err)
		}
		within(t, 20*time.Second, "the primary's breaker opens", func() bool { _ = read(); return breakers["primary"].State() == resilience.Open })
		if err := way.End(t.Context(), faulttest.Cut); err != nil {
			t.Fatal(err)
		}
		within(t, 20*time.Second, "its breaker closes", func() bool { _ = read(); return breakers["primary"].State() == resilience.Closed })
	}
	if n := returns.Load(); n < 2 {
		t.Errorf("it came back twice, and was told of %d times", n)
	}
}
