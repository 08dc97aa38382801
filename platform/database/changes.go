package database

import (
	"context"
	"fmt"

	"bookvault/platform/wal"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

// Change says what a transaction changes, in the words of whoever keeps copies of it: a topic and the keys in it. No keys stand for
// all of the topic.
type Change struct {
	Topic string
	Keys  []int64
}

// keysAtMost is how many keys one change names; more are all.
const keysAtMost = 5000

const noteChange = `INSERT INTO changes.log (origin, number, topic, keys) VALUES ($1, $2, $3, $4)`

// noted is what one transaction said that it changes.
type noted struct {
	feed    *Feed
	number  int64
	changes []Change
}

// add takes in a change and gives the parameters of noteChange.
func (n *noted) add(topic string, keys []int64) []any {
	if n.number == 0 {
		n.number = n.feed.numbers.Add(1)
	}
	if len(keys) == 0 || len(keys) > keysAtMost {
		keys = nil
	}
	n.changes = append(n.changes, Change{Topic: topic, Keys: keys})
	return []any{n.feed.origin, n.number, topic, keys}
}

// Changed notes, in a transaction of InTx, what it changes. When it is committed, everybody in this process who keeps copies (Feed's
// Subscribe) has heard of it before InTx returns, and other processes hear of it soon after.
func Changed(tx *gorm.DB, topic string, keys ...int64) error {
	open, ok := tx.Statement.ConnPool.(*openTx)
	if !ok {
		return ErrNotInTx
	}
	if _, err := open.ExecContext(tx.Statement.Context, noteChange, open.noted.add(topic, keys)...); err != nil {
		return fmt.Errorf("note a change of %s: %w", topic, err)
	}
	return nil
}

// ChangedPgx is Changed for a transaction of InPgxTx.
func ChangedPgx(ctx context.Context, tx pgx.Tx, topic string, keys ...int64) error {
	var batch pgx.Batch
	if err := QueueChange(tx, &batch, topic, keys...); err != nil {
		return err
	}
	if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("note a change of %s: %w", topic, err)
	}
	return nil
}

// QueueChange is ChangedPgx in a batch that the caller sends in the same transaction: it costs no round trip of its own.
func QueueChange(tx pgx.Tx, batch *pgx.Batch, topic string, keys ...int64) error {
	open, ok := tx.(*openPgxTx)
	if !ok {
		return ErrNotInTx
	}
	batch.Queue(noteChange, open.noted.add(topic, keys)...)
	return nil
}

// Heard is a change that was committed, and a position in the log that includes it. The zero position is none: somebody must read
// the primary to see it surely.
type Heard struct {
	Keys []int64 // none: all
	At   wal.Position
}
