package main

import (
	"fmt"
	"slices"
	"strings"

	"bookvault/bench/harness"
)

// withGains fills the last column of the table of patterns: what was measured at home, and far away where that says more. Rows whose
// pattern has no figure stay as they are.
func withGains(page string, rows []harness.Row) string {
	lines := strings.Split(page, "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, "| ") || !strings.Contains(line, "](../") {
			continue
		}
		cells := strings.Split(line, " | ")
		gain := gainOf(line, rows)
		if len(cells) < 6 || gain == "" {
			continue
		}
		cells[len(cells)-1] = gain + " |"
		lines[i] = strings.Join(cells, " | ")
	}
	return strings.Join(lines, "\n")
}

// unswitched are patterns without a switch, by what names them in the table.
var unswitched = map[string]string{"logging": "(../deploy/sidecars/logs)", "metrics": "(../deploy/sidecars/metrics)"}

// elsewhere are patterns that suites of their own measure: what names them in the table, and which figures say what they gain.
var elsewhere = []struct {
	named, suite string
	figures      []string
	claim        string
}{
	{"`patterns.bulkhead.enabled`", "faults", []string{"desk: errors and timeouts while the catalogue's database takes 5 s", "desk: p99 during it"}, "full isolation of a neighbour's failure"},
	{"`database.pool.*`", "pool", []string{"500 clients, p99 of a read", "until a read has its connection, mean", "reads a second"}, "connection wait -50 to -70 %, requests a second +30 to +50 %"},
	{"`ledger.*`", "ledger", []string{"a check-out with its events and outbox, 4 desks"}, "writes +100 to +200 % where they replace updates; here they are beside the rows, for the past and for proof"},
	{"`patterns.circuit_breaker.enabled`", "faults", []string{"desk: errors and timeouts while the catalogue's database takes 5 s", "titles not served during it, which come by the other way", "callers of what is dead, its breaker open: p99"},
		"cascade failures -90 %, -200 to -500 ms (fallback against timeout)"},
}

// gainElsewhere words the figures of such a pattern.
func gainElsewhere(line string, rows []harness.Row) string {
	var said []string
	claim := ""
	for _, e := range elsewhere {
		for _, r := range rows {
			if !strings.Contains(line, e.named) || r.Suite != e.suite || !slices.Contains(e.figures, r.Figure) || at(r) != distances[0].name {
				continue
			}
			one := fmt.Sprintf("%s %s %s", r.Figure, number(r.Value), r.Unit)
			if r.Baseline != "" {
				one += ", against " + r.Baseline
			}
			if said := change(r); said != "" {
				one += " (" + said + ")"
			}
			said, claim = append(said, one), e.claim
		}
	}
	if len(said) == 0 {
		return ""
	}
	return strings.Join(said, "; ") + ". Usual claim: " + claim + " ([PERFORMANCE](PERFORMANCE.md))"
}

// gainOf words the figures of the pattern that a row of the table is about.
func gainOf(line string, rows []harness.Row) string {
	if gain := gainElsewhere(line, rows); gain != "" {
		return gain
	}
	name := ""
	for _, r := range rows {
		if r.Pattern != "" && (strings.Contains(line, "`patterns."+r.Pattern+".enabled`") || unswitched[r.Pattern] != "" && strings.Contains(line, unswitched[r.Pattern])) {
			name = r.Pattern
			break
		}
	}
	if name == "" {
		return ""
	}
	var near, far []string
	about, claims := "", []string{}
	for _, r := range rows {
		if r.Pattern != name {
			continue
		}
		work, what, _ := strings.Cut(r.Figure, ": ")
		said := strings.TrimSpace(fmt.Sprintf("%s %s → %s %s", what, number(r.Off), number(r.Value), r.Unit))
		if by := change(r); by != "" {
			said += " (" + by + ")"
		}
		switch r.Distance {
		case "loopback":
			if work != about {
				said = work + ": " + said
			}
			about = work
			near = append(near, said)
			if r.Claim != "" {
				claims = append(claims, strings.TrimSpace(what+" "+r.Claim))
			}
		case "10 ms":
			if len(far) < 2 {
				far = append(far, said)
			}
		}
	}
	text := strings.Join(near, ", ")
	if len(far) > 0 {
		text += "; with the dependencies 10 ms away " + strings.Join(far, ", ")
	}
	if len(claims) > 0 {
		text += ". Usual claim: " + strings.Join(claims, ", ")
	}
	return text + " ([PERFORMANCE](PERFORMANCE.md))"
}
