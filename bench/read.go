package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"bookvault/bench/harness"
)

// readBench is one run of the suite read.
type readBench struct {
	ctx     context.Context
	out     *harness.Figures
	library *harness.Library
	dir     string
	rounds  int
	seconds time.Duration
	clients int
	hot     []int64 // the titles that everybody asks for
	kept    map[*harness.Process]*harness.Conn
}

// benchRead measures reading through the caches, against what could be at best.
func benchRead(ctx context.Context, args []string, out *report) error {
	flags := flag.NewFlagSet("read", flag.ContinueOnError)
	titles := flags.Int("titles", 1_000_000, "titles of the library that is read")
	rounds := flags.Int("rounds", 12, "pairs of rounds of each comparison")
	seconds := flags.Float64("seconds", 3, "of each round")
	quick := flags.Bool("quick", false, "a smaller run of about a minute: 20,000 titles, 2,000 of them hot, 3 rounds of half a second")
	only := flags.String("only", "", "one figure: hot, proxies, cold, zipf, search, all")
	data := flags.String("library", "", "folder of the library, made when it is not there and kept (a folder of the system's temporary one)")
	hot := 10_000
	file := flags.String("json", "", "write the rows to this file too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *quick {
		*titles, *rounds, *seconds, hot = 20_000, 3, 0.5, 2_000
	}
	dir, err := os.MkdirTemp("", "bookvault-bench-read-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program, err := harness.Build(ctx, dir, "bookvault", ".")
	if err != nil {
		return err
	}
	library, err := harness.OpenLibrary(ctx, program, dir, *data, *titles)
	if err != nil {
		return err
	}
	defer library.Home.Stop()
	b := &readBench{ctx: ctx, out: &harness.Figures{Suite: "read"}, library: library, dir: dir, rounds: *rounds, clients: 32, kept: map[*harness.Process]*harness.Conn{},
		seconds: time.Duration(*seconds * float64(time.Second))}
	out.figures = b.out
	b.hot = slices.Clone(library.IDs)
	rand.New(rand.NewPCG(1, 1)).Shuffle(len(b.hot), func(i, j int) { b.hot[i], b.hot[j] = b.hot[j], b.hot[i] })
	b.hot = b.hot[:min(hot, len(b.hot))]
	for _, figure := range []struct {
		name string
		run  func() error
	}{{"hot", b.hotTitles}, {"proxies", b.proxies}, {"cold", b.coldTitles}, {"zipf", b.zipfTitles}, {"search", b.searches}, {"all", b.allPatterns}} {
		if *only != "" && *only != figure.name {
			continue
		}
		fmt.Fprintln(os.Stderr, "measuring", figure.name, "…")
		if err := figure.run(); err != nil {
			return fmt.Errorf("%s: %w", figure.name, err)
		}
		b.hangUp()
		if err := b.out.Save(*file); err != nil {
			return err
		}
	}
	b.out.Note("%d titles, %d clients on kept connections, %d rounds of %v in turns; the load generator shares the machine.", *titles, b.clients, *rounds, b.seconds)
	b.out.Note("BookVault runs with its defaults (access log sampled), but for rate_limit.exempt, and what each figure says.")
	return nil
}

// hangUp ends the connections of once, which servers close when they are idle for long.
func (b *readBench) hangUp() {
	for _, conn := range b.kept {
		conn.Close()
	}
	clear(b.kept)
}

// off are settings that switch patterns off.
func off(patterns ...string) []string {
	env := make([]string, len(patterns))
	for i, p := range patterns {
		env[i] = "BOOKVAULT_PATTERNS_" + strings.ToUpper(p) + "_ENABLED=false"
	}
	return env
}

// cachesOff reads each title from the database, and whole answers are made each time.
func cachesOff() []string {
	return off("gateway_cache", "cache_aside", "read_through", "write_through")
}

// primaryOnly leaves the replica out where two servers on two cores would only take them from each other.
const primaryOnly = "BOOKVAULT_DATABASE_REPLICAS="

func title(address string, id int64) []byte {
	return harness.Get(address, fmt.Sprintf("/api/catalog/v1/books/%d", id), "Accept-Encoding", "identity")
}

// zipf gives requests for hot titles, a few of them most of the time.
func (b *readBench) zipf(address string, ids []int64) func(*rand.Rand) []byte {
	requests := make([][]byte, len(ids))
	for i, id := range ids {
		requests[i] = title(address, id)
	}
	return func(r *rand.Rand) []byte { return requests[skewed(r, len(requests))] }
}

// skewed gives a rank by Zipf's law with an exponent of 1.01.
func skewed(r *rand.Rand, n int) uint64 { return rand.NewZipf(r, 1.01, 1, uint64(n-1)).Uint64() }

// measured is one round of one side.
type measured struct {
	harness.Result
	cpu time.Duration // of the server
}

func (m measured) cpuEach() float64 { return float64(m.cpu.Microseconds()) / float64(m.Requests) }

// round loads a server once.
func (b *readBench) round(p *harness.Process, clients int, next func(*rand.Rand) []byte, seed uint64) (m measured, err error) {
	before, err := p.CPU()
	if err != nil {
		return m, err
	}
	m.Result, err = harness.Load{Address: p.Address, Clients: clients, For: b.seconds, Seed: seed, Next: next, Check: notEmpty}.Run(b.ctx)
	if err != nil {
		return m, err
	}
	after, err := p.CPU()
	m.cpu = after - before
	return m, err
}

func notEmpty(request, body []byte) error {
	if len(body) < 20 || body[0] != '{' && body[0] != '[' {
		return fmt.Errorf("%.60s was answered with %.60q", request, body)
	}
	return nil
}

// side is one of two that are compared.
type side struct {
	process *harness.Process
	next    func(*rand.Rand) []byte
	first   [][]byte // each is asked once before, so that whoever keeps answers has them all
}

// hotSide asks for the hot titles.
func (b *readBench) hotSide(p *harness.Process) side {
	s := side{process: p, next: b.zipf(p.Address, b.hot)}
	for _, id := range b.hot {
		s.first = append(s.first, title(p.Address, id))
	}
	return s
}

// once sends one request on the connection that is kept for that.
func (b *readBench) once(p *harness.Process, request []byte) (status int, err error) {
	conn := b.kept[p]
	if conn == nil {
		if conn, err = harness.Dial(b.ctx, p.Address, "Etag"); err != nil {
			return 0, err
		}
		b.kept[p] = conn
	}
	status, _, body, err := conn.Ask(request)
	if err == nil && status != 200 {
		err = fmt.Errorf("%.80s was answered %d: %.200s", request, status, body)
	}
	return status, err
}

// inTurns loads both sides in turns, first one, then the other, then the other way round.
func (b *readBench) inTurns(clients, rounds int, one, other side) (ones, others []measured, err error) {
	for _, s := range []side{one, other} { // warm
		for _, request := range s.first {
			if _, err := b.once(s.process, request); err != nil {
				return nil, nil, err
			}
		}
		if _, err := b.round(s.process, clients, s.next, 1); err != nil {
			return nil, nil, err
		}
	}
	for i := range rounds {
		turns := []side{one, other}
		if i%2 == 1 {
			turns = []side{other, one}
		}
		for _, s := range turns {
			m, err := b.round(s.process, clients, s.next, uint64(i+2))
			if err != nil {
				return nil, nil, err
			}
			if s.process == one.process {
				ones = append(ones, m)
			} else {
				others = append(others, m)
			}
		}
	}
	return ones, others, nil
}

func each(list []measured, of func(measured) float64) []float64 {
	values := make([]float64, len(list))
	for i, m := range list {
		values[i] = of(m)
	}
	return values
}

func perSecond(m measured) float64 { return m.PerSecond() }

// compare adds the row of a ratio.
func (b *readBench) compare(figure, baseline, unit string, ones, others []float64, goal string, holds func(ratio float64) bool) {
	ratios := harness.Ratios(ones, others)
	ratio := harness.Median(ratios)
	b.out.Add(harness.Row{Figure: figure, Baseline: baseline, Value: harness.Median(ones), Unit: unit, Ratio: ratio, Spread: harness.Spread(ratios), Goal: goal, Holds: holds(ratio)})
}
