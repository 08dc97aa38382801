package postgres

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// Filling an empty catalogue is several times faster without its secondary indexes. What was taken down is written down in the
// same transaction, so that a process that dies in between leaves the list for the next one.

// bulkTables are the tables whose indexes are taken down. Primary keys and unique constraints stay.
var bulkTables = []string{"books", "authors", "availability"}

// takeIndexesDown drops the secondary indexes and remembers how to build them.
func (i *Imports) takeIndexesDown(ctx context.Context) error {
	return i.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `INSERT INTO catalog.indexes_down (name, definition)
SELECT c.relname, pg_get_indexdef(x.indexrelid) FROM pg_index x JOIN pg_class c ON c.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace
WHERE n.nspname = 'catalog' AND t.relname = ANY($1) AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = x.indexrelid)
ON CONFLICT (name) DO NOTHING RETURNING name`, bulkTables)
		if err != nil {
			return fmt.Errorf("list the indexes: %w", err)
		}
		names, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			return fmt.Errorf("list the indexes: %w", err)
		}
		for _, name := range names {
			if _, err := tx.Exec(ctx, "DROP INDEX "+pgx.Identifier{"catalog", name}.Sanitize()); err != nil {
				return fmt.Errorf("take index %s down: %w", name, err)
			}
		}
		return nil
	})
}

// RestoreIndexes builds the indexes that were taken down, if any, and says how many there were. It is for whoever took them
// down, and for the start of a server after that one was killed.
func (i *Imports) RestoreIndexes(ctx context.Context) (int, error) {
	rows, err := i.db.Pool().Query(ctx, `SELECT name, definition FROM catalog.indexes_down ORDER BY definition LIKE '%USING gin%' DESC, name`)
	if err != nil {
		return 0, fmt.Errorf("look for indexes that are down: %w", err)
	}
	type index struct{ name, definition string }
	down, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (x index, err error) {
		err = row.Scan(&x.name, &x.definition)
		return x, err
	})
	if err != nil {
		return 0, fmt.Errorf("look for indexes that are down: %w", err)
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(2) // the search index takes one core as long as all the others take another
	for _, x := range down {
		group.Go(func() error {
			return i.db.InPgxTx(ctx, func(tx pgx.Tx) error {
				if err := bulk(ctx, tx); err != nil {
					return err
				}
				// Two processes may come to this at once: the second waits here, and then finds it done.
				tag, err := tx.Exec(ctx, `DELETE FROM catalog.indexes_down WHERE name = $1`, x.name)
				if err != nil || tag.RowsAffected() == 0 {
					return err
				}
				build := strings.Replace(x.definition, " INDEX ", " INDEX IF NOT EXISTS ", 1)
				if _, err := tx.Exec(ctx, build); err != nil {
					return fmt.Errorf("build index %s again: %w", x.name, err)
				}
				return nil
			})
		})
	}
	return len(down), group.Wait()
}

// bulk frees a transaction from the bounds of ordinary ones: it works long, holds nothing that others wait for, and can be done
// again if the machine loses power.
func bulk(ctx context.Context, tx pgx.Tx) error {
	_, err := tx.Exec(ctx, `SELECT set_config('statement_timeout', '0', true), set_config('synchronous_commit', 'off', true),
    set_config('maintenance_work_mem', '384MB', true), set_config('max_parallel_maintenance_workers', '0', true), set_config('lock_timeout', '60s', true)`)
	if err != nil {
		return fmt.Errorf("prepare for bulk work: %w", err)
	}
	return nil
}
