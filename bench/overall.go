package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
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
	only := flags.String("only", "", "one part: latency, rate, phases, start")
	build := flags.Bool("build", true, "build the program as it is released too, and measure its size")
	if err := flags.Parse(args); err != nil {
		return err
	}
	l, stop, err := flags.open(ctx, out)
	if err != nil {
		return err
	}
	defer stop()
	o := &overall{lab: l, titles: *flags.titles, build: *build}
	for _, part := range []struct {
		name string
		run  func() error
	}{{"start", o.start}, {"phases", o.phases}, {"latency", o.latency}, {"rate", o.rate}} {
		if !chosen(*only, part.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, "measuring", part.name, "…")
		if err := part.run(); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		if err := l.out.Save(*flags.file); err != nil {
			return err
		}
	}
	l.out.Note("%d titles; 60 %% titles by Zipf's law, 20 %% searches, 5 %% figures, 5 %% accounts, 10 %% check-outs and check-ins; the load generator and PostgreSQL share the machine.", *flags.titles)
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
		token := []string{"Authorization", "Bearer " + l.token}
		return harness.Trial{Next: func(r *rand.Rand, n int) []byte {
			switch p := r.IntN(100); {
			case p < 60, p >= 80 && p < 85 && !figures:
				return title(s.Address, l.hot[skewed(r, len(l.hot))])
			case p < 80:
				return harness.Get(s.Address, "/api/catalog/v1/books?limit=20&q="+l.words[skewed(r, len(l.words))], "Accept-Encoding", "gzip")
			case p < 85:
				return harness.Get(s.Address, "/api/catalog/v1/statistics", "Accept-Encoding", "gzip")
			case p < 90:
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
		}}
	}}
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
		if err := o.warm(w, plain, whole); err != nil {
			return err
		}
		most, err := o.round(plain, w, 1, o.seconds) // as much as it can, from 16 clients
		if err != nil {
			return err
		}
		arrivals := most.PerSecond() * 0.6
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
	memory, err := whole.Memory()
	if err != nil {
		return err
	}
	const bounds = 64 + 32 + 16 + 64 // cache.titles, cache.searches, cache.exact, gateway_cache.max_memory
	o.out.Add(harness.Row{Figure: fmt.Sprintf("memory of BookVault after it, %d titles", o.titles), Value: float64(memory) / (1 << 20), Unit: "MiB", Goal: fmt.Sprintf("<= %d", bounds+100), Holds: memory <= (bounds+100)<<20})
	return nil
}

func (o *overall) compare(figure, unit, claim, goal string, sides [2][]float64, most float64) {
	ratios := harness.Ratios(sides[1], sides[0])
	ratio := harness.Median(ratios)
	o.out.Add(harness.Row{Pattern: "overall", Claim: claim, Figure: figure, Baseline: fmt.Sprintf("all off: %.4g", harness.Median(sides[0])), Off: harness.Median(sides[0]), Value: harness.Median(sides[1]), Unit: unit,
		Ratio: ratio, Spread: harness.Spread(ratios), Goal: goal, Holds: goal != "" && ratio <= most})
}

// rate: how many arrivals a second are answered with 99 of 100 within 100 ms.
func (o *overall) rate() error {
	plain, whole, err := o.both()
	if err != nil {
		return err
	}
	for _, figures := range []bool{false, true} {
		if err := o.warm(day(figures), plain, whole); err != nil {
			return err
		}
		var most [2][]float64
		for range max(1, o.rounds/2) {
			for side, s := range []*labServer{plain, whole} {
				found, err := o.capacity(s, day(figures))
				if err != nil {
					return err
				}
				most[side] = append(most[side], found)
			}
		}
		ratio := harness.Median(harness.Ratios(most[1], most[0]))
		o.out.Add(harness.Row{Pattern: "overall", Claim: "+150 to +250 %", Figure: withFigures(figures) + ": requests a second at p99 <= 100 ms", Baseline: fmt.Sprintf("all off: %.0f", harness.Median(most[0])),
			Off: harness.Median(most[0]), Value: harness.Median(most[1]), Unit: "1/s", Ratio: ratio, Goal: ">= 10 x", Holds: ratio >= 10})
	}
	return nil
}

// warm gives servers the work for a while, so that what is measured is a day's middle and not its first seconds.
func (o *overall) warm(w work, servers ...*labServer) error {
	for _, s := range servers {
		if _, err := o.round(s, w, 1, 8*o.seconds); err != nil {
			return err
		}
	}
	return nil
}

