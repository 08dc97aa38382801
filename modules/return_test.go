package modules

import (
	"context"
	"log/slog"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/modules/members"
	"bookvault/platform/config"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/database/faulttest"
	"bookvault/platform/problem"
	"bookvault/platform/resilience"
)

// Whatever is asked for when the way to the database has just been cut: nobody is told that something is wrong with the program.
func TestWithoutADatabaseNothingIsADefect(t *testing.T) {
	way, through, err := faulttest.ToPostgres(dbtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(way.Close)
	library := assembled(t, opened(t, through))
	ctx := members.AsCommand(t.Context())
	for _, s := range []*atomic.Bool{&library.Patterns.CircuitBreaker, &library.Patterns.Retry} { // each call really asks
		s.Store(false)
	}
	if err := way.Begin(faulttest.Cut); err != nil {
		t.Fatal(err)
	}
	for what, ask := range map[string]func() error{
		"a check-in": func() error {
			return second(library.Borrowing.CheckIn(ctx, borrowing.CheckIn{Barcode: "B1"}, borrowing.Order{}))
		},
		"a check-out": func() error {
			return second(library.Borrowing.CheckOut(ctx, borrowing.CheckOut{Card: "R-1", Barcode: "B1"}, borrowing.Order{}))
		},
		"an account":   func() error { return second(library.Borrowing.Account(ctx, "R-1", borrowing.ChargeFilter{Limit: 10})) },
		"a member":     func() error { return second(library.Members.Get(ctx, "R-1")) },
		"a title":      func() error { return second(library.Catalog.Book(ctx, 1025)) },
		"an author":    func() error { return second(library.Catalog.Author(ctx, 1025)) },
		"figures":      func() error { return second(library.Catalog.BookStatistics(ctx, 5)) },
		"the rules":    func() error { return second(library.Borrowing.Policy(ctx)) },
		"a completion": func() error { return second(library.Catalog.Suggest(ctx, "emma", 5)) },
		"a search":     func() error { return second(library.Catalog.Search(ctx, wordsOf(t, "emma"))) },
	} {
		if err := ask(); problem.Of(err).Kind != problem.Unavailable {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// TestWhatFailedForWantOfThePrimaryIsTriedAtOnce: the breakers of modules do not wait for their time when the database is back, though
// they stay open for ten minutes.
func TestWhatFailedForWantOfThePrimaryIsTriedAtOnce(t *testing.T) {
	way, through, err := faulttest.ToPostgres(dbtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(way.Close)
	db := opened(t, through)
	defaults, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(config.Sources{Defaults: defaults, Flags: map[string]string{"database.embedded.data": t.TempDir(),
		"patterns.cache_aside.enabled": "false", "patterns.fallback.enabled": "false", "resilience.breaker.open_for": "10m"}})
	if err != nil {
		t.Fatal(err)
	}
	library, err := Assemble(Foundations{Version: "test", Settings: settings, DB: db, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Feed().Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Feed().Stop(context.Background()) })
	titles := library.policies.For("catalog-database").Breaker()
	until := func(state resilience.State) {
		t.Helper()
		for begin := time.Now(); titles.State() != state; time.Sleep(5 * time.Millisecond) {
			if _, err := library.Catalog.Book(t.Context(), 1); time.Since(begin) > 30*time.Second {
				t.Fatalf("the breaker is %v and not %v; a title: %v", titles.State(), state, err)
			}
		}
	}
	late := faulttest.Latency(5 * time.Second)
	if err := way.Begin(late); err != nil {
		t.Fatal(err)
	}
	until(resilience.Open)
	if err := way.End(t.Context(), late); err != nil {
		t.Fatal(err)
	}
	until(resilience.Closed)
}
