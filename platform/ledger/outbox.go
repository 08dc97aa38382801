package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Message is what an event says to the rest of the house.
type Message struct {
	ID    int64
	Topic string // the event's type
	Key   string // its stream: messages of one key come in the order in which they happened
	Data  json.RawMessage
	At    time.Time
}

// Handler takes a batch of messages. It may see a message again after a crash, so it must be idempotent; when it fails, the same
// batch comes again.
type Handler func(ctx context.Context, messages []Message) error

// Outbox reads the outbox of a schema for one consumer.
//
// A reader that remembered only the largest id would lose what commits late: ids are given when a row is written, not when it
// becomes visible. A reader that went by transaction ids below pg_snapshot_xmin alone would lose nothing, but could see two
// messages of one stream in the wrong order: a transaction may get its id early, wait for a lock, and write last. So each row
// carries a horizon, the greater of its transaction's id and the snapshot's xmax when it was written: whatever still runs has a
// horizon of at least xmin, and of two rows written under the same lock the second has the greater (horizon, id).
type Outbox struct {
	consumer string

	register, lock, next, move, purge, waiting string
	rebase                                     []string
}

// NewOutbox opens the outbox of a schema for a consumer, whose place is kept under its name.
func NewOutbox(schema, consumer string) *Outbox {
	s := pgx.Identifier{schema}.Sanitize()
	return &Outbox{consumer: consumer,
		register: `INSERT INTO ` + s + `.outbox_cursors (consumer) VALUES ($1) ON CONFLICT DO NOTHING`,
		lock:     `SELECT horizon::text, id FROM ` + s + `.outbox_cursors WHERE consumer = $1 FOR UPDATE SKIP LOCKED`,
		// ORDER BY says o.horizon, since a bare horizon would be the text of the output, in which 1000 comes before 999.
		next: `SELECT o.horizon::text, o.id, o.topic, o.key, o.data, o.at FROM ` + s + `.outbox o
			WHERE (o.horizon, o.id) > ($1::text::xid8, $2) AND o.horizon < pg_snapshot_xmin(pg_current_snapshot())
			ORDER BY o.horizon, o.id LIMIT $3`,
		move: `UPDATE ` + s + `.outbox_cursors SET horizon = $2::text::xid8, id = $3 WHERE consumer = $1`,
		purge: `DELETE FROM ` + s + `.outbox WHERE (horizon, id) IN (
			SELECT o.horizon, o.id FROM ` + s + `.outbox o, (SELECT horizon, id FROM ` + s + `.outbox_cursors ORDER BY horizon, id LIMIT 1) slowest
			WHERE (o.horizon, o.id) <= (slowest.horizon, slowest.id) ORDER BY o.horizon, o.id LIMIT $1)`,
		waiting: `SELECT EXISTS (SELECT 1 FROM ` + s + `.outbox o, ` + s + `.outbox_cursors c
			WHERE c.consumer = $1 AND (o.horizon, o.id) > (c.horizon, c.id))`,
		rebase: []string{
			`DELETE FROM ` + s + `.outbox o WHERE EXISTS (SELECT 1 FROM ` + s + `.outbox_cursors)
				AND NOT EXISTS (SELECT 1 FROM ` + s + `.outbox_cursors c WHERE (o.horizon, o.id) > (c.horizon, c.id))`,
			`UPDATE ` + s + `.outbox SET horizon = '0'`,
			`UPDATE ` + s + `.outbox_cursors SET horizon = '0', id = 0`,
		},
	}
}

// Beginner starts transactions: a pool.
type Beginner interface {
	Begin(ctx context.Context) (pgx.Tx, error)
}

// Pool starts transactions of both kinds.
type Pool interface {
	Beginner
	SnapshotBeginner
}

// Register makes a place for the consumer, before the first message that there is.
func (o *Outbox) Register(ctx context.Context, db Beginner) error {
	return inTx(ctx, db, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, o.register, o.consumer); err != nil {
			return fmt.Errorf("register outbox consumer %s: %w", o.consumer, err)
		}
		return nil
	})
}

// Deliver hands the next messages, at most limit, to a handler, and moves the consumer's place when it succeeds. It gives how many
// there were, and whether messages wait that cannot be read yet, since a transaction older than they still runs. While another
// process delivers to the same consumer, there are none.
//
// The place is not waited for on the disk: what is lost of it in a crash is delivered again, which handlers must bear anyway. It saves two
// waits for each command at the desk, during which its next one would wait too.
func (o *Outbox) Deliver(ctx context.Context, db SnapshotBeginner, limit int, handle Handler) (delivered int, held bool, err error) {
	err = inTx(ctx, unhurried{db}, func(tx pgx.Tx) error {
		var horizon string
		var id int64
		if err := tx.QueryRow(ctx, o.lock, o.consumer).Scan(&horizon, &id); errors.Is(err, pgx.ErrNoRows) {
			return nil
		} else if err != nil {
			return fmt.Errorf("lock the place of outbox consumer %s: %w", o.consumer, err)
		}
		rows, err := tx.Query(ctx, o.next, horizon, id, limit)
		if err != nil {
			return fmt.Errorf("read the outbox: %w", err)
		}
		messages, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m Message, err error) {
			err = row.Scan(&horizon, &m.ID, &m.Topic, &m.Key, &m.Data, &m.At)
			return m, err
		})
		if err != nil {
			return fmt.Errorf("read the outbox: %w", err)
		}
		if delivered = len(messages); delivered == 0 {
			return tx.QueryRow(ctx, o.waiting, o.consumer).Scan(&held)
		}
		if err := handle(ctx, messages); err != nil {
			return fmt.Errorf("outbox consumer %s: %w", o.consumer, err)
		}
		if _, err := tx.Exec(ctx, o.move, o.consumer, horizon, messages[delivered-1].ID); err != nil {
			return fmt.Errorf("move the place of outbox consumer %s: %w", o.consumer, err)
		}
		return nil
	})
	if err != nil {
		delivered = 0
	}
	return delivered, held, err
}

// Purge deletes messages that every consumer has had, at most limit, and says how many.
func (o *Outbox) Purge(ctx context.Context, db SnapshotBeginner, limit int) (deleted int64, err error) {
	err = inTx(ctx, unhurried{db}, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, o.purge, limit)
		deleted = tag.RowsAffected()
		return err
	})
	return deleted, err
}

// unhurried begins transactions whose COMMIT does not wait for the disk.
type unhurried struct{ SnapshotBeginner }

// Begin starts one.
func (db unhurried) Begin(ctx context.Context) (pgx.Tx, error) {
	return db.BeginTx(ctx, pgx.TxOptions{BeginQuery: "BEGIN; SET LOCAL synchronous_commit TO off"})
}

func inTx(ctx context.Context, db Beginner, fn func(pgx.Tx) error) error {
	tx, err := db.Begin(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }() // after Commit it does nothing
	if err := fn(tx); err != nil {
		return err
	}
	return tx.Commit(ctx)
}

// Rebase gives messages and places new positions after the tables were loaded into another server, whose transactions have other numbers:
// what every consumer has had is gone, and the rest comes to all of them in the order in which it was written.
func (o *Outbox) Rebase(ctx context.Context, db Beginner) error {
	return inTx(ctx, db, func(tx pgx.Tx) error {
		for _, statement := range o.rebase {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return fmt.Errorf("give the outbox positions of this server: %w", err)
			}
		}
		return nil
	})
}
