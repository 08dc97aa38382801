package main

import (
	"cmp"
	"fmt"
	"strings"

	"bookvault/bench/harness"
)

// What is usually claimed of each pattern, beside what was measured of it at each distance, in one table: docs/PERFORMANCE.md begins its patterns
// with it.

// claimed is one thing that is usually claimed of a pattern.
type claimed struct {
	pattern, claim string // as articles have them
	suite          string // that measures it; "": patterns
	row            string // the pattern's name among that suite's rows; "": they have none
	figure         string // of that row, or its end
	reached        func(harness.Row) bool
	why            string // it is not reached, or is measured on loopback alone
}

// How a claim is held to a row: milliseconds are of the difference, shares of the ratio.
func saves(ms float64) func(harness.Row) bool {
	return func(r harness.Row) bool { return r.Off-r.Value >= ms }
}
func costsNoMore(ms float64) func(harness.Row) bool {
	return func(r harness.Row) bool { return r.Value-r.Off <= ms }
}
func fallsTo(ratio float64) func(harness.Row) bool {
	return func(r harness.Row) bool { return r.Ratio <= ratio }
}
func risesTo(ratio float64) func(harness.Row) bool {
	return func(r harness.Row) bool { return r.Ratio >= ratio }
}
func isAtMost(value float64) func(harness.Row) bool {
	return func(r harness.Row) bool { return r.Value <= value }
}

// Why claims are not reached, where several have one reason.
const (
	nearDatabase  = "PostgreSQL is no farther away than the column says, so no more milliseconds can be saved than an answer takes."
	nothingBehind = "Whatever is behind does not matter to it: loopback says all."
	ownSuite      = "Measured by a suite of its own: "
	oneMachine    = "Redis is as far away as PostgreSQL, so no milliseconds of the way are saved: what is spared is the database, and waiting for it."
)

