package database

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"bookvault/platform/wal"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
)

// attempts is how often a transaction is tried that loses against another one.
const attempts = 3

// ErrOutcomeUnknown says that the connection was lost during COMMIT: the transaction may have been committed or not. Asking
// again with the same Idempotency-Key finds out.
var ErrOutcomeUnknown = errors.New("the connection was lost during COMMIT, so it is not known whether the change was made; ask again with the same Idempotency-Key")

// ErrRolledBack says that fn hid the error of a statement, so that PostgreSQL answered COMMIT with a rollback.
var ErrRolledBack = errors.New("the transaction was rolled back, since one of its statements had failed")

var errNotBegun = errors.New("beginning a transaction")

// InTx runs fn in a transaction on the primary and commits if it returns nil. Before COMMIT, the end of ctx rolls back; COMMIT
// itself cannot be cancelled by the caller. A transaction that loses against another one (serialization failure, deadlock) is
// run anew from the start, up to three times, so fn must have no effect outside tx. After COMMIT, whoever ctx belongs to reads
// what was written. Only tx is inside the transaction: db.Read is not. A panic of fn rolls back and goes on.
func (db *DB) InTx(ctx context.Context, fn func(tx *gorm.DB) error) error {
	return db.retried(ctx, func() error {
		begin := time.Now()
		conn, err := db.writers(ctx).sql.Conn(ctx)
		if err != nil {
			db.primary.record(err, time.Since(begin))
			return fmt.Errorf("%w: taking a connection for a transaction: %w", errNotBegun, err)
		}
		defer func() { _ = conn.Close() }() // back to the pool, which throws away one that is still in a transaction
		// Raw keeps database/sql's own hands off the connection, which it may be closing because ctx ended; what it has
		// closed is refused, and rolled back by being closed.
		alone := func(use func(*pgx.Conn) error) error {
			return conn.Raw(func(c any) error { return use(c.(*stdlib.Conn).Conn()) })
		}
		return db.transact(ctx, alone, func(open *openPgxTx) error {
			if err := alone(func(*pgx.Conn) error { return open.begin(ctx) }); err != nil {
				return err
			}
			inside, leave := context.WithCancel(ctx)
			defer leave() // closes rows that fn left open: nothing could end while they hold the connection
			tx := db.gorm.Session(&gorm.Session{NewDB: true, Context: inside})
			tx.Statement.ConnPool = &openTx{conn, open.noted}
			return fn(tx)
		})
	})
}

// InPgxTx is InTx with pgx instead of GORM, for COPY, pipelines and batches. It begins with the first thing that fn does in it; where that is
// a batch, in the same round trip.
func (db *DB) InPgxTx(ctx context.Context, fn func(tx pgx.Tx) error) error {
	return db.retried(ctx, func() error {
		begin := time.Now()
		bounded, cancel := context.WithTimeoutCause(ctx, db.settings.AcquireTimeout, errBusy)
		conn, err := db.writers(ctx).pgx.Acquire(bounded)
		busy := ctx.Err() == nil && errors.Is(context.Cause(bounded), errBusy)
		cancel()
		if err != nil && busy {
			err = errBusy
		}
		if err != nil {
			db.primary.record(err, time.Since(begin))
			return fmt.Errorf("%w: taking a connection for a transaction: %w", errNotBegun, err)
		}
		defer conn.Release()
		return db.transact(ctx, func(use func(*pgx.Conn) error) error { return use(conn.Conn()) }, func(open *openPgxTx) error { return fn(open) })
	})
}

