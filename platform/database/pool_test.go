package database_test

import (
	"testing"
	"time"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"

	"gorm.io/gorm"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

func TestReadAnswers(t *testing.T) {
	db := dbtest.New(t)
	var n int
	if err := db.Read(t.Context()).Raw("SELECT count(*) FROM catalog.books").Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	db2 := dbtest.New(t, dbtest.Replicated())
	if err := db2.Search(t.Context()).Raw("WITH a AS (SELECT 1) SELECT count(*) FROM catalog.books").Scan(&n).Error; err != nil {
		t.Fatal(err)
	}
	t.Logf("%+v", db2.Stats())
}

func TestWriteThenRead(t *testing.T) {
	db := dbtest.New(t, dbtest.Replicated())
	ctx, reader := database.WithReader(t.Context(), "")
	if err := db.InTx(ctx, func(tx *gorm.DB) error { return tx.Exec("CREATE TABLE notes (n int)").Error }); err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		if err := db.InTx(ctx, func(tx *gorm.DB) error { return tx.Exec("INSERT INTO notes VALUES (?)", i).Error }); err != nil {
			t.Fatal(err)
		}
		var n int
		if err := db.Read(ctx).Raw("SELECT count(*) FROM notes").Scan(&n).Error; err != nil || n != i+1 {
			t.Fatalf("after write %d: %d rows, %v", i, n, err)
		}
		time.Sleep(time.Duration(i%7) * time.Millisecond)
	}
	t.Logf("%+v %s", db.Stats(), reader.Token())
}
