package main

import (
	"fmt"
	"html"
	"strings"

	"bookvault/bench/harness"
)

// remarks say why a claim does not hold here, or what a figure must be read with.
var remarks = map[string]string{
	"adaptive_limit":     "Its use shows when there is too much: see `go run ./bench faults` (overload).",
	"cache_aside":        "The usual milliseconds are those of a database that is that far away; on loopback a title costs PostgreSQL a fraction of one, so what is gained there is its work.",
	"cdn":                "Latency is the network's: a request that is not made saves a round trip, whatever that takes for a reader. Here it is loopback.",
	"circuit_breaker":    "This is what the policies cost while nothing fails. What they gain when something does is measured by `go run ./bench faults`: errors of a neighbour, time to the answer, recovery.",
	"coalescing":         "It waits for nobody: while the database is idle a title is loaded at once. What it gains grows with the time that a load takes.",
	"compression":        "Whole answers are compressed once and kept; what is left of its cost is what is made for one request alone.",
	"gateway_cache":      "The usual milliseconds presuppose a slow application behind. Of the fast one here a hit saves nearly all work.",
	"group_commit":       "The usual claim is of event sourcing's appended writes; here the events of many commands share one transaction. What the events themselves cost is measured by `go run ./bench ledger`.",
	"hedging":            "On one machine both servers share the cores, so a second question takes from the first.",
	"logging":            "The share is of the cheapest answer there is, a hit of the gateway cache; of any other it is smaller.",
	"materialized_views": "It grows with the library: live figures read every title. At 1,000,000 titles they take seconds (`go run ./bench statistics`).",
	"metrics":            "Both are small beside a request; the route is found in a tree that is made once.",
	"rate_limit":         "One client with no right to more than others. What good clients lose beside a greedy one is measured by `go run ./bench faults` (greedy).",
	"read_replicas":      "Primary and replica share two cores here, so nothing can be gained: it needs a second machine. With distance it costs nothing either.",
	"read_through":       "A hit saves what the search takes, which on loopback is a few milliseconds; the rest of the usual ones are those of the way to a database that is far.",
	"remote_cache":       "A question to Redis takes about as long as one to PostgreSQL that has nothing else to do; what is spared is the database. Values are found there once any process has loaded them; the time that a question may take (`cache.remote_timeout`) is longer here than by itself, since two cores that everything shares keep it waiting.",
	"write_behind":       "The answer waits for the disk of the queue either way; what it no longer waits for is the database.",
	"write_through":      "What a write leaves behind goes into memory, so it costs no milliseconds; what a read saves is the way to the database and two queries.",
}

// notes say what a suite's figures must be read with: what is usually promised of it, or why a goal is not reached.
var notes = map[string]string{
	"faults":       "Usual claims: a breaker, retries and a fallback prevent nine of ten failures that would cascade, and answer 200 to 500 ms earlier than a timeout; a bulkhead isolates a neighbour's failure fully; a limit protects by 90 %.",
	"interactions": "Measured by `npm run interactions` in e2e, in a library of a million titles: from the key or click until the browser has painted (Event Timing, as in INP). When the answer itself stood in the page is said beside it; in a search it waits 120 ms for the next letter.",
	"ledger":       "Usual claim of event sourcing: +100 to +200 % writes, where appended events replace updates. Here they are beside the rows, for the past and for proof, so they cost.",
	"lighthouse":   "Measured by `npm start` in e2e/lighthouse: its mobile setting, simulated, in a browser that kept nothing, by TLS and HTTP/2; medians of three rounds.",
	"overall": "A tenth of the mix are commands at the desk, and a twentieth are accounts, of whose reading a record is kept: transactions on either side, shown by themselves above. They are nearly all that is left of database calls and " +
		"most of the processor time, so these do not fall to a tenth, nor does what two cores can serve rise tenfold. While the primary fails, they fail, and nothing else does: titles and " +
		"searches come from the replica. They are more than a tenth of what arrives, so nine tenths cannot be saved. Caches are warm as after five minutes (`cache.fresh`) of such arrivals, which come at random. " +
		"What grows with the library are searches that nobody asked for before: in a small one few titles match, in a large one as many as are ranked at most (`catalog.search.candidates`). " +
		"Pools are tuned from the first phase on, since they have no switch ([ADR 0018](adr/0018-pools-have-no-switch.md)).",
	"pool": "Usual claim of a tuned pool: connection wait -50 to -70 %, +30 to +50 % requests a second.",
}

// performancePage writes docs/PERFORMANCE.md.
func performancePage(rows []harness.Row, on machine) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Performance, as measured

This page is written by `+"`go run ./bench report`"+` from the rows in [performance/](performance), which the suites of the bench write (`+"`-json`"+`); nothing in it is
typed by hand but the remarks, which are in bench/reporttext.go. Each figure has the thing off and on in turns in one run, so the ratio holds for other machines
rather than the value.

| | |
|---|---|
| processor | %s, %d cores, shared by BookVault, PostgreSQL and the load generator |
| memory | %d GiB |
| system | %s |
| versions | %s, %s, Redis %s |
| day | %s |

"Off" is the plain way over the same schema, indexes and capped searches. "Distance" is what toxiproxy puts between BookVault and what it depends on (PostgreSQL, its replica,
Redis); loopback is as it is. The usual claim is what articles about the pattern promise; where it is not reached, the remark says why.

