package database_test

import (
	"context"
	"testing"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
)

// What is written by a way apart its author reads by any way, replicas included.
func TestAWayApartIsToTheSameDatabase(t *testing.T) {
	db := replicated(t, dbtest.With(func(s *database.Settings) { s.MaxConns = 4 }))
	way, err := db.Apart("catalog", db.Pool().Config().ConnString())
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, context.Background(), `CREATE TABLE counter (n int)`)
	exec(t, db, context.Background(), `INSERT INTO counter VALUES (0)`)
	for n := range 50 {
		ctx, reader := database.WithReader(context.Background(), "")
		exec(t, way, ctx, `UPDATE counter SET n = ?`, n)
		if !reader.Moved() {
			t.Fatal("the author has no token")
		}
		for name, by := range map[string]*database.DB{"the usual": db, "its own": way} {
			if read := one[int](t, by.Read(ctx), `SELECT n FROM counter`); read != n {
				t.Fatalf("wrote %d and read %d by %s way", n, read, name)
			}
		}
	}
	if way.Pool() == db.Pool() {
		t.Error("both ways have the same connections")
	}
}
