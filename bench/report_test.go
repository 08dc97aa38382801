package main

import (
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bookvault/bench/harness"
)

func TestTheTableOfPatternsIsFilledFromRows(t *testing.T) {
	rows := []harness.Row{
		{Suite: "patterns", Pattern: "cache_aside", Distance: "loopback", Figure: "hot titles: p50", Off: 2, Value: 1, Ratio: 0.5, Unit: "ms", Claim: "-50 to -80 ms on a hit"},
		{Suite: "patterns", Pattern: "cache_aside", Distance: "10 ms", Figure: "hot titles: p50", Off: 22, Value: 1, Ratio: 0.045, Unit: "ms"},
	}
	page, err := os.ReadFile("../docs/PATTERNS.md")
	if err != nil {
		t.Fatal(err)
	}
	filled := withGains(string(page), rows)
	before, after := strings.Split(string(page), "\n"), strings.Split(filled, "\n")
	if len(before) != len(after) {
		t.Fatalf("%d lines became %d", len(before), len(after))
	}
	changed := 0
	for i := range before {
		if before[i] == after[i] {
			continue
		}
		changed++
		if !strings.Contains(after[i], "`patterns.cache_aside.enabled`") || !strings.HasSuffix(after[i], "p50 22 → 1 ms (-96 %). Usual claim: p50 -50 to -80 ms on a hit ([PERFORMANCE](PERFORMANCE.md)) |") &&
			!strings.Contains(after[i], "p50 22.0 → 1 ms") || strings.Count(after[i], " | ") != strings.Count(before[i], " | ") {
			t.Errorf("%s\nbecame\n%s", before[i], after[i])
		}
	}
	if changed != 1 {
		t.Errorf("%d rows of the table changed", changed)
	}
	if withGains(filled, rows) != filled {
		t.Error("filling it again changes it")
	}
}

func TestEveryPatternOfTheLabIsASwitchWithARemark(t *testing.T) {
	settings, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, patterns, _ := strings.Cut(string(settings), "\npatterns:\n")
	for _, p := range labPatterns {
		for _, name := range append([]string{p.name}, append(p.switches, p.behind...)...) {
			if !strings.Contains(patterns, "  "+name+":\n") {
				t.Errorf("there is no pattern %s", name)
			}
		}
		if _, there := remarks[p.name]; !there {
			t.Errorf("%s has no remark, not even an empty one", p.name)
		}
	}
	for _, name := range everyPattern() {
		if !strings.Contains(patterns, "  "+name+":\n") {
			t.Errorf("there is no pattern %s", name)
		}
	}
}

// Each usual claim stands beside what was measured of it, at each distance or with the reason why not, and where it is not reached it is said why.
func TestEveryUsualClaimIsHeldToAFigure(t *testing.T) {
	rows, _, err := readRows("../docs/performance")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, c := range usualClaims {
		seen[c.pattern] = true
		for _, d := range distances {
			r, found := c.measured(rows, d.name)
			switch {
			case !found && d.delay == 0:
				t.Errorf("%s: %s: no row is %s %q", c.pattern, c.claim, c.suite+c.row, c.figure)
			case !found && c.why == "":
				t.Errorf("%s: %s is not measured at %s, and nothing says why", c.pattern, c.claim, d.name)
			case found && !c.reached(r) && c.why == "":
				t.Errorf("%s: %s is not reached at %s (%s), and nothing says why", c.pattern, c.claim, d.name, c.cell(r))
			}
		}
	}
	for _, pattern := range []string{"logging sidecar", "metrics sidecar", "write-through", "read-through", "caching sidecar", "cache-aside", "gateway cache", "read replicas",
		"breaker, retry, fallback", "bulkhead", "rate limiting", "pool tuning", "coalescing", "CDN", "event sourcing", "materialized views", "write-behind with queue", "compression"} {
		if !seen[pattern] {
			t.Errorf("nothing is claimed of %s", pattern)
		}
	}
	page, err := os.ReadFile("../docs/PERFORMANCE.md")
	if err != nil {
		t.Fatal(err)
	}
	var table strings.Builder
	claimsTable(&table, rows)
	if !strings.Contains(string(page), table.String()) {
		t.Error("docs/PERFORMANCE.md has other claims or figures: go run ./bench report writes it")
	}
}