// usualClaims are those of the table that this project is held to, in its order.
var usualClaims = []claimed{
	{pattern: "logging sidecar", claim: "-10 to -20 % logging overhead", row: "logging", figure: "processor time that logging adds to a request", reached: fallsTo(0.9), why: nothingBehind},
	{pattern: "metrics sidecar", claim: "-5 to -10 % metrics overhead", row: "metrics", figure: "counting a request and its time", reached: fallsTo(0.95), why: nothingBehind},
	{pattern: "write-through", claim: "write +5 to 10 ms", row: "write_through", figure: "leaves counts behind: p50", reached: costsNoMore(10), why: "What is left behind is put into memory, in no time that shows beside the transaction."},
	{pattern: "write-through", claim: "read -50 to -80 ms", row: "write_through", figure: "asked for with a token: p50", reached: saves(50), why: nearDatabase},
	{pattern: "read-through", claim: "-50 to -80 ms on a hit", row: "read_through", figure: ": p50", reached: saves(50), why: nearDatabase},
	{pattern: "read-through", claim: "+40 to +60 % requests/s", row: "read_through", figure: ": requests a second", reached: risesTo(1.4)},
	{pattern: "read-through", claim: "database load -60 to -80 %", row: "read_through", figure: ": PostgreSQL's processor time a request", reached: fallsTo(0.4)},
	{pattern: "cache-aside", claim: "-50 to -80 ms on a hit", row: "cache_aside", figure: ": p50", reached: saves(50), why: nearDatabase},
	{pattern: "cache-aside", claim: "+40 to +60 % requests/s", row: "cache_aside", figure: ": requests a second", reached: risesTo(1.4)},
	{pattern: "cache-aside", claim: "database load -60 to -80 %", row: "cache_aside", figure: ": PostgreSQL's processor time a request", reached: fallsTo(0.4)},
	{pattern: "caching sidecar", claim: "-50 to -80 ms on a hit", row: "remote_cache", figure: ": p50", reached: saves(50), why: oneMachine},
	{pattern: "caching sidecar", claim: "+40 to +60 % requests/s", row: "remote_cache", figure: ": requests a second", reached: risesTo(1.4), why: oneMachine},
	{pattern: "caching sidecar", claim: "database load -60 to -80 %", row: "remote_cache", figure: ": PostgreSQL's processor time a request", reached: fallsTo(0.4), why: oneMachine},
	{pattern: "gateway cache", claim: "-80 to -150 ms", row: "gateway_cache", figure: ": p50", reached: saves(80), why: "The application behind answers in half a millisecond; no more can be saved."},
	{pattern: "gateway cache", claim: "backend load -70 to -90 %", row: "gateway_cache", figure: ": PostgreSQL's processor time a request", reached: fallsTo(0.3), why: "The caches behind it have asked PostgreSQL nothing either: what is left is the work that goes on beside requests."},
	{pattern: "gateway cache", claim: "+200 to +300 % requests/s", row: "gateway_cache", figure: ": requests a second", reached: risesTo(3), why: "Against an application without caches it would; here those behind it are on, and the load generator takes its share of two cores."},
	{pattern: "read replicas", claim: "read latency -20 to -40 %", row: "read_replicas", figure: ": p50", reached: fallsTo(0.8), why: "Primary and replica share two cores here: see the next rows, where each has its own share."},
	{pattern: "read replicas", claim: "read latency -20 to -40 %", suite: "replicas", figure: "p99 of a read, each server held to 0.25 of a core", reached: fallsTo(0.8), why: ownSuite + "`go run ./bench replicas`. Of a read from far away the most is the way, which is as long to a replica."},
	{pattern: "read replicas", claim: "write throughput +30 to +50 %", suite: "replicas", figure: "writes, each server held to 0.25 of a core", reached: risesTo(1.3), why: ownSuite + "`go run ./bench replicas`. Writers that are far away wait for the way rather than for the server."},
	{pattern: "breaker, retry, fallback", claim: "cascade failures -90 %", suite: "faults", figure: "desk: errors and timeouts while the catalogue's database takes 5 s", reached: fallsTo(0.1), why: ownSuite + "`go run ./bench faults`; the fault is 5 s, whatever the distance."},
	{pattern: "breaker, retry, fallback", claim: "cascade failures -90 %", suite: "faults", figure: "titles not served during it, which come by the other way", reached: fallsTo(0.1), why: ownSuite + "`go run ./bench faults`."},
	{pattern: "breaker, retry, fallback", claim: "-200 to -500 ms (fallback against timeout)", suite: "faults", figure: "callers of what is dead, its breaker open: p99", reached: isAtMost(500), why: ownSuite + "`go run ./bench faults`. Without it they wait for the timeout, 1 s of a title and 5 s of a search."},
	{pattern: "bulkhead", claim: "full isolation of a neighbour's failure", suite: "faults", figure: "desk: p99 during it", reached: fallsTo(2), why: ownSuite + "`go run ./bench faults`; slower than when all is well are the first commands alone, until the breaker opens."},
	{pattern: "rate limiting", claim: "protection +90 %", row: "rate_limit", figure: "titles it is served a second", reached: fallsTo(0.1), why: "The limit is as high at any distance, but a database that is far away serves one client less without it too."},
	{pattern: "pool tuning", claim: "connection wait -50 to -70 %", suite: "pool", figure: "until a read has its connection, mean", reached: fallsTo(0.5), why: ownSuite + "`go run ./bench pool`."},
	{pattern: "pool tuning", claim: "+30 to +50 % requests/s", suite: "pool", figure: "reads a second", reached: risesTo(1.3), why: ownSuite + "`go run ./bench pool`. There are as many connections as two cores can use (`database.pool.max_connections`); each waits for the way most of the time where that is long: 500 clients of a database 10 ms away want more of them."},
	{pattern: "coalescing", claim: "database calls -60 to -80 % for duplicates", row: "coalescing", figure: ": database calls a request", reached: fallsTo(0.4)},
	{pattern: "coalescing", claim: "+40 to +60 % requests/s", row: "coalescing", figure: ": requests a second", reached: risesTo(1.4)},
	{pattern: "CDN", claim: "static latency -200 to -500 ms", row: "cdn", figure: "all of it, one request after the other", reached: saves(200), why: "Latency is the network's, of which there is none here: what is measured is what is not asked for. " + nothingBehind},
	{pattern: "CDN", claim: "server load -40 to -60 %", row: "cdn", figure: "requests of a browser that was here before", reached: fallsTo(0.6), why: nothingBehind},
	{pattern: "event sourcing", claim: "writes +100 to +200 % (append-only)", suite: "ledger", figure: "a check-out with its events and outbox, 4 desks", reached: fallsTo(0.5), why: ownSuite + "`go run ./bench ledger`. The claim is of events in place of updated rows; here they are beside the rows, for the past and for proof, so they cost."},
	{pattern: "event sourcing", claim: "writes +100 to +200 % (append-only)", row: "group_commit", figure: ": requests a second", reached: risesTo(2), why: "What appends gain elsewhere, commands gain here by sharing a transaction; 16 desks are few for that, and of a far database the way takes longer than the disk."},
	{pattern: "materialized views", claim: "query time -80 to -95 %", row: "materialized_views", figure: ": p50", reached: fallsTo(0.2)},
	{pattern: "materialized views", claim: "database load -70 to -90 %", row: "materialized_views", figure: ": PostgreSQL's processor time a request", reached: fallsTo(0.3)},
	{pattern: "write-behind with queue", claim: "write latency -90 to -95 %", row: "write_behind", figure: ": p50", reached: fallsTo(0.1), why: "The answer waits for the queue's disk, which near the database is most of what a transaction waits for."},
	{pattern: "write-behind with queue", claim: "+200 to +400 % writes/s", row: "write_behind", figure: ": requests a second", reached: risesTo(3)},
	{pattern: "compression", claim: "size -60 to -80 %", row: "compression", figure: ": bytes of an answer", reached: fallsTo(0.4), why: nothingBehind},
	{pattern: "compression", claim: "CPU +5 to +10 %", row: "compression", figure: ": BookVault's processor time a request", reached: fallsTo(1.1), why: nothingBehind},
}

