package database

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"bookvault/platform/resilience"
)

// A way apart (Apart) can fail alone. Its reads may then take the usual way, with its replicas, behind a bulkhead of their own: so few at once
// that whatever is the matter with them leaves the others theirs. What they must see they see by either way. Transactions never take it.

// Detour says how reads of a way apart take the usual way while theirs fails.
type Detour struct {
	Places  *resilience.Bulkhead // bounds how many do so at once
	Silence time.Duration        // that is put up with when the way is asked whether it leads to the primary, ten times a second; must be given
	Enabled func() bool          // asked each time
}

// detour is that of one way.
type detour struct {
	Detour
	usual *DB
	taken atomic.Int64
}

// openDetour has the reads of a way apart take the usual one while it fails, and has it watched: a way that has fallen silent closes no connection,
// so nothing else would tell in time.
func (db *DB) openDetour(way *DB, d Detour) {
	way.primary.silence = d.Silence
	way.detour.Store(&detour{Detour: d, usual: db})
	db.watching.Go(func() { db.watchServer(db.closing, way.primary) })
}

// detoured has a read answered by the router's own way; by the usual one if that fails for want of the server, falls silent, or is known to
// fail. Whoever finds no place there is told that the database is busy.
func (r *router) detoured(ctx context.Context, read func(context.Context, *router) error) error {
	d, way := r.db.detour.Load(), r.db.primary
	if d == nil || !d.Enabled() {
		return read(ctx, r)
	}
	if !way.fell.Load() {
		waiting, w := way.silent.begin(ctx)
		err := read(waiting, r)
		silent := w.over()
		if !silent && (err == nil || !serverGone(err) && !errors.Is(err, resilience.ErrOpen)) || ctx.Err() != nil {
			return err
		}
	}
	entered, err := d.Places.Enter(ctx)
	if errors.Is(err, resilience.ErrFull) {
		return errBusy
	}
	if err != nil {
		return err
	}
	if entered {
		defer d.Places.Leave()
	}
	d.taken.Add(1)
	return read(ctx, &router{db: d.usual, search: r.search})
}
