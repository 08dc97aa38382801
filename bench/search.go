package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"

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
}

// openSearch reads the flags that both suites have, and opens the library.
func openSearch(ctx context.Context, name string, args []string, out *report) (b *searchBench, save func() error, stop func(), err error) {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	titles := flags.Int("titles", 1_000_000, "titles of the library that is searched")
	rounds := flags.Int("rounds", 6, "rounds of each figure")
	seconds := flags.Float64("seconds", 10, "of each round")
	rate := flags.Float64("rate", 20, "searches a second, of 20 users together")
	quick := flags.Bool("quick", false, "a smaller run: 20,000 titles, 2 rounds of two seconds")
	data := flags.String("library", "", "folder of the library, made when it is not there and kept (a folder of the system's temporary one)")
	file := flags.String("json", "", "write the rows to this file too")
	if err := flags.Parse(args); err != nil {
		return nil, nil, nil, err
	}
	if *quick {
		*titles, *rounds, *seconds = 20_000, 2, 2
	}
	dir, err := os.MkdirTemp("", "bookvault-bench-"+name+"-")
	if err != nil {
		return nil, nil, nil, err
	}
	program, err := harness.Build(ctx, dir, "bookvault", ".")
	if err != nil {
		return nil, nil, nil, err
	}
	// Replicas would only take the cores from the primary on one machine.
	library, err := harness.OpenLibrary(ctx, program, dir, *data, *titles, "BOOKVAULT_DATABASE_EMBEDDED_REPLICA=false")
	if err != nil {
		return nil, nil, nil, err
	}
	b = &searchBench{ctx: ctx, out: &harness.Figures{Suite: name}, library: library, rounds: *rounds, rate: *rate, seconds: time.Duration(*seconds * float64(time.Second))}
	out.figures = b.out
	b.out.Note("%d titles; %d rounds of %v; the load generator shares the machine.", *titles, *rounds, b.seconds)
	return b, func() error { return b.out.Save(*file) }, func() { library.Home.Stop(); _ = os.RemoveAll(dir) }, nil
}

