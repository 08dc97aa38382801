package database

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"bookvault/platform/identity"
	"bookvault/platform/telemetry"
	"bookvault/platform/wal"
)

// Reader is what one caller must see: at least every write that was acknowledged to them. It is safe for concurrent use.
type Reader struct {
	mu     sync.Mutex
	needs  wal.Position
	moved  bool
	around atomic.Bool

	// What it was given: when the newest of it was read, and (of the database) the position that all of it includes.
	from  string // the server that the last of it was read from
	used  time.Time
	reads bool
	seen  wal.Position

	behalf []*Reader // whom a merged reader reads for
}

// From names the server that answered the last read; "" when nothing was read.
func (r *Reader) From() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.from
}

// Token gives the token to send to the caller, empty when they need nothing.
func (r *Reader) Token() string { return r.Needs().Token() }

// Needs gives the position that a server must have replayed to answer this reader.
func (r *Reader) Needs() wal.Position {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.needs
}

// Need has the reader see a position too from now on.
func (r *Reader) Need(p wal.Position) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.needs = r.needs.And(p)
}

// Settle gives a reader whose position nobody knew (wal.Beyond) one that includes all that was committed before they asked: from then
// on they need not insist on the primary any more.
func (r *Reader) Settle(at wal.Position) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.needs == wal.Beyond {
		r.needs = at
	}
}

// Moved tells whether a transaction was committed for this reader since it was made, so that its token is news.
func (r *Reader) Moved() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.moved
}

// advance takes in a new commit. A commit is later than whatever was needed before it, on whatever timeline that was; only
// of two commits that ran at once the further one counts.
func (r *Reader) advance(to wal.Position) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.needs.Includes(to) {
		r.needs = to
	}
	r.moved = true
}

type readerKey struct{}
type primaryKey struct{}
type togetherKey struct{}

// WithReader returns a context whose reads see at least what the token stands for, and the reader that InTx moves forward. An
// empty token needs nothing; one that does not parse is taken for empty (see ParseToken for telling its sender so).
func WithReader(ctx context.Context, token string) (context.Context, *Reader) {
	needs, _ := wal.ParseToken(token)
	r := &Reader{needs: needs}
	return context.WithValue(ctx, readerKey{}, r), r
}

// ReaderOf gives the reader of a context, nil for none.
func ReaderOf(ctx context.Context) *Reader {
	r, _ := ctx.Value(readerKey{}).(*Reader)
	return r
}

// Primary returns a context whose reads go to the primary.
func Primary(ctx context.Context) context.Context {
	return context.WithValue(ctx, primaryKey{}, true)
}

// Merge makes a context for one read on behalf of several callers: it sees what each of them must see, ends with none of them, and
// writes for nobody.
func (db *DB) Merge(asked []context.Context) context.Context {
	ctx, _ := db.merged(asked, wal.Position{})
	return ctx
}

// merged is Merge for reads that must see a position too.
func (db *DB) merged(asked []context.Context, least wal.Position) (context.Context, *Reader) {
	all := &Reader{needs: least}
	for _, ctx := range asked {
		all.needs = all.needs.And(db.needs(ctx))
		if r := ReaderOf(ctx); r != nil {
			all.behalf = append(all.behalf, r)
			if r.around.Load() { // what one of them must see, this process has perhaps not heard of
				all.around.Store(true)
			}
		}
	}
	ctx := context.WithValue(context.Background(), readerKey{}, all)
	if len(asked) > 0 {
		ctx = telemetry.Carry(asked[0], ctx) // its trace shows the load, whoever shares it
	}
	if all.needs == wal.Beyond {
		ctx = Primary(ctx)
	}
	return ctx, all
}

// Together makes a context for one transaction on behalf of several callers: it ends with none of them, and once it is committed each
// of them reads what was written.
func (db *DB) Together(asked []context.Context) context.Context {
	ctx := context.WithValue(context.Background(), togetherKey{}, asked)
	if len(asked) > 0 {
		ctx = telemetry.Carry(asked[0], ctx)
	}
	return ctx
}

// needs says what the reads of a context must see. A caller with a reader must see what their token says and what they
// committed here as a member (so that a client without the token header reads its own writes too). Code of our own that has no
// reader must see everything that this process committed.
func (db *DB) needs(ctx context.Context) wal.Position {
	if ctx.Value(primaryKey{}) != nil {
		return wal.Beyond
	}
	r, ok := ctx.Value(readerKey{}).(*Reader)
	if !ok {
		return db.own.Needs()
	}
	needs := r.Needs()
	if p, ok := identity.FromContext(ctx); ok && p.SignedIn() {
		if written, ok := db.written.Get(p.MemberID); ok {
			needs = needs.And(written)
		}
	}
	return needs
}

// committed remembers a commit for everybody who must see it.
func (db *DB) committed(ctx context.Context, at wal.Position) {
	db.own.advance(at)
	db.known.advance(at)
	asked, together := ctx.Value(togetherKey{}).([]context.Context)
	if !together {
		asked = []context.Context{ctx}
	}
	for _, ctx := range asked {
		if r := ReaderOf(ctx); r != nil {
			r.advance(at)
		}
		if p, ok := identity.FromContext(ctx); ok && p.SignedIn() {
			db.written.Add(p.MemberID, at)
		}
	}
}

// reached is the furthest position that a primary is known to have, whoever found out.
type reached struct{ at atomic.Pointer[wal.Position] }

// advance takes in what somebody found out. A position on another timeline is a later one: the one before belongs to a server that
// is primary no more.
func (r *reached) advance(to wal.Position) {
	if to == wal.Beyond {
		return
	}
	for {
		old := r.at.Load()
		if old != nil && old.Timeline == to.Timeline && old.LSN >= to.LSN || r.at.CompareAndSwap(old, &to) {
			return
		}
	}
}

// now gives it; the zero position when nothing is known.
func (r *reached) now() wal.Position {
	if p := r.at.Load(); p != nil {
		return *p
	}
	return wal.Position{}
}
