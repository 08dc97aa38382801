package postgres

import (
	"context"
	"errors"
	"strings"
	"testing"

	"bookvault/modules/catalog"
	"bookvault/modules/catalog/seeding"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
)

// BenchmarkSeedRows is what a synthetic title costs before it is sent.
func BenchmarkSeedRows(b *testing.B) {
	s := &Seeding{library: seeding.New(1, 100_000), ids: make([]int64, 100_000)}
	s.authors = make([]int64, s.library.Authors())
	dictionary := catalog.NewWordbook()
	for b.Loop() {
		s.rows(0, 1000, dictionary)
	}
}

func TestSeedIsDeterministicAndCompletedAfterAKill(t *testing.T) {
	const titles = 25_000 // three chunks
	sum := func(db *database.DB) string {
		t.Helper()
		var s string
		err := db.Pool().QueryRow(t.Context(), `SELECT count(*) || ' ' || md5(string_agg(id || title || authors::text || coalesce(isbn13, '-') || doc::text, ',' ORDER BY id)) FROM catalog.books`).Scan(&s)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	indexes := func(db *database.DB) int {
		return count(t, db, `SELECT count(*) FROM pg_indexes WHERE schemaname = 'catalog' AND tablename IN ('books', 'authors', 'availability')`)
	}
	whole, killed := dbtest.New(t), dbtest.New(t)
	before := indexes(whole)
	write := func(db *database.DB, ctx context.Context) error {
		work, err := NewImports(db).Seed(t.Context(), 1, titles)
		if err != nil {
			return err
		}
		if err := work.Write(ctx, func(int) {}); err != nil {
			return err
		}
		if work.BookID(titles-1) == 0 {
			t.Error("the last title has no id")
		}
		return work.Done(t.Context())
	}
	if err := write(whole, t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := indexes(whole); got != before {
		t.Errorf("%d indexes are left of %d", got, before)
	}
	if err := write(whole, t.Context()); !errors.Is(err, ErrSeeded) {
		t.Errorf("seeded twice: %v", err)
	}
	// What a process leaves that was killed: indexes down, some chunks there, the run not at its end.
	first := NewImports(killed)
	work, err := first.Seed(t.Context(), 1, titles)
	if err != nil {
		t.Fatal(err)
	}
	if err := first.takeIndexesDown(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := work.writeAuthors(t.Context()); err != nil {
		t.Fatal(err)
	}
	rows, _ := work.rows(seedChunk, 2*seedChunk, nil)
	if err := work.writeChunk(t.Context(), rows); err != nil {
		t.Fatal(err)
	}
	if err := write(killed, t.Context()); err != nil {
		t.Fatal(err)
	}
	if a, b := sum(whole), sum(killed); a != b || !strings.HasPrefix(a, "25000 ") {
		t.Errorf("two libraries of one seed: %s and %s", a, b)
	}
	if got := indexes(killed); got != before {
		t.Errorf("%d indexes are left of %d", got, before)
	}
	if n := count(t, whole, `SELECT count(*) FROM catalog.books b CROSS JOIN LATERAL jsonb_to_recordset(b.authors) AS a (id bigint, name text)
LEFT JOIN catalog.authors c ON c.id = a.id AND c.name = a.name WHERE c.id IS NULL OR b.shard <> (SELECT (b.authors -> 0 ->> 'id')::bigint & 1023)`); n != 0 {
		t.Errorf("%d authors are not there, or lie in another shard", n)
	}
}
