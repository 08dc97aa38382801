// Package aside keeps records of the queue that their handler refused, in PostgreSQL, until somebody mended what was wrong and has them
// tried again. They lie in the table queue.aside, where every process finds those of all.
package aside

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"bookvault/platform/database"
	"bookvault/platform/queue"
)

// Store keeps records that were refused.
type Store struct{ db *database.DB }

// New makes it on a database that is migrated.
func New(db *database.DB) *Store { return &Store{db} }

// reasonAtMost bounds a reason, bytes.
const reasonAtMost = 2000

// Put keeps records with the reason for each.
func (s *Store) Put(ctx context.Context, refused []queue.Poisoned) error {
	rows := make([][]any, len(refused))
	for i, p := range refused {
		rows[i] = []any{readable(p.Topic), int64(p.Key), p.Subject, p.Body, readable(p.Reason)}
	}
	err := s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.CopyFrom(ctx, pgx.Identifier{"queue", "aside"}, []string{"topic", "key", "subject", "body", "reason"}, pgx.CopyFromRows(rows))
		return err
	})
	if err != nil {
		return fmt.Errorf("put %d records aside: %w", len(refused), err)
	}
	return nil
}

// readable is a text that PostgreSQL takes, whatever was in it.
func readable(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\x00", "")
	for len(text) > reasonAtMost || !utf8.ValidString(text) {
		text = text[:min(len(text)-1, reasonAtMost)]
	}
	return text
}

// Kept is a record that waits for somebody.
type Kept struct {
	ID     int64
	Topic  string
	Reason string
	At     time.Time
	Tries  int
	Bytes  int
}

// List gives the oldest ones.
func (s *Store) List(ctx context.Context, limit int) ([]Kept, error) {
	rows, err := s.db.Pool().Query(ctx, `SELECT id, topic, reason, at, tries, octet_length(body) FROM queue.aside ORDER BY id LIMIT $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("list what was put aside: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Kept])
}

// Count tells how many there are.
func (s *Store) Count(ctx context.Context) (n int, err error) {
	err = s.db.Pool().QueryRow(ctx, `SELECT count(*) FROM queue.aside`).Scan(&n)
	return n, err
}

// Forget deletes those that are about a member.
func (s *Store) Forget(ctx context.Context, subject int64) error {
	if _, err := s.db.Pool().Exec(ctx, `DELETE FROM queue.aside WHERE subject = $1`, subject); err != nil {
		return fmt.Errorf("forget what was put aside: %w", err)
	}
	return nil
}

// Retry hands every record to apply, in the order in which they were put aside. Those that it takes go; of the others it is noted why not.
func (s *Store) Retry(ctx context.Context, apply func(context.Context, ...queue.Record) error) (written, refused int, err error) {
	last := int64(0)
	for {
		var r queue.Record
		var key int64
		err := s.db.Pool().QueryRow(ctx, `SELECT id, topic, key, subject, body FROM queue.aside WHERE id > $1 ORDER BY id LIMIT 1`, last).Scan(&last, &r.Topic, &key, &r.Subject, &r.Body)
		if errors.Is(err, pgx.ErrNoRows) {
			return written, refused, nil
		}
		if err != nil {
			return written, refused, fmt.Errorf("read what was put aside: %w", err)
		}
		r.Key = uint64(key)
		if failed := apply(ctx, r); failed != nil {
			if ctx.Err() != nil {
				return written, refused, ctx.Err()
			}
			refused++
			if _, err := s.db.Pool().Exec(ctx, `UPDATE queue.aside SET tries = tries + 1, reason = $2 WHERE id = $1`, last, readable(failed.Error())); err != nil {
				return written, refused, fmt.Errorf("note why a record is refused: %w", err)
			}
			continue
		}
		// A record that is written and not deleted, since we died in between, is written again by the next retry, which changes nothing.
		if _, err := s.db.Pool().Exec(ctx, `DELETE FROM queue.aside WHERE id = $1`, last); err != nil {
			return written, refused, fmt.Errorf("delete a record that was written: %w", err)
		}
		written++
	}
}
