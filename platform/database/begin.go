package database

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// openPgxTx is a transaction of InPgxTx. It has begun when it has a Tx.
type openPgxTx struct {
	pgx.Tx
	conn   *pgx.Conn
	record func(err error, took time.Duration) // told how beginning went
	failed error                               // to begin; nil: it has not, or was not tried
	noted  *noted
}

// begin begins, unless it has.
func (o *openPgxTx) begin(ctx context.Context) error {
	if o.Tx != nil || o.failed != nil {
		return o.failed
	}
	asked := time.Now()
	tx, err := o.conn.Begin(ctx)
	o.record(err, time.Since(asked))
	if err != nil {
		o.failed = fmt.Errorf("%w: %w", errNotBegun, err)
		return o.failed
	}
	o.Tx = tx
	return nil
}

// SendBatch sends a batch; the first one with BEGIN before it. How long that takes says nothing of the server, since the answer to BEGIN
// comes with those of statements that may wait for locks.
func (o *openPgxTx) SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults {
	switch {
	case o.failed != nil:
		return pgx.FailedBatchResults(b, o.failed)
	case o.Tx != nil:
		return o.Tx.SendBatch(ctx, b)
	}
	var whole pgx.Batch
	whole.BeginTx(pgx.TxOptions{})
	whole.QueuedQueries = append(whole.QueuedQueries, b.QueuedQueries...)
	asked := time.Now()
	results := o.conn.SendBatch(ctx, &whole)
	if _, err := results.Exec(); err != nil {
		o.record(err, time.Since(asked))
		o.failed = fmt.Errorf("%w: %w", errNotBegun, err)
		_ = results.Close() // it says the same
		return pgx.FailedBatchResults(b, o.failed)
	}
	o.record(nil, 0)
	o.Tx = results.Tx()
	return results
}

// Begin makes a savepoint.
func (o *openPgxTx) Begin(ctx context.Context) (pgx.Tx, error) {
	if err := o.begin(ctx); err != nil {
		return nil, err
	}
	return o.Tx.Begin(ctx)
}

// Exec carries out a statement.
func (o *openPgxTx) Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error) {
	if err := o.begin(ctx); err != nil {
		return pgconn.CommandTag{}, err
	}
	return o.Tx.Exec(ctx, query, args...)
}

// Query asks for rows.
func (o *openPgxTx) Query(ctx context.Context, query string, args ...any) (pgx.Rows, error) {
	if err := o.begin(ctx); err != nil {
		return nil, err
	}
	return o.Tx.Query(ctx, query, args...)
}

// QueryRow asks for one row.
func (o *openPgxTx) QueryRow(ctx context.Context, query string, args ...any) pgx.Row {
	if err := o.begin(ctx); err != nil {
		return noRow{err}
	}
	return o.Tx.QueryRow(ctx, query, args...)
}

// CopyFrom writes rows by COPY.
func (o *openPgxTx) CopyFrom(ctx context.Context, table pgx.Identifier, columns []string, rows pgx.CopyFromSource) (int64, error) {
	if err := o.begin(ctx); err != nil {
		return 0, err
	}
	return o.Tx.CopyFrom(ctx, table, columns, rows)
}

// Prepare prepares a statement.
func (o *openPgxTx) Prepare(ctx context.Context, name, query string) (*pgconn.StatementDescription, error) {
	if err := o.begin(ctx); err != nil {
		return nil, err
	}
	return o.Tx.Prepare(ctx, name, query)
}

// Conn gives the connection.
func (o *openPgxTx) Conn() *pgx.Conn { return o.conn }

// Commit refuses.
func (*openPgxTx) Commit(context.Context) error { return errEndsByItself }

// Rollback refuses.
func (*openPgxTx) Rollback(context.Context) error { return errEndsByItself }

// noRow is what could not be asked for.
type noRow struct{ err error }

// Scan gives why.
func (r noRow) Scan(...any) error { return r.err }
