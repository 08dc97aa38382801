package database

import (
	"context"
	"errors"
	"strconv"

	"bookvault/platform/wal"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// commitAndAsk ends a transaction and asks how far the log is then, in one round trip.
const commitAndAsk = "commit; " + askPrimary

// commit commits the transaction that a connection is in, and gives a position in the log that includes it: wal.Beyond where the server
// does not say one, since it is committed all the same, and its author then reads from the primary. pgx.ErrTxCommitRollback says that the
// server rolled back instead.
func commit(ctx context.Context, conn *pgx.Conn) (wal.Position, error) {
	trace := queryTrace{conn.Config().Host}
	ctx = trace.TraceQueryStart(ctx, conn, pgx.TraceQueryStartData{SQL: "commit"})
	results, err := conn.PgConn().Exec(ctx, commitAndAsk).ReadAll()
	trace.TraceQueryEnd(ctx, conn, pgx.TraceQueryEndData{Err: err})
	if len(results) > 0 {
		switch results[0].CommandTag.String() {
		case "COMMIT":
			return told(results[1:]), nil
		case "ROLLBACK":
			return wal.Beyond, pgx.ErrTxCommitRollback
		}
	}
	if err == nil {
		err = errors.New("the server did not answer COMMIT")
	}
	if conn.PgConn().TxStatus() != 'I' {
		_ = conn.Close(ctx) // the error to tell is the first one
	}
	return wal.Beyond, err
}

// told reads the answer to askPrimary in the text format.
func told(results []*pgconn.Result) wal.Position {
	if len(results) != 1 || len(results[0].Rows) != 1 || len(results[0].Rows[0]) != 2 {
		return wal.Beyond
	}
	lsn, bad := strconv.ParseInt(string(results[0].Rows[0][0]), 10, 64)
	timeline, worse := strconv.ParseInt(string(results[0].Rows[0][1]), 10, 64)
	if bad != nil || worse != nil || timeline <= 0 {
		return wal.Beyond
	}
	return wal.Position{Timeline: uint32(timeline), LSN: wal.End(uint64(lsn))}
}
