package ledger

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// link is an event with its hash, as it is read to be checked: data is in the form that PostgreSQL writes jsonb in.
type link struct {
	Event
	data string
	hash []byte // nil: not chained yet
}

const linkColumns = `e.position, e.stream, e.version, e.type, e.data::text, e.actor, e.at, e.reason, e.request_id, e.hash`

func (e *link) scan(rows pgx.Rows) error {
	return rows.Scan(&e.Position, &e.Stream, &e.Version, &e.Type, &e.data, &e.Actor, &e.At, &e.Reason, &e.RequestID, &e.hash)
}

// hasher reckons hashes as the trigger of the migration 0013 does: of the hash before, and of all of the event but its hash, numbers
// and lengths first, so that no two events have one text.
type hasher struct{ text []byte }

func (h *hasher) sum(before []byte, e *link) [sha256.Size]byte {
	text := append(h.text[:0], before...)
	number := func(n int64, end byte) { text = append(strconv.AppendInt(text, n, 10), end) }
	number(e.Position, ' ')
	number(int64(e.Version), ' ')
	number(e.At.UnixMicro(), ' ')
	number(int64(len(e.Stream)), ' ')
	number(int64(len(e.Type)), ' ')
	number(int64(len(e.data)), ' ')
	number(int64(len(e.Actor)), ' ')
	number(int64(len(e.Reason)), ' ')
	number(int64(len(e.RequestID)), '\n')
	for _, part := range []string{e.Stream, e.Type, e.data, e.Actor, e.Reason, e.RequestID} {
		text = append(text, part...)
	}
	h.text = text
	return sha256.Sum256(text)
}

// Chain gives hashes to events that were written before there were any, at most limit, and says how many. It works beside writers:
// what they add to a stream that waits for its hashes waits too, and a later call finds it. prepare is called first, in the same
// transaction, with the streams that it begins; it may write their version 0 (see Baseline). A call that was cut off left nothing.
func (l *Ledger) Chain(ctx context.Context, db Beginner, limit int, prepare func(ctx context.Context, tx pgx.Tx, streams []string) error) (chained int, err error) {
	err = inTx(ctx, db, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, l.beginning, limit)
		if err != nil {
			return err
		}
		streams, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return err
		}
		if len(streams) > 0 {
			if err := prepare(ctx, tx, streams); err != nil {
				return err
			}
		}
		positions, hashes, err := l.reckon(ctx, tx, limit)
		if err != nil || len(positions) == 0 {
			return err
		}
		chained = len(positions)
		_, err = tx.Exec(ctx, l.give, positions, hashes)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("chain the ledger: %w", err)
	}
	return chained, nil
}

// reckon gives the hashes of the next events that have none.
func (l *Ledger) reckon(ctx context.Context, tx pgx.Tx, limit int) (positions []int64, hashes [][]byte, err error) {
	rows, err := tx.Query(ctx, l.unchained, limit)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	var h hasher
	var last struct {
		stream  string
		version int
		hash    []byte
	}
	for rows.Next() {
		var e link
		var before []byte
		if err := rows.Scan(&e.Position, &e.Stream, &e.Version, &e.Type, &e.data, &e.Actor, &e.At, &e.Reason, &e.RequestID, &e.hash, &before); err != nil {
			return nil, nil, err
		}
		if e.Stream == last.stream && e.Version == last.version+1 {
			before = last.hash
		}
		sum := h.sum(before, &e)
		last.stream, last.version, last.hash = e.Stream, e.Version, sum[:]
		positions, hashes = append(positions, e.Position), append(hashes, sum[:])
	}
	return positions, hashes, rows.Err()
}

// Baseline is the version of the event that says what the row of a stream held when events began to keep all of it. It stands before
// the events that are older than that, which tell less; its data names the version that it is the state of.
const Baseline = 0

// errUnchained says that events wait for their hashes.
var errUnchained = errors.New("the upgrade of the ledger is under way: events wait for their hashes")

// SnapshotBeginner starts transactions with options: a pool.
type SnapshotBeginner interface {
	BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error)
}

// Snapshot is a transaction that sees one instant of the database.
type Snapshot = pgx.Tx

// InSnapshot runs fn in a read-only transaction that sees one instant of the database, however long it takes, and holds nobody up.
func InSnapshot(ctx context.Context, db SnapshotBeginner, fn func(Snapshot) error) error {
	tx, err := db.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	// In the order of an index, row by row: sorting a whole ledger would fill a disk before the first row comes.
	if _, err := tx.Exec(ctx, `SELECT set_config('statement_timeout', '0', true), set_config('idle_in_transaction_session_timeout', '0', true),
		set_config('enable_sort', 'off', true), set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)`); err != nil {
		return err
	}
	return fn(tx)
}