// measured finds the row of a claim at a distance.
func (c claimed) measured(rows []harness.Row, distance string) (harness.Row, bool) {
	for _, r := range rows {
		if r.Suite == cmp.Or(c.suite, "patterns") && r.Pattern == c.row && at(r) == distance && strings.HasSuffix(r.Figure, c.figure) {
			return r, true
		}
	}
	return harness.Row{}, false
}

// cell words what was measured at a distance, and whether that is what is claimed.
func (c claimed) cell(r harness.Row) string {
	text := fmt.Sprintf("%s %s", number(r.Value), r.Unit)
	switch {
	case r.Pattern != "":
		text = fmt.Sprintf("%s → %s", number(r.Off), text)
	case r.Baseline != "":
		text += ", against " + r.Baseline
	}
	if said := change(r); said != "" {
		text += " (" + said + ")"
	}
	if !c.reached(r) {
		return text + ", not reached"
	}
	return text
}

// claimsTable writes all of them.
func claimsTable(b *strings.Builder, rows []harness.Row) {
	b.WriteString("### Beside the usual claims\n\nWhat a cell says \"not reached\" of, or is empty, the last column explains.\n\n| pattern | usual claim | loopback | 1 ms | 10 ms | why |\n|---|---|---|---|---|---|\n")
	for _, c := range usualClaims {
		line := "| " + c.pattern + " | " + c.claim + " |"
		explain := false
		for _, d := range distances {
			r, found := c.measured(rows, d.name)
			said := ""
			if found {
				said = " " + c.cell(r)
			}
			explain = explain || !found || !c.reached(r)
			line += said + " |"
		}
		if why := c.why; explain && why != "" {
			line += " " + why
		}
		b.WriteString(line + " |\n")
	}
	b.WriteString("\n")
}
