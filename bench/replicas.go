package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"bookvault/bench/harness"
	"bookvault/migrations"
	"bookvault/platform/database"
	"bookvault/platform/database/faulttest"
)

// replicasBench is a primary alone and a primary with two replicas, with the same rows. Each server is held to the same share of a core,
// since otherwise they would only share the two of this machine.
type replicasBench struct {
	titles, readers, writers int
	cores                    float64
	span                     time.Duration
	rate                     float64 // reads a second, the same of both
	ways                     [2]*tier
}

// tier is one of the two.
type tier struct {
	name   string
	db     *database.DB
	shares []*harness.Share
}

const (
	alone = iota
	replicated
)

// benchReplicas measures reads that no cache answers, beside writers who write as fast as they can.
func benchReplicas(ctx context.Context, args []string, out *report) error {
	flags := flag.NewFlagSet("replicas", flag.ContinueOnError)
	b := &replicasBench{}
	flags.IntVar(&b.titles, "titles", 50_000, "titles")
	flags.IntVar(&b.readers, "readers", 16, "clients that read")
	flags.IntVar(&b.writers, "writers", 4, "clients that write, each one transaction after the other")
	flags.Float64Var(&b.cores, "cores", 0.25, "share of a core that each server is held to")
	share := flags.Float64("load", 0.5, "reads a second, as a share of what the primary alone answers while nobody writes")
	rounds := flags.Int("rounds", 6, "pairs of rounds")
	seconds := flags.Float64("seconds", 5, "of each round")
	file := flags.String("json", "", "write the rows to this file too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b.span = time.Duration(*seconds * float64(time.Second))
	house, err := faulttest.NewHouse(ctx)
	if err != nil {
		return err
	}
	defer b.end(house)
	held := error(nil)
	for way := range b.ways {
		fmt.Fprintln(os.Stderr, "making the servers …")
		notHeld, err := b.open(ctx, house, way)
		if err != nil {
			return err
		}
		held = errors.Join(held, notHeld)
	}
	figures := &harness.Figures{Suite: "replicas"}
	out.figures = figures
	var most replicasRound
	for range 2 { // the first one connects, and reads from the disk
		if most, err = b.run(ctx, alone, false); err != nil {
			return err
		}
	}
	b.rate = *share * most.reads
	var p99, writes [2][]float64
	var failed int64
	for i := range *rounds + 1 {
		for way := range b.ways {
			way := (way + i) % 2
			fmt.Fprintln(os.Stderr, "measuring", b.ways[way].name, "…")
			m, err := b.run(ctx, way, true)
			if err != nil {
				return err
			}
			failed += m.errs
			if i > 0 { // the first round warms
				p99[way], writes[way] = append(p99[way], m.p99), append(writes[way], m.writes)
			}
		}
	}
	b.figures(figures, p99, writes, failed, held)
	if err := b.decision(ctx, figures); err != nil {
		return err
	}
	figures.Note("%.0f reads a second of 20 titles each, %.0f %% of what the primary alone answers while nobody writes, timed from when each was due; %d writers, each one check-out's rows after the other.",
		b.rate, 100**share, b.writers)
	return figures.Save(*file)
}

func (b *replicasBench) figures(to *harness.Figures, p99, writes [2][]float64, failed int64, held error) {
	what := fmt.Sprintf("each server held to %g of a core", b.cores)
	if held != nil {
		what = "NOT HELD to a share of the processors, so it shows only that they are shared"
		to.Note("%v", held)
	}
	reads := harness.Ratios(p99[replicated], p99[alone])
	ratio := harness.Median(reads)
	to.Add(harness.Row{Figure: "primary and two replicas: p99 of a read, " + what, Baseline: fmt.Sprintf("primary only, %.4g ms", harness.Median(p99[alone])),
		Value: harness.Median(p99[replicated]), Unit: "ms", Ratio: ratio, Spread: harness.Spread(reads), Goal: "<= 0.7", Holds: ratio <= 0.7 && held == nil})
	more := harness.Ratios(writes[replicated], writes[alone])
	ratio = harness.Median(more)
	to.Add(harness.Row{Figure: "primary and two replicas: writes, " + what, Baseline: fmt.Sprintf("primary only, %.4g", harness.Median(writes[alone])),
		Value: harness.Median(writes[replicated]), Unit: "1/s", Ratio: ratio, Spread: harness.Spread(more), Goal: ">= 1.3 x", Holds: ratio >= 1.3 && held == nil})
	to.Add(harness.Row{Figure: "errors", Value: float64(failed), Unit: "reads and writes", Goal: "0", Holds: failed == 0})
	var all, theirs int64
	for i, s := range b.ways[replicated].db.Stats() {
		if all += s.Reads; i > 0 {
			theirs += s.Reads
		}
	}
	to.Add(harness.Row{Figure: "reads that replicas answered", Value: 100 * float64(theirs) / float64(max(all, 1)), Unit: "%"})
	for _, w := range b.ways {
		var back []string
		for _, s := range w.shares {
			back = append(back, fmt.Sprintf("%.0f %%", 100*s.HeldBack()))
		}
		if held == nil {
			to.Note("%s: held back in %s of the time.", w.name, strings.Join(back, ", "))
		}
	}
}

// open makes the servers of one way. notHeld says why they are not held to a share.
func (b *replicasBench) open(ctx context.Context, house *faulttest.House, way int) (notHeld, err error) {
	w := &tier{name: [...]string{"primary only", "primary and two replicas"}[way]}
	b.ways[way] = w
	primary, err := house.First("fsync = on\nshared_buffers = 128MB\nmax_wal_size = 4GB\n")
	if err != nil {
		return nil, err
	}
	address := faulttest.Address(primary)
	if _, err := database.Migrate(ctx, address, migrations.FS); err != nil {
		return nil, err
	}
	s := database.Settings{Primary: address, MaxConns: 24, SearchMaxConns: 1, BackgroundMaxConns: 1, Logger: slog.New(slog.DiscardHandler)}
	filling, err := database.Open(ctx, s)
	if err != nil {
		return nil, err
	}
	for _, statement := range strings.Split(replicasFill, ";\n") {
		if _, err := filling.Pool().Exec(ctx, strings.ReplaceAll(statement, "TITLES", fmt.Sprint(b.titles))); err != nil {
			filling.Close()
			return nil, fmt.Errorf("fill the tables: %w", err)
		}
	}
	filling.Close()
	hosts := []faulttest.Host{primary}
	for range way * 2 {
		replica, err := house.Standby(primary)
		if err != nil {
			return nil, err
		}
		hosts = append(hosts, replica)
		s.Replicas = append(s.Replicas, faulttest.Address(replica))
	}
	for i, host := range hosts {
		share, err := harness.NewShare(fmt.Sprintf("%d-%d", way, i), b.cores)
		if err == nil {
			w.shares = append(w.shares, share)
			err = share.Hold(host.Processes()...)
		}
		notHeld = errors.Join(notHeld, err)
	}
	w.db, err = database.Open(ctx, s)
	return notHeld, err
}

// end ends everything, and gives the shares back.
func (b *replicasBench) end(house *faulttest.House) {
	for _, w := range b.ways {
		if w != nil && w.db != nil {
			w.db.Close()
		}
	}
	house.Close()
	for _, w := range b.ways {
		if w == nil {
			continue
		}
		for _, s := range w.shares {
			if err := s.Close(); err != nil {
				fmt.Fprintln(os.Stderr, "bench:", err)
			}
		}
	}
}
