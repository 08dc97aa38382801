package members

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// Token is an API token, without its secret.
type Token struct {
	ID         int64
	MemberID   int64
	Card       string // of its member
	Name       string
	Role       identity.Role // what it may do, unless its member may do less
	CreatedBy  int64         // 0: a command
	CreatedAt  time.Time
	ExpiresAt  time.Time
	LastUsedOn time.Time // a day, as midnight UTC; zero: never
}

// TokenOwner is a live token with what a request needs to know of its member.
type TokenOwner struct {
	Token
	MemberName string
	MemberRole identity.Role
}

// Tokens is the stored side of API tokens, known as hashes only.
type Tokens interface {
	// AddToken stores a token, and is ErrTooMany when the member has most live ones.
	AddToken(ctx context.Context, t Token, hash []byte, most int, entry AuditEntry) (id int64, err error)
	// TokenByHash gives a token that has not expired, from the primary. ErrNotFound.
	TokenByHash(ctx context.Context, hash []byte, now time.Time) (TokenOwner, error)
	// TokenByID gives a token. ErrNotFound.
	TokenByID(ctx context.Context, id int64) (Token, error)
	// TokensOf lists the live tokens of a member, or of all with 0, newest first, older than the id before (0: from the newest).
	TokensOf(ctx context.Context, memberID, before int64, now time.Time, limit int) ([]Token, error)
	// RemoveToken revokes a token. ErrNotFound.
	RemoveToken(ctx context.Context, id int64, entry AuditEntry) error
}

// ErrTooMany says that a member has as many tokens as one may have.
var ErrTooMany = errors.New("members: too many tokens")

// commandTokensMax bounds the tokens of a member that commands made: whoever can run commands here is trusted, but a script may run away.
const commandTokensMax = 1000

// NewToken is what a token is made of.
type NewToken struct {
	Name     string
	Role     identity.Role // the caller's own when undeclared
	Lifetime time.Duration // the settings' default when 0
}

// CreateToken makes a token for the caller and gives its secret, for the only time. Its role is at most the caller's, and a token made
// by a token does not outlive it. Problems: role_above_own, invalid_request, too_many_tokens.
func (s *Service) CreateToken(ctx context.Context, n NewToken) (Token, string, error) {
	p := caller(ctx)
	if !p.SignedIn() {
		return Token{}, "", errNotSignedIn()
	}
	if n.Role == identity.Undeclared {
		n.Role = p.Role
	}
	if n.Role > p.Role {
		return Token{}, "", problem.New(problem.Forbidden, "role_above_own", "A token can do at most what you can do: %s.", p.Role)
	}
	t, err := s.newToken(p.MemberID, p.MemberID, n)
	if err != nil {
		return Token{}, "", err
	}
	if p.Via == identity.ViaToken {
		parent, err := s.store.TokenByID(ctx, p.ProofID)
		if err != nil {
			return Token{}, "", fmt.Errorf("create token: read the token that asks: %w", err)
		}
		if t.ExpiresAt.After(parent.ExpiresAt) {
			t.ExpiresAt = parent.ExpiresAt
		}
	}
	t.Card = p.Card
	return s.addToken(ctx, t, p)
}

// newToken checks what a token is to be and gives it its end.
func (s *Service) newToken(memberID, createdBy int64, n NewToken) (Token, error) {
	now := s.clock()
	name, err := cleanName("body.name", n.Name)
	if err != nil {
		return Token{}, err
	}
	if len([]rune(name)) > 100 {
		return Token{}, problem.InvalidField("body.name", "has at most 100 characters")
	}
	if n.Lifetime == 0 {
		n.Lifetime = s.settings.TokenLifetime
	}
	if n.Lifetime < time.Minute || n.Lifetime > s.settings.TokenLifetimeMax {
		return Token{}, problem.InvalidField("body.expires_in", "must be at least a minute and at most %.0f seconds", s.settings.TokenLifetimeMax.Seconds())
	}
	return Token{MemberID: memberID, CreatedBy: createdBy, Name: name, Role: n.Role, CreatedAt: now, ExpiresAt: now.Add(n.Lifetime)}, nil
}

func (s *Service) addToken(ctx context.Context, t Token, p identity.Principal) (Token, string, error) {
	secret, hash := newSecret(tokenPrefix)
	most := s.settings.TokensMax
	if p.Via == identity.ViaCommand {
		most = commandTokensMax
	}
	id, err := s.store.AddToken(ctx, t, hash, most, audit(p, t.CreatedAt, actionTokenMade, t.MemberID, t.Role.String()))
	if errors.Is(err, ErrTooMany) {
		return Token{}, "", problem.Conflict("too_many_tokens", "There are %d live tokens already; revoke one first.", most)
	}
	if err != nil {
		return Token{}, "", fmt.Errorf("create token: %w", err)
	}
	t.ID = id
	return t, secret, nil
}

// ListTokens gives the caller's live tokens, or with all, for administrators, everybody's: newest first, older than the id before.
func (s *Service) ListTokens(ctx context.Context, all bool, before int64, limit int) ([]Token, error) {
	p := caller(ctx)
	owner := p.MemberID
	if all {
		if !p.May(identity.Administrator) {
			return nil, problem.New(problem.Forbidden, "administrators_only", "Only an administrator sees everybody's tokens.")
		}
		owner = 0
	} else if owner == 0 {
		return nil, nil
	}
	return s.store.TokensOf(ctx, owner, before, s.clock(), limit)
}

// RevokeToken ends a token: the caller's own, or for administrators anybody's. Problems: token_not_found.
func (s *Service) RevokeToken(ctx context.Context, id int64) error {
	p := caller(ctx)
	t, err := s.store.TokenByID(ctx, id)
	if err == nil && t.MemberID != p.MemberID && !p.May(identity.Administrator) {
		err = ErrNotFound
	}
	if err == nil {
		err = s.store.RemoveToken(ctx, id, audit(p, s.clock(), actionTokenEnded, t.MemberID, ""))
	}
	if errors.Is(err, ErrNotFound) {
		return problem.NotFound("token_not_found", "You have no such token.")
	}
	return err
}