`, on.Processor, on.Cores, on.MemoryGiB, on.System, on.Go, on.PostgreSQL, on.Redis, on.Day)
	names, of := byPattern(rows)
	for _, part := range []struct {
		title string
		in    func(string) bool
		chart string
	}{
		{"A day's mix: everything off, everything on", func(n string) bool { return n == "overall" || n == "phases" }, "overall"},
		{"Each pattern", func(n string) bool { _, known := remarks[n]; return known }, "patterns"},
		{"Other suites", func(n string) bool {
			_, known := remarks[n]
			return !known && n != "overall" && n != "phases"
		}, ""},
	} {
		begun := false
		for _, name := range names {
			if !part.in(name) {
				continue
			}
			if !begun {
				fmt.Fprintf(&b, "## %s\n\n", part.title)
				if part.chart != "" {
					fmt.Fprintf(&b, "![%s](performance/%s.svg)\n\n", part.title, part.chart)
				}
				begun = true
				if part.chart == "patterns" {
					claimsTable(&b, rows)
				}
			}
			section(&b, name, of[name])
		}
	}
	return b.String()
}

// figureAt says what a row of a suite is of, and from how far away it was measured if that was not loopback.
func figureAt(r harness.Row) string {
	if at(r) == distances[0].name {
		return r.Figure
	}
	return r.Figure + ", " + r.Distance + " away"
}

// verdictOf says whether a goal is reached.
func verdictOf(r harness.Row) string {
	switch {
	case r.Goal == "":
		return ""
	case strings.HasPrefix(r.Figure, "failed requests while") && r.Off == 0 && r.Value == 0:
		return "nothing failed either way"
	case r.Holds:
		return "reached"
	}
	return "missed"
}

// section writes the table of one pattern or suite.
func section(b *strings.Builder, name string, rows []harness.Row) {
	fmt.Fprintf(b, "### %s\n\n", name)
	if rows[0].Pattern == "" {
		b.WriteString("| figure | against | value | ratio | goal | |\n|---|---|---|---|---|---|\n")
		for _, r := range rows {
			ratio := ""
			if r.Ratio != 0 {
				ratio = number(r.Ratio)
			}
			fmt.Fprintf(b, "| %s | %s | %s %s | %s | %s | %s |\n", figureAt(r), r.Baseline, number(r.Value), r.Unit, ratio, r.Goal, verdictOf(r))
		}
		b.WriteString("\n")
		if note := notes[name]; note != "" {
			b.WriteString(note + "\n\n")
		}
		return
	}
	b.WriteString("| figure | distance | off | on | | usual claim | goal |\n|---|---|---|---|---|---|---|\n")
	for _, r := range rows {
		goal := strings.TrimSpace(r.Goal + " " + verdictOf(r))
		fmt.Fprintf(b, "| %s | %s | %s | %s %s | %s | %s | %s |\n", r.Figure, r.Distance, number(r.Off), number(r.Value), r.Unit, change(r), r.Claim, goal)
	}
	if remark := remarks[name]; remark != "" {
		fmt.Fprintf(b, "\n%s\n", remark)
	}
	b.WriteString("\n")
}

// bar is one line of a chart.
type bar struct {
	label   string
	off, on float64
	unit    string
}

// charts draws the pictures of the page, by their names.
func charts(rows []harness.Row) map[string]string {
	var patterns, phases []bar
	for _, r := range rows {
		switch {
		case r.Pattern == "phases" && r.Unit == "1/s":
			phases = append(phases, bar{strings.TrimSuffix(strings.TrimPrefix(r.Figure, "phase: "), ": requests a second"), r.Off, r.Value, "/s"})
		case r.Distance == "loopback" && strings.HasSuffix(r.Figure, ": requests a second"):
			patterns = append(patterns, bar{r.Pattern, r.Off, r.Value, "/s"})
		}
	}
	return map[string]string{
		"patterns": chart("Requests a second on loopback, without a pattern (grey) and with it", patterns),
		"overall":  chart("Requests a second of the day's mix, as patterns are added", phases),
	}
}

// chart draws horizontal bars, each pair against the longer of the two, so that dear and cheap work fit into one picture.
func chart(title string, bars []bar) string {
	const width, left, row = 760, 250, 34
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="12" role="img" aria-label="%s">`+"\n",
		width, 40+row*len(bars), width, 40+row*len(bars), html.EscapeString(title))
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="#ffffff"/><text x="8" y="20" font-size="14" fill="#1f2933">%s</text>`+"\n", html.EscapeString(title))
	for i, one := range bars {
		y := 36 + i*row
		most := max(one.off, one.on, 1e-9)
		long := func(v float64) int { return int(v / most * (width - left - 110)) }
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end" fill="#1f2933">%s</text>`, left-8, y+17, html.EscapeString(one.label))
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="11" fill="#9aa5b1"/><text x="%d" y="%d" fill="#52606d">%s%s</text>`, left, y, long(one.off), left+long(one.off)+6, y+10, number(one.off), one.unit)
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="11" fill="#1f6f8b"/><text x="%d" y="%d" fill="#1f2933">%s%s</text>`+"\n", left, y+13, long(one.on), left+long(one.on)+6, y+23, number(one.on), one.unit)
	}
	b.WriteString("</svg>\n")
	return b.String()
}
