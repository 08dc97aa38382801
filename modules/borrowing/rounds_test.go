package borrowing_test

import (
	"flag"
	"testing"

	"pgregory.net/rapid"
)

// rounds is how often a property is tried that needs the database for each step. -rapid.checks=N says how often instead.
const rounds = "15"

// check tries a property against the database.
func check(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	if checks := flag.Lookup("rapid.checks"); checks.Value.String() == checks.DefValue {
		must(t, checks.Value.Set(rounds))
		defer func() { must(t, checks.Value.Set(checks.DefValue)) }()
	}
	rapid.Check(t, property)
}
