package postgres

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"

	"bookvault/modules/catalog"
	"bookvault/platform/database"
	"bookvault/platform/hlc"
)

// Whoever writes ratings holds the one lock together with others who write one each; who writes many, or moves a member's, holds it alone.
// So those do not lock each other out row by row, and no rating of a member who goes comes in beside their going.
const (
	rateTogether = `SELECT pg_advisory_xact_lock_shared(hashtext('catalog.ratings'))`
	rateAlone    = `SELECT pg_advisory_xact_lock(hashtext('catalog.ratings'))`
)

// Rating reads what a member thinks of a title.
func (s *Store) Rating(ctx context.Context, memberID, bookID int64) (catalog.Rating, error) {
	var row struct {
		Stars      *int
		Tick, Node int64
	}
	err := s.db.Read(ctx).Raw(`SELECT stars, tick, node FROM catalog.ratings WHERE shard = ? AND book_id = ? AND member_id = ?`,
		catalog.ShardOfID(bookID), bookID, memberID).Take(&row).Error
	r := catalog.Rating{BookID: bookID, MemberID: memberID, At: hlc.Time{Tick: row.Tick, Node: row.Node}}
	if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
		return r, fmt.Errorf("read a rating of title %d: %w", bookID, err)
	}
	if row.Stars != nil {
		r.Stars = *row.Stars
	}
	return r, nil
}

// RatingsOf reads what a member thinks of titles, the newest first.
func (s *Store) RatingsOf(ctx context.Context, memberID int64, before hlc.Time, limit int) ([]catalog.Rating, error) {
	if before.IsZero() {
		before = hlc.Time{Tick: math.MaxInt64}
	}
	var rows []struct {
		BookID     int64
		Stars      int
		Tick, Node int64
	}
	err := s.db.Read(ctx).Raw(`SELECT book_id, stars, tick, node FROM catalog.ratings
WHERE member_id = ? AND stars IS NOT NULL AND (tick, node) < (?, ?) ORDER BY tick DESC, node DESC LIMIT ?`, memberID, before.Tick, before.Node, limit).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read a member's ratings: %w", err)
	}
	list := make([]catalog.Rating, len(rows))
	for i, r := range rows {
		list[i] = catalog.Rating{BookID: r.BookID, MemberID: memberID, Stars: r.Stars, At: hlc.Time{Tick: r.Tick, Node: r.Node}}
	}
	return list, nil
}

const rate = `INSERT INTO catalog.ratings AS have (shard, book_id, member_id, stars, tick, node) VALUES ($1, $2, $3, nullif($4::smallint, 0), $5, $6)
ON CONFLICT (shard, book_id, member_id) DO UPDATE SET stars = excluded.stars, tick = excluded.tick, node = excluded.node
WHERE (have.tick, have.node) < (excluded.tick, excluded.node)`

// Rate writes one rating, in a transaction of its own.
func (s *Store) Rate(ctx context.Context, r catalog.Rating) (catalog.Rating, bool, error) {
	if r.At.IsZero() {
		r.At = s.clock.Now()
	}
	err := s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		var batch pgx.Batch
		batch.Queue(rateTogether)
		batch.Queue(rate, catalog.ShardOfID(r.BookID), r.BookID, r.MemberID, r.Stars, r.At.Tick, r.At.Node)
		if err := queueRatingChanges(tx, &batch, []int64{r.BookID}, []int64{catalog.RatingKey(r.MemberID, r.BookID)}); err != nil {
			return err
		}
		return tx.SendBatch(ctx, &batch).Close()
	})
	if err != nil {
		return r, false, fmt.Errorf("rate title %d: %w", r.BookID, err)
	}
	return r, false, nil
}

func queueRatingChanges(tx pgx.Tx, batch *pgx.Batch, books, keys []int64) error {
	if err := database.QueueChange(tx, batch, catalog.RatingsChanged, books...); err != nil {
		return err
	}
	return database.QueueChange(tx, batch, catalog.Rated, keys...)
}

// rateMany writes ratings, each for whom its member and title have become since it was made; those of members who were deleted are lost.
const rateMany = `INSERT INTO catalog.ratings AS have (shard, book_id, member_id, stars, tick, node)
SELECT book & 1023, book, member, nullif(stars, 0), tick, node FROM (
  SELECT DISTINCT ON (book, member) coalesce(t.merged_into, r.book_id) AS book, coalesce(d.into_id, r.member_id) AS member, r.stars, r.tick, r.node
  FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::bigint[], $5::bigint[]) AS r (book_id, member_id, stars, tick, node)
  LEFT JOIN catalog.departed d ON d.member_id = r.member_id
  LEFT JOIN (SELECT id, merged_into FROM catalog.books WHERE merged_into IS NOT NULL) t ON t.id = r.book_id
  WHERE d.member_id IS NULL OR d.into_id IS NOT NULL
  ORDER BY book, member, r.tick DESC, r.node DESC) w
ORDER BY book & 1023, book, member
ON CONFLICT (shard, book_id, member_id) DO UPDATE SET stars = excluded.stars, tick = excluded.tick, node = excluded.node
WHERE (have.tick, have.node) < (excluded.tick, excluded.node)`

