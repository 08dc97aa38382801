package database_test

import (
	"errors"
	"testing"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/database/faulttest"
	"bookvault/platform/problem"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

// A connection that breaks while the answer to COMMIT is awaited leaves the outcome open: the writer is never told that nothing was changed.
func TestAConnectionThatBreaksInCommitLeavesTheOutcomeOpen(t *testing.T) {
	way, through, err := faulttest.ToCommits(dbtest.DSN(t))
	must(t, err)
	t.Cleanup(way.Close)
	db, err := database.Open(t.Context(), database.Settings{Primary: through})
	must(t, err)
	t.Cleanup(db.Close)
	exec(t, db, t.Context(), "CREATE TABLE notes (n int)")
	want := 0
	for _, at := range []faulttest.Moment{faulttest.CommitNotSent, faulttest.AnswerNotSent} {
		way.Cut(at)
		err := db.InTx(t.Context(), func(tx *gorm.DB) error { return tx.Exec("INSERT INTO notes VALUES (1)").Error })
		if p := problem.Of(err); !errors.Is(err, database.ErrOutcomeUnknown) || p.Code != "outcome_unknown" || p.RetryAfter <= 0 {
			t.Errorf("%v: answered %v", at, err)
		}
		if at.Committed() {
			want++
		}
		if got := one[int](t, db.Read(t.Context()), "SELECT count(*) FROM notes"); got != want {
			t.Errorf("%v: %d rows, want %d", at, got, want)
		}
	}
}

// A transaction of two batches takes three round trips: BEGIN goes with the first one, and the question how far the log is with COMMIT.
func TestATransactionTakesFewRoundTrips(t *testing.T) {
	way, through, err := faulttest.ToCommits(dbtest.DSN(t))
	must(t, err)
	t.Cleanup(way.Close)
	db, err := database.Open(t.Context(), database.Settings{Primary: through, MaxConns: 1, MinConns: 1})
	must(t, err)
	t.Cleanup(db.Close)
	exec(t, db, t.Context(), "CREATE TABLE notes (n int)")
	const insert = "INSERT INTO notes VALUES (1)"
	write := func() (rounds int64) {
		before := way.RoundTrips()
		must(t, db.InPgxTx(t.Context(), func(tx pgx.Tx) error {
			for range 2 {
				var batch pgx.Batch
				batch.Queue(insert)
				batch.Queue(insert)
				if err := tx.SendBatch(t.Context(), &batch).Close(); err != nil {
					return err
				}
			}
			return nil
		}))
		return way.RoundTrips() - before
	}
	write() // its statements are prepared
	if rounds := write(); rounds != 3 {
		t.Errorf("%d round trips", rounds)
	}
	if got := one[int](t, db.Read(t.Context()), "SELECT count(*) FROM notes"); got != 8 {
		t.Errorf("%d rows, want 8", got)
	}
	broken := errors.New("broken off")
	for _, begin := range []func(tx pgx.Tx) error{
		func(tx pgx.Tx) error {
			var batch pgx.Batch
			batch.Queue(insert)
			return tx.SendBatch(t.Context(), &batch).Close()
		},
		func(tx pgx.Tx) error { _, err := tx.Exec(t.Context(), insert); return err },
		func(tx pgx.Tx) error { return tx.QueryRow(t.Context(), insert+" RETURNING n").Scan(new(int)) },
		func(pgx.Tx) error { return nil },
	} {
		err := db.InPgxTx(t.Context(), func(tx pgx.Tx) error { must(t, begin(tx)); return broken })
		if !errors.Is(err, broken) {
			t.Errorf("broken off, and told %v", err)
		}
	}
	if got := one[int](t, db.Read(t.Context()), "SELECT count(*) FROM notes"); got != 8 {
		t.Errorf("%d rows after what was broken off, want 8", got)
	}
}
