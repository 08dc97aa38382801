package catalog

import (
	"context"
	"time"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// creationLifetime is how long the answer to an Idempotency-Key is kept.
const creationLifetime = 30 * 24 * time.Hour

// Creation is what makes a new title repeatable: with the same key, of the same caller, one title is made and the same answer given.
type Creation struct {
	Key     string
	Request [32]byte // a hash of what was asked: the same key with another title is a mistake

	Actor int64     // who asks; set by the Service
	At    time.Time // set by the Service
	Since time.Time // answers older than this are forgotten; set by the Service
}

// CreateOnce is Create for a command with an Idempotency-Key. Problems beside those of Create: idempotency_key_reused and
// idempotency_in_progress.
func (s *Service) CreateOnce(ctx context.Context, b Book, c Creation) (Book, error) {
	if c.Key == "" {
		return s.Create(ctx, b)
	}
	if err := s.check(&b); err != nil {
		return Book{}, err
	}
	p, _ := identity.FromContext(ctx)
	c.Actor, c.At = p.MemberID, s.now()
	c.Since = c.At.Add(-creationLifetime)
	return s.stores.Books.CreateOnce(ctx, b, c)
}

// KeyReused says that an Idempotency-Key belongs to another command.
func KeyReused() error {
	return problem.Invalid("idempotency_key_reused", "This Idempotency-Key was used with another body. Make up a new key for a new command.",
		problem.Field{Field: "header.Idempotency-Key", Detail: "belongs to another command"})
}

// KeyInProgress says that the command of an Idempotency-Key is being carried out.
func KeyInProgress() error {
	busy := problem.Conflict("idempotency_in_progress", "A command with this Idempotency-Key is being carried out. Ask again in a moment for its answer.")
	busy.RetryAfter = time.Second
	return busy
}