// WriteRatings writes many, in one transaction.
func (s *Store) WriteRatings(ctx context.Context, list []catalog.Rating) error {
	n := len(list)
	books, members, stars, ticks, nodes, keys := make([]int64, n), make([]int64, n), make([]int16, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for i, r := range list {
		books[i], members[i], stars[i], ticks[i], nodes[i] = r.BookID, r.MemberID, int16(r.Stars), r.At.Tick, r.At.Node
		keys[i] = catalog.RatingKey(r.MemberID, r.BookID)
	}
	err := s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		var batch pgx.Batch
		batch.Queue(rateAlone)
		batch.Queue(rateMany, books, members, stars, ticks, nodes)
		if err := queueRatingChanges(tx, &batch, distinct(books), distinct(keys)); err != nil {
			return err
		}
		return tx.SendBatch(ctx, &batch).Close()
	})
	if err != nil {
		return fmt.Errorf("write %d ratings: %w", n, err)
	}
	return nil
}

func distinct(ids []int64) []int64 {
	seen, list := make(map[int64]bool, len(ids)), make([]int64, 0, len(ids))
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			list = append(list, id)
		}
	}
	return list
}

// RatingTotals reads the sums of titles.
func (s *Store) RatingTotals(ctx context.Context, bookIDs []int64) (map[int64]catalog.RatingTotal, error) {
	var rows []catalog.RatingTotal
	err := s.db.Read(ctx).Raw(`SELECT t.book_id, t.ratings, t.stars FROM unnest(CAST(? AS bigint[])) w (id)
JOIN catalog.rating_totals t ON t.shard = w.id & 1023 AND t.book_id = w.id WHERE t.ratings > 0`, int64s(bookIDs)).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read the ratings of %d titles: %w", len(bookIDs), err)
	}
	totals := make(map[int64]catalog.RatingTotal, len(rows))
	for _, t := range rows {
		totals[t.BookID] = t
	}
	return totals, nil
}

// ForgetReader erases who gave a member's ratings. They stay in the sums: no trigger follows a deletion.
func (s *Store) ForgetReader(ctx context.Context, memberID int64) error {
	return s.depart(ctx, memberID, nil)
}

// MoveReader makes a member's ratings another's.
func (s *Store) MoveReader(ctx context.Context, from, into int64) error {
	return s.depart(ctx, from, &into)
}

func (s *Store) depart(ctx context.Context, memberID int64, into *int64) error {
	type step struct {
		sql  string
		args []any
	}
	steps := []step{{rateAlone, nil}}
	if into != nil {
		steps = append(steps, step{`INSERT INTO catalog.ratings AS have (shard, book_id, member_id, stars, tick, node)
SELECT shard, book_id, $2, stars, tick, node FROM catalog.ratings WHERE member_id = $1 ORDER BY shard, book_id
ON CONFLICT (shard, book_id, member_id) DO UPDATE SET stars = excluded.stars, tick = excluded.tick, node = excluded.node
WHERE (have.tick, have.node) < (excluded.tick, excluded.node)`, []any{memberID, *into}},
			step{`UPDATE catalog.ratings SET stars = NULL WHERE member_id = $1 AND stars IS NOT NULL`, []any{memberID}}) // they count as the other's now
	}
	steps = append(steps,
		step{`DELETE FROM catalog.ratings WHERE member_id = $1`, []any{memberID}},
		step{`UPDATE catalog.departed SET into_id = $2 WHERE into_id = $1`, []any{memberID, into}},
		step{`INSERT INTO catalog.departed (member_id, into_id) VALUES ($1, $2) ON CONFLICT (member_id) DO UPDATE SET into_id = excluded.into_id`, []any{memberID, into}})
	return s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		for _, step := range steps {
			if _, err := tx.Exec(ctx, step.sql, step.args...); err != nil {
				return fmt.Errorf("part a member from their ratings: %w", err)
			}
		}
		if err := database.ChangedPgx(ctx, tx, catalog.RatingsChanged); err != nil {
			return err
		}
		return database.ChangedPgx(ctx, tx, catalog.Rated)
	})
}

// moveRatings gives the ratings of a title to the one that it becomes, with those in its sum that are nobody's.
func moveRatings(tx *gorm.DB, from, into int64) error {
	shard, intoShard := catalog.ShardOfID(from), catalog.ShardOfID(into)
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{rateAlone, nil},
		{`INSERT INTO catalog.rating_totals AS have (shard, book_id, ratings, stars)
SELECT $3::smallint, $4::bigint, t.ratings - count(r.stars), t.stars - coalesce(sum(r.stars), 0)
FROM catalog.rating_totals t LEFT JOIN catalog.ratings r ON r.shard = t.shard AND r.book_id = t.book_id
WHERE t.shard = $1 AND t.book_id = $2 GROUP BY t.ratings, t.stars
ON CONFLICT (shard, book_id) DO UPDATE SET ratings = have.ratings + excluded.ratings, stars = have.stars + excluded.stars`, []any{shard, from, intoShard, into}},
		{`INSERT INTO catalog.ratings AS have (shard, book_id, member_id, stars, tick, node)
SELECT $3, $4, member_id, stars, tick, node FROM catalog.ratings WHERE shard = $1 AND book_id = $2 ORDER BY member_id
ON CONFLICT (shard, book_id, member_id) DO UPDATE SET stars = excluded.stars, tick = excluded.tick, node = excluded.node
WHERE (have.tick, have.node) < (excluded.tick, excluded.node)`, []any{shard, from, intoShard, into}},
		{`DELETE FROM catalog.ratings WHERE shard = $1 AND book_id = $2`, []any{shard, from}},
		{`DELETE FROM catalog.rating_totals WHERE shard = $1 AND book_id = $2`, []any{shard, from}},
	} {
		if err := exec(tx, step.sql, step.args...); err != nil {
			return err
		}
	}
	if err := database.Changed(tx, catalog.RatingsChanged, from, into); err != nil {
		return err
	}
	return database.Changed(tx, catalog.Rated)
}
