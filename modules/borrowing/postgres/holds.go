package postgres

import (
	"context"
	"strings"

	"bookvault/modules/borrowing"
	"bookvault/platform/database"
)

// A hold's position is its number among the live holds of its title, by place: unique and gapless whatever the places are.
const shownHolds = `SELECT ` + holdColumns + `, w.barcode AS wanted, i.barcode,
	CASE WHEN h.closed_at IS NULL THEN (SELECT count(*) FROM borrowing.holds q
		WHERE q.book_id = h.book_id AND q.place <= h.place AND q.status IN ('waiting', 'in_transit', 'ready')) ELSE 0 END AS position
	FROM borrowing.holds h LEFT JOIN borrowing.items i ON i.id = h.captured_item LEFT JOIN borrowing.items w ON w.id = h.item_id WHERE `

func (s *Store) shownHolds(ctx context.Context, where string, args ...any) ([]borrowing.Hold, error) {
	var found []shownRow
	if err := s.db.Read(ctx).Raw(shownHolds+where, args...).Find(&found).Error; err != nil {
		return nil, reading("holds", err)
	}
	holds := make([]borrowing.Hold, len(found))
	for i, r := range found {
		holds[i] = r.Hold.hold()
		holds[i].Wanted, holds[i].Barcode, holds[i].Position = value(r.Wanted), value(r.Barcode), r.Position
	}
	return holds, nil
}

// Hold gives one hold. Where a replica does not have it (yet), the primary is asked.
func (s *Store) Hold(ctx context.Context, id int64) (borrowing.Hold, error) {
	holds, err := s.shownHolds(ctx, "h.id = ?", id)
	if err == nil && len(holds) == 0 {
		holds, err = s.shownHolds(database.Primary(ctx), "h.id = ?", id)
	}
	if err != nil || len(holds) == 0 {
		if err == nil {
			err = borrowing.ErrNotFound
		}
		return borrowing.Hold{}, err
	}
	return holds[0], nil
}

// Holds lists holds, newest first.
func (s *Store) Holds(ctx context.Context, f borrowing.HoldFilter) ([]borrowing.Hold, error) {
	where, args := []string{"true"}, []any{}
	if f.MemberID != 0 {
		where, args = append(where, "h.member_id = ?"), append(args, f.MemberID)
	}
	if f.BookID != 0 {
		where, args = append(where, "h.book_id = ?"), append(args, f.BookID)
	}
	if f.Live {
		where = append(where, "h.status IN ('waiting', 'in_transit', 'ready')")
	}
	if !f.PlacedBy.IsZero() {
		where, args = append(where, "h.placed_at <= ?"), append(args, f.PlacedBy)
	}
	if f.Before != 0 {
		where, args = append(where, "h.id < ?"), append(args, f.Before)
	}
	return s.shownHolds(ctx, strings.Join(where, " AND ")+" ORDER BY h.id DESC LIMIT ?", append(args, f.Limit)...)
}
