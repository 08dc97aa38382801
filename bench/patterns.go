package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"bookvault/bench/harness"
)

// lab is one run of the suite patterns: each pattern off and on in turns, in one server that is switched while it runs, on the work that it
// is for.
type lab struct {
	*faultBench
	admin   string // an administrator's token
	patron  string // a reader's
	clients int
	hot     []int64
	redis   *harness.Process
	servers map[string]*labServer
}

// benchPatterns measures them.
func benchPatterns(ctx context.Context, args []string, out *report) error {
	flags := newLabFlags("patterns", 1.5, "pattern")
	only := flags.String("only", "", "some patterns, by their names, with commas")
	chosenDistances := distanceFlag(flags.FlagSet, "PostgreSQL and Redis are")
	if err := flags.Parse(args); err != nil {
		return err
	}
	at, err := chosenDistances()
	if err != nil {
		return err
	}
	out.figures = &harness.Figures{Suite: "patterns"}
	l, stop, err := flags.open(ctx, out.figures)
	if err != nil {
		return err
	}
	defer stop()
	if chosen(*only, "logging") {
		if err := l.logging(); err != nil {
			return fmt.Errorf("logging: %w", err)
		}
	}
	if chosen(*only, "metrics") {
		l.metricLabels()
	}
	if chosen(*only, "cdn") {
		if err := l.cdn(); err != nil {
			return fmt.Errorf("cdn: %w", err)
		}
	}
	var failed []error
	for _, d := range at {
		l.distance = d
		for _, p := range labPatterns {
			if !chosen(*only, p.name) || d.delay > 0 && p.near {
				continue
			}
			fmt.Fprintln(os.Stderr, "measuring", p.name, "at", d.name, "…")
			if err := l.measure(p); err != nil { // the others can be measured all the same
				failed = append(failed, fmt.Errorf("%s at %s: %w", p.name, d.name, err))
				l.out.Note("%v", failed[len(failed)-1])
				if ctx.Err() != nil {
					return errors.Join(failed...)
				}
				l.stopServers() // whatever was switched
			}
			if err := l.out.Save(*flags.file); err != nil {
				return err
			}
		}
		l.stopServers()
	}
	l.out.Note("%d titles, %d clients that each ask again when they are answered, %d pairs of rounds of %v in turns; the load generator and PostgreSQL share the machine.", *flags.titles, l.clients, l.rounds, l.seconds)
	return errors.Join(append(failed, l.out.Save(*flags.file))...)
}

func chosen(only, name string) bool {
	return only == "" || slices.Contains(strings.Split(only, ","), name)
}

// sample is what one round showed.
type sample struct {
	*harness.Tally
	queries  float64 // of the database, a request
	bytes    float64 // of an answer's body
	ours     time.Duration
	database time.Duration // processor time in it
}

func (s sample) each(d time.Duration) float64 {
	return float64(d.Nanoseconds()) / 1000 / float64(max(1, s.Served))
}

// round loads a server once. Answers that are no success end it: refusals are not to be taken for speed.
func (l *lab) round(s *labServer, w work, seed uint64, span time.Duration) (sample, error) {
	queries := func() (float64, error) {
		reads, err := s.Metric(l.ctx, "bookvault_database_reads_total")
		if err != nil {
			return 0, err
		}
		transactions, err := s.Metric(l.ctx, "bookvault_database_transactions_total")
		return reads + transactions, err
	}
	before, err := queries()
	if err != nil {
		return sample{}, err
	}
	oursBefore, err := s.Spent()
	if err != nil {
		return sample{}, err
	}
	theirsBefore, err := l.library.DatabaseCPU()
	if err != nil {
		return sample{}, err
	}
	trial := w.trial(l, s)
	trial.Address, trial.For, trial.Seed, trial.Patience = s.Address, span, seed, 20*time.Second
	if trial.Clients == 0 {
		trial.Clients = l.clients
	}
	sizes := newSizes(trial.Clients)
	trial.Heard = sizes.heard
	tally, err := trial.Run(l.ctx)
	if err != nil {
		return sample{}, err
	}
	if tally.Served == 0 || !w.refused && tally.Served < tally.Asked*99/100 {
		return sample{}, fmt.Errorf("the load was not served: %v", tally)
	}
	if well := sizes.well.Load(); !w.refused && well < sizes.heardOf.Load()*8/10 {
		return sample{}, fmt.Errorf("only %d of %d answers are 2xx: this measures refusals", well, sizes.heardOf.Load())
	}
	after, err := queries()
	if err != nil {
		return sample{}, err
	}
	oursAfter, err := s.Spent()
	if err != nil {
		return sample{}, err
	}
	theirsAfter, err := l.library.DatabaseCPU()
	return sample{Tally: tally, queries: (after - before) / float64(tally.Served), bytes: sizes.mean(), ours: oursAfter - oursBefore, database: theirsAfter - theirsBefore}, err
}

// measure has a pattern off and on in turns.
func (l *lab) measure(p labPattern) error {
	s, err := l.server(p.server, p.settings)
	if err != nil {
		return err
	}
	if err := l.turn(s, false, p.behind...); err != nil {
		return err
	}
	switches := p.switches
	if len(switches) == 0 {
		switches = []string{p.name}
	}
	var sides [2][]sample // off, on
	for i := range l.rounds + 1 {
		for turn := range 2 {
			side := (turn + i) % 2
			if err := l.turn(s, side == 1, switches...); err != nil {
				return err
			}
			span := l.seconds
			if i == 0 {
				span = cmp.Or(p.warm, span/2)
			}
			m, err := l.round(s, p.work, uint64(i+1), span)
			if err != nil {
				return err
			}
			if i > 0 {
				sides[side] = append(sides[side], m)
			}
		}
	}
	if err := l.turn(s, true, append(slices.Clone(switches), p.behind...)...); err != nil {
		return err
	}
	l.report(p, sides)
	return nil
}

// report adds a row for each thing that the pattern is to better.
func (l *lab) report(p labPattern, sides [2][]sample) {
	for _, f := range p.figures {
		var off, on []float64
		for i := range sides[0] {
			off, on = append(off, f.of(sides[0][i])), append(on, f.of(sides[1][i]))
		}
		without, with := harness.Median(off), harness.Median(on)
		row := harness.Row{Pattern: p.name, Distance: l.distance.name, Claim: f.claim, Off: without, Figure: p.about + ": " + f.name,
			Baseline: "off: " + harness.Short(without), Value: with, Unit: f.unit}
		if without != 0 {
			ratios := harness.Ratios(on, off)
			row.Ratio, row.Spread = harness.Median(ratios), harness.Spread(ratios)
		}
		l.out.Add(row)
	}
}
