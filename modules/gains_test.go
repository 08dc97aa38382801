package modules

import (
	"testing"

	"bookvault/docs"
)

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
