package members

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// BySession gives whom a session token stands for. A session that is unknown, ended or idle for too long is nobody: a browser with
// an old cookie reads on as the public, and is asked to sign in where that is needed.
func (s *Service) BySession(ctx context.Context, token string) (identity.Principal, error) {
	nobody := identity.Principal{Role: identity.Public}
	if !readable(token, "") {
		return nobody, nil
	}
	now := s.clock()
	owner, err := s.store.SessionByHash(ctx, sum(token), now, now.Add(-s.settings.SessionIdle))
	if errors.Is(err, ErrNotFound) {
		return nobody, nil
	}
	if err != nil {
		return nobody, fmt.Errorf("read session: %w", err)
	}
	if now.Sub(owner.LastSeenAt) >= seenEvery {
		s.seen.session(owner.ID, now)
	}
	return identity.Principal{MemberID: owner.MemberID, Card: owner.Card, Name: owner.Name, Role: owner.Role,
		Via: identity.ViaSession, ProofID: owner.ID}, nil
}

// ByToken gives whom an API token stands for. A token that is malformed, unknown or expired is token_invalid, never the public: whoever
// sends one means to be somebody.
func (s *Service) ByToken(ctx context.Context, token string) (identity.Principal, error) {
	invalid := problem.New(problem.Unauthenticated, "token_invalid", "This token is not valid, or no longer; make a new one.")
	if !readable(token, tokenPrefix) {
		return identity.Principal{}, invalid
	}
	now := s.clock()
	owner, err := s.store.TokenByHash(ctx, sum(token), now)
	if errors.Is(err, ErrNotFound) {
		return identity.Principal{}, invalid
	}
	if err != nil {
		return identity.Principal{}, fmt.Errorf("read token: %w", err)
	}
	if day := now.Truncate(24 * time.Hour); day.After(owner.LastUsedOn) {
		s.seen.token(owner.ID, day)
	}
	return identity.Principal{MemberID: owner.MemberID, Card: owner.Card, Name: owner.MemberName, Role: min(owner.Role, owner.MemberRole),
		Via: identity.ViaToken, ProofID: owner.ID}, nil
}
