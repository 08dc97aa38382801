// Package wal is about places in PostgreSQL's write-ahead log, by which it is told what a server, a cache or an answer includes.
//
// It knows no database: platform/database measures positions and sends reads by them, platform/cache keeps one beside each value,
// and clients carry one as the BookVault-Consistency token.
package wal

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
)

// Position is a place in a primary's write-ahead log: an LSN, and the timeline it lies on. A timeline is one line of history;
// a promoted replica begins a new one, so positions of two timelines cannot be compared. The zero Position is "anywhere".
type Position struct {
	Timeline uint32
	LSN      uint64 // bytes from the beginning of the log
}

// Beyond is a position that no server ever reaches: whoever needs it is answered by the primary.
var Beyond = Position{Timeline: math.MaxUint32, LSN: math.MaxUint64}

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

// Includes tells whether a server that has replayed up to p holds everything that need stands for. Another timeline than its
// own tells nothing, so the answer is no.
func (p Position) Includes(need Position) bool {
	return need == Position{} || (p.Timeline == need.Timeline && p.LSN >= need.LSN)
}

// And gives the least position that includes both. Of two timelines neither can be told to include the other.
func (p Position) And(q Position) Position {
	switch {
	case p.Includes(q):
		return p
	case q.Includes(p):
		return q
	}
	return Beyond
}

// Sizes in the log, in bytes: of a page, of the header that a page begins with, and of the one on the first page of a file.
const (
	page        = 8192
	header      = 24
	firstHeader = 40
)

// End turns the place where the next record will begin, as a primary tells it, into the end of what there is, as a replica that
// replayed it tells that. They differ where a page is full: the next record begins after the header of the next page.
func End(next uint64) uint64 {
	switch in := next % page; in {
	case header, firstHeader: // no record ends there: each is longer than a header
		return next - in
	}
	return next
}
