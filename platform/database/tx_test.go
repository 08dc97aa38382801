package database_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/problem"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

// notes gives a database with a table of two counters.
func notes(t *testing.T, opts ...dbtest.Option) *database.DB {
	t.Helper()
	db := dbtest.New(t, opts...)
	exec(t, db, t.Context(), "CREATE TABLE notes (id int PRIMARY KEY, n int NOT NULL)")
	exec(t, db, t.Context(), "INSERT INTO notes VALUES (1, 0), (2, 0)")
	return db
}

func total(t *testing.T, db *database.DB) int {
	t.Helper()
	return one[int](t, db.Read(t.Context()), "SELECT sum(n) FROM notes")
}

// A transaction that read before somebody else wrote loses when it writes itself.
func TestATransactionThatLosesIsRunAnew(t *testing.T) {
	for name, c := range map[string]struct{ defeats, tries, total int }{
		"once":  {defeats: 1, tries: 2, total: 1 + 10},
		"twice": {defeats: 2, tries: 3, total: 2 + 10},
		"ever":  {defeats: 9, tries: 3, total: 3}, // nothing of its own is left
	} {
		t.Run(name, func(t *testing.T) {
			db := notes(t)
			tries := 0
			err := db.InTx(t.Context(), func(tx *gorm.DB) error {
				tries++
				if err := tx.Exec("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ").Error; err != nil {
					return err
				}
				n := one[int](t, tx, "SELECT n FROM notes WHERE id = 1")
				if tries <= c.defeats {
					exec(t, db, t.Context(), addOne) // somebody else
				}
				return tx.Exec("UPDATE notes SET n = ? WHERE id = 1", n+10).Error
			})
			if lost := c.defeats >= 3; lost != (err != nil) || (lost && problem.Of(err).Code != "database_contended") {
				t.Errorf("answered %v", err)
			}
			if tries != c.tries || total(t, db) != c.total {
				t.Errorf("%d tries and the sum %d, want %d and %d", tries, total(t, db), c.tries, c.total)
			}
		})
	}
}

