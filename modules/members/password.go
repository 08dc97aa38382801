package members

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"

	"bookvault/platform/problem"
)

// Hashing is what a password hash costs (argon2id, RFC 9106). Zero values take the default in brackets; the defaults are OWASP's second
// choice, 19 MiB and two passes, which takes some 30 ms of one core.
type Hashing struct {
	MemoryKiB   uint32        // of one hash [19456]
	Iterations  uint32        // passes over that memory [2]
	Concurrency int           // hashes at once; more wait their turn [half the cores, at least 1]
	Waiting     int           // that may wait; one more is told to come back [64]
	Patience    time.Duration // the longest wait for a turn [5 s]
}

func (h Hashing) withDefaults() Hashing {
	setDefault(&h.MemoryKiB, 19456)
	setDefault(&h.Iterations, 2)
	setDefault(&h.Concurrency, max(1, runtime.GOMAXPROCS(0)/2))
	setDefault(&h.Waiting, 64)
	setDefault(&h.Patience, 5*time.Second)
	return h
}

const (
	passwordMax     = 256  // characters
	passwordMaxSize = 1024 // bytes
)

// hasher makes and checks password hashes, a bounded number at a time, so that a flood of sign-ins takes neither all cores nor
// all memory.
type hasher struct {
	params   *argon2id.Params
	decoy    string // the hash checked for accounts that do not exist, so that they take as long
	turns    chan struct{}
	waiting  atomic.Int64
	most     int64
	patience time.Duration
}

func newHasher(h Hashing) (*hasher, error) {
	params := &argon2id.Params{Memory: h.MemoryKiB, Iterations: h.Iterations, Parallelism: 1, SaltLength: 16, KeyLength: 32}
	secret, _ := newSecret("")
	decoy, err := argon2id.CreateHash(secret, params)
	if err != nil {
		return nil, fmt.Errorf("prepare password hashing: %w", err)
	}
	return &hasher{params: params, decoy: decoy, turns: make(chan struct{}, h.Concurrency), most: int64(h.Waiting), patience: h.Patience}, nil
}

// turn waits for leave to hash and gives the function that ends it.
func (h *hasher) turn(ctx context.Context) (func(), error) {
	busy := problem.New(problem.Unavailable, "sign_in_busy", "Too many people are signing in at this moment; please try again in a few seconds.")
	busy.RetryAfter = h.patience
	if h.waiting.Add(1) > h.most+int64(cap(h.turns)) {
		h.waiting.Add(-1)
		return nil, busy
	}
	timer := time.NewTimer(h.patience)
	defer timer.Stop()
	select {
	case h.turns <- struct{}{}:
		return func() { <-h.turns; h.waiting.Add(-1) }, nil
	case <-timer.C:
		h.waiting.Add(-1)
		return nil, busy
	case <-ctx.Done():
		h.waiting.Add(-1)
		return nil, ctx.Err()
	}
}

// hash makes the hash of a password.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	hash, err := argon2id.CreateHash(norm.NFC.String(password), h.params)
	if err != nil {
		return "", fmt.Errorf("hash a password: %w", err)
	}
	return hash, nil
}

// check tells whether a password fits a hash, and whether the hash should be made anew because the settings changed. An empty hash
// takes as long and never fits.
func (h *hasher) check(ctx context.Context, password, hash string) (fits, outdated bool, err error) {
	done, err := h.turn(ctx)
	if err != nil {
		return false, false, err
	}
	defer done()
	known := hash != ""
	if !known {
		hash = h.decoy
	}
	fits, params, err := argon2id.CheckHash(norm.NFC.String(password), hash)
	if err != nil {
		return false, false, fmt.Errorf("check a password: %w", err)
	}
	return fits && known, *params != *h.params, nil
}

// hashNew checks that a password may be used by this member, and hashes it.
func (s *Service) hashNew(ctx context.Context, path, password string, m Member) (string, error) {
	if err := s.checkNewPassword(path, password, m); err != nil {
		return "", err
	}
	return s.hasher.hash(ctx, password)
}

// checkNewPassword follows NIST SP 800-63B: length counts, rules about kinds of characters do not, and what everybody would try first
// about this person is refused.
func (s *Service) checkNewPassword(path, password string, m Member) error {
	switch {
	case !utf8.ValidString(password):
		return problem.InvalidField(path, "must be valid UTF-8")
	case utf8.RuneCountInString(password) < s.settings.PasswordMin:
		return problem.InvalidField(path, "has at least %d characters", s.settings.PasswordMin)
	case utf8.RuneCountInString(password) > passwordMax || len(password) > passwordMaxSize:
		return problem.InvalidField(path, "has at most %d characters", passwordMax)
	case strings.Count(password, password[:1]) == len(password):
		return problem.InvalidField(path, "must not be one character repeated")
	}
	folded := strings.ReplaceAll(fold(password), " ", "")
	local, _, _ := strings.Cut(m.Email, "@")
	for _, known := range []string{m.Card, m.Name, m.Email, local} {
		if known = strings.ReplaceAll(fold(known), " ", ""); known != "" && known == folded {
			return problem.InvalidField(path, "must not be the member's own name, card or e-mail address")
		}
	}
	return nil
}

// SetPassword sets a member's password. Members change their own by giving the old one; staff set it for members of a lower
// role. All sessions and API tokens of the member end, but for the one that asks: whoever knew the old password may have made them. Problems: member_not_found, wrong_password, too_many_attempts,
// not_a_lower_role, invalid_request.
func (s *Service) SetPassword(ctx context.Context, card, old, password, address string) error {
	p := caller(ctx)
	m, _, err := s.byCard(ctx, card)
	if err != nil {
		return err
	}
	if p.MemberID == m.ID {
		if err := s.checkOwnPassword(ctx, m, old, address); err != nil {
			return err
		}
	} else if err := maySetPassword(p, m); err != nil {
		return err
	}
	hash, err := s.hashNew(ctx, "body.new_password", password, m)
	if err != nil {
		return err
	}
	now := s.clock()
	if err := s.store.SetPassword(ctx, m.ID, hash, p, now, audit(p, now, actionPassword, m.ID, "")); err != nil {
		return fmt.Errorf("set password: %w", err)
	}
	return nil
}

// checkOwnPassword checks the old password under the same throttle as signing in, since it can be guessed here as well.
func (s *Service) checkOwnPassword(ctx context.Context, m Member, old, address string) error {
	card, err := ParseCard(m.Card)
	if err != nil {
		return err
	}
	attempt, err := s.admit(ctx, card.Key, address)
	if err != nil {
		return err
	}
	hash, err := s.store.PasswordHash(ctx, m.ID)
	if err != nil {
		return fmt.Errorf("read credentials: %w", err)
	}
	fits, _, err := s.hasher.check(ctx, old, hash)
	if err != nil {
		return s.takeBack(ctx, attempt, err)
	}
	if !fits {
		return problem.Invalid("wrong_password", "The old password is not right.",
			problem.Field{Field: "body.old_password", Detail: "is not the password of this account"})
	}
	return s.store.Succeeded(ctx, attempt)
}
