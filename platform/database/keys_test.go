package database_test

import (
	"testing"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"

	"github.com/jackc/pgx/v5"
)

func TestFewKeysAreLookedUpByAPlanThatIsKept(t *testing.T) {
	db := dbtest.New(t)
	conn, err := db.Pool().Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), `CREATE TEMP TABLE things AS SELECT n AS id FROM generate_series(1, 10000) n; CREATE UNIQUE INDEX ON things (id); ANALYZE things`, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
	for range 8 {
		rows, err := conn.Query(t.Context(), `SELECT id FROM things WHERE id = ANY ($1)`, database.Keys([]int64{5, 7, 9}))
		if err != nil {
			t.Fatal(err)
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		if err != nil || len(found) != 3 {
			t.Fatalf("%v %v", found, err)
		}
	}
	var kept, made int64
	if err := conn.QueryRow(t.Context(), `SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE 'SELECT id FROM things%'`).Scan(&kept, &made); err != nil {
		t.Fatal(err)
	}
	if kept < 3 {
		t.Errorf("%d of 8 lookups were planned", made)
	}
	if many := make([]int64, 30); len(database.Keys(many)) != 30 || len(database.Keys([]int64{})) != 0 {
		t.Error("many keys, and none, are to stay as they are")
	}
}
