package postgres

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"bookvault/modules/catalog"
	"bookvault/modules/catalog/seeding"
	"bookvault/platform/database"
)

// Seeding writes a synthetic library by COPY over several connections. Its titles have the numbers of one block, so that the
// i-th title has the same id wherever the library was empty before, and each chunk is a transaction: a run that was killed goes
// on with the chunks that are missing.
type Seeding struct {
	imports *Imports
	library *seeding.Library
	seed    uint64
	run     int64
	first   int64   // number of title 0
	authors []int64 // id of each author
	ids     []int64 // id of each title
}

const (
	seedChunk   = 10_000 // titles a transaction
	seedWriters = 3      // connections: one fills its next chunk while the server takes in the others
	seedAuthors = 20_000 // authors a transaction
	// a catalogue with fewer titles than this share of what is to come is filled with its indexes down
	seedEmptyShare = 4
)

// ErrSeeded says that the library of this seed is there already.
var ErrSeeded = errors.New("the synthetic library of this seed is there already; another --seed makes another one")

// takeNumbers takes numbers in a row, however long that takes, and gives the first. Where somebody else took one of them meanwhile it
// takes others.
func takeNumbers(ctx context.Context, tx pgx.Tx, titles int) (first int64, err error) {
	if err := bulk(ctx, tx); err != nil {
		return 0, err
	}
	for last := int64(-1); last-first+1 != int64(titles); {
		const take = `SELECT min(n), max(n) FROM (SELECT nextval('catalog.book_numbers') AS n FROM generate_series(1, $1)) AS block`
		if err := tx.QueryRow(ctx, take, titles).Scan(&first, &last); err != nil {
			return 0, err
		}
	}
	return first, nil
}

// Seed records a run for a synthetic library, or finds the one that was broken off.
func (i *Imports) Seed(ctx context.Context, seed uint64, titles int) (*Seeding, error) {
	s := &Seeding{imports: i, library: seeding.New(seed, titles), seed: seed, ids: make([]int64, titles)}
	name := fmt.Sprintf("synthetic library, seed %d", seed)
	err := i.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		if err := turns(ctx, tx); err != nil {
			return err
		}
		var state string
		var planned int
		err := tx.QueryRow(ctx, `SELECT id, state, (options ->> 'titles')::bigint, (options ->> 'first')::bigint FROM catalog.imports
WHERE source = 'seed' AND file_name = $1`, name).Scan(&s.run, &state, &planned, &s.first)
		switch {
		case errors.Is(err, pgx.ErrNoRows):
			if s.first, err = takeNumbers(ctx, tx, titles); err != nil {
				return fmt.Errorf("take numbers for the titles: %w", err)
			}
			err = tx.QueryRow(ctx, `INSERT INTO catalog.imports (state, file_name, source, attempts, options, started_at, heartbeat)
VALUES ('running', $1, 'seed', 1, jsonb_build_object('titles', $2::bigint, 'first', $3::bigint), now(), now()) RETURNING id`, name, titles, s.first).Scan(&s.run)
		case err == nil && state == "done":
			return ErrSeeded
		case err == nil && planned != titles:
			return fmt.Errorf("the library of seed %d was begun with %d titles: ask for as many to complete it", s.seed, planned)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("seed the catalogue: %w", err)
	}
	return s, nil
}

// Library is what is being written.
func (s *Seeding) Library() *seeding.Library { return s.library }

// Write writes everything that the catalogue has of the library, and calls report with the number of titles written so far.
func (s *Seeding) Write(ctx context.Context, report func(titles int)) error {
	var there int
	if err := s.imports.db.Pool().QueryRow(ctx, `SELECT count(*) FROM (SELECT FROM catalog.books LIMIT $1) AS these`, s.library.Titles()).Scan(&there); err != nil {
		return fmt.Errorf("count the titles: %w", err)
	}
	if there < s.library.Titles()/seedEmptyShare {
		if err := s.imports.takeIndexesDown(ctx); err != nil {
			return err
		}
	}
	err := s.fill(ctx, report)
	// Also after Ctrl-C: a catalogue without its indexes is of no use to anybody.
	after := context.WithoutCancel(ctx)
	if _, restored := s.imports.RestoreIndexes(after); err == nil {
		err = restored
	}
	if err != nil {
		return fmt.Errorf("seed the catalogue: %w", err)
	}
	return s.analyse(ctx)
}

