package modules

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"bookvault/docs"
)

// The table has all fifteen, with their parts: where each lives is there, each setting that switches one is a switch, and no switch is without
// a row.
func TestTheCatalogueOfPatternsIsWhole(t *testing.T) {
	numbers, switches := []string{"1A", "1B", "1C", "2A", "2B", "2C", "2D", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"}, map[string]bool{}
	for line := range strings.Lines(docs.Patterns) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 6 || !strings.Contains(line, "](../") {
			continue
		}
		number := strings.TrimSpace(cells[0])
		numbers = slices.DeleteFunc(numbers, func(n string) bool { return n == number })
		for i, cell := range cells {
			if strings.TrimSpace(cell) == "" {
				t.Errorf("column %d of pattern %s is empty", i, number)
			}
		}
		for _, link := range regexp.MustCompile(`\]\(\.\./([^)]*)\)`).FindAllStringSubmatch(cells[2], -1) {
			if _, err := os.Stat("../" + link[1]); err != nil {
				t.Errorf("pattern %s: %v", number, err)
			}
		}
		for _, name := range switchOf.FindAllStringSubmatch(cells[3], -1) {
			switches[name[1]] = true
		}
		word := strings.TrimRight(number, "ABCD")
		if !regexp.MustCompile(`(?m)^\*\*` + word + `[A-D]?( and [0-9A-D]+)?, in words\.\*\*`).MatchString(docs.Patterns) {
			t.Errorf("pattern %s is not said in words", number)
		}
		if !regexp.MustCompile(`(?m)^\| [^|]*\b` + number + `\b[^|]*\| [^|]+ \|$`).MatchString(docs.Patterns) {
			t.Errorf("nobody is told when not to use pattern %s", number)
		}
	}
	if len(numbers) > 0 {
		t.Errorf("there are no rows of %v", numbers)
	}
	for _, s := range (&Patterns{}).switches() {
		if !switches[s.name] {
			t.Errorf("%s is a switch without a row", s.name)
		}
		delete(switches, s.name)
	}
	if len(switches) > 0 {
		t.Errorf("rows of switches that are none: %v", switches)
	}
}

func TestWhatAPatternGainedStandsInTheCatalogueOfPatterns(t *testing.T) {
	table := "| n | pattern | package | setting | metric | gain when measured |\n|---|---|---|---|---|---|\n" +
		"| 3 | Reads | x | `patterns.read_replicas.enabled`, `database.replica_max_lag` | m | +40 % ([FAULTS](FAULTS.md), `go run ./bench read`) |\n" +
		"| 4 | Cache | x | `patterns.gateway_cache.enabled` | m | not yet measured |\n" +
		"| 5 | Breaker, retry | x | `patterns.circuit_breaker.enabled`, `patterns.retry.enabled` | m | **-90 %** failures |\n" +
		"| 8 | Pools | x | `database.pool.*` (no switch) | m | wait -50 % |\n"
	want := map[string]string{"read_replicas": "+40 % (FAULTS, go run ./bench read)", "circuit_breaker": "-90 % failures", "retry": "-90 % failures", "pool_tuning": "wait -50 %"}
	found := gainsOf(table)
	if len(found) != len(want) {
		t.Errorf("%v", found)
	}
	for name, gain := range want {
		if found[name] != gain {
			t.Errorf("%s: %q, not %q", name, found[name], gain)
		}
	}
	if len(gainsOf(docs.Patterns)) == 0 {
		t.Error("docs/PATTERNS.md has not one figure that can be read")
	}
}

// Each phrase of the bench is known to the Vietnamese page: what is left of a gain without them has no word in it.
func TestWhatAPatternGainedIsSaidInVietnamese(t *testing.T) {
	words, err := os.ReadFile("../web/static/i18n/gains-vi.js")
	if err != nil {
		t.Fatal(err)
	}
	phrases := regexp.MustCompile(`(?m)^  \["(.+)", "(.+)"\],$`).FindAllStringSubmatch(string(words), -1)
	if len(phrases) == 0 {
		t.Fatal("no phrase was found")
	}
	for pattern, gain := range gains {
		left := strings.TrimSuffix(gain, " (PERFORMANCE)")
		for _, phrase := range phrases {
			left = strings.ReplaceAll(left, phrase[1], "")
		}
		if english := regexp.MustCompile(`\p{L}{3,}`).FindString(left); english != "" {
			t.Errorf("%s: %q of %q is not said in Vietnamese", pattern, english, gain)
		}
	}
}
