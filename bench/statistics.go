package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/bench/harness"
)

// benchStatistics measures figures from the materialized views against reckoning them for each answer.
func benchStatistics(ctx context.Context, args []string, out *report) error {
	b, save, stop, err := openSearch(ctx, "statistics", args, out)
	if err != nil {
		return err
	}
	defer stop()
	if err := b.refreshed(); err != nil {
		return err
	}
	kept, err := b.library.Serve(ctx, "kept", append(off("gateway_cache"), primaryOnly)...)
	if err != nil {
		return err
	}
	defer kept.Stop()
	live, err := b.library.Serve(ctx, "live", append(off("gateway_cache", "materialized_views"), primaryOnly, "BOOKVAULT_RESILIENCE_SEARCH_TIMEOUT=60s",
		"BOOKVAULT_RESILIENCE_SEARCH_SLOW_AFTER=60s", "BOOKVAULT_DATABASE_STATEMENT_TIMEOUT=60s", "BOOKVAULT_SERVER_REQUEST_TIMEOUT=60s")...)
	if err != nil {
		return err
	}
	defer live.Stop()
	for _, path := range []string{"/api/catalog/v1/statistics", "/api/borrowing/v1/most-borrowed?period=year"} {
		fmt.Fprintln(os.Stderr, "measuring", path, "…")
		ask := func(p *harness.Process, patience time.Duration) (float64, error) {
			r, err := harness.Load{Address: p.Address, Clients: 1, For: patience, Seed: 1, Next: func(*rand.Rand) []byte { return harness.Get(p.Address, path) }, Check: notEmpty}.Run(ctx)
			return r.Percentile(50), err
		}
		var ones, others []float64
		for range b.rounds {
			one, err := ask(kept, time.Second)
			if err != nil {
				return err
			}
			other, err := ask(live, time.Second)
			if err != nil {
				return err
			}
			ones, others = append(ones, one), append(others, other)
		}
		ratios := harness.Ratios(others, ones)
		ratio := harness.Median(ratios)
		row := harness.Row{Figure: path + ", p50 from the view", Baseline: fmt.Sprintf("live SQL, %.4g ms", harness.Median(others)), Value: harness.Median(ones), Unit: "ms",
			Ratio: ratio, Spread: harness.Spread(ratios)}
		if path == "/api/catalog/v1/statistics" { // the synthetic library has no loans, so the other says nothing
			row.Goal, row.Holds = ">= 20 x", ratio >= 20
		}
		b.out.Add(row)
	}
	return save()
}

// refreshed waits until the library's own server has refreshed all views.
func (b *searchBench) refreshed() error {
	conn, err := pgx.Connect(b.ctx, b.library.Primary)
	if err != nil {
		return err
	}
	defer conn.Close(b.ctx)
	for begun := time.Now(); ; {
		var missing int
		var longest float64
		if err := conn.QueryRow(b.ctx, `SELECT count(*) FILTER (WHERE as_of IS NULL), coalesce(max(extract(epoch FROM took)), 0)::float8 FROM reports.views`).Scan(&missing, &longest); err != nil {
			return err
		}
		if missing == 0 {
			b.out.Add(harness.Row{Figure: "the longest refresh", Value: longest, Unit: "s"})
			return nil
		}
		if time.Since(begun) > 10*time.Minute {
			return errors.New("the views were not refreshed within ten minutes")
		}
		select {
		case <-b.ctx.Done():
			return b.ctx.Err()
		case <-time.After(time.Second):
		}
	}
}
