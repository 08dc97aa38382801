package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/borrowing"
)

// SeedItems brings in stock in bulk, all of it or none: fill is called once and hands copies over in batches, all copies of a
// title in one batch and each title once. Ids are given here; counts of the titles and first events are written with the
// copies. The outbox is left alone: whoever seeds tells the catalogue of the counts in bulk too.
//
// While it works nobody else lends: it is for filling a library that is not open yet. marker is the barcode of one of the
// copies: where it is known already the stock is in, and nothing is done.
func (s *Store) SeedItems(ctx context.Context, marker string, fill func(put func([]borrowing.Item) error) error) error {
	return s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		var there bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM borrowing.items WHERE barcode = $1)`, marker).Scan(&there); err != nil || there {
			return err
		}
		_, err := tx.Exec(ctx, `SELECT set_config('statement_timeout', '0', true), set_config('synchronous_commit', 'off', true), set_config('idle_in_transaction_session_timeout', '0', true)`)
		if err != nil {
			return fmt.Errorf("prepare for bulk work: %w", err)
		}
		restore, err := withoutForeignKeys(ctx, tx)
		if err != nil {
			return err
		}
		if err := fill(func(items []borrowing.Item) error { return copyItems(ctx, tx, items) }); err != nil {
			return err
		}
		return restore()
	})
}

// withoutForeignKeys takes the foreign keys of an empty table of items down, so that they are checked once over all copies and
// not copy by copy. The function that it gives puts them back; a rollback does so too.
func withoutForeignKeys(ctx context.Context, tx pgx.Tx) (restore func() error, err error) {
	var filled bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM borrowing.items)`).Scan(&filled); err != nil {
		return nil, fmt.Errorf("look for items: %w", err)
	}
	if filled {
		return func() error { return nil }, nil
	}
	rows, err := tx.Query(ctx, `SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'borrowing.items'::regclass AND contype = 'f' ORDER BY conname`)
	if err != nil {
		return nil, fmt.Errorf("list the foreign keys: %w", err)
	}
	type key struct{ name, definition string }
	keys, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (k key, err error) {
		err = row.Scan(&k.name, &k.definition)
		return k, err
	})
	if err != nil {
		return nil, fmt.Errorf("list the foreign keys: %w", err)
	}
	for _, k := range keys {
		if _, err := tx.Exec(ctx, `ALTER TABLE borrowing.items DROP CONSTRAINT `+pgx.Identifier{k.name}.Sanitize()); err != nil {
			return nil, fmt.Errorf("take %s down: %w", k.name, err)
		}
	}
	return func() error {
		for _, k := range keys {
			if _, err := tx.Exec(ctx, `ALTER TABLE borrowing.items ADD CONSTRAINT `+pgx.Identifier{k.name}.Sanitize()+` `+k.definition); err != nil {
				return fmt.Errorf("put %s back: %w", k.name, err)
			}
		}
		return nil
	}, nil
}

func copyItems(ctx context.Context, tx pgx.Tx, items []borrowing.Item) error {
	rows, err := tx.Query(ctx, `SELECT nextval('borrowing.items_id_seq') FROM generate_series(1, $1)`, len(items))
	if err != nil {
		return fmt.Errorf("take item ids: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return fmt.Errorf("take item ids: %w", err)
	}
	type count struct {
		book             int64
		items, available int
	}
	var counts []count
	for i := range items {
		it := &items[i]
		it.ID = ids[i]
		if len(counts) == 0 || counts[len(counts)-1].book != it.BookID {
			counts = append(counts, count{book: it.BookID})
		}
		last := &counts[len(counts)-1]
		more, available := it.Counts()
		last.items, last.available = last.items+more, last.available+available
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{Schema, "titles"}, []string{"book_id", "items", "available"}, pgx.CopyFromSlice(len(counts), func(i int) ([]any, error) {
		return []any{counts[i].book, counts[i].items, counts[i].available}, nil
	}))
	if err != nil {
		return fmt.Errorf("copy the counts of titles in: %w", err)
	}
	columns := []string{"id", "barcode", "book_id", "home_branch", "current_branch", "item_type", "loanable", "status", "created_at"}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{Schema, "items"}, columns, pgx.CopyFromSlice(len(items), func(i int) ([]any, error) {
		it := &items[i]
		return []any{it.ID, it.Barcode, it.BookID, it.HomeBranch, it.CurrentBranch, it.ItemType, it.Loanable, string(it.Status), it.CreatedAt}, nil
	}))
	if err != nil {
		return fmt.Errorf("copy items in: %w", err)
	}
	_, err = tx.CopyFrom(ctx, pgx.Identifier{Schema, "events"}, []string{"stream", "version", "type", "data", "actor", "at"}, pgx.CopyFromSlice(len(items), func(i int) ([]any, error) {
		e := borrowing.FirstEvent(&items[i])
		return []any{e.Stream, e.Version, e.Type, []byte(e.Data), e.Actor, e.At}, nil
	}))
	if err != nil {
		return fmt.Errorf("copy their first events in: %w", err)
	}
	return nil
}
