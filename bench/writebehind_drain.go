package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"bookvault/bench/harness"
	"bookvault/modules/catalog"
	"bookvault/modules/catalog/layers"
	"bookvault/modules/catalog/postgres"
	"bookvault/platform/cache"
	"bookvault/platform/database"
	"bookvault/platform/hlc"
	"bookvault/platform/queue"
	"bookvault/platform/queue/aside"
)

// heldBack keeps what comes out of the queue from the database until it is let go.
type heldBack struct {
	catalog.RatingRows
	open chan struct{}
}

// WriteRatings writes once it may.
func (h heldBack) WriteRatings(ctx context.Context, list []catalog.Rating) error {
	select {
	case <-h.open:
	case <-ctx.Done():
		return ctx.Err()
	}
	return h.RatingRows.WriteRatings(ctx, list)
}

// drained: how fast a full queue empties into PostgreSQL, and how fast it filled.
func drained(ctx context.Context, records int, out *harness.Figures) error {
	_, db, stop, err := freshServer(ctx)
	if err != nil {
		return err
	}
	defer stop()
	dir, err := os.MkdirTemp("", "bookvault-bench-queue-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	q := queue.New(queue.Settings{Dir: dir, MaxBytes: 1 << 30, Refuses: database.Refused, Aside: aside.New(db), Logger: slog.New(slog.DiscardHandler)})
	clock := hlc.New(1, nil)
	rows := heldBack{postgres.New(db, catalog.SearchSettings{}), make(chan struct{})}
	ratings, kept, totals, err := layers.WriteBehind(rows, cache.Settings[catalog.Rating]{Name: "ratings"}, cache.Settings[catalog.RatingTotal]{Name: "totals"},
		layers.Behind{Queue: q, Clock: clock, Enabled: func() bool { return true }, Most: records})
	if err != nil {
		return err
	}
	defer kept.Close()
	defer totals.Close()
	if err := q.Start(ctx); err != nil {
		return err
	}
	defer func() { _ = q.Stop(context.WithoutCancel(ctx)) }()

	const members = 5000 // each title is rated by many, and each member rates many
	begun := time.Now()
	if err := rateAtOnce(ctx, ratings, records, members); err != nil {
		return err
	}
	filling := time.Since(begun).Seconds()
	begun = time.Now()
	close(rows.open)
	if err := q.Drained(ctx); err != nil {
		return err
	}
	draining := time.Since(begun).Seconds()
	var there, counted int
	if err := db.Pool().QueryRow(ctx, `SELECT (SELECT count(*) FROM catalog.ratings), (SELECT sum(ratings) FROM catalog.rating_totals)`).Scan(&there, &counted); err != nil {
		return err
	}
	if there != records || counted != records {
		return fmt.Errorf("of %d ratings %d are there, and %d are counted", records, there, counted)
	}
	rate := float64(records) / draining
	out.Add(harness.Row{Figure: fmt.Sprintf("%d ratings drained into PostgreSQL, each with its title's sums", records), Value: rate, Unit: "records/s", Goal: ">= 50000", Holds: rate >= 50_000})
	out.Add(harness.Row{Figure: "and put into the queue before, 2,000 at a time, each on disk when it is accepted", Value: float64(records) / filling, Unit: "records/s"})
	return nil
}

// rateAtOnce has so many ratings given, no two of one title by one member, with 2,000 on their way to the disk at a time.
func rateAtOnce(ctx context.Context, ratings catalog.Ratings, records, members int) error {
	const callers = 2000
	var next atomic.Int64
	errs := make([]error, callers)
	var all sync.WaitGroup
	for i := range callers {
		all.Go(func() {
			for n := next.Add(1) - 1; n < int64(records) && errs[i] == nil; n = next.Add(1) - 1 {
				book, member := 1+n/int64(members), 1+(n*7919)%int64(members)
				_, _, errs[i] = ratings.Rate(ctx, catalog.Rating{BookID: book * 1000003 % (1 << 30), MemberID: member, Stars: 1 + int(n%5)})
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
