package main

import (
	"context"
	"crypto/ed25519"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/jackc/pgx/v5"

	"bookvault/bench/harness"
	"bookvault/modules/borrowing"
	"bookvault/modules/borrowing/postgres"
	"bookvault/platform/database"
	"bookvault/platform/ledger"
)

// The goals: reading takes as long an event in a ledger of any size, and as much memory; the past is there at once; and keeping it
// costs a check-out little.
const (
	linearGoal = 1.5 // times as long an event in the whole ledger as in a quarter of it
	memoryGoal = 2.0 // times the memory
	asOfGoal   = 5.0 // ms, p95
	costGoal   = 1.15
)

// benchLedger makes a ledger of many events and one of a quarter of them, anchors, verifies and replays both, asks for the past, and
// measures what events cost a check-out.
func benchLedger(ctx context.Context, args []string, out *report) error {
	flags := flag.NewFlagSet("ledger", flag.ContinueOnError)
	events := flags.Int("events", 1_000_000, "in the ledger; the goal is set at 5,000,000")
	samples := flags.Int("samples", 2000, "questions of the past, of each kind")
	rounds := flags.Int("rounds", 7, "of check-outs with a ledger and without one, in turn")
	each := flags.Duration("each", 3*time.Second, "of such a round")
	workers := flags.Int("workers", 4, "desks at once")
	only := flags.String("only", "", "one part: reading (and the past), cost (of events, of a check-out)")
	chosenDistances := distanceFlag(flags, "PostgreSQL is, of the cost: reading is measured on loopback,")
	save := flags.String("json", "", "file for the figures")
	if err := flags.Parse(args); err != nil {
		return err
	}
	at, err := chosenDistances()
	if err != nil {
		return err
	}
	server, err := startServer(ctx, nil)
	if err != nil {
		return err
	}
	defer server.stop()
	f := &harness.Figures{Suite: out.Suite}
	out.figures = f
	if chosen(*only, "reading") {
		if err := readLedgers(ctx, server, *events, *samples, f); err != nil {
			return err
		}
		if err := f.Save(*save); err != nil {
			return err
		}
	}
	if chosen(*only, "cost") {
		if err := costOfEvents(ctx, server, lendingRounds{*rounds, *workers, *each}, at, f); err != nil {
			return err
		}
	}
	return f.Save(*save)
}

// readLedgers reads a ledger and one of a quarter of it, and compares what an event took in either.
func readLedgers(ctx context.Context, server *server, events, samples int, f *harness.Figures) error {
	var quarter, whole reading
	for _, part := range []struct {
		events int
		into   *reading
	}{{events / 4, &quarter}, {events, &whole}} {
		db, _, err := server.fresh(ctx)
		if err != nil {
			return err
		}
		*part.into, err = readLedger(ctx, db, planLedger(part.events), f)
		if err == nil && part.into == &whole {
			err = askPast(ctx, db, planLedger(part.events), samples, f)
		}
		db.Close()
		if err != nil {
			return err
		}
	}
	for _, row := range []struct {
		what         string
		whole, small float64
	}{{"verify", whole.verify, quarter.verify}, {"replay", whole.replay, quarter.replay}} {
		ratio := row.whole / row.small
		f.Add(harness.Row{Figure: row.what + ": time an event in the whole ledger", Baseline: "in a quarter of it", Value: row.whole * 1e6, Unit: "us", Ratio: ratio,
			Goal: fmt.Sprintf("<= %.1f x", linearGoal), Holds: ratio <= linearGoal})
	}
	growth := whole.memory / quarter.memory
	f.Add(harness.Row{Figure: "memory while verifying and replaying the whole", Baseline: "a quarter", Value: whole.memory / (1 << 20), Unit: "MiB", Ratio: growth,
		Goal: fmt.Sprintf("<= %.0f x", memoryGoal), Holds: growth <= memoryGoal})
	return nil
}

// reading is what one ledger took.
type reading struct {
	verify, replay float64 // seconds an event
	memory         float64 // bytes of heap at most
}

