package database

import (
	"context"
	"time"

	"bookvault/platform/wal"
)

// Loading makes the context of a load on behalf of a caller, for a copy that others get too: it does not end with the caller, and its
// reads see what the caller must see and at least a position. asOf tells, after the load, up to which position what was read is
// surely complete; the zero position when that is not known.
func (db *DB) Loading(ctx context.Context, least wal.Position) (loading context.Context, asOf func() wal.Position) {
	loading, r := db.merged([]context.Context{ctx}, least)
	return loading, r.sawUpTo
}

// Around marks a reader whose answers must not come from copies: this process has not heard of what they must see.
func (r *Reader) Around() { r.around.Store(true) }

// GoesAround tells whether the reader of a context is marked so.
func GoesAround(ctx context.Context) bool {
	r := ReaderOf(ctx)
	return r != nil && r.around.Load()
}

// MustSeeUnheard tells whether the reader of a context was promised to see a certain write of which this process has perhaps not heard:
// then a copy may be older than that, also one that would stand in for want of a better.
func MustSeeUnheard(ctx context.Context) bool {
	r := ReaderOf(ctx)
	return r != nil && r.around.Load() && r.Needs() != (wal.Position{})
}

// Used notes that the reader was given something that was read at a time, from a copy or the database.
func (r *Reader) Used(at time.Time) {
	r.mu.Lock()
	if at.After(r.used) {
		r.used = at
	}
	r.mu.Unlock()
}

// LastUsed gives the latest such time; the zero time when the reader was given nothing.
func (r *Reader) LastUsed() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.used
}

// UsedFrom tells the reader of a context, if it has one, that a copy which was read at a time was given.
func UsedFrom(ctx context.Context, at time.Time) {
	if r := ReaderOf(ctx); r != nil {
		r.Used(at)
	}
}

// saw notes a read that includes everything up to a position.
func (r *Reader) saw(from string, p wal.Position, now time.Time) {
	r.mu.Lock()
	r.from = from
	switch {
	case !r.reads || r.seen.Includes(p):
		r.seen, r.reads = p, true
	case !p.Includes(r.seen):
		r.seen = wal.Position{} // two timelines
	}
	if now.After(r.used) {
		r.used = now
	}
	r.mu.Unlock()
	for _, one := range r.behalf { // a load that is shared with others saw it too
		one.saw(from, p, now)
	}
}

func (r *Reader) sawUpTo() wal.Position {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}
