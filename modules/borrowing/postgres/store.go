// Package postgres keeps the desk's things in PostgreSQL.
//
// Reads are GORM's (reading.go, holds.go), on a replica that is fresh enough. A command is one transaction of two round trips:
// one batch locks and loads the scene (load.go), one writes what changed (save.go). Those go through pgx's pipeline, since a
// round trip a statement would make a check-out three times as long. Every statement takes sets, so that a scene can be
// that of many commands. The rows that both share are in rows.go; the library's order is kept in memory by policy.go.
package postgres

import (
	"context"
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
	store   *Store
	tx      pgx.Tx
	planned bool
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
