package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/members"
	"bookvault/platform/database"
	"bookvault/platform/hlc"
)

var _ members.ListStore = (*Store)(nil)

// ListRows reads all lists of a member and what is in them, what is gone too.
func (s *Store) ListRows(ctx context.Context, memberID int64) ([]members.ListWrite, error) {
	var rows []struct {
		ListID, BookID int64
		Name           string
		CreatedAt      *time.Time
		Gone           bool
		Tick, Node     int64
	}
	err := s.db.Read(ctx).Raw(`SELECT id AS list_id, 0 AS book_id, name, created_at, deleted AS gone, tick, node FROM members.lists WHERE member_id = ?
UNION ALL SELECT list_id, book_id, '', NULL, NOT present, tick, node FROM members.list_items WHERE member_id = ?`, memberID, memberID).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("read lists: %w", err)
	}
	list := make([]members.ListWrite, len(rows))
	for i, r := range rows {
		list[i] = members.ListWrite{MemberID: memberID, ListID: r.ListID, BookID: r.BookID, Name: r.Name, Gone: r.Gone, At: hlc.Time{Tick: r.Tick, Node: r.Node}}
		if r.CreatedAt != nil {
			list[i].CreatedAt = r.CreatedAt.UTC()
		}
	}
	return list, nil
}

// WriteList writes one, in a transaction of its own.
func (s *Store) WriteList(ctx context.Context, w members.ListWrite) (members.ListWrite, bool, error) {
	if w.At.IsZero() {
		w.At = s.clock.Now()
	}
	return w, false, s.WriteLists(ctx, []members.ListWrite{w})
}

// Both statements write for whom the member has become; of members who are deleted nothing is written.
const (
	writeLists = `INSERT INTO members.lists AS have (member_id, id, name, created_at, deleted, tick, node)
SELECT DISTINCT ON (m.id, w.list_id) m.id, w.list_id, CASE WHEN w.gone THEN '' ELSE w.name END, w.created_at, w.gone, w.tick, w.node
FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::timestamptz[], $5::boolean[], $6::bigint[], $7::bigint[]) AS w (member_id, list_id, name, created_at, gone, tick, node)
LEFT JOIN members.tombstones t ON t.member_id = w.member_id JOIN members.members m ON m.id = coalesce(t.merged_into, w.member_id)
ORDER BY m.id, w.list_id, w.tick DESC, w.node DESC
ON CONFLICT (member_id, id) DO UPDATE SET name = excluded.name, deleted = excluded.deleted, tick = excluded.tick, node = excluded.node
WHERE (have.tick, have.node) < (excluded.tick, excluded.node)`

	writeItems = `INSERT INTO members.list_items AS have (member_id, list_id, book_id, present, tick, node)
SELECT DISTINCT ON (m.id, w.list_id, w.book_id) m.id, w.list_id, w.book_id, NOT w.gone, w.tick, w.node
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::boolean[], $5::bigint[], $6::bigint[]) AS w (member_id, list_id, book_id, gone, tick, node)
LEFT JOIN members.tombstones t ON t.member_id = w.member_id JOIN members.members m ON m.id = coalesce(t.merged_into, w.member_id)
ORDER BY m.id, w.list_id, w.book_id, w.tick DESC, w.node DESC
ON CONFLICT (member_id, list_id, book_id) DO UPDATE SET present = excluded.present, tick = excluded.tick, node = excluded.node
WHERE (have.tick, have.node) < (excluded.tick, excluded.node)`
)

// WriteLists writes many, in one transaction.
func (s *Store) WriteLists(ctx context.Context, list []members.ListWrite) error {
	var people []int64
	var names []string
	var created []time.Time
	type columns struct {
		members, lists, books, ticks, nodes []int64
		gone                                []bool
	}
	var lists, items columns
	seen := map[int64]bool{}
	for _, w := range list {
		c := &items
		if w.BookID == 0 {
			c, names, created = &lists, append(names, w.Name), append(created, w.CreatedAt)
		}
		c.members, c.lists, c.books = append(c.members, w.MemberID), append(c.lists, w.ListID), append(c.books, w.BookID)
		c.gone, c.ticks, c.nodes = append(c.gone, w.Gone), append(c.ticks, w.At.Tick), append(c.nodes, w.At.Node)
		if !seen[w.MemberID] {
			seen[w.MemberID], people = true, append(people, w.MemberID)
		}
	}
	err := s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		var batch pgx.Batch
		if len(lists.lists) > 0 {
			batch.Queue(writeLists, lists.members, lists.lists, names, created, lists.gone, lists.ticks, lists.nodes)
		}
		if len(items.lists) > 0 {
			batch.Queue(writeItems, items.members, items.lists, items.books, items.gone, items.ticks, items.nodes)
		}
		if err := database.QueueChange(tx, &batch, members.ListsChanged, people...); err != nil {
			return err
		}
		return tx.SendBatch(ctx, &batch).Close()
	})
	if err != nil {
		return fmt.Errorf("write lists: %w", err)
	}
	return nil
}

// ForgetListTraces deletes what has been gone since before a time: lists with what was in them, and titles that were taken out.
func (s *Store) ForgetListTraces(ctx context.Context, before time.Time) (gone int64, err error) {
	tick := before.UnixMilli() << 16
	err = s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		for _, query := range []string{
			`DELETE FROM members.list_items i USING members.lists l WHERE l.member_id = i.member_id AND l.id = i.list_id AND l.deleted AND l.tick < $1`,
			`DELETE FROM members.lists WHERE deleted AND tick < $1`,
			`DELETE FROM members.list_items WHERE NOT present AND tick < $1`,
		} {
			done, err := tx.Exec(ctx, query, tick)
			if err != nil {
				return err
			}
			gone += done.RowsAffected()
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("forget deleted lists: %w", err)
	}
	return gone, nil
}
