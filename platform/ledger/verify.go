package ledger

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// Finding is something in a ledger that is not as it was written, named as closely as can be.
type Finding struct {
	Stream   string // "" where it is about no stream
	Version  int
	Position int64
	Problem  string
}

// String says it in one line.
func (f Finding) String() string {
	switch {
	case f.Stream == "" && f.Position == 0:
		return f.Problem
	case f.Stream == "":
		return fmt.Sprintf("position %d: %s", f.Position, f.Problem)
	case f.Position == 0:
		return fmt.Sprintf("%s, version %d: %s", f.Stream, f.Version, f.Problem)
	}
	return fmt.Sprintf("%s, version %d (position %d): %s", f.Stream, f.Version, f.Position, f.Problem)
}

// mostFindings bounds what a report keeps; the rest is counted.
const mostFindings = 1000

// Report is what a check of a ledger found.
type Report struct {
	Events    int64 // read
	Streams   int64
	Unchained int64 // events that still wait for their hashes: nothing can be said of them

	Anchors  int   // that were checked
	Anchored int64 // events that they cover
	Behind   int64 // events that no anchor covers yet: a whole stream of these could be written anew unseen

	Findings []Finding // the first ones
	Found    int64     // all of them
}

// Intact tells whether nothing was found.
func (r *Report) Intact() bool { return r.Found == 0 }

// Find adds something that is not as it should be; more than a thousand are only counted.
func (r *Report) Find(f Finding) {
	if r.Found++; len(r.Findings) < mostFindings {
		r.Findings = append(r.Findings, f)
	}
}

// Progress hears now and then how many events were read. It may be nil.
type Progress func(events int64)

// progressEvery is how many events are read between two words about it.
const progressEvery = 100_000

// Say tells of a number of events, if it is a round one.
func (p Progress) Say(events int64) {
	if p != nil && events%progressEvery == 0 {
		p(events)
	}
}

// Verify reads every stream in the snapshot of a transaction, checks that its versions have no gap and that each event's hash is that of
// its contents and of the event before it, and adds to a report what is not so. It holds one event in memory.
func (l *Ledger) Verify(ctx context.Context, tx pgx.Tx, report *Report, progress Progress) error {
	rows, err := tx.Query(ctx, l.all)
	if err != nil {
		return fmt.Errorf("verify the ledger: %w", err)
	}
	defer rows.Close()
	var w walker
	for rows.Next() {
		var e link
		if err := e.scan(rows); err != nil {
			return fmt.Errorf("verify the ledger: %w", err)
		}
		w.check(&e, report)
		report.Events++
		progress.Say(report.Events)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("verify the ledger: %w", err)
	}
	return nil
}

// walker goes along streams, event by event.
type walker struct {
	hasher hasher
	stream string
	next   int
	before []byte
	broken bool // the hash before is not to be trusted: it was named already
}

func (w *walker) check(e *link, report *Report) {
	found := func(version int, position int64, problem string) {
		report.Find(Finding{Stream: e.Stream, Version: version, Position: position, Problem: problem})
	}
	if e.Stream != w.stream {
		w.stream, w.next, w.before, w.broken = e.Stream, 1, nil, false
		report.Streams++
		if e.Version == Baseline {
			w.next = Baseline
		}
	}
	if e.Version != w.next {
		for missing := w.next; missing < e.Version && missing < w.next+mostFindings; missing++ {
			found(missing, 0, "this event is missing")
		}
		w.broken = true // its hash stands on what is not there
	}
	w.next = e.Version + 1
	if e.hash == nil {
		report.Unchained++
		w.before, w.broken = nil, true
		return
	}
	sum := w.hasher.sum(w.before, e)
	if !bytes.Equal(sum[:], e.hash) && !w.broken {
		found(e.Version, e.Position, "the event, or its hash, was changed: the hash is not that of what it says and of the event before it")
	}
	// What follows is checked against the hash as it stands, so that one change is one finding.
	w.before, w.broken = slices.Clone(e.hash), false
}
