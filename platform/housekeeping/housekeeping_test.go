package housekeeping_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/housekeeping"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func locker(db *database.DB) housekeeping.Locker {
	return func(ctx context.Context) (housekeeping.Lock, error) {
		lock, err := db.TryLock(ctx, "test")
		if lock == nil {
			return nil, err
		}
		return lock, nil
	}
}

// heap is work to do: a step takes ten of it at a time.
type heap struct{ left, batches atomic.Int64 }

func heapOf(n int64) *heap {
	h := &heap{}
	h.left.Store(n)
	return h
}

func (h *heap) step(name string) housekeeping.Step {
	return housekeeping.Step{Name: name, Run: func(context.Context) (int, error) {
		n := min(10, h.left.Load())
		h.left.Add(-n)
		h.batches.Add(1)
		return int(n), nil
	}}
}

func keeper(db *database.DB, steps ...housekeeping.Step) *housekeeping.Keeper {
	return housekeeping.New(locker(db), steps, housekeeping.Settings{Every: 5 * time.Millisecond, Standby: 5 * time.Millisecond, Logger: slog.New(slog.DiscardHandler)})
}

func killLock(t *testing.T, db *database.DB) {
	t.Helper()
	if _, err := db.Pool().Exec(t.Context(), `SELECT pg_terminate_backend(pid, 5000) FROM pg_locks WHERE locktype = 'advisory'
		AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`); err != nil {
		t.Fatal(err)
	}
}

func TestARoundGoesOnUntilNothingIsLeft(t *testing.T) {
	db, work := dbtest.New(t), heapOf(35)
	k := keeper(db, work.step("heap"))
	if !k.Round(t.Context()) || work.left.Load() != 0 || work.batches.Load() != 5 {
		t.Errorf("%d left after %d batches", work.left.Load(), work.batches.Load())
	}
	if _, steps := k.Status(); steps[0].Done != 35 || steps[0].LastSuccess.IsZero() || steps[0].LastError != nil {
		t.Errorf("status %+v", steps[0])
	}
}

func TestOneProcessAtATimeKeepsHouse(t *testing.T) {
	db := dbtest.New(t)
	a, b := keeper(db, heapOf(1).step("heap")), keeper(db, heapOf(1).step("heap"))
	for range 3 {
		if !a.Round(t.Context()) || b.Round(t.Context()) {
			t.Fatal("the second of two keepers has had a round")
		}
	}
	if here, _ := b.Status(); here {
		t.Error("the second says that it keeps house")
	}
}

func TestAnotherProcessTakesOverWhenTheLockIsLost(t *testing.T) {
	db, work := dbtest.New(t), heapOf(100)
	batches := 0
	half := housekeeping.Step{Name: "heap", Run: func(ctx context.Context) (int, error) {
		if batches++; batches == 3 {
			killLock(t, db)
		}
		return work.step("").Run(ctx)
	}}
	a, b := keeper(db, half), keeper(db, work.step("heap"))
	if a.Round(t.Context()) || work.left.Load() != 70 {
		t.Fatalf("a round went on without its lock: %d left", work.left.Load())
	}
	if !b.Round(t.Context()) || work.left.Load() != 0 {
		t.Fatalf("nobody took over: %d left", work.left.Load())
	}
	if a.Round(t.Context()) {
		t.Error("both keep house")
	}
}

func TestAStepThatFailsDoesNotStopTheOthers(t *testing.T) {
	db, before, after := dbtest.New(t), heapOf(10), heapOf(10)
	ill := true
	k := keeper(db, before.step("before"),
		housekeeping.Step{Name: "ill", Run: func(context.Context) (int, error) {
			if ill {
				return 0, errors.New("a disk named /secret is full")
			}
			return 0, nil
		}},
		housekeeping.Step{Name: "panics", Run: func(context.Context) (int, error) { panic("oops") }},
		after.step("after"))
	k.Round(t.Context())
	if before.left.Load() != 0 || after.left.Load() != 0 {
		t.Errorf("%d and %d left", before.left.Load(), after.left.Load())
	}
	detail, err := k.Health(t.Context())
	if err == nil || !strings.Contains(err.Error(), "/secret") || !strings.Contains(err.Error(), "oops") {
		t.Errorf("health: %v", err)
	}
	if list := detail["steps"].([]map[string]any); list[1]["last_error"] != "see the log" || list[1]["last_success"] != nil || list[3]["last_success"] == nil {
		t.Errorf("detail: %v", detail)
	}
	ill = false
	k.Round(t.Context())
	if _, steps := k.Status(); steps[1].LastError != nil || steps[1].Failures != 1 || steps[2].Failures != 2 {
		t.Errorf("status: %+v", steps)
	}
}

func TestTheMetricsTellHowEachStepFares(t *testing.T) {
	k := keeper(dbtest.New(t), heapOf(25).step("heap"), housekeeping.Step{Name: "ill", Run: func(context.Context) (int, error) { return 0, errors.New("ill") }})
	k.Round(t.Context())
	registry := prometheus.NewRegistry()
	registry.MustRegister(k)
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			got[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	for name, want := range map[string]float64{"done_total heap": 25, "done_total ill": 0, "failures_total heap": 0, "failures_total ill": 1, "here": 1} {
		if got["bookvault_housekeeping_"+name] != want {
			t.Errorf("%s is %v, want %v", name, got["bookvault_housekeeping_"+name], want)
		}
	}
	if got["bookvault_housekeeping_last_success_timestamp_seconds heap"] < 1e9 || got["bookvault_housekeeping_last_success_timestamp_seconds ill"] != 0 {
		t.Errorf("last successes in %v", got)
	}
}

func TestRunningKeepersHandOverAndStop(t *testing.T) {
	db := dbtest.New(t)
	var rounds [2]atomic.Int64
	var both [2]*housekeeping.Keeper
	for i := range both {
		both[i] = keeper(db, housekeeping.Step{Name: "count", Run: func(context.Context) (int, error) { rounds[i].Add(1); return 0, nil }})
		if err := both[i].Stop(t.Context()); err != nil { // before Start
			t.Fatal(err)
		}
		for range 2 {
			if err := both[i].Start(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	until := func(what string, done func() bool) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); !done(); time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatal(what)
			}
		}
	}
	until("nobody keeps house", func() bool { return rounds[0].Load()+rounds[1].Load() > 2 })
	first := slices.IndexFunc(both[:], func(k *housekeeping.Keeper) bool { here, _ := k.Status(); return here })
	for range 2 {
		if err := both[first].Stop(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	before := rounds[1-first].Load()
	until("nobody took over", func() bool { return rounds[1-first].Load() > before })
	if err := both[1-first].Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
}
