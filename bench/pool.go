package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"bookvault/bench/harness"
	"bookvault/platform/database"
)

// poolServer lets in all the clients of the yardstick at once.
var poolServer = map[string]string{"max_connections": "620"}

// benchPool measures 500 clients on the tuned pool against the same on database/sql's defaults: as many connections as callers, two of
// them kept.
func benchPool(ctx context.Context, args []string, out *report) error {
	flags := flag.NewFlagSet("pool", flag.ContinueOnError)
	clients := flags.Int("clients", 500, "clients, each with one read after the other")
	rounds := flags.Int("rounds", 6, "pairs of rounds")
	seconds := flags.Float64("seconds", 5, "of each round")
	chosenDistances := distanceFlag(flags, "PostgreSQL is")
	file := flags.String("json", "", "write the rows to this file too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	at, err := chosenDistances()
	if err != nil {
		return err
	}
	s, err := startServer(ctx, poolServer)
	if err != nil {
		return err
	}
	defer s.stop()
	near, dsn, err := s.fresh(ctx)
	if err != nil {
		return err
	}
	_, err = near.Pool().Exec(ctx, `CREATE TABLE public.pool_bench AS SELECT n AS id, repeat('x', 500) AS text FROM generate_series(1, 100000) n; CREATE UNIQUE INDEX ON public.pool_bench (id)`)
	near.Close()
	if err != nil {
		return err
	}
	b := &poolBench{dsn: dsn, clients: *clients, rounds: *rounds, span: time.Duration(*seconds * float64(time.Second)), out: &harness.Figures{Suite: "pool"}}
	out.figures = b.out
	for _, d := range at {
		if err := b.measure(ctx, d); err != nil {
			return fmt.Errorf("at %s: %w", d.name, err)
		}
	}
	return b.out.Save(*file)
}

// poolBench is one run of the suite.
type poolBench struct {
	dsn             string
	clients, rounds int
	span            time.Duration // of a round
	out             *harness.Figures
}

// poolWay is one of the two pools: read reads a text, and wait too, but gives the time until it had its connection.
type poolWay struct {
	name string
	read func(ctx context.Context, id int64) error
	wait func(ctx context.Context, id int64) (time.Duration, error)
}

const poolQuestion = `SELECT text FROM public.pool_bench WHERE id = `

// onTuned reads on the pool as BookVault has it.
func onTuned(db *database.DB) poolWay {
	return poolWay{"tuned", func(ctx context.Context, id int64) error {
		ctx, _ = database.WithReader(ctx, "")
		var text string
		return db.Read(ctx).Raw(poolQuestion+"?", id).Row().Scan(&text)
	}, func(ctx context.Context, id int64) (time.Duration, error) {
		asked := time.Now()
		conn, err := db.Pool().Acquire(ctx)
		waited := time.Since(asked)
		if err != nil {
			return waited, err
		}
		defer conn.Release()
		var text string
		return waited, conn.QueryRow(ctx, poolQuestion+"$1", id).Scan(&text)
	}}
}

// onDefaults reads on database/sql as it comes, until it is closed.
func onDefaults(c pgx.ConnConfig) (way poolWay, done func() error) {
	db := stdlib.OpenDB(c)
	return poolWay{"database/sql's defaults", func(ctx context.Context, id int64) error {
		var text string
		return db.QueryRowContext(ctx, poolQuestion+"$1", id).Scan(&text)
	}, func(ctx context.Context, id int64) (time.Duration, error) {
		asked := time.Now()
		conn, err := db.Conn(ctx)
		waited := time.Since(asked)
		if err != nil {
			return waited, err
		}
		defer func() { _ = conn.Close() }()
		var text string
		return waited, conn.QueryRowContext(ctx, poolQuestion+"$1", id).Scan(&text)
	}}, db.Close
}

// measure has both read in turns, at a distance.
func (b *poolBench) measure(ctx context.Context, d distance) error {
	way := far{distance: d}
	defer way.close()
	address, err := way.postgres(b.dsn)
	if err != nil {
		return err
	}
	tuned, err := database.Open(ctx, database.Settings{Primary: address})
	if err != nil {
		return err
	}
	defer tuned.Close()
	c, err := pgx.ParseConfig(address)
	if err != nil {
		return err
	}
	plain, done := onDefaults(*c)
	defer func() { _ = done() }()
	ways := []poolWay{onTuned(tuned), plain}
	var p99, rate, waits [2][]float64
	var errs [2]atomic.Int64
	for i := range b.rounds + 1 {
		for way := range ways {
			way := (way + i) % 2
			fmt.Fprintln(os.Stderr, "measuring", ways[way].name, "at", d.name, "…")
			times, took := clientsRead(ctx, b.clients, b.span, wholeRead(ways[way].read), &errs[way])
			waited, _ := clientsRead(ctx, b.clients, b.span/2, ways[way].wait, &errs[way])
			if i > 0 { // the first round warms
				waits[way] = append(waits[way], waited.Mean()/1000)
				p99[way] = append(p99[way], float64(times.ValueAtQuantile(99))/1000)
				rate[way] = append(rate[way], float64(times.TotalCount())/took.Seconds())
			}
		}
	}
	add := func(r harness.Row) {
		r.Distance = d.name
		b.out.Add(r)
	}
	ratios := harness.Ratios(p99[0], p99[1])
	ratio := harness.Median(ratios)
	add(harness.Row{Figure: fmt.Sprintf("%d clients, p99 of a read", b.clients), Baseline: fmt.Sprintf("database/sql's defaults, %.4g ms", harness.Median(p99[1])),
		Value: harness.Median(p99[0]), Unit: "ms", Ratio: ratio, Spread: harness.Spread(ratios), Goal: "<= 0.5", Holds: ratio <= 0.5})
	rates := harness.Ratios(rate[0], rate[1])
	add(harness.Row{Figure: "reads a second", Baseline: harness.Short(harness.Median(rate[1])), Value: harness.Median(rate[0]), Unit: "1/s", Ratio: harness.Median(rates), Spread: harness.Spread(rates)})
	waited := harness.Ratios(waits[0], waits[1])
	add(harness.Row{Figure: "until a read has its connection, mean", Baseline: fmt.Sprintf("%.4g ms", harness.Median(waits[1])), Value: harness.Median(waits[0]), Unit: "ms",
		Ratio: harness.Median(waited), Spread: harness.Spread(waited)})
	for way, n := range []int64{errs[0].Load(), errs[1].Load()} {
		row := harness.Row{Figure: "errors, " + ways[way].name, Value: float64(n), Unit: "reads"}
		if way == 0 {
			row.Goal, row.Holds = "0", n == 0
		}
		add(row)
	}
	b.out.Note("At %s: the server lets %s in, so that both can run. %s.", d.name, poolServer["max_connections"], tuned.Sizes())
	return nil
}

// wholeRead gives the time of a whole read.
func wholeRead(read func(context.Context, int64) error) func(context.Context, int64) (time.Duration, error) {
	return func(ctx context.Context, id int64) (time.Duration, error) {
		asked := time.Now()
		err := read(ctx, id)
		return time.Since(asked), err
	}
}

// clientsRead has clients read, each one after the other, and gives what each read told, in microseconds.
func clientsRead(ctx context.Context, clients int, span time.Duration, read func(context.Context, int64) (time.Duration, error), errs *atomic.Int64) (*hdrhistogram.Histogram, time.Duration) {
	begun := time.Now()
	end := begun.Add(span)
	all := hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)
	var mu sync.Mutex
	var group sync.WaitGroup
	for c := range clients {
		group.Go(func() {
			mine := hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)
			for id := int64(c + 1); time.Now().Before(end) && ctx.Err() == nil; id = (id*31)%100_000 + 1 {
				told, err := read(ctx, id)
				if err != nil {
					errs.Add(1)
				}
				_ = mine.RecordValue(max(1, told.Microseconds())) // beyond a minute is beyond the scale
			}
			mu.Lock()
			all.Merge(mine)
			mu.Unlock()
		})
	}
	group.Wait()
	return all, time.Since(begun)
}
