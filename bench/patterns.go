package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"bookvault/bench/harness"
	"bookvault/platform/database/faulttest"
)

// lab is one run of the suite patterns: each pattern off and on in turns, in one server that is switched while it runs, on the work that it
// is for.
type lab struct {
	*faultBench
	admin    string // an administrator's token
	patron   string // a reader's
	clients  int
	hot      []int64
	redis    *harness.Process
	distance distance
	servers  map[string]*labServer
}

// distance is how far a server's dependencies are away.
type distance struct {
	name  string
	delay time.Duration // of each answer; 0: loopback as it is
}

var distances = []distance{{"loopback", 0}, {"1 ms", time.Millisecond}, {"10 ms", 10 * time.Millisecond}}

// benchPatterns measures them.
func benchPatterns(ctx context.Context, args []string, out *report) error {
	flags := newLabFlags("patterns", 1.5, "pattern")
	only := flags.String("only", "", "some patterns, by their names, with commas")
	far := flags.String("distances", "loopback,1 ms,10 ms", "how far PostgreSQL and Redis are away")
	if err := flags.Parse(args); err != nil {
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
	for _, d := range distances {
		if !slices.Contains(strings.Split(*far, ","), d.name) {
			continue
		}
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

// prepare makes what all servers share: a token that may switch, hot titles, a Redis.
func (l *lab) prepare() (err error) {
	token, err := exec.CommandContext(l.ctx, l.library.Program, "token", "--role", "administrator", "--data", l.library.Data).Output()
	if err != nil {
		return fmt.Errorf("make a token: %w", err)
	}
	l.admin = strings.TrimSpace(string(token))
	patron, err := exec.CommandContext(l.ctx, l.library.Program, "token", "--role", "patron", "--card", l.cards[0], "--data", l.library.Data).Output()
	if err != nil {
		return fmt.Errorf("make a token: %w", err)
	}
	l.patron = strings.TrimSpace(string(patron))
	for i := 0; i < len(l.library.IDs) && len(l.hot) < 2000; i += max(1, len(l.library.IDs)/2000) {
		l.hot = append(l.hot, l.library.IDs[i])
	}
	address, err := harness.FreeAddress()
	if err != nil {
		return err
	}
	_, port, _ := strings.Cut(address, ":")
	redis, err := exec.LookPath("redis-server")
	if err != nil {
		return err
	}
	l.redis, err = harness.Start(l.ctx, l.dir, "redis", address, nil, redis, "--port", port, "--bind", "127.0.0.1", "--save", "", "--maxmemory", "256mb", "--maxmemory-policy", "allkeys-lru")
	return err
}

// labServer is a server whose patterns are switched, with the ways to what it depends on.
type labServer struct {
	*harness.Process
	ways []*faulttest.Path
}

// server gives one with settings, at the present distance; it is started when it is first asked for.
func (l *lab) server(name string, env []string) (*labServer, error) {
	if s := l.servers[name]; s != nil {
		return s, nil
	}
	s := &labServer{}
	settings := append([]string{"BOOKVAULT_DATABASE_EMBEDDED_DATA=" + filepath.Join(l.dir, name+l.distance.name)}, env...)
	through := func(env string, to *faulttest.Path, address string, err error) error {
		if err != nil {
			return err
		}
		s.ways = append(s.ways, to)
		settings = append(settings, env+"="+address)
		return to.Begin(faulttest.Latency(l.distance.delay))
	}
	if l.distance.delay > 0 {
		way, address, err := faulttest.ToPostgres(l.library.Primary)
		if err := through("BOOKVAULT_DATABASE_PRIMARY", way, address, err); err != nil {
			return nil, err
		}
		if len(l.library.Replica) > 0 {
			way, address, err := faulttest.ToPostgres(l.library.Replica[0])
			if err := through("BOOKVAULT_DATABASE_REPLICAS", way, address, err); err != nil {
				return nil, err
			}
		}
	}
	for i, e := range settings {
		if e == "BOOKVAULT_CACHE_REMOTE=redis" {
			settings[i] = "BOOKVAULT_CACHE_REMOTE=redis://" + l.redis.Address
			if l.distance.delay > 0 {
				way, err := faulttest.To("tcp", l.redis.Address)
				if err != nil {
					return nil, err
				}
				s.ways = append(s.ways, way)
				settings[i] = "BOOKVAULT_CACHE_REMOTE=redis://" + way.Address
				if err := way.Begin(faulttest.Latency(l.distance.delay)); err != nil {
					return nil, err
				}
			}
		}
	}
	if err := os.MkdirAll(filepath.Join(l.dir, name+l.distance.name), 0o755); err != nil {
		return nil, err
	}
	var err error
	if s.Process, err = l.library.Serve(l.ctx, strings.ReplaceAll(name+"-"+l.distance.name, " ", ""), settings...); err != nil {
		return nil, err
	}
	l.servers[name] = s
	return s, nil
}

func (l *lab) stopServers() {
	for _, s := range l.servers {
		s.Stop()
		for _, way := range s.ways {
			way.Close()
		}
	}
	clear(l.servers)
}

// turn switches patterns of a running server.
func (l *lab) turn(s *labServer, on bool, patterns ...string) error {
	for _, p := range patterns {
		status, text, err := l.call(s.Process, "PUT", "/api/ops/v1/patterns/"+p, l.admin, fmt.Sprintf(`{"enabled": %v}`, on))
		if err != nil || status != 200 {
			return fmt.Errorf("switch %s: %d %s (%v)", p, status, text, err)
		}
	}
	return nil
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
	return float64(d.Microseconds()) / float64(max(1, s.Served))
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
	oursBefore, err := s.CPU()
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
	oursAfter, err := s.CPU()
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
			Baseline: fmt.Sprintf("off: %.4g", without), Value: with, Unit: f.unit}
		if without != 0 {
			ratios := harness.Ratios(on, off)
			row.Ratio, row.Spread = harness.Median(ratios), harness.Spread(ratios)
		}
		l.out.Add(row)
	}
}
