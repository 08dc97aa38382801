package members

import (
	"context"
	"fmt"
	"strings"
	"time"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// SignIn is an attempt to sign in.
type SignIn struct {
	Login     string // card number or e-mail address
	Password  string
	Address   string // of the client, with or without a port; counted, never stored
	UserAgent string // its family is kept with the session
	Replaces  string // the session token that the browser had before, if any: it ends
}

// Credential is what an account signs in with.
type Credential struct {
	MemberID     int64
	PasswordHash string // "": none
}

// Credentials is the stored side of passwords.
type Credentials interface {
	// ByLogin gives the credential of whoever has this current card, or had this folded address first, and the zero Credential when nobody
	// does. One of the two is empty.
	ByLogin(ctx context.Context, cardKey, email string) (Credential, error)
	// PasswordHash gives a member's hash, "" for none.
	PasswordHash(ctx context.Context, memberID int64) (string, error)
	// SetPassword stores a hash and ends the member's sessions and API tokens but for the proof of who asks.
	SetPassword(ctx context.Context, memberID int64, hash string, keep identity.Principal, now time.Time, entry AuditEntry) error
	// Rehash replaces a hash by another of the same password, if it is still the old one.
	Rehash(ctx context.Context, memberID int64, old, hash string) error
}

// errSignInFailed is the one answer to every sign-in that fails, whatever the cause: it must not tell who has an account.
func errSignInFailed() error {
	return problem.New(problem.Unauthenticated, "sign_in_failed", "The card number or e-mail address and the password do not belong together.")
}

// SignIn checks a password and begins a session. Every failure is the same sign_in_failed after the same work, whether the account
// exists or not; too_many_attempts and sign_in_busy say when to come back.
func (s *Service) SignIn(ctx context.Context, in SignIn) (Started, error) {
	cardKey, email, account := readLogin(in.Login)
	attempt, err := s.admit(ctx, account, in.Address)
	if err != nil {
		return Started{}, err
	}
	credential, err := s.store.ByLogin(ctx, cardKey, email)
	if err != nil {
		return Started{}, s.takeBack(ctx, attempt, fmt.Errorf("sign in: read credentials: %w", err))
	}
	if len(in.Password) > passwordMaxSize {
		in.Password, credential.PasswordHash = "", ""
	}
	fits, outdated, err := s.hasher.check(ctx, in.Password, credential.PasswordHash)
	if err != nil {
		return Started{}, s.takeBack(ctx, attempt, err)
	}
	if !fits {
		return Started{}, errSignInFailed()
	}
	if err := s.store.Succeeded(ctx, attempt); err != nil {
		return Started{}, fmt.Errorf("sign in: %w", err)
	}
	if outdated {
		// The settings changed since this password was set; only now is it known again.
		if hash, err := s.hasher.hash(ctx, in.Password); err == nil {
			if err := s.store.Rehash(ctx, credential.MemberID, credential.PasswordHash, hash); err != nil {
				return Started{}, fmt.Errorf("sign in: renew the hash: %w", err)
			}
		}
	}
	return s.startSession(ctx, credential.MemberID, in.Replaces, agentFamily(in.UserAgent))
}

// readLogin tells what a login is: a card's key or a folded address, and the name under which its attempts are counted. What can be
// neither is counted too.
func readLogin(login string) (cardKey, email, account string) {
	if strings.Contains(login, "@") {
		email = foldEmail(login)
		return "", email, email
	}
	if card, err := ParseCard(login); err == nil {
		return card.Key, "", card.Key
	}
	return "", "", fold(login)
}

// Started is a session that just began. The token is known here and in the browser only.
type Started struct {
	Session Session
	Token   string
	Member  Member
}

func (s *Service) startSession(ctx context.Context, memberID int64, replaces, agent string) (Started, error) {
	now := s.clock()
	token, hash := newSecret("")
	session := Session{MemberID: memberID, CreatedAt: now, LastSeenAt: now, ExpiresAt: now.Add(s.settings.SessionLifetime), AgentFamily: agent}
	var old []byte
	if readable(replaces, "") {
		old = sum(replaces)
	}
	id, err := s.store.StartSession(ctx, session, hash, old, s.settings.SessionsMax)
	if err != nil {
		return Started{}, fmt.Errorf("sign in: begin session: %w", err)
	}
	session.ID = id
	found, err := s.store.ByIDs(s.store.Current(ctx), []int64{memberID})
	if err != nil {
		return Started{}, fmt.Errorf("sign in: read member: %w", err)
	}
	if len(found) == 0 {
		return Started{}, errSignInFailed()
	}
	return Started{Session: session, Token: token, Member: found[0]}, nil
}

// Me gives the account of the caller, and is not_signed_in when nobody is.
func (s *Service) Me(ctx context.Context) (Member, identity.Principal, error) {
	p := caller(ctx)
	if p.SignedIn() {
		found, err := s.store.ByIDs(s.store.Current(ctx), []int64{p.MemberID})
		if err != nil {
			return Member{}, p, fmt.Errorf("read own account: %w", err)
		}
		if len(found) == 1 {
			return found[0], p, nil
		}
	}
	return Member{}, p, errNotSignedIn()
}
