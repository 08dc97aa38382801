package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"bookvault/bench/harness"
)

// searchBench is one run of the suites search and statistics.
type searchBench struct {
	ctx     context.Context
	out     *harness.Figures
	library *harness.Library
	seconds time.Duration
	rounds  int
	rate    float64 // searches a second over all users
	titles  [][]string
	common  []string
	prefix  string // of the names of rows
}

// searchFlags are what both suites read from the command line.
type searchFlags struct {
	sizes         []int
	rounds        int
	seconds, rate float64
	library, json string
}

func readSearchFlags(name string, args []string) (f searchFlags, err error) {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	titles := flags.String("titles", "1000000", "titles of the library that is searched; of several, with commas between them, each is measured, and the trend")
	flags.IntVar(&f.rounds, "rounds", 6, "rounds of each figure")
	flags.Float64Var(&f.seconds, "seconds", 10, "of each round")
	flags.Float64Var(&f.rate, "rate", 20, "searches a second, of 20 users together: each asks once a second, then reads")
	quick := flags.Bool("quick", false, "a smaller run: 20,000 titles, 2 rounds of two seconds")
	flags.StringVar(&f.library, "library", "", "folder of the library, made when it is not there and kept (a folder of the system's temporary one); for one size")
	flags.StringVar(&f.json, "json", "", "write the rows to this file too")
	if err := flags.Parse(args); err != nil {
		return f, err
	}
	if *quick {
		*titles, f.rounds, f.seconds = "20000", 2, 2
	}
	for text := range strings.SplitSeq(*titles, ",") {
		size, err := strconv.Atoi(strings.TrimSpace(text))
		if err != nil || size < 1 {
			return f, fmt.Errorf("-titles: %q is no number of titles", text)
		}
		f.sizes = append(f.sizes, size)
	}
	if f.library != "" && len(f.sizes) > 1 {
		return f, errors.New("-library is the folder of one size")
	}
	return f, nil
}

// open opens a library of a size, and makes it first if it is not there.
func (f searchFlags) open(ctx context.Context, titles int, figures *harness.Figures) (b *searchBench, stop func(), err error) {
	dir, err := os.MkdirTemp("", "bookvault-bench-"+figures.Suite+"-")
	if err != nil {
		return nil, nil, err
	}
	program, err := harness.Build(ctx, dir, "bookvault", ".")
	if err != nil {
		return nil, nil, err
	}
	// Replicas would only take the cores from the primary on one machine.
	library, err := harness.OpenLibrary(ctx, program, dir, f.library, titles, "BOOKVAULT_DATABASE_EMBEDDED_REPLICA=false")
	if err != nil {
		return nil, nil, err
	}
	b = &searchBench{ctx: ctx, out: figures, library: library, rounds: f.rounds, rate: f.rate, seconds: time.Duration(f.seconds * float64(time.Second))}
	return b, func() { library.Home.Stop(); _ = os.RemoveAll(dir) }, nil
}

// openSearch opens the one library of a suite.
func openSearch(ctx context.Context, name string, args []string, out *report) (b *searchBench, save func() error, stop func(), err error) {
	f, err := readSearchFlags(name, args)
	if err != nil {
		return nil, nil, nil, err
	}
	out.figures = &harness.Figures{Suite: name}
	if b, stop, err = f.open(ctx, f.sizes[0], out.figures); err != nil {
		return nil, nil, nil, err
	}
	b.out.Note("%d titles; %d rounds of %v; the load generator shares the machine.", f.sizes[0], b.rounds, b.seconds)
	return b, func() error { return b.out.Save(f.json) }, stop, nil
}

