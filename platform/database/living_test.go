package database_test

import (
	"context"
	"io/fs"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"bookvault/migrations"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// earlier gives the migrations up to one of them.
func earlier(t *testing.T, last string) fs.FS {
	t.Helper()
	files := fstest.MapFS{}
	names, err := fs.Glob(migrations.FS, "*.sql")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := fs.ReadFile(migrations.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		if name[:4] <= last {
			files[name] = &fstest.MapFile{Data: text}
		}
	}
	return files
}

// loaded fills the tables as the binary of that time did.
const loaded = `
INSERT INTO catalog.books (id, shard, title, authors, genres, sort_title, title_key, doc)
SELECT (n << 10) | (n % 1024), n % 1024, 'Title ' || n, '[{"id": 1, "name": "A"}]', '["Poetry"]', 'Title ' || n, 'title ' || n, to_tsvector('simple', 'title ' || n)
FROM generate_series(1, 20000) n;
INSERT INTO catalog.availability (book_id, shard, items, available_items, holds, position) SELECT id, shard, 1, 1, 0, 1 FROM catalog.books;
INSERT INTO borrowing.titles (book_id, items, available) SELECT id, 1, 1 FROM catalog.books;
INSERT INTO borrowing.items (barcode, book_id, home_branch, current_branch, item_type, status, created_at)
SELECT 'B' || id, id, 'main', 'main', 'book', 'available', now() FROM catalog.books`

// traffic is what that binary goes on doing, statement by statement.
var traffic = []string{
	`SELECT title, authors, genres FROM catalog.books WHERE id = (($1::bigint << 10) | ($1::bigint % 1024))`,
	`SELECT count(*) FROM (SELECT FROM catalog.books WHERE deleted_at IS NULL AND doc @@ plainto_tsquery('simple', 'title ' || $1::bigint) LIMIT 100) s`,
	`UPDATE catalog.books SET version = version + 1, updated_at = now() WHERE id = (($1::bigint << 10) | ($1::bigint % 1024))`,
	`WITH t AS (UPDATE borrowing.titles SET available = 1 - available, version = version + 1 WHERE book_id = (($1::bigint << 10) | ($1::bigint % 1024)) RETURNING book_id)
		UPDATE borrowing.items i SET version = version + 1 FROM t WHERE i.book_id = t.book_id`,
	`WITH r AS (INSERT INTO borrowing.borrower_refs SELECT gen_random_uuid(), $1::bigint RETURNING borrower_ref, member_id),
		i AS (SELECT id, book_id FROM borrowing.items WHERE barcode = 'B' || (($1::bigint << 10) | ($1::bigint % 1024)))
		INSERT INTO borrowing.loans (borrower_ref, member_id, item_id, book_id, item_type, branch, channel, status, opened_at, collected_at, due_on, due_at, terms, explanation)
		SELECT r.borrower_ref, r.member_id, i.id, i.book_id, 'book', 'main', 'desk', 'open', now(), now(), current_date, now(), '{}', '{}' FROM r, i ON CONFLICT DO NOTHING`,
	`INSERT INTO borrowing.events (stream, version, type, data, actor, at) VALUES ('living/' || $1::bigint, 1, 'Tried', '{}', 'system', now()) ON CONFLICT DO NOTHING`,
	`INSERT INTO borrowing.outbox (topic, key, data, at) VALUES ('living', $1::bigint::text, '{}', now())`,
}

// A library that is loaded and in use is migrated from before to now: nobody who reads or writes as the binary before does is refused,
// or waits for long.
func TestALivingLibraryIsMigrated(t *testing.T) {
	const before = "0011"
	dsn := dbtest.DSN(t, dbtest.Empty())
	if _, err := database.Migrate(t.Context(), dsn, earlier(t, before)); err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.New(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, statement := range strings.Split(loaded, ";\n") {
		if _, err := pool.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	var longest, done atomic.Int64
	for _, statement := range traffic {
		all.Go(func() {
			for n := int64(1); ctx.Err() == nil; n = n%20000 + 1 {
				begun := time.Now()
				if _, err := pool.Exec(context.WithoutCancel(ctx), statement, n); err != nil {
					t.Errorf("%.60s…: %v", statement, err)
					return
				}
				longest.Store(max(longest.Load(), int64(time.Since(begun))))
				done.Add(1)
			}
		})
	}
	// Somebody has a title in hand for a while, so that whatever needs its table for itself has to wait, and must not have others wait.
	held := make(chan error, 1)
	go func() {
		held <- pgx.BeginFunc(context.WithoutCancel(ctx), pool, func(tx pgx.Tx) error {
			if _, err := tx.Exec(context.WithoutCancel(ctx), `SELECT FROM catalog.books WHERE id < 100000 FOR UPDATE`); err != nil {
				return err
			}
			time.Sleep(time.Second)
			return nil
		})
	}()
	applied, err := database.Migrate(t.Context(), dsn, migrations.FS)
	if err != nil || len(applied) == 0 {
		t.Errorf("migrated: %v, %v", applied, err)
	}
	if err := <-held; err != nil {
		t.Error(err)
	}
	for after := done.Load() + 200; done.Load() < after && !t.Failed(); {
		time.Sleep(time.Millisecond)
	}
	stop()
	all.Wait()
	t.Logf("%d statements beside %d migrations, the longest took %v", done.Load(), len(applied), time.Duration(longest.Load()).Round(time.Millisecond))
}

// Figures are read all the while that their view gets more columns, by what the binary before asks: it finds them always, and of when they are.
func TestFiguresAreReadWhileTheirViewIsMadeAnew(t *testing.T) {
	dsn := dbtest.DSN(t, dbtest.Empty())
	if _, err := database.Migrate(t.Context(), dsn, earlier(t, "0018")); err != nil {
		t.Fatal(err)
	}
	pool, err := pgxpool.New(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for _, statement := range []string{"REFRESH MATERIALIZED VIEW catalog.book_statistics",
		"UPDATE reports.views SET as_of = now() - interval '1 hour' WHERE name = 'catalog.book_statistics'"} {
		if _, err := pool.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	var readers sync.WaitGroup
	var reads atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	read := func() error {
		var asOf time.Time
		if err := pool.QueryRow(t.Context(), `SELECT as_of FROM reports.views WHERE name = 'catalog.book_statistics'`).Scan(&asOf); err != nil {
			return err
		}
		var titles int64
		return pool.QueryRow(t.Context(), `SELECT titles FROM catalog.book_statistics ORDER BY genre = '' DESC, titles DESC, genre LIMIT 101`).Scan(&titles)
	}
	for range 2 {
		readers.Go(func() {
			for ctx.Err() == nil {
				if err := read(); err != nil {
					t.Error(err)
					return
				}
				reads.Add(1)
			}
		})
	}
	if _, err := database.Migrate(t.Context(), dsn, migrations.FS); err != nil {
		t.Error(err)
	}
	stop()
	readers.Wait()
	var age time.Duration
	if err := pool.QueryRow(t.Context(), `SELECT now() - as_of FROM reports.views WHERE name = 'catalog.book_statistics'`).Scan(&age); err != nil || age > 30*time.Minute {
		t.Errorf("the new view's figures are said to be %v old: %v", age, err)
	}
	if reads.Load() == 0 {
		t.Error("nobody read")
	}
}
