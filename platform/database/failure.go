package database

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"bookvault/platform/problem"
	"bookvault/platform/resilience"

	"github.com/jackc/pgx/v5/pgconn"
)

// sqlState gives the five-character code of an error that PostgreSQL itself reported, or "".
func sqlState(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return ""
}

// serverGone tells whether a statement failed because its server is not there (any more), rather than for what it said.
func serverGone(err error) bool {
	switch state := sqlState(err); {
	case state != "":
		// 08: connection exception; 57P01 to 57P05: shutting down, crashed, starting up, database dropped, idle for too long.
		return strings.HasPrefix(state, "08") || strings.HasPrefix(state, "57P") || state == "53300" // too many connections
	case errors.Is(err, errBusy): // it is there, and has enough to do
		return false
	}
	_, network := errors.AsType[net.Error](err)
	return network || pgconn.SafeToRetry(err) || errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// Ill tells whether an error says that the database itself is ill: its server is not there, or broke off a statement for taking too
// long. It says no of a write that found no primary, which says nothing of reads, of what was asked in vain, of what lost against somebody else, and of a caller who left.
func Ill(err error) bool {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return false
	}
	return !errors.Is(err, ErrNoPrimary) && (serverGone(err) || sqlState(err) == "57014")
}

// Refused tells whether an error is the fault of the values that were to be written: they do not fit, or break a rule of the schema. What
// refers to something that is just going away may be right the next time, so that is not one.
func Refused(err error) bool {
	state := sqlState(err)
	return strings.HasPrefix(state, "22") || strings.HasPrefix(state, "23") && state != "23503"
}

// inConflict tells whether a transaction lost against another one: serialization failure or deadlock. On a replica the first
// also says that replaying the log had to cancel the query.
func inConflict(err error) bool {
	state := sqlState(err)
	return state == "40001" || state == "40P01"
}

// Explain turns the failures of infrastructure into problems that a caller may be shown, for whoever asks the database past Read, Search and
// the transactions, which do so themselves.
func Explain(ctx context.Context, err error) error { return explain(ctx, err) }

// explain turns the failures of infrastructure into problems that a caller may be shown. What failed because the caller left or
// ran out of time says so, in whatever words it came: a cancelled statement, a connection that was closed. The rest stays as it is.
func explain(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if _, done := errors.AsType[*problem.Error](err); done {
		return err
	}
	if left := ctx.Err(); left != nil {
		if errors.Is(err, left) {
			return err
		}
		return fmt.Errorf("%w: %w", left, err)
	}
	unavailable := func(code, detail string) error {
		e := problem.New(problem.Unavailable, code, "%s", detail).Because(err)
		e.RetryAfter = time.Second
		return e
	}
	switch state := sqlState(err); {
	case errors.Is(err, ErrOutcomeUnknown):
		return unavailable("outcome_unknown", "The way to the database broke while this was being recorded, so it is not known whether it was. "+
			"Please send the same again, with the same Idempotency-Key: then it is recorded once.")
	case errors.Is(err, errBusy):
		return unavailable("database_busy", "The database has more to do than it can take. Please try again in a moment.")
	case state == "57014":
		return problem.New(problem.DeadlineExceeded, "database_timeout", "The database needed too long for this. Please ask for less, or try again later.").Because(err)
	case state == "55P03", inConflict(err):
		return unavailable("database_contended", "Somebody else is changing the same thing right now. Please try again.")
	case serverGone(err), errors.Is(err, resilience.ErrOpen):
		return unavailable("database_unavailable", "The database does not answer right now. Please try again in a moment.")
	}
	return err
}

// Unreachable tells whether no connection could be made at all: the server is not there, or does not let us in.
func Unreachable(err error) bool {
	_, connecting := errors.AsType[*pgconn.ConnectError](err)
	return connecting
}
