package postgres

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"

	"bookvault/modules/catalog"
)

const upsertAvailability = `INSERT INTO catalog.availability AS have (book_id, shard, items, available_items, holds, position)
SELECT n.book_id, n.book_id & 1023, n.items, n.available, n.holds, n.position
FROM unnest($1::bigint[], $2::integer[], $3::integer[], $4::integer[], $5::bigint[]) AS n (book_id, items, available, holds, position)
ORDER BY n.book_id
ON CONFLICT (shard, book_id) DO UPDATE SET items = excluded.items, available_items = excluded.available_items, holds = excluded.holds, position = excluded.position
WHERE excluded.position > have.position`

// SetAvailability takes over what borrowing says. Of several words on one title the newest counts, whatever order they come
// in; rows are locked in the order of their ids. COMMIT does not wait for the disk: what a crash takes back here it takes back of the relay's
// place too, which is written later into the same log, and borrowing says it again.
func (s *Store) SetAvailability(ctx context.Context, list []catalog.Availability) error {
	newest := map[int64]catalog.Availability{}
	for _, a := range list {
		if have, ok := newest[a.BookID]; !ok || a.Position > have.Position {
			newest[a.BookID] = a
		}
	}
	if len(newest) == 0 {
		return nil
	}
	rows := make([]catalog.Availability, 0, len(newest))
	for _, a := range newest {
		rows = append(rows, a)
	}
	slices.SortFunc(rows, func(a, b catalog.Availability) int { return cmp.Compare(a.BookID, b.BookID) })
	var ids, positions []int64
	var items, available, holds []int32
	for _, a := range rows {
		ids, positions = append(ids, a.BookID), append(positions, a.Position)
		items, available, holds = append(items, int32(a.Items)), append(available, int32(a.Available)), append(holds, int32(a.Holds))
	}
	err := s.db.InTx(ctx, func(tx *gorm.DB) error {
		if err := exec(tx, "SET LOCAL synchronous_commit TO off"); err != nil {
			return err
		}
		return exec(tx, upsertAvailability, ids, items, available, holds, positions)
	})
	if err != nil {
		return fmt.Errorf("take over the availability of %d titles: %w", len(rows), err)
	}
	return nil
}
