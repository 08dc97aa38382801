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
	titles, readers, writers, rounds int
	cores                            float64
	span                             time.Duration
	rate                             float64 // reads a second, the same of both
	ways                             [2]*tier
}

// tier is one of the two.
type tier struct {
	name   string
	hosts  []faulttest.Host // the primary first
	shares []*harness.Share

	db *database.DB // at the present distance
	far
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
	flags.IntVar(&b.rounds, "rounds", 6, "pairs of rounds")
	seconds := flags.Float64("seconds", 5, "of each round")
	chosenDistances := distanceFlag(flags, "the servers are")
	file := flags.String("json", "", "write the rows to this file too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	at, err := chosenDistances()
	if err != nil {
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
	for _, d := range at {
		if err := b.measure(ctx, d, *share, held, figures); err != nil {
			return fmt.Errorf("at %s: %w", d.name, err)
		}
	}
	figures.Note("Reads of 20 titles each, at %.0f %% of the rate that the primary alone answers from as far away while nobody writes, timed from when each was due; %d writers, each one check-out's rows after the other.",
		100**share, b.writers)
	return figures.Save(*file)
}

// measure has both read and write in turns, from as far away.
func (b *replicasBench) measure(ctx context.Context, d distance, share float64, held error, figures *harness.Figures) error {
	defer b.disconnect()
	for _, w := range b.ways {
		if err := w.connect(ctx, d); err != nil {
			return err
		}
	}
	var most replicasRound
	var err error
	for range 2 { // the first one connects, and reads from the disk
		if most, err = b.run(ctx, alone, false); err != nil {
			return err
		}
	}
	b.rate = share * most.reads
	var p99, writes [2][]float64
	var failed int64
	for i := range b.rounds + 1 {
		for way := range b.ways {
			way := (way + i) % 2
			fmt.Fprintln(os.Stderr, "measuring", b.ways[way].name, "at", d.name, "…")
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
	b.figures(figures, d, p99, writes, failed, held)
	if d.delay > 0 {
		return nil
	}
	return b.decision(ctx, figures) // which asks no server
}

func (b *replicasBench) figures(to *harness.Figures, d distance, p99, writes [2][]float64, failed int64, held error) {
	what := fmt.Sprintf("each server held to %g of a core", b.cores)
	if held != nil {
		what = "NOT HELD to a share of the processors, so it shows only that they are shared"
		to.Note("%v", held)
	}
	add := func(r harness.Row) {
		r.Distance = d.name
		to.Add(r)
	}
	reads := harness.Ratios(p99[replicated], p99[alone])
	ratio := harness.Median(reads)
	add(harness.Row{Figure: "primary and two replicas: p99 of a read, " + what, Baseline: fmt.Sprintf("primary only, %.4g ms", harness.Median(p99[alone])),
		Value: harness.Median(p99[replicated]), Unit: "ms", Ratio: ratio, Spread: harness.Spread(reads), Goal: "<= 0.7", Holds: ratio <= 0.7 && held == nil})
	more := harness.Ratios(writes[replicated], writes[alone])
	ratio = harness.Median(more)
	add(harness.Row{Figure: "primary and two replicas: writes, " + what, Baseline: fmt.Sprintf("primary only, %.4g", harness.Median(writes[alone])),
		Value: harness.Median(writes[replicated]), Unit: "1/s", Ratio: ratio, Spread: harness.Spread(more), Goal: ">= 1.3 x", Holds: ratio >= 1.3 && held == nil})
	add(harness.Row{Figure: "errors", Value: float64(failed), Unit: "reads and writes", Goal: "0", Holds: failed == 0})
	var all, theirs int64
	for i, s := range b.ways[replicated].db.Stats() {
		if all += s.Reads; i > 0 {
			theirs += s.Reads
		}
	}
	add(harness.Row{Figure: "reads that replicas answered", Value: 100 * float64(theirs) / float64(max(all, 1)), Unit: "%"})
	for _, w := range b.ways {
		var back []string
		for _, s := range w.shares {
			back = append(back, fmt.Sprintf("%.0f %%", 100*s.HeldBack()))
		}
		if held == nil {
			to.Note("%s, until %s was measured: held back in %s of the time.", w.name, d.name, strings.Join(back, ", "))
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
	filling, err := database.Open(ctx, replicasSettings(address))
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
	w.hosts = []faulttest.Host{primary}
	for range way * 2 {
		replica, err := house.Standby(primary)
		if err != nil {
			return nil, err
		}
		w.hosts = append(w.hosts, replica)
	}
	for i, host := range w.hosts {
		share, err := harness.NewShare(fmt.Sprintf("%d-%d", way, i), b.cores)
		if err == nil {
			w.shares = append(w.shares, share)
			err = share.Hold(host.Processes()...)
		}
		notHeld = errors.Join(notHeld, err)
	}
	return notHeld, nil
}

func replicasSettings(primary string, replicas ...string) database.Settings {
	return database.Settings{Primary: primary, Replicas: replicas, MaxConns: 24, SearchMaxConns: 1, BackgroundMaxConns: 1, Logger: slog.New(slog.DiscardHandler)}
}

// connect opens the way to the servers, from as far away.
func (w *tier) connect(ctx context.Context, d distance) (err error) {
	w.far = far{distance: d}
	addresses := make([]string, len(w.hosts))
	for i, host := range w.hosts {
		if addresses[i], err = w.postgres(faulttest.Address(host)); err != nil {
			return err
		}
	}
	w.db, err = database.Open(ctx, replicasSettings(addresses[0], addresses[1:]...))
	return err
}

// disconnect closes the ways to them.
func (b *replicasBench) disconnect() {
	for _, w := range b.ways {
		if w.db != nil {
			w.db.Close()
			w.db = nil
		}
		w.far.close()
	}
}

// end ends everything, and gives the shares back.
func (b *replicasBench) end(house *faulttest.House) {
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