// Done records that the whole library is there.
func (s *Seeding) Done(ctx context.Context) error {
	_, err := s.imports.db.Pool().Exec(ctx, `UPDATE catalog.imports SET state = 'done', failure = '', created = $2, finished_at = now() WHERE id = $1`, s.run, s.library.Titles())
	if err != nil {
		return fmt.Errorf("record the synthetic library: %w", err)
	}
	return s.imports.db.WantViews(ctx)
}

// BookID gives the id of the n-th title, once Write has run.
func (s *Seeding) BookID(n int) int64 { return s.ids[n] }

// analyse renews the planner's statistics, which know nothing of a million new titles.
func (s *Seeding) analyse(ctx context.Context) error {
	return s.imports.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		if err := bulk(ctx, tx); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `ANALYZE catalog.books, catalog.authors, catalog.lexemes, catalog.genres`)
		return err
	})
}

func (s *Seeding) fill(ctx context.Context, report func(titles int)) error {
	if err := s.writeAuthors(ctx); err != nil {
		return err
	}
	var chunks atomic.Int64
	var vocabulary sync.Mutex
	var written int
	words := make(map[string]struct{}, 100_000)
	group, writing := errgroup.WithContext(ctx)
	for range seedWriters {
		group.Go(func() error {
			dictionary := catalog.NewWordbook()
			for writing.Err() == nil {
				from := int(chunks.Add(1)-1) * seedChunk
				if from >= s.library.Titles() {
					return nil
				}
				rows, mine := s.rows(from, min(from+seedChunk, s.library.Titles()), dictionary)
				if err := s.writeChunk(writing, rows); err != nil {
					return fmt.Errorf("write the titles from %d on: %w", from, err)
				}
				vocabulary.Lock()
				maps.Copy(words, mine)
				written += len(rows)
				report(written)
				vocabulary.Unlock()
			}
			return writing.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return s.writeVocabulary(ctx, slices.Sorted(maps.Keys(words)))
}

// rows makes the rows of some titles, and the words in them that can be mistyped.
func (s *Seeding) rows(from, to int, dictionary *catalog.Wordbook) ([]bookRow, map[string]struct{}) {
	rows := make([]bookRow, 0, to-from)
	found := make(map[string]struct{}, 20_000)
	for n := from; n < to; n++ {
		book, writers := s.library.Title(n)
		for i := range book.Authors {
			book.Authors[i].ID = s.authors[writers[i]]
		}
		// In the shard of its first author, whose id holds it.
		book.ID = catalog.NewID(s.first+int64(n), catalog.ShardOfID(book.Authors[0].ID))
		s.ids[n] = book.ID
		row := rowBy(&book, dictionary)
		for _, w := range words(row.Doc) {
			found[w] = struct{}{}
		}
		rows = append(rows, row)
	}
	return rows, found
}

// writeChunk copies a chunk in, unless an earlier run has done it.
func (s *Seeding) writeChunk(ctx context.Context, rows []bookRow) error {
	return s.imports.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		if err := bulk(ctx, tx); err != nil {
			return err
		}
		var done bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM catalog.books WHERE shard = $1 AND id = $2)`, rows[0].Shard, rows[0].ID).Scan(&done); err != nil || done {
			return err
		}
		_, err := tx.CopyFrom(ctx, pgx.Identifier{"catalog", "books"}, copyColumns, pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
			return rows[i].copyValues(), nil
		}))
		if err != nil {
			return err
		}
		return database.ChangedPgx(ctx, tx, catalog.Changes)
	})
}