// retried runs a transaction until it does not lose, or has lost as often as it may.
func (db *DB) retried(ctx context.Context, transaction func() error) error {
	if db.primaryGone(time.Now()) {
		return noPrimary(nil)
	}
	for try := 1; ; try++ {
		if err := db.primary.allow(); err != nil {
			return explain(ctx, err)
		}
		err := transaction() // which records how it began
		switch {
		case err == nil:
			db.foundPrimary()
		case ctx.Err() == nil && (readOnly(err) || errors.Is(err, errNotBegun) && noServer(err) && (Unreachable(err) || try == attempts)):
			db.lostPrimary(err)
			return noPrimary(err)
		}
		again := inConflict(err) || (errors.Is(err, errNotBegun) && serverGone(err)) // the latter: a connection from before a restart
		if err == nil || !again || try == attempts || ctx.Err() != nil {
			return explain(ctx, err)
		}
		db.counts.retries.Add(1)
		// Jitter, so that two that collided do not collide again.
		select {
		case <-time.After(time.Duration(1+rand.IntN(10*try*try)) * time.Millisecond):
		case <-ctx.Done():
			return err
		}
	}
}

// transact is one transaction on a connection that is reached through alone, while nothing else uses it.
func (db *DB) transact(ctx context.Context, alone func(func(*pgx.Conn) error) error, fn func(*openPgxTx) error) error {
	open := &openPgxTx{record: db.primary.record, noted: &noted{feed: db.feed}}
	if err := alone(func(conn *pgx.Conn) error { open.conn = conn; return nil }); err != nil {
		return fmt.Errorf("%w: %w", errNotBegun, err)
	}
	ended := false
	defer func() { // also when fn panics
		switch {
		case ended || open.failed != nil:
		case open.Tx == nil: // it was asked nothing
			db.primary.giveBack()
		default:
			db.counts.rollbacks.Add(1)
			after, cancel := context.WithTimeout(context.WithoutCancel(ctx), db.settings.ConnectTimeout)
			defer cancel()
			_ = alone(func(*pgx.Conn) error { return open.Tx.Rollback(after) }) // a connection on which this fails is thrown away
		}
	}()
	if err := fn(open); err != nil || open.failed != nil {
		return cmp.Or(open.failed, err)
	}
	if open.Tx == nil {
		return ctx.Err()
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("the caller left before COMMIT: %w", err)
	}

	after, cancel := context.WithTimeout(context.WithoutCancel(ctx), db.settings.CommitTimeout)
	defer cancel()
	ended = true
	asked := false
	var at wal.Position
	err := alone(func(conn *pgx.Conn) (err error) {
		if conn.IsClosed() {
			return driver.ErrBadConn
		}
		asked = true
		at, err = commit(after, conn)
		return err
	})
	switch {
	case err == nil && db.settings.Synchronous && after.Err() != nil:
		// The wait for the replica was cancelled, and then the server answers success all the same.
		err = after.Err()
	case err == nil:
		db.counts.commits.Add(1)
		db.feed.committed(open.noted, at)
		db.committed(ctx, at)
		return nil
	case errors.Is(err, pgx.ErrTxCommitRollback):
		db.counts.rollbacks.Add(1)
		return ErrRolledBack
	case !asked: // pgx's own word for that, SafeToRetry, is also given when the connection breaks while the answer is awaited
		db.counts.rollbacks.Add(1)
		return fmt.Errorf("the connection was lost before COMMIT: %w", err)
	case sqlState(err) != "" && !serverGone(err):
		db.counts.rollbacks.Add(1)
		return fmt.Errorf("committing: %w", err)
	}
	db.counts.unknown.Add(1)
	db.committed(ctx, wal.Beyond) // if it was made, its author must see it
	return fmt.Errorf("%w: %w", ErrOutcomeUnknown, err)
}

// openTx is a connection in a transaction as GORM sees it. Being a gorm.TxCommitter keeps dbresolver's hands off it and makes
// tx.Transaction a savepoint; the end of the transaction is transact's business alone. GORM wants a pointer.
type openTx struct {
	*sql.Conn
	noted *noted
}

var errEndsByItself = errors.New("a transaction of InTx ends by itself: return nil to commit, an error to roll back")

// Commit refuses.
func (*openTx) Commit() error { return errEndsByItself }

// Rollback refuses.
func (*openTx) Rollback() error { return errEndsByItself }
