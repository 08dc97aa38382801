// Package layers are decorators of what the members module keeps: each is one performance pattern, and modules.go says in which order
// they stand. They know nothing of PostgreSQL or HTTP; the tools are in platform/.
package layers

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"bookvault/modules/members"
	"bookvault/platform/cache"
	"bookvault/platform/wal"
)

// Session, Token and Card are who a proof stands for, and how many changes of proofs had been heard of when that was asked.
type (
	Session struct {
		members.SessionOwner
		asked uint64
	}
	Token struct {
		members.TokenOwner
		asked uint64
	}
	Card struct {
		members.Held
		asked uint64
	}
)

// Memories are the settings of what Proofs keeps.
type Memories struct {
	Sessions cache.Settings[Session]
	Tokens   cache.Settings[Token]
	Cards    cache.Settings[Card]
	People   cache.Settings[members.Member]
}

// stripes bounds the memory of whose proofs changed. Members who share one are forgotten together, which costs a question.
const stripes = 4096

// Proofs has in memory whom sessions, tokens and cards stand for, and sign-ins go through it (pattern 2D). Proofs are kept under their hashes,
// cards under their keys, and forgotten by whose they are: a change counts up, and what was asked before a change of its member is no longer
// believed. Cards and members are in people.go.
type Proofs struct {
	members.Store
	sessions *cache.WriteThrough[string, Session]
	tokens   *cache.WriteThrough[string, Token]
	cards    *cache.ReadThrough[string, Card]
	people   *cache.ReadThrough[int64, members.Member]
	changes  atomic.Uint64
	last     [stripes]atomic.Uint64 // the number of the last change, by member
}

// WriteThrough puts the memory around a store. Forget is to be called for every change of members.ProofsChanged.
func WriteThrough(store members.Store, m Memories) (*Proofs, error) {
	p := &Proofs{Store: store}
	// None loads by itself: what to ask for depends on the time too, or several are asked for at once.
	var errs [4]error
	p.sessions, errs[0] = cache.NewWriteThrough[string](m.Sessions, nil)
	p.tokens, errs[1] = cache.NewWriteThrough[string](m.Tokens, nil)
	p.cards, errs[2] = cache.NewReadThrough[string](m.Cards, nil)
	p.people, errs[3] = cache.NewReadThrough[int64](m.People, nil)
	return p, errors.Join(errs[:]...)
}

// Close frees the memory; from then on every proof is asked for.
func (p *Proofs) Close() {
	p.sessions.Close()
	p.tokens.Close()
	p.cards.Close()
	p.people.Close()
}

// Forget takes the proofs of members for old; of all members where none is named.
func (p *Proofs) Forget(at wal.Position, memberIDs []int64) {
	if len(memberIDs) == 0 {
		p.sessions.InvalidateAll(at)
		p.tokens.InvalidateAll(at)
		p.cards.InvalidateAll(at)
		p.people.InvalidateAll(at)
		return
	}
	n := p.changes.Add(1)
	for _, id := range memberIDs {
		last := &p.last[uint64(id)%stripes]
		for old := last.Load(); old < n && !last.CompareAndSwap(old, n); old = last.Load() {
		}
	}
	p.people.Invalidate(at, memberIDs...)
}

// believed tells whether nothing of a member's proofs changed since a number.
func (p *Proofs) believed(memberID int64, asked uint64) bool {
	return p.last[uint64(memberID)%stripes].Load() <= asked
}

// SessionByHash gives a live session. What is in memory is asked for anew when it says that it is over, since a later use may have been
// written elsewhere.
func (p *Proofs) SessionByHash(ctx context.Context, hash []byte, now, idleSince time.Time) (members.SessionOwner, error) {
	ask := func(ctx context.Context) (Session, bool, error) {
		asked := p.changes.Load()
		owner, err := p.Store.SessionByHash(ctx, hash, now, idleSince)
		return found(Session{owner, asked}, err)
	}
	key := string(hash)
	s, there, err := p.sessions.GetBy(ctx, key, ask)
	if err == nil && there && (!p.believed(s.MemberID, s.asked) || !s.ExpiresAt.After(now) || !s.LastSeenAt.After(idleSince)) {
		p.sessions.Invalidate(wal.Position{}, key)
		s, there, err = p.sessions.GetBy(ctx, key, ask)
	}
	if err == nil && !there {
		err = members.ErrNotFound
	}
	return s.SessionOwner, err
}

// TokenByHash gives a live token.
func (p *Proofs) TokenByHash(ctx context.Context, hash []byte, now time.Time) (members.TokenOwner, error) {
	ask := func(ctx context.Context) (Token, bool, error) {
		asked := p.changes.Load()
		owner, err := p.Store.TokenByHash(ctx, hash, now)
		return found(Token{owner, asked}, err)
	}
	key := string(hash)
	t, there, err := p.tokens.GetBy(ctx, key, ask)
	if err == nil && there && (!p.believed(t.MemberID, t.asked) || !t.ExpiresAt.After(now)) {
		p.tokens.Invalidate(wal.Position{}, key)
		t, there, err = p.tokens.GetBy(ctx, key, ask)
	}
	if err == nil && !there {
		err = members.ErrNotFound
	}
	return t.TokenOwner, err
}

// StartSession stores a session, which is in memory for its first request.
func (p *Proofs) StartSession(ctx context.Context, session members.Session, hash, replaces []byte, most int) (id int64, err error) {
	_, _, _ = p.sessions.Put(ctx, string(hash), func(ctx context.Context) (Session, bool, error) {
		if id, err = p.Store.StartSession(ctx, session, hash, replaces, most); err != nil {
			return Session{}, false, err
		}
		asked := p.changes.Load()
		owner, unread := p.Store.SessionByHash(ctx, hash, session.CreatedAt, session.LastSeenAt.Add(-time.Second))
		return found(Session{owner, asked}, unread) // the session is there all the same
	})
	return id, err
}

func found[V any](value V, err error) (V, bool, error) {
	if errors.Is(err, members.ErrNotFound) {
		return value, false, nil
	}
	return value, err == nil, err
}
