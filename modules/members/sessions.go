package members

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// Session is one browser that is signed in.
type Session struct {
	ID          int64
	MemberID    int64
	CreatedAt   time.Time
	LastSeenAt  time.Time // to the minute
	ExpiresAt   time.Time // the latest end; idleness may end it before
	AgentFamily string    // "Firefox", "Chrome" …; no version, no address
}

// SessionOwner is a live session with what a request needs to know of its member.
type SessionOwner struct {
	Session
	Card string
	Name string
	Role identity.Role
}

// Sessions is the stored side of sessions. Their tokens are known as hashes only.
type Sessions interface {
	// StartSession stores a session and ends the one with the hash replaces, if that is not nil, and the member's oldest beyond most.
	StartSession(ctx context.Context, session Session, hash, replaces []byte, most int) (id int64, err error)
	// SessionByHash gives a session that was seen after idleSince and has not ended. It reads from the primary, so that a new session works at
	// once and an ended one no longer. ErrNotFound.
	SessionByHash(ctx context.Context, hash []byte, now, idleSince time.Time) (SessionOwner, error)
	// SessionsOf lists a member's live sessions, newest first.
	SessionsOf(ctx context.Context, memberID int64, now, idleSince time.Time) ([]Session, error)
	// EndSession ends a member's session by id. ErrNotFound.
	EndSession(ctx context.Context, memberID, id int64, entry AuditEntry) error
	// EndSessionByHash ends a session by its token, if it is there.
	EndSessionByHash(ctx context.Context, hash []byte) error
	// Seen moves the last use of sessions, and the day of last use of tokens, forward.
	Seen(ctx context.Context, sessions map[int64]time.Time, tokens map[int64]time.Time) error
	// Purge deletes sessions, tokens and throttle counts that ended, answers of commands before keysBefore and audit entries before auditBefore; it tells how many rows.
	Purge(ctx context.Context, now, idleSince, keysBefore, auditBefore time.Time) (int64, error)
}

// SignOut ends the session with this token. A token that is none, or no longer one, is signed out already.
func (s *Service) SignOut(ctx context.Context, token string) error {
	if !readable(token, "") {
		return nil
	}
	if err := s.store.EndSessionByHash(ctx, sum(token)); err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	return nil
}

// MySessions lists the caller's own sessions, newest first.
func (s *Service) MySessions(ctx context.Context) ([]Session, error) {
	now := s.clock()
	return s.store.SessionsOf(ctx, caller(ctx).MemberID, now, now.Add(-s.settings.SessionIdle))
}

// EndSession ends one of the caller's own sessions. Problems: session_not_found.
func (s *Service) EndSession(ctx context.Context, id int64) error {
	p := caller(ctx)
	err := s.store.EndSession(ctx, p.MemberID, id, audit(p, s.clock(), actionSessionOver, p.MemberID, ""))
	if errors.Is(err, ErrNotFound) {
		return problem.NotFound("session_not_found", "You have no such session.")
	}
	return err
}

// agentFamilies are looked for in this order, since many browsers also call themselves by their ancestors' names.
var agentFamilies = []struct{ sign, family string }{
	{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
	{"CriOS/", "Chrome"}, {"Chromium/", "Chromium"}, {"HeadlessChrome/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"},
}

// agentFamily keeps of a User-Agent only what lets somebody recognise their own session in a list.
func agentFamily(userAgent string) string {
	for _, a := range agentFamilies {
		if strings.Contains(userAgent, a.sign) {
			return a.family
		}
	}
	return ""
}

// SessionIdle is the time after which a session that is not used ends.
func (s *Service) SessionIdle() time.Duration { return s.settings.SessionIdle }
