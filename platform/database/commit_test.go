package database_test

import (
	"errors"
	"testing"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/database/faulttest"
	"bookvault/platform/problem"

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
