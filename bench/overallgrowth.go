package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"

	"bookvault/bench/harness"
)

// bounds is what the caches may take, MiB: cache.titles, cache.searches, cache.exact, gateway_cache.max_memory.
const bounds = 64 + 32 + 32 + 64

// growthRate is arrivals a second of each kind: few enough for the largest library to keep up, since growth is of answers and not of queues.
const growthRate = 50

// dayKinds are the parts of a day's mix, each by itself, and the whole. Their titles are all of the library's, by Zipf's law.
var dayKinds = []struct {
	name string
	part int // a number of a hundred that falls into it (see dayRequest); negative: any
}{{"titles", 0}, {"searches", 60}, {"figures", 80}, {"accounts", 85}, {"check-outs and check-ins", 90}, {"the day's mix", -1}}

// growth measures the same work on libraries of several sizes, all patterns on, and what the largest takes of memory.
func growth(ctx context.Context, flags labFlags, sizes string, rows *harness.Figures) error {
	p95 := map[string][]float64{}
	spreads := map[string]string{}
	var titles []int
	for _, size := range strings.Split(sizes, ",") {
		n, err := strconv.Atoi(size)
		if err != nil {
			return fmt.Errorf("-sizes: %w", err)
		}
		titles = append(titles, n)
		if err := grown(ctx, flags, n, rows, p95, spreads); err != nil {
			return fmt.Errorf("%d titles: %w", n, err)
		}
	}
	for _, kind := range dayKinds {
		times := p95[kind.name]
		for i := 1; i < len(times); i++ {
			ratio := times[i] / times[0]
			row := harness.Row{Figure: fmt.Sprintf("%s, %d titles, all on: p95", kind.name, titles[i]), Baseline: fmt.Sprintf("%d titles: %.4g ms", titles[0], times[0]),
				Value: times[i], Unit: "ms", Ratio: ratio, Spread: spreads[kind.name]}
			if i == len(times)-1 {
				row.Goal, row.Holds = "<= 1.5 x", ratio <= 1.5
			}
			rows.Add(row)
		}
	}
	return nil
}

// grown measures one size.
func grown(ctx context.Context, flags labFlags, titles int, rows *harness.Figures, p95 map[string][]float64, spreads map[string]string) error {
	sized := flags
	sized.titles = &titles
	if *flags.data != "" {
		data := fmt.Sprintf("%s-%d", *flags.data, titles)
		sized.data = &data
	}
	l, stop, err := sized.open(ctx, rows)
	if err != nil {
		return err
	}
	defer stop()
	l.hot = l.library.IDs
	s, err := l.server("all-on", []string{"BOOKVAULT_CACHE_REMOTE=redis"})
	if err != nil {
		return err
	}
	if err := (&overall{lab: l}).warm(day(true), s, growthRate); err != nil {
		return err
	}
	for _, kind := range dayKinds {
		var times []float64
		for i := range l.rounds {
			m, err := l.round(s, kindOfDay(kind.part), uint64(i+2), 2*l.seconds)
			if err != nil {
				return fmt.Errorf("%s: %w", kind.name, err)
			}
			times = append(times, m.Percentile(95))
		}
		p95[kind.name], spreads[kind.name] = append(p95[kind.name], harness.Median(times)), harness.Spread(times)
		fmt.Fprintf(os.Stderr, "%d titles, %s: p95 %.3g ms\n", titles, kind.name, harness.Median(times))
	}
	return l.memory(s, titles)
}

// kindOfDay is one part of a day's mix by itself, at a rate.
func kindOfDay(part int) work {
	return work{refused: true, trial: func(l *lab, s *labServer) harness.Trial {
		step := make([]int, 512)
		return harness.Trial{Rate: growthRate, Clients: 256, Next: func(r *rand.Rand, n int) []byte {
			p := part
			if p < 0 {
				p = r.IntN(100)
			}
			return l.dayRequest(s, r, p, n, step)
		}}
	}}
}

// memory says what a server takes after its work.
func (l *lab) memory(s *labServer, titles int) error {
	memory, err := s.Memory()
	if err != nil {
		return err
	}
	row := harness.Row{Figure: fmt.Sprintf("memory of BookVault after it, %d titles", titles), Value: float64(memory) / (1 << 20), Unit: "MiB", Goal: fmt.Sprintf("<= %d", bounds+100), Holds: memory <= (bounds+100)<<20}
	l.out.Add(row)
	return nil
}
