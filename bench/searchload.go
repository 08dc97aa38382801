package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/jackc/pgx/v5"

	"bookvault/bench/harness"
)

// noGoals has the percentiles shown alone.
var noGoals = map[float64]float64{50: 0, 95: 0, 99: 0}

// figure loads a server at a rate (0: each client as fast as it is answered) and adds a row a percentile; a goal of 0 is none. It gives the p95.
func (b *searchBench) figure(what string, p *harness.Process, clients int, rate float64, next func(*rand.Rand) []byte, goals map[float64]float64) (float64, error) {
	fmt.Fprintln(os.Stderr, "measuring "+b.prefix+what+" …")
	times, p95 := map[float64][]float64{}, []float64(nil)
	var done int64
	var seconds float64
	var spent time.Duration
	for i := range b.rounds + 1 {
		before := b.spent(p)
		r, err := harness.Load{Address: p.Address, Clients: clients, For: b.seconds, Seed: uint64(i + 1), Next: next, Rate: rate, Check: notEmpty}.Run(b.ctx)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", what, err)
		}
		if i == 0 {
			continue // warm
		}
		done, seconds, spent = done+r.Requests, seconds+r.Seconds, spent+b.spent(p)-before
		p95 = append(p95, r.Percentile(95))
		for q := range goals {
			times[q] = append(times[q], r.Percentile(q))
		}
	}
	for _, q := range []float64{50, 95, 99} {
		goal, asked := goals[q]
		if !asked {
			continue
		}
		row := harness.Row{Figure: fmt.Sprintf("%s%s, p%.0f", b.prefix, what, q), Value: harness.Median(times[q]), Unit: "ms", Spread: harness.Spread(times[q])}
		if goal > 0 {
			row.Goal, row.Holds = fmt.Sprintf("<= %.0f", goal), row.Value <= goal
		}
		b.out.Add(row)
	}
	if done > 0 {
		b.out.Add(harness.Row{Figure: b.prefix + what + ", processor time", Value: float64(spent.Microseconds()) / 1000 / float64(done), Unit: "ms a search"})
	}
	if rate == 0 {
		b.out.Add(harness.Row{Figure: b.prefix + what + ", searches a second", Value: float64(done) / seconds, Unit: "1/s"})
	}
	return harness.Median(p95), nil
}

// spent is the processor time that a server and the library's PostgreSQL have used.
func (b *searchBench) spent(p *harness.Process) time.Duration {
	own, err := p.CPU()
	if err != nil {
		return 0
	}
	theirs := server{dir: filepath.Join(b.library.Data, "postgres")}
	return own + theirs.processorTime()
}

// counted waits until the library's own server has counted the words and reckoned its figures, as it does soon after its first start.
func (b *searchBench) counted() error {
	conn, err := pgx.Connect(b.ctx, b.library.Primary)
	if err != nil {
		return err
	}
	defer conn.Close(b.ctx)
	for begun := time.Now(); time.Since(begun) < 10*time.Minute; {
		var there bool
		if err := conn.QueryRow(b.ctx, `SELECT bool_and(as_of IS NOT NULL AND as_of >= wanted_at) FROM reports.views`).Scan(&there); err != nil || there {
			return err
		}
		select {
		case <-b.ctx.Done():
			return b.ctx.Err()
		case <-time.After(time.Second):
		}
	}
	return errors.New("the words were not counted within ten minutes")
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
