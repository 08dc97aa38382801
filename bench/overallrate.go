package main

import (
	"fmt"
	"math"
	"os"
	"time"

	"bookvault/bench/harness"
)

// inTime is what 99 of 100 requests are to be answered within, in milliseconds.
const inTime = 100

// rate: how many arrivals a second are answered with 99 of 100 in time.
func (o *overall) rate() error {
	plain, whole, err := o.both()
	if err != nil {
		return err
	}
	for _, figures := range []bool{false, true} {
		if _, err := o.round(plain, day(figures), 1, 2*o.seconds); err != nil { // it keeps nothing itself
			return err
		}
		if err := o.warm(day(figures), whole, warmedFor); err != nil {
			return err
		}
		var most [2][]float64
		for i := range max(1, o.rounds/2) {
			for side, s := range []*labServer{plain, whole} {
				found, err := o.capacity(s, day(figures), uint64(i+1))
				if err != nil {
					return err
				}
				most[side] = append(most[side], found)
			}
		}
		off, on := harness.Median(most[0]), harness.Median(most[1])
		row := harness.Row{Pattern: "overall", Claim: "+150 to +250 %", Figure: fmt.Sprintf("%s: requests a second at p99 <= %d ms", withFigures(figures), inTime), Baseline: fmt.Sprintf("all off: %.0f", off),
			Off: off, Value: on, Unit: "1/s", Goal: ">= 10 x", Holds: on > 0 && on >= 10*off}
		if off > 0 { // figures that are reckoned for each answer can take longer than that by themselves
			row.Ratio = harness.Median(harness.Ratios(most[1], most[0]))
		}
		o.out.Add(row)
	}
	return nil
}

// warmedFor is the arrivals a second whose answers of cache.fresh are in the caches when the search begins: fewer than there will be.
const warmedFor = 300

// lowest and highest are the arrivals a second between which a capacity is looked for.
const lowest, highest = 10.0, 100_000.0

// capacity raises the arrivals until they are not answered in time, and then looks between the last two, to a tenth. 0: even the lowest are
// not.
func (o *overall) capacity(s *labServer, w work, seed uint64) (float64, error) {
	low, high := 0.0, lowest
	for ; high < highest; high *= 2 {
		ok, err := o.keepsUp(s, w, high, seed)
		if err != nil {
			return 0, err
		}
		if !ok {
			break
		}
		low = high
	}
	for low > 0 && high/low > 1.1 {
		middle := math.Sqrt(low * high)
		ok, err := o.keepsUp(s, w, middle, seed)
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

// keepsUp tells whether a rate is served in time. Of few requests the slowest would decide, so a low rate takes longer; and a rate counts as
// too high only when it was twice, with other arrivals: a stall of the machine is none of the program's.
func (o *overall) keepsUp(s *labServer, w work, rate float64, seed uint64) (bool, error) {
	const requests = 300
	span := max(o.seconds, time.Duration(requests/rate*float64(time.Second)))
	for try := range uint64(2) {
		m, err := o.round(s, work{refused: true, trial: func(l *lab, s *labServer) harness.Trial {
			t := w.trial(l, s)
			t.Rate, t.Clients = rate, 512
			return t
		}}, seed+try<<32, span)
		if err != nil {
			return false, err
		}
		fmt.Fprintf(os.Stderr, "%s, %.0f a second: %v\n", s.Name, rate, m.Tally)
		if m.Lost() < 0.01 && m.Percentile(99) <= inTime {
			return true, nil
		}
	}
	return false, nil
}
