package main

import (
	"fmt"

	"bookvault/bench/harness"
)

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
		o.out.Add(harness.Row{Pattern: "phases", Claim: phase.claim, Figure: "phase: " + phase.name + ": requests a second", Baseline: "none: " + harness.Short(harness.Median(rates[0])), Off: harness.Median(rates[0]),
			Value: harness.Median(rates[n]), Unit: "1/s", Ratio: harness.Median(ratios), Spread: harness.Spread(ratios)})
		o.out.Add(harness.Row{Pattern: "phases", Claim: "-20 to -40 % at the end", Figure: "phase: " + phase.name + ": processor time a request, PostgreSQL's too", Baseline: "none: " + harness.Short(harness.Median(costs[0])),
			Off: harness.Median(costs[0]), Value: harness.Median(costs[n]), Unit: "us", Ratio: harness.Median(cheaper), Spread: harness.Spread(cheaper)})
	}
	return nil
}
