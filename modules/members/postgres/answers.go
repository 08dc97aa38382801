package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"bookvault/modules/members"
)

// transactionKey finds the transaction of a command that is carried out under an Idempotency-Key.
type transactionKey struct{}

// inTx runs fn in a transaction on the primary: one of its own, or a savepoint of the one that the context carries, so that what is refused
// leaves no trace and the refusal can be kept.
func (s *Store) inTx(ctx context.Context, fn func(tx *gorm.DB) error) error {
	if tx, inside := ctx.Value(transactionKey{}).(*gorm.DB); inside {
		return tx.Transaction(fn)
	}
	return s.db.InTx(ctx, fn)
}

// Answer takes the key by an advisory lock, which ends with the transaction and never waits, so that a repetition that comes too early is
// told so.
func (s *Store) Answer(ctx context.Context, o members.Once, run func(context.Context) ([]byte, int64, error)) (answer []byte, err error) {
	err = s.db.InTx(ctx, func(tx *gorm.DB) error {
		var free bool
		if err := tx.Raw(`SELECT pg_try_advisory_xact_lock(hashtextextended(?, ?))`, "members "+o.Route+"\n"+o.Key, o.ActorID).Scan(&free).Error; err != nil {
			return fmt.Errorf("hold the key: %w", err)
		}
		if !free {
			return members.ErrKeyInUse
		}
		var kept struct{ Request, Answer []byte }
		err := one(tx.Raw(`SELECT request, answer FROM members.idempotency_keys WHERE actor_id = ? AND route = ? AND key = ? AND created_at > ?`,
			o.ActorID, o.Route, o.Key, o.Since).Scan(&kept), "look up the key")
		if err == nil {
			if !bytes.Equal(kept.Request, o.Request) {
				return members.ErrKeyReused
			}
			if answer = kept.Answer; answer == nil {
				return members.ErrForgotten
			}
			return nil
		}
		if !errors.Is(err, members.ErrNotFound) {
			return err
		}
		var subject int64
		if answer, subject, err = run(context.WithValue(ctx, transactionKey{}, tx)); err != nil {
			return err
		}
		if err := tx.Exec(`INSERT INTO members.idempotency_keys (actor_id, route, key, request, answer, subject_id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (actor_id, route, key) DO UPDATE SET request = excluded.request, answer = excluded.answer, subject_id = excluded.subject_id,
				created_at = excluded.created_at`,
			o.ActorID, o.Route, o.Key, binary(o.Request), binary(answer), nullable(subject), o.Now).Error; err != nil {
			return fmt.Errorf("keep the answer: %w", err)
		}
		return nil
	})
	return answer, err
}
