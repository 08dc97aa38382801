// Package migrations holds the database's history: one file a step, carried out in order by database.Migrate. Files are never
// changed once released; a new step is a new file.
package migrations

import "embed"

// FS holds the migrations, in goose's format.
//
//go:embed *.sql
var FS embed.FS
