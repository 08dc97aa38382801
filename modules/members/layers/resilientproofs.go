package layers

import (
	"context"
	"time"

	"bookvault/modules/members"
	"bookvault/platform/identity"
)

// What the policies of Resilient stand before when somebody shows who they are: sign-ins, sessions, tokens; and reading lists.

// ByLogin finds what a sign-in is checked against.
func (r *resilient) ByLogin(ctx context.Context, cardKey, email string) (members.Credential, error) {
	return read(ctx, r, func(ctx context.Context) (members.Credential, error) { return r.Store.ByLogin(ctx, cardKey, email) })
}

// PasswordHash gives the hash of a password.
func (r *resilient) PasswordHash(ctx context.Context, memberID int64) (string, error) {
	return read(ctx, r, func(ctx context.Context) (string, error) { return r.Store.PasswordHash(ctx, memberID) })
}

// SetPassword changes a password.
func (r *resilient) SetPassword(ctx context.Context, memberID int64, hash string, keep identity.Principal, now time.Time, entry members.AuditEntry) error {
	return change(ctx, r, func(ctx context.Context) error { return r.Store.SetPassword(ctx, memberID, hash, keep, now, entry) })
}

// Rehash renews the hash of a password.
func (r *resilient) Rehash(ctx context.Context, memberID int64, old, hash string) error {
	return change(ctx, r, func(ctx context.Context) error { return r.Store.Rehash(ctx, memberID, old, hash) })
}

// StartSession stores a session.
func (r *resilient) StartSession(ctx context.Context, session members.Session, hash, replaces []byte, most int) (int64, error) {
	return write(ctx, r, func(ctx context.Context) (int64, error) {
		return r.Store.StartSession(ctx, session, hash, replaces, most)
	})
}

// SessionByHash finds a session.
func (r *resilient) SessionByHash(ctx context.Context, hash []byte, now, idleSince time.Time) (members.SessionOwner, error) {
	return read(ctx, r, func(ctx context.Context) (members.SessionOwner, error) {
		return r.Store.SessionByHash(ctx, hash, now, idleSince)
	})
}

// SessionsOf lists the sessions of a member.
func (r *resilient) SessionsOf(ctx context.Context, memberID int64, now, idleSince time.Time) ([]members.Session, error) {
	return read(ctx, r, func(ctx context.Context) ([]members.Session, error) {
		return r.Store.SessionsOf(ctx, memberID, now, idleSince)
	})
}

// EndSession ends a session.
func (r *resilient) EndSession(ctx context.Context, memberID, id int64, entry members.AuditEntry) error {
	return change(ctx, r, func(ctx context.Context) error { return r.Store.EndSession(ctx, memberID, id, entry) })
}

// EndSessionByHash ends a session.
func (r *resilient) EndSessionByHash(ctx context.Context, hash []byte) error {
	return change(ctx, r, func(ctx context.Context) error { return r.Store.EndSessionByHash(ctx, hash) })
}

// AddToken stores a token.
func (r *resilient) AddToken(ctx context.Context, t members.Token, hash []byte, most int, entry members.AuditEntry) (int64, error) {
	return write(ctx, r, func(ctx context.Context) (int64, error) { return r.Store.AddToken(ctx, t, hash, most, entry) })
}

// TokenByHash finds a token.
func (r *resilient) TokenByHash(ctx context.Context, hash []byte, now time.Time) (members.TokenOwner, error) {
	return read(ctx, r, func(ctx context.Context) (members.TokenOwner, error) { return r.Store.TokenByHash(ctx, hash, now) })
}

// TokenByID finds a token.
func (r *resilient) TokenByID(ctx context.Context, id int64) (members.Token, error) {
	return read(ctx, r, func(ctx context.Context) (members.Token, error) { return r.Store.TokenByID(ctx, id) })
}

// TokensOf lists the tokens of a member.
func (r *resilient) TokensOf(ctx context.Context, memberID, before int64, now time.Time, limit int) ([]members.Token, error) {
	return read(ctx, r, func(ctx context.Context) ([]members.Token, error) {
		return r.Store.TokensOf(ctx, memberID, before, now, limit)
	})
}

// RemoveToken ends a token.
func (r *resilient) RemoveToken(ctx context.Context, id int64, entry members.AuditEntry) error {
	return change(ctx, r, func(ctx context.Context) error { return r.Store.RemoveToken(ctx, id, entry) })
}

// Admit asks to try to sign in.
func (r *resilient) Admit(ctx context.Context, a members.Attempt) error {
	return change(ctx, r, func(ctx context.Context) error { return r.Store.Admit(ctx, a) })
}

// Succeeded notes that an attempt went well.
func (r *resilient) Succeeded(ctx context.Context, a members.Attempt) error {
	return change(ctx, r, func(ctx context.Context) error { return r.Store.Succeeded(ctx, a) })
}

// TakeBack takes an attempt back.
func (r *resilient) TakeBack(ctx context.Context, a members.Attempt) error {
	return change(ctx, r, func(ctx context.Context) error { return r.Store.TakeBack(ctx, a) })
}

// ListRows reads the lists of a member.
func (r *resilient) ListRows(ctx context.Context, memberID int64) ([]members.ListWrite, error) {
	return read(ctx, r, func(ctx context.Context) ([]members.ListWrite, error) { return r.Store.ListRows(ctx, memberID) })
}

// WriteList writes a list.
func (r *resilient) WriteList(ctx context.Context, w members.ListWrite) (_ members.ListWrite, behind bool, err error) {
	w, err = write(ctx, r, func(ctx context.Context) (written members.ListWrite, err error) {
		written, behind, err = r.Store.WriteList(ctx, w)
		return written, err
	})
	return w, behind, err
}