func readLedger(ctx context.Context, db *database.DB, plan ledgerPlan, f *harness.Figures) (r reading, err error) {
	begun := time.Now()
	events, err := plan.fill(ctx, db)
	if err != nil {
		return r, err
	}
	f.Note("%d events were written, each with its hash, in %s", events, time.Since(begun).Round(time.Millisecond))
	folder, err := os.MkdirTemp("", "bookvault-anchors-")
	if err != nil {
		return r, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	key := filepath.Join(folder, "key.pem")
	anchors := ledger.NewAnchors(db.Pool(), ledger.AnchorSettings{Schema: postgres.Schema, KeyFile: key, Folder: folder})
	begun = time.Now()
	if _, err := anchors.Make(ctx); err != nil {
		return r, err
	}
	f.Note("an anchor over all of them: %s", time.Since(begun).Round(time.Millisecond))
	public, err := ledger.PublicKey(key)
	if err != nil {
		return r, err
	}
	runtime.GC()
	stop := watchHeap(&r.memory)
	defer stop()
	report := &ledger.Report{}
	begun = time.Now()
	err = ledger.InSnapshot(ctx, db.Pool(), func(tx pgx.Tx) error {
		if err := ledger.New(postgres.Schema).Verify(ctx, tx, report, nil); err != nil {
			return err
		}
		return anchors.Verify(ctx, tx, []ed25519.PublicKey{public}, report, nil)
	})
	if err != nil {
		return r, err
	}
	took := time.Since(begun)
	r.verify = took.Seconds() / float64(events)
	f.Add(harness.Row{Figure: fmt.Sprintf("verify %d events, with their anchor", events), Value: took.Seconds(), Unit: "s", Goal: "nothing found", Holds: report.Intact() && report.Events == events})
	report = &ledger.Report{}
	begun = time.Now()
	if _, err := postgres.New(db).Replay(ctx, report, nil); err != nil {
		return r, err
	}
	took = time.Since(begun)
	r.replay = took.Seconds() / float64(events)
	f.Add(harness.Row{Figure: fmt.Sprintf("replay %d events into every projection", events), Value: took.Seconds(), Unit: "s", Goal: "no difference", Holds: report.Intact() && report.Events == events})
	for i, finding := range report.Findings {
		if i < 5 {
			f.Note("difference: %s", finding)
		}
	}
	return r, nil
}

// watchHeap notes the most that the heap holds, until it is stopped.
func watchHeap(most *float64) (stop func()) {
	var peak atomic.Uint64
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak.Store(max(peak.Load(), m.HeapInuse))
			select {
			case <-end:
				return
			case <-time.After(50 * time.Millisecond):
			}
		}
	}()
	return func() {
		close(end)
		<-ended
		*most = float64(peak.Load())
	}
}

// askPast asks for single things as of random instants, one after another, as a librarian would.
func askPast(ctx context.Context, db *database.DB, plan ledgerPlan, samples int, f *harness.Figures) error {
	desk := borrowing.New(postgres.New(db), benchMembers{}, benchTitles{}, borrowing.Settings{Logger: slog.New(slog.DiscardHandler)})
	ctx = asDesk(ctx)
	random := rand.New(rand.NewPCG(3, 5))
	instant := func() time.Time {
		return plan.began.Add(time.Duration(random.Int64N(int64(60 * 24 * time.Hour * lifetimes))))
	}
	for _, q := range []struct {
		what string
		ask  func() error
	}{
		{"a loan", func() error {
			_, err := desk.LoanAt(ctx, 1+random.Int64N(int64(plan.items*lifetimes)), instant())
			return err
		}},
		{"a copy", func() error {
			_, err := desk.ItemAt(ctx, fmt.Sprintf("B%d", 1+random.IntN(plan.items)), instant())
			return err
		}},
		{fmt.Sprintf("a copy with %d events", longLife), func() error { _, err := desk.ItemAt(ctx, "OLD", instant()); return err }},
		{"a member's open loans", func() error {
			_, _, err := desk.LoansAt(ctx, fmt.Sprint(1+random.IntN(plan.members)), borrowing.LoanFilter{Status: borrowing.LoanOpen, Limit: 50}, instant())
			return err
		}},
		{"a member's account", func() error {
			_, err := desk.AccountAt(ctx, fmt.Sprint(1+random.IntN(plan.members)), borrowing.ChargeFilter{Limit: 50}, instant())
			return err
		}},
	} {
		times := hdrhistogram.New(1, 60_000_000, 3)
		for range samples {
			begun := time.Now()
			if err := q.ask(); err != nil && !isNotFound(err) {
				return fmt.Errorf("ask for %s: %w", q.what, err)
			}
			_ = times.RecordValue(time.Since(begun).Microseconds()) // a minute is more than the time limit of a statement
		}
		p95 := float64(times.ValueAtQuantile(95)) / 1000
		f.Add(harness.Row{Figure: "as_of: " + q.what + ", p95", Value: p95, Unit: "ms", Spread: fmt.Sprintf("p50 %.2f, p99 %.2f", float64(times.ValueAtQuantile(50))/1000, float64(times.ValueAtQuantile(99))/1000),
			Goal: fmt.Sprintf("<= %.0f ms", asOfGoal), Holds: p95 <= asOfGoal})
	}
	return nil
}
