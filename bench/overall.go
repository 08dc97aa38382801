package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync/atomic"
	"time"

	"bookvault/bench/harness"
)

// patternPhases are the switches, as the usual advice adds them one after another.
var patternPhases = []struct {
	name     string
	patterns []string
	claim    string
}{
	{"none", nil, ""},
	{"compression, gateway cache", []string{"compression", "gateway_cache", "cdn"}, ""},
	{"and caches", []string{"cache_aside", "read_through", "write_through", "write_behind", "remote_cache"}, "+70 to +110 %"},
	{"and breaker, retry, bulkhead", []string{"circuit_breaker", "retry", "fallback", "bulkhead", "hedging", "adaptive_limit"}, ""},
	{"and replicas, limits, coalescing, views", []string{"read_replicas", "rate_limit", "coalescing", "materialized_views", "group_commit"}, "+150 to +250 %"},
}

func everyPattern() (all []string) {
	for _, phase := range patternPhases {
		all = append(all, phase.patterns...)
	}
	return all
}

// benchOverall measures a day's mix with all patterns off and all on.
func benchOverall(ctx context.Context, args []string, out *report) error {
	flags := newLabFlags("overall", 2, "comparison")
	only := flags.String("only", "", "some parts, with commas: start, phases, latency, rate, failures, growth")
	sizes := flags.String("sizes", "10000,100000,1000000", "of growth: titles of libraries, with commas")
	build := flags.Bool("build", true, "build the program too, from nothing and as it is released: how long it takes, and how large it is")
	if err := flags.Parse(args); err != nil {
		return err
	}
	rows := &harness.Figures{Suite: "overall"}
	out.figures = rows
	if *only != "growth" {
		if err := overallParts(ctx, flags, *only, *build, rows); err != nil {
			return err
		}
		rows.Note("%d titles; 60 %% titles by Zipf's law, 20 %% searches, 5 %% figures, 5 %% accounts, 10 %% check-outs and check-ins; the load generator and PostgreSQL share the machine.", *flags.titles)
	}
	if !chosen(*only, "growth") {
		return nil
	}
	return errors.Join(growth(ctx, flags, *sizes, rows), rows.Save(*flags.file))
}