// benchSearch measures searches that no cache answers.
func benchSearch(ctx context.Context, args []string, out *report) error {
	b, save, stop, err := openSearch(ctx, "search", args, out)
	if err != nil {
		return err
	}
	defer stop()
	if err := b.readWords(); err != nil {
		return err
	}
	server, err := b.library.Serve(ctx, "search", append(off("gateway_cache", "read_through"), primaryOnly)...)
	if err != nil {
		return err
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
	if err := b.figure("20 users, all kinds", server, 20, b.rate, mixed, map[float64]float64{50: 5, 95: 20, 99: 50}); err != nil {
		return err
	}
	for _, k := range kinds {
		if err := b.figure(k.name, server, 20, b.rate, func(r *rand.Rand) []byte { return ask(k.next(r)) }, map[float64]float64{50: 0, 95: 0}); err != nil {
			return err
		}
	}
	if err := b.figure("the broadest terms, one user", server, 1, 5, func(r *rand.Rand) []byte { return ask("q=" + b.common[r.IntN(3)]) }, map[float64]float64{50: 15, 95: 0}); err != nil {
		return err
	}
	suggest := func(r *rand.Rand) []byte {
		w := []rune(b.word(r))
		return harness.Get(server.Address, "/api/catalog/v1/suggest?q="+url.QueryEscape(string(w[:min(len(w), 1+r.IntN(6))])))
	}
	if err := b.figure("suggestions, 20 users", server, 20, 2*b.rate, suggest, map[float64]float64{50: 0, 95: 5}); err != nil {
		return err
	}
	b.out.Note("No cache answers a search: gateway_cache and read_through are off. Users ask %.0f times a second together, each when it is due.", b.rate)
	return save()
}

// figure loads a server at a rate and adds a row a percentile; a goal of 0 is none.
func (b *searchBench) figure(what string, p *harness.Process, clients int, rate float64, next func(*rand.Rand) []byte, goals map[float64]float64) error {
	fmt.Fprintln(os.Stderr, "measuring", what, "…")
	times := map[float64][]float64{}
	for i := range b.rounds + 1 {
		r, err := harness.Load{Address: p.Address, Clients: clients, For: b.seconds, Seed: uint64(i + 1), Next: next, Rate: rate, Check: notEmpty}.Run(b.ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		if i == 0 {
			continue // warm
		}
		for q := range goals {
			times[q] = append(times[q], r.Percentile(q))
		}
	}
	for _, q := range []float64{50, 95, 99} {
		goal, asked := goals[q]
		if !asked {
			continue
		}
		row := harness.Row{Figure: fmt.Sprintf("%s, p%.0f", what, q), Value: harness.Median(times[q]), Unit: "ms", Spread: harness.Spread(times[q])}
		if goal > 0 {
			row.Goal, row.Holds = fmt.Sprintf("<= %.0f", goal), row.Value <= goal
		}
		b.out.Add(row)
	}
	return nil
}

// readWords takes words to search for from the titles themselves, and the commonest of all from the planner's statistics.
func (b *searchBench) readWords() error {
	conn, err := pgx.Connect(b.ctx, b.library.Primary)
	if err != nil {
		return err
	}
	defer conn.Close(b.ctx)
	r := rand.New(rand.NewPCG(5, 5))
	ids := make([]int64, 5000)
	for i := range ids {
		ids[i] = b.library.IDs[r.IntN(len(b.library.IDs))]
	}
	rows, err := conn.Query(b.ctx, `SELECT title FROM catalog.books WHERE id = ANY($1)`, ids)
	if err != nil {
		return err
	}
	titles, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return err
	}
	for _, title := range titles {
		var words []string
		for _, w := range strings.FieldsFunc(title, func(r rune) bool { return !unicode.IsLetter(r) }) {
			if len([]rune(w)) >= 4 {
				words = append(words, strings.ToLower(w))
			}
		}
		if len(words) > 0 {
			b.titles = append(b.titles, words)
		}
	}
	rows, err = conn.Query(b.ctx, `SELECT e.word FROM pg_stats s, unnest(s.most_common_elems::text::text[], s.most_common_elem_freqs) AS e (word, share)
WHERE s.schemaname = 'catalog' AND s.tablename = 'books' AND s.attname = 'doc' AND e.word ~ '^[a-z]{2,}$' ORDER BY e.share DESC LIMIT 40`)
	if err != nil {
		return err
	}
	if b.common, err = pgx.CollectRows(rows, pgx.RowTo[string]); err == nil && len(b.common) < 10 {
		err = fmt.Errorf("the catalogue was never analysed")
	}
	return err
}

func (b *searchBench) word(r *rand.Rand) string {
	words := b.titles[r.IntN(len(b.titles))]
	return words[r.IntN(len(words))]
}

func (b *searchBench) two(r *rand.Rand) string {
	words := b.titles[r.IntN(len(b.titles))]
	return words[0] + " " + words[len(words)-1]
}

// typo leaves out a letter, or swaps two.
func typo(r *rand.Rand, word string) string {
	w := []rune(word)
	i := 1 + r.IntN(len(w)-2)
	if r.IntN(2) == 0 {
		return string(w[:i]) + string(w[i+1:])
	}
	w[i], w[i+1] = w[i+1], w[i]
	return string(w)
}

func (b *searchBench) filtered(r *rand.Rand) string {
	word := b.word(r)
	if r.IntN(2) == 0 {
		word = b.common[r.IntN(len(b.common))]
	}
	return "q=" + word + []string{"&available=true", "&available=true&sort=newest", "&language=vi", "&year_from=1990&year_to=1999", "&sort=title", "&sort=newest", "&sort=popular"}[r.IntN(7)]
}