func TestADeadlockIsRunAnew(t *testing.T) {
	db := notes(t)
	var both, met sync.WaitGroup
	met.Add(2)
	for worker := range 2 {
		firstTry := true
		both.Go(func() {
			err := db.InTx(t.Context(), func(tx *gorm.DB) error {
				for _, id := range []int{1 + worker, 2 - worker} { // in opposite order
					if err := tx.Exec("UPDATE notes SET n = n + 1 WHERE id = ?", id).Error; err != nil {
						return err
					}
					if firstTry {
						firstTry = false
						met.Done()
						met.Wait() // both hold one lock and want the other's
					}
				}
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if got := total(t, db); got != 4 {
		t.Errorf("the sum is %d, want 4", got)
	}
}

func TestOnlyLosersAreRunAnew(t *testing.T) {
	db := notes(t)
	tries := 0
	err := db.InTx(t.Context(), func(tx *gorm.DB) error {
		tries++
		return tx.Exec("INSERT INTO notes VALUES (1, 1)").Error
	})
	if !errors.Is(err, gorm.ErrDuplicatedKey) || tries != 1 {
		t.Errorf("a duplicate: %v after %d tries", err, tries)
	}
	refusal := problem.Refused(problem.Reason{Code: "loan_limit"})
	if err := db.InTx(t.Context(), func(*gorm.DB) error { return refusal }); !errors.Is(err, refusal) {
		t.Errorf("a refusal became %v", err)
	}
}

// slowCommit makes every COMMIT of a change in notes take a while.
func slowCommit(t *testing.T, db *database.DB) {
	t.Helper()
	exec(t, db, t.Context(), `CREATE FUNCTION slowly() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.4); RETURN NULL; END $$`)
	exec(t, db, t.Context(), `CREATE CONSTRAINT TRIGGER slowly AFTER UPDATE ON notes DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION slowly()`)
}

const addOne = "UPDATE notes SET n = n + 1 WHERE id = 1"

func TestCommitIsNotCancelledByTheCaller(t *testing.T) {
	db := notes(t)
	slowCommit(t, db)
	for name, run := range map[string]func(context.Context, func()) error{
		"GORM": func(ctx context.Context, leave func()) error {
			return db.InTx(ctx, func(tx *gorm.DB) error { defer leave(); return tx.Exec(addOne).Error })
		},
		"pgx": func(ctx context.Context, leave func()) error {
			return db.InPgxTx(ctx, func(tx pgx.Tx) error { defer leave(); _, err := tx.Exec(ctx, addOne); return err })
		},
	} {
		before := total(t, db)
		ctx, cancel := context.WithCancel(t.Context())
		err := run(ctx, func() { time.AfterFunc(100*time.Millisecond, cancel) }) // during COMMIT
		if err != nil || total(t, db) != before+1 || ctx.Err() == nil {
			t.Errorf("%s: answered %v; the sum went from %d to %d", name, err, before, total(t, db))
		}
		cancel()
	}
}

func TestACallerWhoLeavesBeforeCommitChangesNothing(t *testing.T) {
	db := notes(t)
	ctx, cancel := context.WithCancel(t.Context())
	err := db.InTx(ctx, func(tx *gorm.DB) error {
		err := tx.Exec(addOne).Error
		cancel()
		return err
	})
	if !errors.Is(err, context.Canceled) || total(t, db) != 0 {
		t.Errorf("answered %v; the sum is %d", err, total(t, db))
	}
}

// Callers leave at any moment: before a statement, during it, between the rows of its answer. No connection is then used by two.
func TestCallersWhoLeaveAtAnyMoment(t *testing.T) {
	db := notes(t, dbtest.With(func(s *database.Settings) { s.MaxConns = 4 }))
	var callers sync.WaitGroup
	var changed atomic.Int64
	for caller := range 4 {
		callers.Go(func() {
			for i := range 24 {
				ctx, cancel := context.WithCancel(t.Context())
				if i%4 != 0 { // some stay
					time.AfterFunc(time.Duration((i*37+caller*11)%60)*time.Millisecond, cancel)
				}
				err := db.InTx(ctx, func(tx *gorm.DB) error {
					if err := tx.Exec("UPDATE notes SET n = n + 1 WHERE id = 1").Error; err != nil {
						return err
					}
					rows, err := tx.Raw("SELECT repeat('x', 200) FROM generate_series(1, 2000)").Rows()
					if err != nil {
						return err
					}
					for read := 0; read < i*50 && rows.Next(); read++ {
						_ = rows.Err()
					}
					if i%3 == 0 { // and forgets to close what it opened
						return nil
					}
					_ = rows.Close()
					return tx.Exec("UPDATE notes SET n = n + 1 WHERE id = 2").Error
				})
				if err != nil && !errors.Is(err, context.Canceled) && i%3 != 0 {
					t.Errorf("a caller who left is answered %v", err)
				}
				if err == nil && i%3 == 0 {
					changed.Add(1)
				} else if err == nil {
					changed.Add(2)
				}
				cancel()
			}
		})
	}
	callers.Wait()
	if got := total(t, db); got != int(changed.Load()) {
		t.Errorf("the sum is %d after changes of %d", got, changed.Load())
	}
	if changed.Load() == 0 {
		t.Error("nobody stayed, so this test shows little")
	}
}

func TestAPanicRollsBackAndGoesOn(t *testing.T) {
	db := notes(t, dbtest.With(func(s *database.Settings) { s.MaxConns = 1 }))
	for range 5 { // more often than there are connections
		func() {
			defer func() {
				if thrown := recover(); thrown != "ouch" {
					t.Errorf("recovered %v", thrown)
				}
			}()
			_ = db.InTx(t.Context(), func(tx *gorm.DB) error { tx.Exec(addOne); panic("ouch") })
		}()
		func() {
			defer func() { _ = recover() }()
			_ = db.InPgxTx(t.Context(), func(tx pgx.Tx) error { _, _ = tx.Exec(t.Context(), addOne); panic("ouch") })
		}()
	}
	if got := total(t, db); got != 0 {
		t.Errorf("the sum is %d", got)
	}
}

func TestAHiddenErrorIsNotASuccess(t *testing.T) {
	db := notes(t)
	err := db.InTx(t.Context(), func(tx *gorm.DB) error {
		tx.Exec(addOne)
		tx.Exec("SELECT 1/0") // and nobody looks
		return nil
	})
	if !errors.Is(err, database.ErrRolledBack) || total(t, db) != 0 {
		t.Errorf("answered %v; the sum is %d", err, total(t, db))
	}
}

func TestATransactionInsideIsASavepoint(t *testing.T) {
	db := notes(t)
	err := db.InTx(t.Context(), func(tx *gorm.DB) error {
		if err := tx.Exec(addOne).Error; err != nil {
			return err
		}
		_ = tx.Transaction(func(inner *gorm.DB) error {
			inner.Exec(addOne)
			return errors.New("only this part")
		})
		if err := tx.Session(&gorm.Session{}).Commit().Error; err == nil {
			t.Error("a transaction could be ended from inside")
		}
		return tx.Exec(addOne).Error
	})
	if err != nil || total(t, db) != 2 {
		t.Errorf("answered %v; the sum is %d, want 2", err, total(t, db))
	}
}

// What a transaction reads is read inside it, whatever the statement looks like.
func TestReadsInsideSeeTheTransaction(t *testing.T) {
	db := replicated(t)
	exec(t, db, t.Context(), "CREATE TABLE notes (id int PRIMARY KEY, n int NOT NULL)")
	err := db.InTx(t.Context(), func(tx *gorm.DB) error {
		if err := tx.Exec("INSERT INTO notes VALUES (1, 41)").Error; err != nil {
			return err
		}
		type Note struct{ ID, N int }
		var found Note
		if err := tx.Table("notes").First(&found, 1).Error; err != nil || found.N != 41 {
			t.Errorf("First: %+v, %v", found, err)
		}
		if n := one[int](t, tx, "SELECT n FROM notes WHERE id = 1 FOR UPDATE SKIP LOCKED"); n != 41 {
			t.Errorf("SKIP LOCKED: %d", n)
		}
		if onReplica(t, tx) {
			t.Error("a transaction reads from the replica")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestACommitThatNobodyHeardOf(t *testing.T) {
	db := notes(t)
	slowCommit(t, db)
	ctx, reader := database.WithReader(t.Context(), "")
	err := db.InTx(ctx, func(tx *gorm.DB) error {
		backend := one[int](t, tx, "SELECT pg_backend_pid()")
		time.AfterFunc(150*time.Millisecond, func() { // during COMMIT
			_, _ = db.Pool().Exec(context.Background(), "SELECT pg_terminate_backend($1)", backend)
		})
		return tx.Exec(addOne).Error
	})
	if !errors.Is(err, database.ErrOutcomeUnknown) || !reader.Moved() {
		t.Errorf("answered %v; the reader moved: %v", err, reader.Moved())
	}
}

// After a restart of the server every connection in the pool is dead; nobody should notice.
func TestTransactionsGoOnAfterConnectionsWereCut(t *testing.T) {
	db := notes(t)
	hold := make(chan struct{})
	var holders sync.WaitGroup
	for range 4 {
		holders.Go(func() {
			_ = db.InTx(t.Context(), func(tx *gorm.DB) error { <-hold; return nil })
		})
	}
	time.Sleep(50 * time.Millisecond)
	close(hold)
	holders.Wait() // now four connections are idle
	if _, err := db.Pool().Exec(t.Context(), "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()"); err != nil {
		t.Fatal(err)
	}
	exec(t, db, t.Context(), addOne)
	if err := db.InPgxTx(t.Context(), func(tx pgx.Tx) error { _, err := tx.Exec(t.Context(), addOne); return err }); err != nil {
		t.Error(err)
	}
	if got := total(t, db); got != 2 {
		t.Errorf("the sum is %d", got)
	}
}

func TestALockThatIsHeldTooLong(t *testing.T) {
	db := notes(t, dbtest.With(func(s *database.Settings) { s.LockTimeout = 50 * time.Millisecond }))
	err := db.InTx(t.Context(), func(tx *gorm.DB) error {
		if err := tx.Exec(addOne).Error; err != nil {
			return err
		}
		err := db.InTx(t.Context(), func(other *gorm.DB) error { return other.Exec(addOne).Error })
		if problem.Of(err).Code != "database_contended" {
			t.Errorf("a held lock: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
