package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"bookvault/modules/catalog"
	"bookvault/platform/database"
	"bookvault/platform/problem"
)

// alive is a title by its id that is no tombstone. The shard is in the id, and with it the primary key is whole.
const alive = "shard = ? AND id = ? AND deleted_at IS NULL"

// Get reads one title.
func (s *Store) Get(ctx context.Context, id int64) (catalog.Book, error) {
	var row bookRow
	err := s.db.Read(ctx).Select(readColumns).Where(alive, catalog.ShardOfID(id), id).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return catalog.Book{}, catalog.BookNotFound(id)
	}
	if err != nil {
		return catalog.Book{}, fmt.Errorf("read title %d: %w", id, err)
	}
	return row.book()
}

// Many reads titles in one query.
func (s *Store) Many(ctx context.Context, ids []int64) (map[int64]catalog.Book, error) {
	books := make(map[int64]catalog.Book, len(ids))
	if len(ids) == 0 {
		return books, nil
	}
	// GORM routes the query; its rows are read by hand, since most of what a title from the database costs here would be reflection.
	rows, err := s.db.Read(ctx).Raw("SELECT "+readColumns+" FROM catalog.books WHERE id = ANY (?) AND deleted_at IS NULL", int64s(database.Keys(ids))).Rows()
	if err != nil {
		return nil, fmt.Errorf("read %d titles: %w", len(ids), err)
	}
	defer rows.Close()
	for rows.Next() {
		var row bookRow
		if err := rows.Scan(row.read()...); err != nil {
			return nil, fmt.Errorf("read %d titles: %w", len(ids), err)
		}
		if books[row.ID], err = row.book(); err != nil {
			return nil, err
		}
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read %d titles: %w", len(ids), err)
	}
	return books, nil
}

// Create stores a new title with its authors, in one transaction.
func (s *Store) Create(ctx context.Context, b catalog.Book) (catalog.Book, error) {
	var created catalog.Book
	err := s.db.InTx(ctx, func(tx *gorm.DB) (err error) {
		created, err = create(tx, b)
		return err
	})
	return created, err
}

func create(tx *gorm.DB, b catalog.Book) (catalog.Book, error) {
	created := b
	created.Authors = append([]catalog.Author{}, b.Authors...)
	if err := nameAuthors(tx, created.Authors); err != nil {
		return created, err
	}
	var number int64
	if err := queryRows(tx, func(row func(...any) error) error { return row(&number) }, `SELECT nextval('catalog.book_numbers')`); err != nil {
		return created, err
	}
	created.ID = catalog.NewID(number, catalog.ShardOf(created.Authors[0].Name))
	created.Version = 1
	created.CoverVersion = 0
	created.CreatedAt = time.Now().UTC().Truncate(time.Microsecond)
	created.UpdatedAt = created.CreatedAt
	row := rowOf(&created)
	if err := tx.Create(&row).Error; err != nil {
		return created, fmt.Errorf("insert title %d: %w", created.ID, err)
	}
	if err := ensureVocabulary(tx, &row, created.Genres); err != nil {
		return created, err
	}
	return created, database.Changed(tx, catalog.Changes, created.ID)
}

// Update replaces a title that is at the version given.
func (s *Store) Update(ctx context.Context, b catalog.Book) (catalog.Book, error) {
	var updated catalog.Book
	err := s.db.InTx(ctx, func(tx *gorm.DB) error {
		updated = b
		updated.Authors = append([]catalog.Author{}, b.Authors...)
		have, err := lock(tx, b.ID, b.Version)
		if err != nil {
			return err
		}
		if err := nameAuthors(tx, updated.Authors); err != nil {
			return err
		}
		updated.Version, updated.CoverVersion, updated.CreatedAt = have.Version+1, have.CoverVersion, have.CreatedAt
		updated.UpdatedAt = time.Now().UTC().Truncate(time.Microsecond)
		row := rowOf(&updated)
		err = tx.Model(&bookRow{}).Where("shard = ? AND id = ?", row.Shard, row.ID).
			Select("*").Omit("id", "shard", "cover_version", "created_at").Updates(&row).Error
		if err != nil {
			return fmt.Errorf("update title %d: %w", b.ID, err)
		}
		if err := ensureVocabulary(tx, &row, updated.Genres); err != nil {
			return err
		}
		return database.Changed(tx, catalog.Changes, b.ID)
	})
	return updated, err
}