// overallParts measures what is measured on one library.
func overallParts(ctx context.Context, flags labFlags, only string, build bool, rows *harness.Figures) error {
	l, stop, err := flags.open(ctx, rows)
	if err != nil {
		return err
	}
	defer stop()
	o := &overall{lab: l, titles: *flags.titles, build: build}
	for _, part := range []struct {
		name string
		run  func() error
	}{{"start", o.start}, {"phases", o.phases}, {"latency", o.latency}, {"rate", o.rate}, {"failures", o.failures}} {
		if !chosen(only, part.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, "measuring", part.name, "…")
		if err := part.run(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		if err := rows.Save(*flags.file); err != nil {
			return err
		}
	}
	return nil
}

type overall struct {
	*lab
	titles int
	build  bool
}

// both gives two servers that differ in the patterns alone.
func (o *overall) both() (off2, on *labServer, err error) {
	if off2, err = o.server("all-off", off(everyPattern()...)); err != nil {
		return nil, nil, err
	}
	on, err = o.server("all-on", []string{"BOOKVAULT_CACHE_REMOTE=redis"})
	return off2, on, err
}

// day is the mix. Without figures their share goes to titles.
func day(figures bool) work {
	return work{trial: func(l *lab, s *labServer) harness.Trial {
		step := make([]int, 512)
		return harness.Trial{Next: func(r *rand.Rand, n int) []byte {
			part := r.IntN(100)
			if part >= 80 && part < 85 && !figures {
				part = 0
			}
			return l.dayRequest(s, r, part, n, step)
		}}
	}}
}

// dayRequest gives a client's next request of the mix: part is a number of a hundred that says of which kind. step counts each client's
// commands, which lend a copy and take it back in turns.
func (l *lab) dayRequest(s *labServer, r *rand.Rand, part, n int, step []int) []byte {
	token := []string{"Authorization", "Bearer " + l.token}
	switch {
	case part < 60:
		return title(s.Address, l.hot[skewed(r, len(l.hot))])
	case part < 80:
		return harness.Get(s.Address, "/api/catalog/v1/books?limit=20&q="+l.words[skewed(r, len(l.words))], "Accept-Encoding", "gzip")
	case part < 85:
		return harness.Get(s.Address, "/api/catalog/v1/statistics", "Accept-Encoding", "gzip")
	case part < 90:
		return harness.Get(s.Address, "/api/borrowing/v1/loans?limit=5&member_card="+l.cards[r.IntN(len(l.cards))], token...)
	}
	who := n % min(len(l.copies), len(l.cards))
	step[n]++
	path, body := "check-ins", map[string]string{"barcode": l.copies[who]}
	if step[n]%2 == 1 {
		path, body = "loans", map[string]string{"barcode": l.copies[who], "member_card": l.cards[who]}
	}
	text, _ := json.Marshal(body) // of strings: it cannot fail
	return harness.Post(s.Address, "/api/borrowing/v1/"+path, text, token...)
}

// withFigures says which of the two mixes a figure is of.
func withFigures(yes bool) string {
	if yes {
		return "the day's mix"
	}
	return "the day's mix without figures"
}

// latency: the same arrivals a second at both, at which the plain side still keeps up.
func (o *overall) latency() error {
	plain, whole, err := o.both()
	if err != nil {
		return err
	}
	for _, figures := range []bool{false, true} {
		w := day(figures)
		if _, err := o.round(plain, w, 1, 2*o.seconds); err != nil { // it warms PostgreSQL, and keeps nothing itself
			return err
		}
		most, err := o.round(plain, w, 1, 2*o.seconds) // as much as it can, from 16 clients
		if err != nil {
			return err
		}
		arrivals := most.PerSecond() * 0.6
		if err := o.warm(w, whole, arrivals); err != nil {
			return err
		}
		open := work{refused: true, trial: func(l *lab, s *labServer) harness.Trial {
			t := w.trial(l, s)
			t.Rate, t.Clients = arrivals, 256
			return t
		}}
		var p50s, p99s, calls, costs [2][]float64
		for i := range o.rounds {
			for turn := range 2 {
				side := (turn + i) % 2
				m, err := o.round([]*labServer{plain, whole}[side], open, uint64(i+2), o.seconds)
				if err != nil {
					return err
				}
				p50s[side], p99s[side] = append(p50s[side], m.Percentile(50)), append(p99s[side], m.Percentile(99))
				calls[side], costs[side] = append(calls[side], m.queries), append(costs[side], m.each(m.ours+m.database))
			}
		}
		what := fmt.Sprintf("%s, %.0f a second: ", withFigures(figures), arrivals)
		o.compare(what+"p50", "ms", "-60 to -80 %", "<= 0.1", p50s, 0.1)
		o.compare(what+"p99", "ms", "-60 to -80 %", "<= 0.1", p99s, 0.1)
		o.compare(what+"database calls a request", "calls", "-60 to -80 %", "<= 0.1", calls, 0.1)
		o.compare(what+"processor time a request, PostgreSQL's too", "us", "-20 to -40 %", "", costs, 0)
	}
	for _, kind := range dayKinds {
		if kind.part < 85 { // of the others none is left
			continue
		}
		var calls, costs [2][]float64
		for i := range o.rounds {
			for side, s := range []*labServer{plain, whole} {
				m, err := o.round(s, kindOfDay(kind.part), uint64(i+1), o.seconds)
				if err != nil {
					return err
				}
				calls[side], costs[side] = append(calls[side], m.queries), append(costs[side], m.each(m.ours+m.database))
			}
		}
		what := fmt.Sprintf("of the mix %s alone, %d a second: ", kind.name, growthRate)
		o.compare(what+"database calls a request", "calls", "", "", calls, 0)
		o.compare(what+"processor time a request, PostgreSQL's too", "us", "", "", costs, 0)
	}
	return nil
}

func (o *overall) compare(figure, unit, claim, goal string, sides [2][]float64, most float64) {
	ratios := harness.Ratios(sides[1], sides[0])
	ratio := harness.Median(ratios)
	o.out.Add(harness.Row{Pattern: "overall", Claim: claim, Figure: figure, Baseline: "all off: " + number(harness.Median(sides[0])), Off: harness.Median(sides[0]), Value: harness.Median(sides[1]), Unit: unit,
		Ratio: ratio, Spread: harness.Spread(ratios), Goal: goal, Holds: goal != "" && ratio <= most})
}

// warm gives a server the work, as fast as 16 clients can, until it has had as many requests as come in cache.fresh at a rate of arrival, so that its caches hold what they
// do in a day's middle; for a minute at most.
func (o *overall) warm(w work, s *labServer, rate float64) error {
	const fresh, longest = 5 * time.Minute, time.Minute
	var asked atomic.Int64
	_, err := o.round(s, work{refused: w.refused, trial: func(l *lab, s *labServer) harness.Trial {
		t := w.trial(l, s)
		next := t.Next
		t.Next = func(r *rand.Rand, n int) []byte {
			asked.Add(1)
			return next(r, n)
		}
		t.Until = func() bool { return float64(asked.Load()) >= rate*fresh.Seconds() }
		return t
	}}, 1, longest)
	return err
}
