package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"gorm.io/gorm"

	"bookvault/platform/database"
)

const replicasFill = `INSERT INTO catalog.books (id, shard, title, authors, genres, sort_title, title_key, doc)
SELECT (n << 10) | (n % 1024), n % 1024, 'Title ' || n, '[{"id": 1, "name": "A"}]', '["Poetry"]', 'Title ' || n, 'title ' || n, to_tsvector('simple', 'title ' || n)
FROM generate_series(1, TITLES) n;
INSERT INTO catalog.availability (book_id, shard, items, available_items, holds, position) SELECT id, shard, 1, 1, 0, 1 FROM catalog.books;
INSERT INTO borrowing.titles (book_id, items, available) SELECT id, 1, 1 FROM catalog.books;
INSERT INTO borrowing.items (barcode, book_id, home_branch, current_branch, item_type, status, created_at)
SELECT 'B' || id, id, 'main', 'main', 'book', 'available', now() FROM catalog.books;
VACUUM (ANALYZE)`

const replicasRead = `SELECT b.title, b.authors::text, a.available_items FROM catalog.books b JOIN catalog.availability a ON a.shard = b.shard AND a.book_id = b.id
	WHERE b.id = ANY(?)`

// read asks for a page of titles, as a stranger.
func (b *replicasBench) read(ctx context.Context, db *database.DB, r *rand.Rand) error {
	ctx, _ = database.WithReader(ctx, "")
	var ids strings.Builder
	ids.WriteByte('{')
	for i := range 20 {
		if i > 0 {
			ids.WriteByte(',')
		}
		n := 1 + r.IntN(b.titles)
		fmt.Fprint(&ids, n<<10|n%1024)
	}
	ids.WriteByte('}')
	rows, err := db.Read(ctx).Raw(replicasRead, ids.String()).Rows()
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var title, authors string
		var available int
		if err := rows.Scan(&title, &authors, &available); err != nil {
			return err
		}
	}
	return rows.Err()
}

// write changes what a check-out does.
func (b *replicasBench) write(ctx context.Context, db *database.DB, r *rand.Rand, stream string) error {
	n := 1 + r.IntN(b.titles)
	id := n<<10 | n%1024
	return db.InTx(ctx, func(tx *gorm.DB) error {
		return errors.Join(
			tx.Exec(`UPDATE borrowing.titles SET available = 1 - available, version = version + 1 WHERE book_id = ?`, id).Error,
			tx.Exec(`UPDATE borrowing.items SET version = version + 1 WHERE book_id = ?`, id).Error,
			tx.Exec(`INSERT INTO borrowing.events (stream, version, type, data, actor, at) VALUES (?, 1, 'Tried', '{}', 'system', now())`, stream).Error)
	})
}

// replicasRound is what one round gave.
type replicasRound struct {
	p99           float64 // ms
	reads, writes float64 // a second
	errs          int64
}

// run has clients read at the rate, or as fast as they can while nobody writes. A read's time counts from when it was due.
func (b *replicasBench) run(ctx context.Context, way int, writing bool) (m replicasRound, err error) {
	db := b.ways[way].db
	begun := time.Now()
	end := begun.Add(b.span)
	var all sync.WaitGroup
	var mu sync.Mutex
	var written, errs atomic.Int64
	var first atomic.Pointer[error]
	times := hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)
	failed := func(err error) {
		if err != nil && ctx.Err() == nil {
			errs.Add(1)
			first.CompareAndSwap(nil, &err)
		}
	}
	for c := range b.readers {
		all.Go(func() {
			r, mine := rand.New(rand.NewPCG(uint64(c), 1)), hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)
			every := time.Duration(0)
			if writing {
				every = time.Duration(float64(b.readers) / b.rate * float64(time.Second))
			}
			for due := begun.Add(every * time.Duration(c) / time.Duration(b.readers)); due.Before(end) && ctx.Err() == nil; due = due.Add(every) {
				if every == 0 {
					due = time.Now()
				}
				time.Sleep(time.Until(due))
				failed(b.read(ctx, db, r))
				_ = mine.RecordValue(max(1, time.Since(due).Microseconds()))
			}
			mu.Lock()
			defer mu.Unlock()
			times.Merge(mine)
		})
	}
	for c := range b.writers {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(c), 2))
			for n := 0; writing && time.Now().Before(end) && ctx.Err() == nil; n++ {
				err := b.write(ctx, db, r, fmt.Sprintf("bench/%d/%d/%d", begun.UnixNano(), c, n))
				if failed(err); err == nil {
					written.Add(1)
				}
			}
		})
	}
	all.Wait()
	took := time.Since(begun).Seconds()
	if why := first.Load(); why != nil {
		fmt.Fprintln(os.Stderr, "bench:", *why)
	}
	m = replicasRound{float64(times.ValueAtQuantile(99)) / 1000, float64(times.TotalCount()) / took, float64(written.Load()) / took, errs.Load()}
	time.Sleep(500 * time.Millisecond) // the replicas catch up
	return m, ctx.Err()
}