// capacity raises the arrivals until they are not answered in time, and then looks between the last two.
func (o *overall) capacity(s *labServer, w work) (float64, error) {
	well := func(rate float64) (bool, error) {
		m, err := o.round(s, work{refused: true, trial: func(l *lab, s *labServer) harness.Trial {
			t := w.trial(l, s)
			t.Rate, t.Clients = rate, 512
			return t
		}}, uint64(rate), o.seconds)
		if err == nil {
			fmt.Fprintf(os.Stderr, "%s, %.0f a second: %v\n", s.Name, rate, m.Tally)
		}
		return err == nil && m.Lost() < 0.01 && m.Percentile(99) <= 100 && m.PerSecond() >= rate*0.9, o.ctx.Err()
	}
	low, high := 0.0, 25.0
	for ; high < 200_000; high *= 2 {
		ok, err := well(high)
		if err != nil {
			return 0, err
		}
		if !ok {
			break
		}
		low = high
	}
	for range 3 {
		middle := (low + high) / 2
		ok, err := well(middle)
		if err != nil {
			return 0, err
		}
		if ok {
			low = middle
		} else {
			high = middle
		}
	}
	return low, nil
}

// phases: patterns added one after another in one server, in the order in which the usual advice has them.
func (o *overall) phases() error {
	s, err := o.server("phases", []string{"BOOKVAULT_CACHE_REMOTE=redis"})
	if err != nil {
		return err
	}
	rates, costs := make([][]float64, len(patternPhases)), make([][]float64, len(patternPhases))
	for i := range o.rounds + 1 {
		if err := o.turn(s, false, everyPattern()...); err != nil {
			return err
		}
		for n, phase := range patternPhases {
			if err := o.turn(s, true, phase.patterns...); err != nil {
				return err
			}
			if _, err := o.round(s, day(true), uint64(i+1), o.seconds/3); err != nil { // it warms
				return fmt.Errorf("%s: %w", phase.name, err)
			}
			m, err := o.round(s, day(true), uint64(i+1), o.seconds)
			if err != nil {
				return fmt.Errorf("%s: %w", phase.name, err)
			}
			if i > 0 {
				rates[n], costs[n] = append(rates[n], m.PerSecond()), append(costs[n], m.each(m.ours+m.database))
			}
		}
	}
	for n, phase := range patternPhases {
		ratios, cheaper := harness.Ratios(rates[n], rates[0]), harness.Ratios(costs[n], costs[0])
		o.out.Add(harness.Row{Pattern: "phases", Claim: phase.claim, Figure: "phase: " + phase.name + ": requests a second", Baseline: fmt.Sprintf("none: %.4g", harness.Median(rates[0])), Off: harness.Median(rates[0]),
			Value: harness.Median(rates[n]), Unit: "1/s", Ratio: harness.Median(ratios), Spread: harness.Spread(ratios)})
		o.out.Add(harness.Row{Pattern: "phases", Claim: "-20 to -40 % at the end", Figure: "phase: " + phase.name + ": processor time a request, PostgreSQL's too", Baseline: fmt.Sprintf("none: %.4g", harness.Median(costs[0])),
			Off: harness.Median(costs[0]), Value: harness.Median(costs[n]), Unit: "us", Ratio: harness.Median(cheaper), Spread: harness.Spread(cheaper)})
	}
	return nil
}

// start: the time from the start of a process to its readiness on a database that exists, and the size of the program.
func (o *overall) start() error {
	var times []float64
	for i := range max(3, o.rounds) {
		begun := time.Now()
		p, err := o.library.Serve(o.ctx, fmt.Sprintf("start-%d", i), "BOOKVAULT_DATABASE_EMBEDDED_DATA="+filepath.Join(o.dir, "starts"))
		if err != nil {
			return err
		}
		times = append(times, time.Since(begun).Seconds())
		p.Stop()
	}
	took := harness.Median(times)
	o.out.Add(harness.Row{Figure: "start to ready on an existing database", Value: took, Unit: "s", Spread: harness.Spread(times), Goal: "<= 1", Holds: took <= 1})
	if !o.build {
		return nil
	}
	program := filepath.Join(o.dir, "stripped")
	if said, err := exec.CommandContext(o.ctx, "go", "build", "-trimpath", "-tags", "timetzdata,nomsgpack", "-ldflags", "-s -w", "-o", program, ".").CombinedOutput(); err != nil {
		return fmt.Errorf("build: %w: %s", err, said)
	}
	info, err := os.Stat(program)
	if err != nil {
		return err
	}
	size := float64(info.Size()) / 1e6
	o.out.Add(harness.Row{Figure: "the program as it is released (-trimpath -ldflags '-s -w')", Value: size, Unit: "MB", Goal: "<= 60", Holds: size <= 60})
	return nil
}
