package database

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"sync"

	"bookvault/platform/identity"
)

// Position is a place in a primary's write-ahead log: an LSN, and the timeline it lies on. A timeline is one line of history;
// a promoted replica begins a new one, so positions of two timelines cannot be compared. The zero Position is "anywhere".
type Position struct {
	Timeline uint32
	LSN      uint64 // bytes from the beginning of the log
}

// beyond is a position that no server ever reaches: whoever needs it is answered by the primary.
var beyond = Position{Timeline: math.MaxUint32, LSN: math.MaxUint64}

// ErrToken says that a consistency token was not made by BookVault.
var ErrToken = errors.New("this is not a consistency token of BookVault; send back the BookVault-Consistency header of an earlier answer, or none")

// tokenLength is 12 bytes in base64url: 16 characters with no bits to spare, so that a position has exactly one token.
const tokenLength = 16

// Token writes the position for a client to send back. It is opaque: clients must not look inside.
func (p Position) Token() string {
	if p == (Position{}) {
		return ""
	}
	var b [12]byte
	binary.BigEndian.PutUint32(b[:], p.Timeline)
	binary.BigEndian.PutUint64(b[4:], p.LSN)
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// ParseToken reads a token, or fails with ErrToken. A token that somebody made up parses when its form is right; all it can do
// is to send its own reads to the primary.
func ParseToken(token string) (Position, error) {
	if len(token) != tokenLength {
		return Position{}, ErrToken
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(b) != 12 {
		return Position{}, ErrToken
	}
	p := Position{Timeline: binary.BigEndian.Uint32(b), LSN: binary.BigEndian.Uint64(b[4:])}
	if p.Timeline == 0 || p.LSN == 0 {
		return Position{}, ErrToken
	}
	return p, nil
}

// includes tells whether a server that has replayed up to p holds everything that need stands for. Another timeline than its
// own tells nothing, so the answer is no.
func (p Position) includes(need Position) bool {
	return need == Position{} || (p.Timeline == need.Timeline && p.LSN >= need.LSN)
}

// and gives the least position that includes both. Of two timelines neither can be told to include the other.
func (p Position) and(q Position) Position {
	switch {
	case p.includes(q):
		return p
	case q.includes(p):
		return q
	}
	return beyond
}

// Reader is what one caller must see: at least every write that was acknowledged to them. It is safe for concurrent use.
type Reader struct {
	mu    sync.Mutex
	needs Position
	moved bool
}

// Token gives the token to send to the caller, empty when they need nothing.
func (r *Reader) Token() string { return r.Needs().Token() }

// Needs gives the position that a server must have replayed to answer this reader.
func (r *Reader) Needs() Position {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.needs
}

// Moved tells whether a transaction was committed for this reader since it was made, so that its token is news.
func (r *Reader) Moved() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.moved
}

// advance takes in a new commit. A commit is later than whatever was needed before it, on whatever timeline that was; only
// of two commits that ran at once the further one counts.
func (r *Reader) advance(to Position) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.needs.includes(to) {
		r.needs = to
	}
	r.moved = true
}

type readerKey struct{}
type primaryKey struct{}

// WithReader returns a context whose reads see at least what the token stands for, and the reader that InTx moves forward. An
// empty token needs nothing; one that does not parse is taken for empty (see ParseToken for telling its sender so).
func WithReader(ctx context.Context, token string) (context.Context, *Reader) {
	needs, _ := ParseToken(token)
	r := &Reader{needs: needs}
	return context.WithValue(ctx, readerKey{}, r), r
}

// Primary returns a context whose reads go to the primary.
func Primary(ctx context.Context) context.Context {
	return context.WithValue(ctx, primaryKey{}, true)
}

// Merge makes a context for one read on behalf of several callers: it sees what each of them must see, ends with none of them, and
// writes for nobody.
func (db *DB) Merge(asked []context.Context) context.Context {
	all := &Reader{}
	for _, ctx := range asked {
		all.needs = all.needs.and(db.needs(ctx))
	}
	ctx := context.WithValue(context.Background(), readerKey{}, all)
	if all.needs == beyond {
		ctx = Primary(ctx)
	}
	return ctx
}

// needs says what the reads of a context must see. A caller with a reader must see what their token says and what they
// committed here as a member (so that a client without the token header reads its own writes too). Code of our own that has no
// reader must see everything that this process committed.
func (db *DB) needs(ctx context.Context) Position {
	if ctx.Value(primaryKey{}) != nil {
		return beyond
	}
	r, ok := ctx.Value(readerKey{}).(*Reader)
	if !ok {
		return db.own.Needs()
	}
	needs := r.Needs()
	if p, ok := identity.FromContext(ctx); ok && p.SignedIn() {
		if written, ok := db.written.Get(p.MemberID); ok {
			needs = needs.and(written)
		}
	}
	return needs
}

// committed remembers a commit for everybody who must see it.
func (db *DB) committed(ctx context.Context, at Position) {
	db.own.advance(at)
	if r, ok := ctx.Value(readerKey{}).(*Reader); ok {
		r.advance(at)
	}
	if p, ok := identity.FromContext(ctx); ok && p.SignedIn() {
		db.written.Add(p.MemberID, at)
	}
}
