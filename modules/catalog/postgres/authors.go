package postgres

import (
	"context"
	"fmt"

	"bookvault/modules/catalog"
)

// Author reads an author by id.
func (s *Store) Author(ctx context.Context, id int64) (catalog.Author, error) {
	var found []catalog.Author
	err := s.db.Read(ctx).Raw("SELECT id, name FROM catalog.authors WHERE shard = ? AND id = ?", catalog.ShardOfID(id), id).Scan(&found).Error
	if err != nil {
		return catalog.Author{}, fmt.Errorf("read author %d: %w", id, err)
	}
	if len(found) == 0 {
		return catalog.Author{}, catalog.AuthorNotFound(id)
	}
	return found[0], nil
}

// Genres lists genres in the order of their folded names.
func (s *Store) Genres(ctx context.Context, after string, limit int) ([]catalog.Genre, error) {
	var genres []catalog.Genre
	err := s.db.Read(ctx).Raw("SELECT key, name FROM catalog.genres WHERE key > ? ORDER BY key LIMIT ?", after, limit).Scan(&genres).Error
	if err != nil {
		return nil, fmt.Errorf("list genres: %w", err)
	}
	return genres, nil
}
