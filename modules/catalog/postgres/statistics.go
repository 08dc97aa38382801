package postgres

import (
	"context"
	"fmt"
	"strconv"

	"bookvault/modules/catalog"
)

// Views of the catalogue (migrations/0018_statistics.sql, 0020_genre_ratings.sql).
const (
	bookStatistics = "catalog.book_statistics"
	authorPages    = "catalog.author_pages"
	popularity     = "reports.popularity"
)

// BookStatistics gives the figures of the collection, of at most so many genres.
func (s *Store) BookStatistics(ctx context.Context, genres int) (all catalog.BookStatistics, err error) {
	from, asOf, err := s.db.Figures(ctx, bookStatistics)
	if err != nil {
		return all, err
	}
	var rows []catalog.GenreCount
	err = s.db.Read(ctx).Raw(`SELECT genre, titles, titles_with_copies, total_quantity, available_quantity, ratings, average_rating FROM `+from+`
ORDER BY genre = '' DESC, titles DESC, genre LIMIT ?`, genres+1).Scan(&rows).Error
	if err != nil {
		return all, fmt.Errorf("read the figures of the collection: %w", err)
	}
	all = catalog.BookStatistics{AsOf: asOf, Genres: []catalog.GenreCount{}}
	for _, row := range rows {
		if row.Genre == "" {
			all.All = row
			continue
		}
		all.Genres = append(all.Genres, row)
	}
	return all, nil
}

// authorLive reckons what catalog.author_pages_live says of one author, whose titles the search index names.
const authorLive = `SELECT count(*) AS titles, coalesce(sum(v.items), 0) AS total_quantity, coalesce(sum(v.available_items), 0) AS available_quantity,
 min(b.published_year) AS first_year, max(b.published_year) AS last_year
FROM catalog.books b LEFT JOIN catalog.availability v ON v.shard = b.shard AND v.book_id = b.id
WHERE b.deleted_at IS NULL AND b.doc @@ CAST(? AS tsquery)`

// AuthorStatistics gives those of an author; zeros for one of whom there is nothing.
func (s *Store) AuthorStatistics(ctx context.Context, authorID int64) (a catalog.AuthorStatistics, err error) {
	from, asOf, err := s.db.Figures(ctx, authorPages)
	if err != nil {
		return a, err
	}
	query, parameter := `SELECT titles, total_quantity, available_quantity, first_year, last_year FROM `+authorPages+` WHERE author_id = ?`, any(authorID)
	if from != authorPages {
		query, parameter = authorLive, lexeme(factAuthor+strconv.FormatInt(authorID, 10))
	}
	if err = s.db.Read(ctx).Raw(query, parameter).Scan(&a).Error; err != nil {
		return a, fmt.Errorf("read the figures of an author: %w", err)
	}
	a.AsOf = asOf
	return a, nil
}
