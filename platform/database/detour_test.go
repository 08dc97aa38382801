package database_test

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"gorm.io/gorm"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/database/faulttest"
	"bookvault/platform/problem"
	"bookvault/platform/resilience"
)

// detoured gives a database, a way apart that can fail, and the places of its detour. on says whether the detour may be taken.
func detoured(t *testing.T, db *database.DB, concurrent uint, on *bool) (way *database.DB, path *faulttest.Path, places *resilience.Bulkhead) {
	t.Helper()
	path, through, err := faulttest.ToPostgres(db.Pool().Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(path.Close)
	if way, err = db.Apart("catalog", through); err != nil {
		t.Fatal(err)
	}
	places = resilience.NewBulkhead(resilience.BulkheadSettings{Name: "catalog-detour", Concurrent: concurrent, MaxWait: time.Millisecond})
	db.Guard(database.Guards{
		Breaker: func(server string) *resilience.Breaker {
			return resilience.NewBreaker(resilience.BreakerSettings{Name: server, OpenFor: time.Second, Failed: database.Gone})
		},
		Hedge: func(string) *resilience.Hedge { return resilience.NewHedge(resilience.HedgeSettings{}) },
		Detour: func(string) database.Detour {
			return database.Detour{Places: places, Silence: 250 * time.Millisecond, Enabled: func() bool { return *on }}
		},
	})
	return way, path, places
}

// A way that is cut, breaks off or falls silent has its reads answered by the usual one, with what their readers must see.
func TestReadsTakeTheUsualWayWhileTheirsFails(t *testing.T) {
	for _, fault := range []faulttest.Fault{faulttest.Cut, faulttest.Reset, faulttest.Latency(20 * time.Second)} {
		t.Run(fault.Name, func(t *testing.T) {
			on := true
			db := replicated(t)
			way, path, _ := detoured(t, db, 4, &on)
			exec(t, db, context.Background(), `CREATE TABLE counter (n int)`)
			exec(t, db, context.Background(), `INSERT INTO counter VALUES (0)`)
			within(t, 20*time.Second, "the way is well", func() bool { return usable(t, db) == 1 })
			if n := taken(t, db); n != 0 {
				t.Fatalf("%v reads left a way that is well", n)
			}
			if err := path.Begin(fault); err != nil {
				t.Fatal(err)
			}
			for n := range 20 {
				ctx, _ := database.WithReader(t.Context(), "")
				exec(t, db, ctx, `UPDATE counter SET n = ?`, n)
				bounded, leave := context.WithTimeout(ctx, 10*time.Second)
				if read := one[int](t, way.Read(bounded), `SELECT n FROM counter`); read != n {
					t.Errorf("wrote %d and read %d", n, read)
				}
				var found int
				if err := way.Search(bounded).Raw(`SELECT n FROM counter`).Row().Scan(&found); err != nil || found != n {
					t.Errorf("wrote %d and found %d: %v", n, found, err)
				}
				leave()
			}
			if n := taken(t, db); n < 30 {
				t.Errorf("%v detours were counted", n)
			}
			within(t, 20*time.Second, "it is told of", func() bool { return usable(t, db) == 0 })
			bounded, leave := context.WithTimeout(fresh(t), 2*time.Second)
			defer leave()
			if err := way.InTx(bounded, func(tx *gorm.DB) error { return tx.Exec(`UPDATE counter SET n = -1`).Error }); err == nil {
				t.Error("a transaction took the detour")
			}
			on = false
			if err := way.Read(bounded).Raw(`SELECT n FROM counter`).Row().Scan(new(int)); err == nil {
				t.Error("switched off, a read takes it")
			}
			on = true
			if err := path.End(t.Context(), fault); err != nil {
				t.Fatal(err)
			}
			within(t, 20*time.Second, "its own way is taken again", func() bool {
				before := taken(t, db)
				one[int](t, way.Read(fresh(t)), `SELECT n FROM counter`)
				return taken(t, db) == before
			})
		})
	}
}

// As many as have places take the detour; the others hear at once that the database is busy, and the usual way has its connections.
func TestTheDetourIsNarrow(t *testing.T) {
	on := true
	db := dbtest.New(t, dbtest.With(func(s *database.Settings) { s.MaxConns = 4 }))
	way, path, places := detoured(t, db, 2, &on)
	if err := path.Begin(faulttest.Cut); err != nil {
		t.Fatal(err)
	}
	asleep, wake := context.WithCancel(t.Context())
	done := make(chan error, 2)
	for range 2 {
		go func() { done <- way.Read(asleep).Raw(`SELECT pg_sleep(60)`).Row().Scan(new(string)) }()
	}
	within(t, 20*time.Second, "both places are taken", func() bool { return places.InUse() == 2 && db.Stats()[0].InUse == 2 })
	for range 50 {
		if err := way.Read(fresh(t)).Raw(`SELECT 1`).Row().Scan(new(int)); problem.Of(err).Code != "database_busy" || database.Ill(err) {
			t.Fatalf("a third one: %v", err)
		}
	}
	if in := db.Stats()[0].InUse; in != 2 {
		t.Errorf("the detour has %d of the usual way's connections", in)
	}
	exec(t, db, fresh(t), `CREATE TABLE desk ()`)
	wake()
	for range 2 {
		if err := <-done; err == nil {
			t.Error("a read outlived its caller")
		}
	}
	within(t, 20*time.Second, "the places are given back", func() bool { return places.InUse() == 0 })
}

func taken(t *testing.T, db *database.DB) float64 {
	return series(t, db, "bookvault_database_detours_total")
}
func usable(t *testing.T, db *database.DB) float64 {
	return series(t, db, "bookvault_database_way_usable")
}

// series gives the only value of a metric.
func series(t *testing.T, db *database.DB, name string) float64 {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(db)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name && len(f.GetMetric()) == 1 {
			return f.GetMetric()[0].GetCounter().GetValue() + f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatal("there is no " + name)
	return 0
}
