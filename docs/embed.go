// Package docs holds the pattern catalogue, for the program to show what each pattern gained when last measured.
package docs

import _ "embed"

// Patterns is PATTERNS.md: a table with a row for each pattern.
//
//go:embed PATTERNS.md
var Patterns string
