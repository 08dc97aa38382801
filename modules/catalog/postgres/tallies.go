package postgres

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/catalog"
	"bookvault/platform/hlc"
)

const (
	// heatHalves is the time after which a view counts half as much as a new one.
	heatHalves = 14 * 24 * time.Hour

	nameTally = `INSERT INTO catalog.tallies (tick, node) SELECT * FROM unnest($1::bigint[], $2::bigint[]) ON CONFLICT DO NOTHING RETURNING tick, node`

	addViews = `INSERT INTO catalog.title_views AS have (shard, book_id, views, heat)
SELECT id & 1023, id, n, h FROM unnest($1::bigint[], $2::bigint[], $3::float8[]) AS v (id, n, h) ORDER BY id & 1023, id
ON CONFLICT (shard, book_id) DO UPDATE SET views = have.views + excluded.views,
 heat = greatest(have.heat, excluded.heat) + ln(1 + exp(-abs(have.heat - excluded.heat) * ln(2::float8))) / ln(2::float8)`

	addTerms = `INSERT INTO catalog.search_terms AS have (term, text, seen, last_seen)
SELECT term, text, n, current_date FROM unnest($1::text[], $2::text[], $3::bigint[]) AS t (term, text, n) ORDER BY term COLLATE "C"
ON CONFLICT (term) DO UPDATE SET text = excluded.text, seen = have.seen + excluded.seen, last_seen = excluded.last_seen`

	// countAlone keeps those who add from locking each other out row by row.
	countAlone = `SELECT pg_advisory_xact_lock(hashtext('catalog.tallies'))`
)

// Viewed counts a view of a title, in a transaction of its own.
func (s *Store) Viewed(ctx context.Context, bookID int64) error {
	return s.AddTallies(ctx, []catalog.Tally{{At: s.clock.Now(), Views: map[int64]int64{bookID: 1}}})
}

// Searched counts a search, in a transaction of its own.
func (s *Store) Searched(ctx context.Context, key, text string) error {
	return s.AddTallies(ctx, []catalog.Tally{{At: s.clock.Now(), Terms: map[string]catalog.TermCount{key: {Text: text, Seen: 1}}}})
}

// AddTallies adds tallies, each once.
func (s *Store) AddTallies(ctx context.Context, list []catalog.Tally) error {
	ticks, nodes := make([]int64, len(list)), make([]int64, len(list))
	byName := make(map[hlc.Time]catalog.Tally, len(list))
	for i, t := range list {
		ticks[i], nodes[i] = t.At.Tick, t.At.Node
		byName[t.At] = t
	}
	err := s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, countAlone); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, nameTally, ticks, nodes)
		if err != nil {
			return err
		}
		fresh, err := pgx.CollectRows(rows, pgx.RowToStructByPos[hlc.Time])
		if err != nil {
			return err
		}
		views, heat, terms := map[int64]int64{}, map[int64]float64{}, map[string]catalog.TermCount{}
		for _, name := range fresh {
			t := byName[name]
			age := float64(t.At.Wall().UnixMilli()) / float64(heatHalves.Milliseconds())
			for id, n := range t.Views {
				views[id] += n
				heat[id] = age + math.Log2(float64(views[id])) // of those that are added together the newest speaks for all
			}
			for key, c := range t.Terms {
				c.Seen += terms[key].Seen
				terms[key] = c
			}
		}
		return addCounts(ctx, tx, views, heat, terms)
	})
	if err != nil {
		return fmt.Errorf("add %d tallies: %w", len(list), err)
	}
	return nil
}

func addCounts(ctx context.Context, tx pgx.Tx, views map[int64]int64, heat map[int64]float64, terms map[string]catalog.TermCount) error {
	var batch pgx.Batch
	if len(views) > 0 {
		var ids, counts []int64
		var heats []float64
		for id, n := range views {
			ids, counts, heats = append(ids, id), append(counts, n), append(heats, heat[id])
		}
		batch.Queue(addViews, ids, counts, heats)
	}
	if len(terms) > 0 {
		var keys, texts []string
		var counts []int64
		for key, c := range terms {
			keys, texts, counts = append(keys, key), append(texts, c.Text), append(counts, c.Seen)
		}
		batch.Queue(addTerms, keys, texts, counts)
	}
	if batch.Len() == 0 {
		return nil
	}
	return tx.SendBatch(ctx, &batch).Close()
}

// Popular gives the titles with the most heat.
func (s *Store) Popular(ctx context.Context, limit int) ([]catalog.Viewed, error) {
	var found []catalog.Viewed
	err := s.db.Read(ctx).Raw(`SELECT v.book_id, v.views FROM catalog.title_views v JOIN catalog.books b ON b.shard = v.shard AND b.id = v.book_id AND b.deleted_at IS NULL
ORDER BY v.heat DESC, v.book_id LIMIT ?`, limit).Scan(&found).Error
	if err != nil {
		return nil, fmt.Errorf("read what is looked at: %w", err)
	}
	return found, nil
}

// ForgetTallies deletes rare terms and old names of tallies.
func (s *Store) ForgetTallies(ctx context.Context, rare, named time.Time) (gone int64, err error) {
	err = s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		terms, err := tx.Exec(ctx, `DELETE FROM catalog.search_terms WHERE seen < $1 AND last_seen < $2`, catalog.TermShownFrom, rare)
		if err != nil {
			return err
		}
		names, err := tx.Exec(ctx, `DELETE FROM catalog.tallies WHERE added_at < $1`, named)
		gone = terms.RowsAffected() + names.RowsAffected()
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("forget rare terms: %w", err)
	}
	return gone, nil
}
