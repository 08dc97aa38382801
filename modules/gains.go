package modules

import (
	"regexp"
	"strings"

	"bookvault/docs"
)

// foundations are patterns that never switch off: the operator sees how they do.
var foundations = []string{"logging", "metrics", "pool_tuning", "sharding", "ledger"}

// gains says what each pattern gained when last measured, by its name; a pattern that was not measured has none.
var gains = gainsOf(docs.Patterns)

var (
	switchOf  = regexp.MustCompile("`patterns\\.([a-z_]+)\\.enabled`")
	linkTo    = regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`)
	settingOf = map[string]string{"`database.pool.": "pool_tuning", "`ledger.": "ledger", "`telemetry.access_log`": "logging", "`telemetry.metrics_address`": "metrics"}
)

// gainsOf reads the table of PATTERNS.md: the setting's cell names the pattern, the last cell holds what it gained. Of a pattern with
// several rows the first that was measured counts.
func gainsOf(text string) map[string]string {
	found := map[string]string{}
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) < 6 {
			continue
		}
		setting, gain := cells[3], plainText(cells[len(cells)-1])
		if gain == "" || strings.Contains(gain, "not yet measured") {
			continue
		}
		names := switchOf.FindAllStringSubmatch(setting, -1)
		for prefix, name := range settingOf {
			if strings.Contains(setting, prefix) {
				names = append(names, []string{prefix, name})
			}
		}
		for _, name := range names {
			if _, known := found[name[1]]; !known {
				found[name[1]] = gain
			}
		}
	}
	return found
}

// plainText is a cell of the table without the signs that only format it.
func plainText(cell string) string {
	return strings.TrimSpace(strings.NewReplacer("`", "", "**", "").Replace(linkTo.ReplaceAllString(cell, "$1")))
}