// Delete leaves a tombstone: the row stays, so that its id is never used again, and no query sees it.
func (s *Store) Delete(ctx context.Context, id int64, version int32) error {
	return s.db.InTx(ctx, func(tx *gorm.DB) error {
		if _, err := lock(tx, id, version); err != nil {
			return err
		}
		return bury(tx, id)
	})
}

// bury makes a tombstone of a title that is locked.
func bury(tx *gorm.DB, id int64) error {
	shard := catalog.ShardOfID(id)
	if err := exec(tx, `UPDATE catalog.books SET deleted_at = now(), version = version + 1 WHERE shard = $1 AND id = $2`, shard, id); err != nil {
		return err
	}
	if err := exec(tx, `DELETE FROM catalog.covers WHERE shard = $1 AND book_id = $2`, shard, id); err != nil {
		return err
	}
	if err := exec(tx, `DELETE FROM catalog.availability WHERE shard = $1 AND book_id = $2`, shard, id); err != nil {
		return err
	}
	return database.Changed(tx, catalog.Changes, id)
}

// Merge leaves a tombstone that leads to another title, which must be there: both are locked, in the order of their ids.
func (s *Store) Merge(ctx context.Context, id, into int64, version int32) error {
	return s.db.InTx(ctx, func(tx *gorm.DB) error {
		for _, locked := range []int64{min(id, into), max(id, into)} {
			at := int32(0)
			if locked == id {
				at = version
			}
			if _, err := lock(tx, locked, at); err != nil {
				return err
			}
		}
		if err := exec(tx, `UPDATE catalog.books SET merged_into = $2 WHERE merged_into = $1`, id, into); err != nil {
			return err
		}
		if err := moveRatings(tx, id, into); err != nil {
			return err
		}
		if err := bury(tx, id); err != nil {
			return err
		}
		return exec(tx, `UPDATE catalog.books SET merged_into = $3 WHERE shard = $1 AND id = $2`, catalog.ShardOfID(id), id, into)
	})
}

// MergedInto reads where tombstones lead. Where a replica does not know of one (yet), the title is still there for it.
func (s *Store) MergedInto(ctx context.Context, ids []int64) (map[int64]int64, error) {
	var rows []struct{ ID, MergedInto int64 }
	err := s.db.Read(ctx).Raw(`SELECT id, merged_into FROM catalog.books WHERE id = ANY (?) AND merged_into IS NOT NULL`, int64s(database.Keys(ids))).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read what became of %d titles: %w", len(ids), err)
	}
	merged := make(map[int64]int64, len(rows))
	for _, r := range rows {
		merged[r.ID] = r.MergedInto
	}
	return merged, nil
}

// lock takes a title for the rest of the transaction and checks that it is at the version given (0: any).
func lock(tx *gorm.DB, id int64, version int32) (catalog.Book, error) {
	have, found := catalog.Book{ID: id}, false
	err := queryRows(tx, func(row func(...any) error) error {
		found = true
		return row(&have.Version, &have.CoverVersion, &have.CreatedAt)
	}, `SELECT version, cover_version, created_at FROM catalog.books WHERE shard = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE`,
		catalog.ShardOfID(id), id)
	switch {
	case err != nil:
		return have, err
	case !found:
		return have, catalog.BookNotFound(id)
	case version != 0 && version != have.Version:
		return have, catalog.VersionConflict(have.Version)
	}
	return have, nil
}

// nameAuthors completes the authors of a title that is written: those given by id get the name they have, those given by
// name an id.
func nameAuthors(tx *gorm.DB, authors []catalog.Author) error {
	var ids []int64
	for _, a := range authors {
		if a.ID != 0 {
			ids = append(ids, a.ID)
		}
	}
	names := map[int64]string{}
	if len(ids) > 0 {
		err := queryRows(tx, func(row func(...any) error) error {
			var id int64
			var name string
			err := row(&id, &name)
			names[id] = name
			return err
		}, `SELECT id, name FROM catalog.authors WHERE id = ANY ($1)`, ids)
		if err != nil {
			return err
		}
	}
	for i, a := range authors {
		if a.ID == 0 {
			continue
		}
		name, known := names[a.ID]
		if !known {
			return problem.InvalidField(fmt.Sprintf("body.authors[%d].id", i), "there is no author with the id %d; give the name alone to add one", a.ID)
		}
		if a.Name != "" && a.Name != name {
			return problem.InvalidField(fmt.Sprintf("body.authors[%d].name", i), "the author with the id %d is %q; leave out the id to name another", a.ID, name)
		}
		authors[i].Name = name
	}
	return ensureAuthors(tx, authors)
}
