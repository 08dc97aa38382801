package modules

import (
	"context"
	"log/slog"
	"os"
	"testing"
	"time"

	"bookvault/platform/config"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/database/faulttest"
	"bookvault/platform/resilience"
)

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