// benchSearch measures searches that no cache answers, in libraries of one or more sizes.
//
// Twenty users are twenty people: each asks once a second, when it is due whether or not the answer before has come, and reads meanwhile. What
// twenty robots that never think get from the machine is measured too, and has no goal: it says how many searches the machine can do.
func benchSearch(ctx context.Context, args []string, out *report) error {
	f, err := readSearchFlags("search", args)
	if err != nil {
		return err
	}
	out.figures = &harness.Figures{Suite: "search"}
	var p95 []float64
	for _, titles := range f.sizes {
		b, stop, err := f.open(ctx, titles, out.figures)
		if err != nil {
			return err
		}
		b.prefix = fmt.Sprintf("%d titles: ", titles)
		found, err := b.measure()
		stop()
		if err != nil {
			return err
		}
		p95 = append(p95, found)
	}
	for i := 1; i < len(p95); i++ {
		larger, dearer := float64(f.sizes[i])/float64(f.sizes[i-1]), p95[i]/p95[i-1]
		out.figures.Add(harness.Row{Figure: fmt.Sprintf("p95 at %d titles", f.sizes[i]), Baseline: fmt.Sprintf("at %d", f.sizes[i-1]), Value: p95[i], Unit: "ms",
			Ratio: dearer, Goal: fmt.Sprintf("< %.3g x", larger), Holds: dearer < larger})
	}
	out.figures.Note("%d rounds of %v; the load generator shares the machine. No cache answers a search: gateway_cache and read_through are off.", f.rounds, time.Duration(f.seconds*float64(time.Second)))
	out.figures.Note("20 users ask %.0f times a second together, each when it is due. The processor time of a search is that of all kinds, in the server and in PostgreSQL.", f.rate)
	return out.figures.Save(f.json)
}

// measure adds the rows of one library, and gives the p95 of all kinds together.
func (b *searchBench) measure() (float64, error) {
	if err := b.counted(); err != nil {
		return 0, err
	}
	if err := b.readWords(); err != nil {
		return 0, err
	}
	// Nobody is refused: a search that has to wait counts with its wait.
	server, err := b.library.Serve(b.ctx, "search", append(off("gateway_cache", "read_through", "bulkhead", "adaptive_limit"), primaryOnly, "BOOKVAULT_DATABASE_POOL_ACQUIRE_TIMEOUT=30s")...)
	if err != nil {
		return 0, err
	}
	defer server.Stop()
	kinds := []struct {
		name  string
		share int // of a hundred
		next  func(*rand.Rand) string
	}{
		{"a word of a title", 25, func(r *rand.Rand) string { return "q=" + b.word(r) }},
		{"a common word", 15, func(r *rand.Rand) string { return "q=" + b.common[r.IntN(len(b.common))] }},
		{"two words of a title", 20, func(r *rand.Rand) string { return "q=" + b.two(r) }},
		{"the beginning of a word", 15, func(r *rand.Rand) string { w := []rune(b.word(r)); return "q=" + string(w[:min(len(w), 3+r.IntN(3))]) }},
		{"a typo", 10, func(r *rand.Rand) string { return "q=" + typo(r, b.word(r)) }},
		{"a word and a filter", 15, b.filtered},
	}
	ask := func(query string) []byte {
		key, value, _ := strings.Cut(query, "q=")
		value, more, _ := strings.Cut(value, "&")
		return harness.Get(server.Address, "/api/catalog/v1/books?"+key+"q="+url.QueryEscape(value)+"&"+more)
	}
	mixed := func(r *rand.Rand) []byte {
		at := r.IntN(100)
		for _, k := range kinds {
			if at -= k.share; at < 0 {
				return ask(k.next(r))
			}
		}
		return ask(kinds[0].next(r))
	}
	goals := map[float64]float64{50: 5, 95: 20, 99: 50}
	if b.library.Titles > 1_000_000 {
		goals = map[float64]float64{50: 0, 95: 50, 99: 0}
	}
	p95, err := b.figure("20 users, all kinds", server, 20, b.rate, mixed, goals)
	if err != nil {
		return 0, err
	}
	if _, err := b.figure("20 users who never think", server, 20, 0, mixed, noGoals); err != nil {
		return 0, err
	}
	for _, k := range kinds {
		if _, err := b.figure(k.name, server, 20, b.rate, func(r *rand.Rand) []byte { return ask(k.next(r)) }, noGoals); err != nil {
			return 0, err
		}
	}
	broadest := func(r *rand.Rand) []byte { return ask("q=" + b.common[r.IntN(3)]) }
	if _, err := b.figure("the broadest terms, one user", server, 1, 5, broadest, map[float64]float64{50: 15, 95: 0}); err != nil {
		return 0, err
	}
	suggest := func(r *rand.Rand) []byte {
		w := []rune(b.word(r))
		return harness.Get(server.Address, "/api/catalog/v1/suggest?q="+url.QueryEscape(string(w[:min(len(w), 1+r.IntN(6))])))
	}
	_, err = b.figure("suggestions, 20 users", server, 20, 2*b.rate, suggest, map[float64]float64{50: 0, 95: 5, 99: 0})
	return p95, err
}
