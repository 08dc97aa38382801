package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"gorm.io/gorm"

	"bookvault/modules/catalog"
)

// CreateOnce stores a new title and, in the same transaction, the answer under its key. An advisory lock, which never waits, keeps
// the same key to one transaction at a time. Each also clears away some of what is too old.
func (s *Store) CreateOnce(ctx context.Context, b catalog.Book, c catalog.Creation) (catalog.Book, error) {
	var created catalog.Book
	err := s.db.InTx(ctx, func(tx *gorm.DB) error {
		mine := false
		if err := queryRows(tx, func(row func(...any) error) error { return row(&mine) },
			`SELECT pg_try_advisory_xact_lock(hashtextextended($1, $2))`, "catalog.creations "+c.Key, c.Actor); err != nil {
			return err
		}
		if !mine {
			return catalog.KeyInProgress()
		}
		var request, answer []byte
		if err := queryRows(tx, func(row func(...any) error) error { return row(&request, &answer) },
			`SELECT request, answer FROM catalog.creations WHERE actor_id = $1 AND key = $2 AND created_at > $3`, c.Actor, c.Key, c.Since); err != nil {
			return err
		}
		if answer != nil {
			if !bytes.Equal(request, c.Request[:]) {
				return catalog.KeyReused()
			}
			created = catalog.Book{}
			return json.Unmarshal(answer, &created)
		}
		var err error
		if created, err = create(tx, b); err != nil {
			return err
		}
		if answer, err = json.Marshal(created); err != nil {
			return fmt.Errorf("keep the answer to a creation: %w", err)
		}
		if err := exec(tx, `INSERT INTO catalog.creations (actor_id, key, request, answer, created_at) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (actor_id, key) DO UPDATE SET request = excluded.request, answer = excluded.answer, created_at = excluded.created_at`,
			c.Actor, c.Key, c.Request[:], string(answer), c.At); err != nil {
			return err
		}
		return exec(tx, `DELETE FROM catalog.creations WHERE (actor_id, key) IN
			(SELECT actor_id, key FROM catalog.creations WHERE created_at <= $1 ORDER BY created_at LIMIT 100 FOR UPDATE SKIP LOCKED)`, c.Since)
	})
	return created, err
}
