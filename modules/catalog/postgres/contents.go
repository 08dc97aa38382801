package postgres

import (
	"context"
	"fmt"
)

// Contents counts the titles that were ever here, deleted ones too, and how many of them a source of imports brought in.
func (i *Imports) Contents(ctx context.Context, source string) (titles, fromSource int, err error) {
	err = i.db.Pool().QueryRow(ctx, `SELECT (SELECT count(*) FROM catalog.books), (SELECT count(*) FROM catalog.import_keys WHERE source = $1)`,
		source).Scan(&titles, &fromSource)
	if err != nil {
		return 0, 0, fmt.Errorf("count the titles: %w", err)
	}
	return titles, fromSource, nil
}

// BooksOf gives the ids of the titles that a source of imports brought in, by their key there.
func (i *Imports) BooksOf(ctx context.Context, source string) (map[string]int64, error) {
	rows, err := i.db.Pool().Query(ctx, `SELECT key, book_id FROM catalog.import_keys WHERE source = $1`, source)
	if err != nil {
		return nil, fmt.Errorf("find the titles of %s: %w", source, err)
	}
	defer rows.Close()
	books := map[string]int64{}
	for rows.Next() {
		var key string
		var id int64
		if err := rows.Scan(&key, &id); err != nil {
			return nil, fmt.Errorf("read the titles of %s: %w", source, err)
		}
		books[key] = id
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("find the titles of %s: %w", source, err)
	}
	return books, nil
}
