package database

import (
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// Canceller makes the handler of cancellations with a patience of the test's.
func Canceller(conn *pgconn.PgConn, patience time.Duration) ctxwatch.Handler {
	return &canceller{conn: conn, patience: patience}
}

// ErrSilent is why a read leaves a server that has fallen silent.
var ErrSilent = errSilent

// Looks tells how often the feed has looked.
func (f *Feed) Looks() int64 { return f.counters.looks.Load() }

// Failures counts the looks that failed.
func (f *Feed) Failures() int64 { return f.counters.failures.Load() }
