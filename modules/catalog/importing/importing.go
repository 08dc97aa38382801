// Package importing turns files of books, as dirty as they come, into titles of the catalogue. A file is opened (source.go:
// gzip, encoding), cut into rows (rows.go), each row is read by the shape of the file (shape.go and one file a shape), and
// a run (run.go) hands the entries on in batches. It repairs what it can, lists what it refused with line, field and reason,
// and goes on with the rest. It knows no database: what a run needs from one is the interface Store, and the next room is
// modules/catalog/postgres (import.go), which writes a batch in one transaction.
package importing

import (
	"fmt"

	"bookvault/modules/catalog"
)

// Limits are the bounds of one import. The zero value of a field means its default.
type Limits struct {
	FieldBytes    int            // longest field, bytes of the file; default 256 KiB
	RowBytes      int            // longest row, bytes of the file; default 1 MiB; also the size of the reader's window
	Columns       int            // most columns; default 500
	Titles        catalog.Limits // of what a title holds; catalog.DefaultLimits
	UnpackedBytes int64          // most bytes after unpacking; 0 means no bound
	BatchRows     int            // entries a transaction; default 1000
	BatchBytes    int            // bytes of the file a transaction; default 4 MiB: long rows make smaller batches
}

func (l Limits) withDefaults() Limits {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	if l.Titles == (catalog.Limits{}) {
		l.Titles = catalog.DefaultLimits
	}
	set(&l.FieldBytes, 256<<10)
	set(&l.RowBytes, 1<<20)
	set(&l.Columns, 500)
	set(&l.BatchRows, 1000)
	set(&l.BatchBytes, 4<<20)
	return l
}

// Entry is one title of the file: the facts of a row, or of several rows that belong together.
type Entry struct {
	Line     int64 // first line of the file it came from, counted from 1
	LastLine int64
	Key      string // what the source calls it; the same key is the same title in the next file too
	Book     catalog.Book
}

// Finding is something about a row that a person should know: the row was refused, or one fact of it was left out.
type Finding struct {
	Line    int64  `json:"line"`
	Field   string `json:"field"`  // the column's name in the file; empty when the row as a whole is meant
	Reason  string `json:"reason"` // for people: what is wrong with it
	Value   string `json:"value,omitempty"`
	Refused bool   `json:"refused"` // false: the row went in without this fact
}

func (f Finding) String() string {
	what := "refused"
	if !f.Refused {
		what = "left out"
	}
	s := fmt.Sprintf("line %d: %s: ", f.Line, what)
	if f.Field != "" {
		s += f.Field + ": "
	}
	s += f.Reason
	if f.Value != "" {
		s += fmt.Sprintf(" (%q)", f.Value)
	}
	return s
}

// valueShown bounds how much of a wrong value a finding repeats, in bytes.
const valueShown = 120

func refuse(line int64, field, reason, value string) *Finding {
	return &Finding{Line: line, Field: field, Reason: reason, Value: shorten(value), Refused: true}
}

// shorten cuts a value for a report, at a whole character and without what a terminal or PostgreSQL could not take.
func shorten(s string) string {
	if len(s) > valueShown {
		s = s[:valueShown] + "…"
	}
	return printable(s)
}
