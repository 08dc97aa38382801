// Package postgres keeps the desk's things in PostgreSQL.
//
// Reads are GORM's (reading.go, holds.go), on a replica that is fresh enough. A command is one transaction of two round trips:
// one batch locks and loads the scene (load.go), one writes what changed (save.go). Those go through pgx's pipeline, since a
// round trip a statement would make a check-out three times as long. Every statement takes sets, so that a scene can be
// that of many commands. The rows that both share are in rows.go; the library's order is kept in memory by policy.go.
package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"bookvault/modules/borrowing"
	"bookvault/platform/database"
	"bookvault/platform/ledger"
	"bookvault/platform/problem"
)

// Schema is where everything of the module is.
const Schema = "borrowing"

// Store implements borrowing.Store.
type Store struct {
	db     *database.DB
	ledger *ledger.Ledger
	policy atomic.Pointer[borrowing.Policy] // as of its version; see policy.go
}

var _ borrowing.Store = (*Store)(nil)

// New makes a store on a database whose migrations were carried out.
func New(db *database.DB) *Store {
	return &Store{db: db, ledger: ledger.New(Schema)}
}

// Transact runs fn in one transaction on the primary.
func (s *Store) Transact(ctx context.Context, fn func(context.Context, borrowing.Tx) error) error {
	return s.db.InPgxTx(ctx, func(tx pgx.Tx) error { return fn(ctx, &transaction{store: s, tx: tx}) })
}

// exec runs one statement in a transaction of its own.
func (s *Store) exec(ctx context.Context, what, query string, args ...any) error {
	err := s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("save %s: %w", what, err)
	}
	return nil
}

// Relay makes the relay of this module's outbox to a consumer; poll is how often it looks for what other processes wrote.
func (s *Store) Relay(consumer string, poll time.Duration, logger *slog.Logger, handle ledger.Handler) *ledger.Relay {
	return ledger.NewRelay(s.db.Pool(), ledger.RelaySettings{Schema: Schema, Consumer: consumer, Poll: poll, Logger: logger, Handle: handle})
}

// transaction implements borrowing.Tx.
type transaction struct {
	store *Store
	tx    pgx.Tx
}

// Claim takes a key for this transaction by an advisory lock, which ends with it and never waits, then looks for its answer.
func (t *transaction) Claim(ctx context.Context, once borrowing.Once, since time.Time) (answer borrowing.Remembered, found bool, err error) {
	name := nameOf(once)
	var batch pgx.Batch
	mine := false
	batch.Queue(`SELECT pg_try_advisory_xact_lock($1)`, int64(binary.BigEndian.Uint64(name))).QueryRow(func(row pgx.Row) error { return row.Scan(&mine) })
	batch.Queue(`SELECT body_hash, status, answer, created_at FROM borrowing.idempotency_keys
		WHERE name = $1 AND created_at > $2`, name, since).QueryRow(func(row pgx.Row) error {
		err := row.Scan(&answer.Hash, &answer.Status, &answer.Body, &answer.At)
		found = err == nil
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		return err
	})
	if err := t.tx.SendBatch(ctx, &batch).Close(); err != nil {
		return answer, false, fmt.Errorf("claim an Idempotency-Key: %w", err)
	}
	if !mine {
		busy := problem.Conflict("idempotency_in_progress", "A command with this Idempotency-Key is being carried out. Ask again in a moment for its answer.")
		busy.RetryAfter = time.Second
		return answer, false, busy
	}
	return answer, found, nil
}

// nameOf is what a key is kept under: it tells whoever has the key that it was used, and nobody else who used it for what.
func nameOf(once borrowing.Once) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "idempotency\n%d %s\n%d %s\n%s", len(once.Caller), once.Caller, len(once.Route), once.Route, once.Key))
	return sum[:]
}

// asProblem words the refusals of the database that a command could not foresee.
func asProblem(err error) error {
	e, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return err
	}
	switch e.ConstraintName {
	case "items_barcode_key":
		return problem.Refused(problem.Reason{Code: borrowing.BarcodeExists, Detail: "Another item has this barcode."})
	case "loans_one_open_an_item":
		return problem.Refused(problem.Reason{Code: borrowing.ItemOnLoan, Detail: "This copy is on loan to somebody else."}).Because(err)
	}
	return ledger.Conflict(err)
}
