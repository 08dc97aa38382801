package database_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
)

// sqlFiles makes migrations of statements, numbered from 1.
func sqlFiles(statements ...string) fstest.MapFS {
	files := fstest.MapFS{}
	for i, up := range statements {
		files[fmt.Sprintf("%04d_step.sql", i+1)] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + up + ";\n")}
	}
	return files
}

// emptied gives a database of the test's own that was never migrated.
func emptied(t *testing.T) string {
	t.Helper()
	return dbtest.DSN(t, dbtest.Empty())
}

func TestTwoProcessesMigrateAtOnce(t *testing.T) {
	dsn := emptied(t)
	files := sqlFiles("CREATE TABLE one (n int)", "SELECT pg_sleep(0.2)", "CREATE TABLE three (n int)")
	// An index that is built beside writers waits for all transactions, so also for a process that waits for its turn in one.
	files["0004_index.sql"] = &fstest.MapFile{Data: []byte("-- +goose NO TRANSACTION\n-- +goose Up\nCREATE INDEX CONCURRENTLY one_n ON one (n);\n")}
	var all sync.WaitGroup
	done := make([]int, 4)
	for i := range done {
		all.Go(func() {
			applied, err := database.Migrate(t.Context(), dsn, files)
			if err != nil {
				t.Error(err)
			}
			done[i] = len(applied)
		})
	}
	all.Wait()
	if done[0]+done[1]+done[2]+done[3] != 4 {
		t.Errorf("applied %v, want four in all", done)
	}
}

func TestTheStatusOfMigrations(t *testing.T) {
	dsn := emptied(t)
	two := sqlFiles("CREATE TABLE one (n int)", "CREATE TABLE two (n int)")
	if _, err := database.Migrate(t.Context(), dsn, sqlFiles("CREATE TABLE one (n int)")); err != nil {
		t.Fatal(err)
	}
	status, err := database.MigrationStatus(t.Context(), dsn, two)
	if err != nil || len(status) != 2 || status[0].AppliedAt.IsZero() || !status[1].AppliedAt.IsZero() || status[1].Name != "0002_step.sql" {
		t.Errorf("%+v, %v", status, err)
	}
	applied, err := database.Migrate(t.Context(), dsn, two)
	if err != nil || len(applied) != 1 || applied[0].Version != 2 || applied[0].Took <= 0 {
		t.Errorf("%+v, %v", applied, err)
	}
	if again, err := database.Migrate(t.Context(), dsn, two); err != nil || len(again) != 0 {
		t.Errorf("again: %+v, %v", again, err)
	}
}

func TestADatabaseOfANewerBookVaultIsRefused(t *testing.T) {
	dsn := emptied(t)
	if _, err := database.Migrate(t.Context(), dsn, sqlFiles("SELECT 1", "SELECT 2", "SELECT 3")); err != nil {
		t.Fatal(err)
	}
	older := sqlFiles("SELECT 1")
	if _, err := database.Migrate(t.Context(), dsn, older); !errors.Is(err, database.ErrNewerDatabase) || strings.Contains(err.Error(), "\n") {
		t.Errorf("Migrate: %v, want ErrNewerDatabase in one line", err)
	}
	if _, err := database.MigrationStatus(t.Context(), dsn, older); !errors.Is(err, database.ErrNewerDatabase) {
		t.Errorf("MigrationStatus: %v", err)
	}
}

func TestAMigrationThatFailsLeavesNothingOfItself(t *testing.T) {
	dsn := emptied(t)
	applied, err := database.Migrate(t.Context(), dsn, sqlFiles("CREATE TABLE one (n int)", "CREATE TABLE two (n int); SELECT 1/0", "CREATE TABLE three (n int)"))
	if err == nil || !strings.Contains(err.Error(), "0002_step.sql") || len(applied) != 1 {
		t.Errorf("%+v, %v", applied, err)
	}
	applied, err = database.Migrate(t.Context(), dsn, sqlFiles("CREATE TABLE one (n int)", "CREATE TABLE two (n int)", "CREATE TABLE three (n int)"))
	if err != nil || len(applied) != 2 {
		t.Errorf("mended: %+v, %v", applied, err)
	}
}
