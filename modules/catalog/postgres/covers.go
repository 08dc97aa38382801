package postgres

import (
	"context"
	"errors"
	"fmt"

	"gorm.io/gorm"

	"bookvault/modules/catalog"
	"bookvault/platform/database"
	"bookvault/platform/problem"
)

type coverRow struct {
	BookID      int64  `gorm:"column:book_id;primaryKey;autoIncrement:false"`
	Shard       int16  `gorm:"column:shard"`
	Size        string `gorm:"column:size"`
	Version     int32  `gorm:"column:version"`
	ContentType string `gorm:"column:content_type"`
	Width       int    `gorm:"column:width"`
	Height      int    `gorm:"column:height"`
	Image       []byte `gorm:"column:image"`
}

// TableName names the table for GORM.
func (coverRow) TableName() string { return "catalog.covers" }

// Cover reads one size of a cover.
func (s *Store) Cover(ctx context.Context, bookID int64, size catalog.CoverSize) (catalog.Cover, error) {
	var row coverRow
	err := s.db.Read(ctx).Where("shard = ? AND book_id = ? AND size = ?", catalog.ShardOfID(bookID), bookID, string(size)).Take(&row).Error
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return catalog.Cover{}, problem.NotFound("cover_not_found", "The title %d has no cover.", bookID)
	}
	if err != nil {
		return catalog.Cover{}, fmt.Errorf("read the cover of title %d: %w", bookID, err)
	}
	return catalog.Cover{Size: size, Version: row.Version, ContentType: row.ContentType, Width: row.Width, Height: row.Height, Image: row.Image}, nil
}

// SetCover stores both sizes under the next version of the title's cover. The title's own version counts on, since its answer
// names the cover.
func (s *Store) SetCover(ctx context.Context, bookID int64, covers []catalog.Cover) (int32, error) {
	var version int32
	err := s.db.InTx(ctx, func(tx *gorm.DB) error {
		have, err := lock(tx, bookID, 0)
		if err != nil {
			return err
		}
		shard := catalog.ShardOfID(bookID)
		version = nextCover(have.CoverVersion)
		if err := exec(tx, setCoverVersion, shard, bookID, version); err != nil {
			return err
		}
		if err := exec(tx, `DELETE FROM catalog.covers WHERE shard = $1 AND book_id = $2`, shard, bookID); err != nil {
			return err
		}
		rows := make([]coverRow, len(covers))
		for i, c := range covers {
			rows[i] = coverRow{BookID: bookID, Shard: shard, Size: string(c.Size), Version: version,
				ContentType: c.ContentType, Width: c.Width, Height: c.Height, Image: c.Image}
		}
		if err := tx.Create(&rows).Error; err != nil {
			return fmt.Errorf("store the cover of title %d: %w", bookID, err)
		}
		return database.Changed(tx, catalog.Changes, bookID)
	})
	return version, err
}

// RemoveCover takes a cover away. A cover version below zero remembers the last one, so that a later upload never reuses an
// address that somebody has cached.
func (s *Store) RemoveCover(ctx context.Context, bookID int64) error {
	return s.db.InTx(ctx, func(tx *gorm.DB) error {
		have, err := lock(tx, bookID, 0)
		if err != nil || have.CoverVersion <= 0 {
			return err
		}
		shard := catalog.ShardOfID(bookID)
		if err := exec(tx, setCoverVersion, shard, bookID, -have.CoverVersion); err != nil {
			return err
		}
		if err := exec(tx, `DELETE FROM catalog.covers WHERE shard = $1 AND book_id = $2`, shard, bookID); err != nil {
			return err
		}
		return database.Changed(tx, catalog.Changes, bookID)
	})
}

const setCoverVersion = `UPDATE catalog.books SET cover_version = $3, version = version + 1, updated_at = now() WHERE shard = $1 AND id = $2`

func nextCover(have int32) int32 {
	if have < 0 {
		have = -have
	}
	return have + 1
}
