package main

import (
	"fmt"

	"bookvault/bench/harness"
)

// The ways in which requests are logged.
const (
	unlogged  = iota // none
	logged           // all, and each line written at once
	sideLined        // as BookVault does by itself: sampled, and written behind
)

// loggedTurns is how often each way has its turn while three servers live: as often first as second and third.
const loggedTurns = 9

// logging: each request logged by itself, against sampled and written behind, on what costs least without it. What a line costs is less than
// what one process takes more of than another by the luck of where its memory lies: so there are many short turns, whose differences are
// taken pair by pair, and several times new servers.
func (l *lab) logging() error {
	l.distance = distances[0]
	var none, adds, some, shares []float64 // us a request, of each three servers
	var rates [3][]float64                 // requests a second, of each turn
	for life := range 2 * l.rounds {
		took, served, err := l.loggedLife(uint64(life))
		if err != nil {
			return err
		}
		all, sampled := harness.Median(differences(took[logged], took[unlogged])), harness.Median(differences(took[sideLined], took[unlogged]))
		none, adds, some, shares = append(none, harness.Median(took[unlogged])), append(adds, all), append(some, sampled), append(shares, sampled/all)
		for way := range rates {
			rates[way] = append(rates[way], served[way]...)
		}
	}
	add := func(r harness.Row) {
		r.Pattern, r.Distance = "logging", l.distance.name
		l.out.Add(r)
	}
	row := harness.Row{Claim: "-10 to -20 % overhead", Off: harness.Median(adds), Value: harness.Median(some), Ratio: harness.Median(shares), Spread: harness.Spread(shares), Unit: "us",
		Figure:   "hot titles from the gateway cache: processor time that logging adds to a request",
		Baseline: fmt.Sprintf("each line at once: %s us on %.3g", harness.Spread(adds), harness.Median(none))}
	if low, high := harness.Interval(some); low <= 0 && high >= 0 {
		row.Noise = fmt.Sprintf("%.2g to %.2g us", low, high)
	}
	add(row)
	ratios := harness.Ratios(rates[sideLined], rates[logged])
	add(harness.Row{Off: harness.Median(rates[logged]), Value: harness.Median(rates[sideLined]), Ratio: harness.Median(ratios), Spread: harness.Spread(ratios), Unit: "1/s",
		Figure: "hot titles from the gateway cache: requests a second", Baseline: "each line at once: " + harness.Short(harness.Median(rates[logged]))})
	return nil
}

// differences subtracts pairwise.
func differences(values, yardstick []float64) []float64 {
	all := make([]float64, len(values))
	for i := range all {
		all[i] = values[i] - yardstick[i]
	}
	return all
}

// loggedLife starts a server for each way, has them work in turns, and gives the processor time of a request, us, and requests a second of each.
func (l *lab) loggedLife(seed uint64) (took, served [3][]float64, err error) {
	defer l.stopServers()
	var servers [3]*labServer
	for way, env := range [][]string{
		unlogged:  {"BOOKVAULT_TELEMETRY_ACCESS_LOG=off"},
		logged:    {"BOOKVAULT_TELEMETRY_ACCESS_LOG=all", "BOOKVAULT_TELEMETRY_LOG_BUFFER=0B"},
		sideLined: {"BOOKVAULT_TELEMETRY_ACCESS_LOG=sampled"},
	} {
		if servers[way], err = l.server(fmt.Sprint("log", way), env); err != nil {
			return took, served, err
		}
	}
	for i := range loggedTurns + 1 {
		span := l.seconds / 5
		if i == 0 {
			span = l.seconds // it warms
		}
		for turn := range servers {
			way := (turn + i) % len(servers)
			m, err := l.round(servers[way], hotTitles, seed<<8|uint64(i), span)
			if err != nil {
				return took, served, err
			}
			if i > 0 {
				took[way], served[way] = append(took[way], m.each(m.ours)), append(served[way], m.PerSecond())
			}
		}
	}
	return took, served, nil
}
