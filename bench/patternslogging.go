package main

import (
	"fmt"

	"bookvault/bench/harness"
)

// logging: each request logged by itself, against sampled and written behind, on what costs least without it.
func (l *lab) logging() error {
	l.distance = distances[0]
	var servers [3]*labServer // none, all and at once, sampled and behind
	for i, side := range []struct {
		name string
		env  []string
	}{
		{"nolog", []string{"BOOKVAULT_TELEMETRY_ACCESS_LOG=off"}},
		{"alllog", []string{"BOOKVAULT_TELEMETRY_ACCESS_LOG=all", "BOOKVAULT_TELEMETRY_LOG_BUFFER=0B"}},
		{"somelog", []string{"BOOKVAULT_TELEMETRY_ACCESS_LOG=sampled"}},
	} {
		var err error
		if servers[i], err = l.server(side.name, side.env); err != nil {
			return err
		}
	}
	defer l.stopServers()
	var cpu, rate [3][]float64
	for i := range l.rounds + 1 {
		for turn := range servers {
			side := (turn + i) % len(servers)
			m, err := l.round(servers[side], hotTitles, uint64(i+1), l.seconds)
			if err != nil {
				return err
			}
			if i > 0 {
				cpu[side], rate[side] = append(cpu[side], m.each(m.ours)), append(rate[side], m.PerSecond())
			}
		}
	}
	none, all, some := harness.Median(cpu[0]), harness.Median(cpu[1]), harness.Median(cpu[2])
	l.out.Add(harness.Row{Pattern: "logging", Distance: "loopback", Claim: "-10 to -20 % overhead", Off: all - none, Value: some - none, Ratio: (some - none) / (all - none), Unit: "us",
		Figure: "hot titles from the gateway cache: processor time that logging adds to a request", Baseline: fmt.Sprintf("each line at once: %.3g us on %.3g", all-none, none)})
	ratios := harness.Ratios(rate[2], rate[1])
	l.out.Add(harness.Row{Pattern: "logging", Distance: "loopback", Off: harness.Median(rate[1]), Value: harness.Median(rate[2]), Ratio: harness.Median(ratios), Spread: harness.Spread(ratios), Unit: "1/s",
		Figure: "hot titles from the gateway cache: requests a second", Baseline: fmt.Sprintf("each line at once: %.4g", harness.Median(rate[1]))})
	return nil
}