// What a suite of its own measured at each distance fills the three cells of a claim; a row that does not say where it was is of loopback.
func TestRowsOfSuitesFillTheCellsOfTheirDistance(t *testing.T) {
	row := harness.Row{Suite: "pool", Figure: "reads a second", Baseline: "100", Unit: "1/s"}
	near, far, farther := row, row, row
	near.Value, near.Ratio = 150, 1.5
	far.Value, far.Ratio, far.Distance = 200, 2, "1 ms"
	farther.Value, farther.Ratio, farther.Distance = 110, 1.1, "10 ms"
	var table strings.Builder
	claimsTable(&table, []harness.Row{near, far, farther})
	want := "| pool tuning | +30 to +50 % requests/s | 150 1/s, against 100 (+50 %) | 200 1/s, against 100 (+100 %) | 110 1/s, against 100 (+10 %), not reached |"
	if !strings.Contains(table.String(), want) {
		t.Errorf("%s\nis not in\n%s", want, table.String())
	}
	if gain := gainElsewhere("`database.pool.*`", []harness.Row{far, near}); !strings.HasPrefix(gain, "reads a second 150 1/s, against 100 (+50 %). ") {
		t.Errorf("of another distance: %s", gain)
	}
	table.Reset()
	section(&table, "pool", []harness.Row{near, far})
	if text := table.String(); !strings.Contains(text, "\n| reads a second | 100 | 150 1/s |") || !strings.Contains(text, "\n| reads a second, 1 ms away | 100 | 200 1/s |") {
		t.Errorf("the suite's table is\n%s", text)
	}
}

// A value that may as well be nothing says so.
func TestNoiseIsSaid(t *testing.T) {
	row := harness.Row{Suite: "patterns", Pattern: "logging", Distance: "loopback", Figure: "x: processor time that logging adds to a request", Off: 10, Value: 0.2, Unit: "us", Ratio: 0.05, Noise: "-1 to 2 us"}
	var table strings.Builder
	claimsTable(&table, []harness.Row{row})
	if want := "| 10.0 → 0.2 us (-95 %, within noise: -1 to 2 us) |"; !strings.Contains(table.String(), want) {
		t.Errorf("%s\nis not in\n%s", want, table.String())
	}
}

func TestDistancesAreChosenByName(t *testing.T) {
	for said, want := range map[string]string{"": "loopback 1 ms 10 ms", "10 ms": "10 ms", "loopback,10 ms": "loopback 10 ms", "100 ms": "", "1 ms,": ""} {
		flags := flag.NewFlagSet("x", flag.ContinueOnError)
		chosen := distanceFlag(flags, "it is")
		if said != "" {
			_ = flags.Set("distances", said)
		}
		var names []string
		some, err := chosen()
		for _, d := range some {
			names = append(names, d.name)
		}
		if got := strings.Join(names, " "); (err != nil) != (want == "") || err == nil && got != want {
			t.Errorf("%q: %s (%v), want %s", said, got, err, want)
		}
	}
}

// A thing that two files have measured has no one value.
func TestAFigureIsReadOnce(t *testing.T) {
	folder := t.TempDir()
	for _, name := range []string{"a.json", "b.json"} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(`[{"suite": "patterns", "pattern": "retry", "distance": "loopback", "figure": "x: p50", "value": 1}]`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := readRows(folder); err == nil || !strings.Contains(err.Error(), "b.json") || !strings.Contains(err.Error(), "x: p50") {
		t.Errorf("read twice: %v", err)
	}
}

func TestChartsAreDrawings(t *testing.T) {
	for name, text := range charts([]harness.Row{{Pattern: "a<b", Distance: "loopback", Figure: "x: requests a second", Off: 1, Value: 3, Unit: "1/s"}, {Pattern: "phases", Figure: "phase: none: requests a second", Unit: "1/s"}}) {
		for decoder := xml.NewDecoder(strings.NewReader(text)); ; {
			if _, err := decoder.Token(); err == io.EOF {
				break
			} else if err != nil {
				t.Errorf("%s: %v in %s", name, err, text)
				break
			}
		}
	}
}

func TestNumbersAreGrouped(t *testing.T) {
	for v, want := range map[float64]string{3006315: "3,006,315", 1097: "1,097", 162512896: "162,512,896", 999.4: "999", 12.34: "12.3", 0.5: "0.5", 0: "0"} {
		if got := number(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}
