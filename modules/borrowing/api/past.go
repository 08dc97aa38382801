package api

import "time"

// PastIn lets a question be asked of the past. (Embedded, so exported: huma looks at no other.)
type PastIn struct {
	AsOf time.Time `query:"as_of" doc:"An instant (RFC 3339): what the library knew then, by its ledger. Titles and cards are as they are now; who borrowed is not known of what was forgotten since. Now."`
}

// now tells whether the question is not of the past.
func (p PastIn) now() bool { return p.AsOf.IsZero() }

// scope is what the instant adds to the name of a list, for its cursors.
func (p PastIn) scope() string {
	if p.now() {
		return ""
	}
	return " as of " + p.AsOf.UTC().Format(time.RFC3339Nano)
}

// look asks of now or of then.
func look[A any](p PastIn, now func() (A, error), then func(time.Time) (A, error)) (A, error) {
	if p.now() {
		return now()
	}
	return then(p.AsOf)
}
