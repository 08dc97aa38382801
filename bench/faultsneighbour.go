package main

import (
	"bytes"
	"fmt"
	"sync/atomic"
	"time"

	"bookvault/bench/harness"
	"bookvault/platform/database/faulttest"
)

// neighbour has the catalogue's way to its database take 5 s for each answer, and looks at the desk, whose own way is well, and at titles, which
// may be read by the desk's.
func (b *faultBench) neighbour() error {
	on, off, stop, err := b.pair("neighbour")
	if err != nil {
		return err
	}
	defer stop()
	for _, side := range []*faulty{on, off} { // warm
		if _, _, err := b.phase(side, "warming up", time.Second); err != nil {
			return err
		}
	}
	ill := faulttest.Latency(5 * time.Second)
	var lostOn, lostOff, untitledOn, untitledOff, well, during, refused, recovery []float64
	for range b.rounds {
		for _, side := range []*faulty{on, off} {
			before, _, err := b.phase(side, "well", b.seconds)
			if err != nil {
				return err
			}
			if err := side.catalog.Begin(ill); err != nil {
				return err
			}
			after, titles, err := b.phase(side, ill.Name, b.seconds)
			if err != nil {
				return err
			}
			if side == off {
				lostOff, untitledOff = append(lostOff, after.Lost()), append(untitledOff, titles.Lost())
			} else {
				lostOn, well, during = append(lostOn, after.Lost()), append(well, before.Percentile(99)), append(during, after.Percentile(99))
				untitledOn = append(untitledOn, titles.Lost())
			}
			if err := side.catalog.End(b.ctx, ill); err != nil {
				return err
			}
			took, err := b.recovers(side)
			if err != nil {
				return err
			}
			if side == on {
				recovery = append(recovery, took.Seconds())
			}
		}
	}
	for range b.rounds {
		p99, err := b.callers(ill)
		if err != nil {
			return err
		}
		refused = append(refused, p99)
	}
	add := func(r harness.Row) {
		r.Distance = b.distance.name
		b.out.Add(r)
	}
	lost, without := harness.Median(lostOn), harness.Median(lostOff)
	add(harness.Row{Figure: "desk: errors and timeouts while the catalogue's database takes 5 s", Baseline: fmt.Sprintf("patterns off: %.1f %%", without*100), Value: lost * 100, Unit: "%",
		Ratio: lost / without, Spread: harness.Spread(lostOn), Goal: "-99 %", Holds: without > 0 && lost <= without/100})
	lost, without = harness.Median(untitledOn), harness.Median(untitledOff)
	add(harness.Row{Figure: "titles not served during it, which come by the other way", Baseline: fmt.Sprintf("patterns off: %.1f %%", without*100), Value: lost * 100, Unit: "%",
		Ratio: lost / without, Spread: harness.Spread(untitledOn), Goal: "-99 %", Holds: without > 0 && lost <= without/100})
	ratios := harness.Ratios(during, well)
	add(harness.Row{Figure: "desk: p99 during it", Baseline: fmt.Sprintf("well: %.1f ms", harness.Median(well)), Value: harness.Median(during), Unit: "ms", Ratio: harness.Median(ratios),
		Spread: harness.Spread(ratios), Goal: "<= 2 x", Holds: harness.Median(ratios) <= 2})
	p99 := harness.Median(refused)
	add(harness.Row{Figure: "callers of what is dead, its breaker open: p99", Value: p99, Unit: "ms", Spread: harness.Spread(refused), Goal: "<= 5", Holds: p99 <= 5})
	back, most := harness.Median(recovery), (b.openFor + 3*time.Second).Seconds()
	add(harness.Row{Figure: "recovery to 95 % after the fault", Value: back, Unit: "s", Spread: harness.Spread(recovery), Goal: fmt.Sprintf("<= %g", most), Holds: back <= most})
	return nil
}

// publicRate is how many titles people look at in a second beside the desk.
const publicRate = 200

// phase has four desks at work while people look at titles, and gives what became of the desks' requests and of theirs.
func (b *faultBench) phase(f *faulty, what string, d time.Duration) (desk, public *harness.Tally, err error) {
	tallies, err := b.together(b.desk(f, 4, 0, d), b.public(f, 400, publicRate, d))
	if err != nil {
		return nil, nil, err
	}
	tell(what+", patterns "+f.side+": desk", tallies[0])
	tell(what+", patterns "+f.side+": public", tallies[1])
	return tallies[0], tallies[1], nil
}

// callers asks a server whose titles have no other way while its breaker is open, one after another, and gives the p99 of the refusals in ms.
// Those that try whether the catalogue is well again are among them.
func (b *faultBench) callers(ill faulttest.Fault) (float64, error) {
	f, err := b.serve("callers", true, off("fallback")...)
	if err != nil {
		return 0, err
	}
	defer f.stop()
	if err := f.catalog.Begin(ill); err != nil {
		return 0, err
	}
	var refused atomic.Bool
	until := b.public(f, 8, 0, 20*time.Second)
	until.Heard = func(_, _ int, body []byte) {
		if bytes.Contains(body, []byte("part_unavailable")) { // by the breaker, and not for having waited too long
			refused.Store(true)
		}
	}
	until.Until = refused.Load
	if _, err := until.Run(b.ctx); err != nil {
		return 0, err
	}
	tally, err := b.public(f, 1, 0, 2*time.Second).Run(b.ctx)
	if err != nil {
		return 0, err
	}
	tell("callers while the breaker is open", tally)
	if tally.Refused == 0 {
		return 0, fmt.Errorf("no caller was refused: %v", tally)
	}
	return float64(tally.Refusals.ValueAtQuantile(99)) / 1000, nil
}

// recovers asks for titles at a modest rate from the end of a fault on, and gives the time until 95 % are served.
func (b *faultBench) recovers(f *faulty) (time.Duration, error) {
	begin := time.Now()
	most := b.openFor + 20*time.Second
	trial := b.public(f, 200, 100, most)
	var good atomic.Int64 // in a row
	trial.Heard = func(_, status int, _ []byte) {
		if good.Add(1); status != 200 {
			good.Store(0)
		}
	}
	trial.Until = func() bool { return good.Load() > 250 }
	tally, err := trial.Run(b.ctx)
	if err != nil {
		return 0, err
	}
	tell("after it, patterns "+f.side, tally)
	after, ok := tally.WellAfter(0.95)
	if !ok {
		return 0, fmt.Errorf("the catalogue was not well again after %v", time.Since(begin))
	}
	return after, nil
}
