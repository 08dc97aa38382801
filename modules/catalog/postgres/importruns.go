package postgres

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/catalog"
	"bookvault/modules/catalog/importing"
)

const jobColumns = `id, state, file_name, spool, place, options, source, bytes_total, bytes_read, rows_read, line, created, changed, unchanged,
refused, failure, attempts, deaths, created_by, created_at, started_at, finished_at`

func scanJob(row pgx.Row) (importing.Job, error) {
	var j importing.Job
	var options []byte
	err := row.Scan(&j.ID, &j.State, &j.FileName, &j.Spool, &j.Place, &options, &j.Source, &j.BytesTotal, &j.BytesRead, &j.Rows, &j.Line, &j.Created,
		&j.Changed, &j.Unchanged, &j.Refused, &j.Failure, &j.Attempts, &j.Deaths, &j.CreatedBy, &j.CreatedAt, &j.StartedAt, &j.FinishedAt)
	if err != nil {
		return j, err
	}
	if err := json.Unmarshal(options, &j.Options); err != nil {
		return j, fmt.Errorf("read the options of import %d: %w", j.ID, err)
	}
	return j, nil
}

// silenceOfCommands is after how long without a sign of life a run of the command line counts as dead.
const silenceOfCommands = 2 * time.Minute

// Begin records a run that begins at once. It also closes the books on earlier runs of the command line that died, so that
// their record says where they stopped.
func (i *Imports) Begin(ctx context.Context, job importing.Job) (int64, importing.Store, error) {
	options, err := json.Marshal(job.Options)
	if err != nil {
		return 0, nil, fmt.Errorf("record an import: %w", err)
	}
	var id int64
	err = i.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE catalog.imports SET state = 'failed', finished_at = now(),
    failure = 'its process ended after line ' || line || '; import the file again to go on'
WHERE state = 'running' AND spool = '' AND heartbeat < now() - $1::interval`, silenceOfCommands)
		if err != nil {
			return fmt.Errorf("close the record of imports that died: %w", err)
		}
		err = tx.QueryRow(ctx, `INSERT INTO catalog.imports (state, file_name, options, bytes_total, attempts, created_by, started_at, heartbeat)
VALUES ('running', $1, $2, $3, 1, $4, now(), now()) RETURNING id`, job.FileName, options, job.BytesTotal, job.CreatedBy).Scan(&id)
		if err != nil {
			return fmt.Errorf("record an import: %w", err)
		}
		return nil
	})
	return id, &RunWriter{imports: i, run: id, attempt: 1, dictionary: catalog.NewWordbook()}, err
}

// Enqueue records a run that waits. The count and the insertion are one, so that the bound holds whoever asks at once.
func (i *Imports) Enqueue(ctx context.Context, job importing.Job, most int) (int64, error) {
	options, err := json.Marshal(job.Options)
	if err != nil {
		return 0, fmt.Errorf("record an import: %w", err)
	}
	var id int64
	err = i.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		if err := turns(ctx, tx); err != nil {
			return err
		}
		err := tx.QueryRow(ctx, `INSERT INTO catalog.imports (state, file_name, spool, place, options, bytes_total, created_by, source)
SELECT 'queued', $1, $2, $3, $4, $5, $6, $8 WHERE (SELECT count(*) FROM catalog.imports WHERE state IN ('queued', 'running') AND spool <> '') < $7
RETURNING id`, job.FileName, job.Spool, job.Place, options, job.BytesTotal, job.CreatedBy, most, job.Source).Scan(&id)
		if errors.Is(err, pgx.ErrNoRows) {
			return importing.ErrQueueFull
		}
		if err != nil {
			return fmt.Errorf("record an import: %w", err)
		}
		return nil
	})
	return id, err
}

// turns makes those who look at the queue as a whole take turns.
func turns(ctx context.Context, tx pgx.Tx) error {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock(hashtext('catalog.imports'))`); err != nil {
		return fmt.Errorf("wait for the queue of imports: %w", err)
	}
	return nil
}

// Claim takes up the next run of a place. A run counts as alive while its heart beats, wherever it is: one works at a time.
func (i *Imports) Claim(ctx context.Context, place string, silence time.Duration) (importing.Job, importing.Store, bool, error) {
	var job importing.Job
	err := i.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		if err := turns(ctx, tx); err != nil {
			return err
		}
		var err error
		job, err = scanJob(tx.QueryRow(ctx, `UPDATE catalog.imports SET state = 'running', attempts = attempts + 1, heartbeat = now(),
    deaths = deaths + (state = 'running')::int,
    started_at = coalesce(started_at, now())
WHERE id = (SELECT id FROM catalog.imports WHERE place = $1 AND spool <> '' AND state IN ('queued', 'running')
        AND (state = 'queued' OR heartbeat < now() - $2::interval) ORDER BY id LIMIT 1)
    AND NOT EXISTS (SELECT FROM catalog.imports WHERE state = 'running' AND spool <> '' AND heartbeat >= now() - $2::interval)
RETURNING `+jobColumns, place, silence))
		return err
	})
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return job, nil, false, nil
	case err != nil:
		return job, nil, false, fmt.Errorf("take up the next import: %w", err)
	}
	return job, &RunWriter{imports: i, run: job.ID, attempt: job.Attempts, dictionary: catalog.NewWordbook()}, true, nil
}

// Beat says that a run is alive. It fails with ErrNotOurs when another process has taken it up.
func (i *Imports) Beat(ctx context.Context, job importing.Job) error {
	tag, err := i.db.Pool().Exec(ctx, `UPDATE catalog.imports SET heartbeat = now() WHERE id = $1 AND attempts = $2 AND state = 'running'`, job.ID, job.Attempts)
	if err == nil && tag.RowsAffected() == 0 {
		return importing.ErrNotOurs
	}
	return err
}

// Release gives a run back: another process, or this one later, goes on behind the last line that is accounted for.
func (i *Imports) Release(ctx context.Context, job importing.Job) error {
	_, err := i.db.Pool().Exec(ctx, `UPDATE catalog.imports SET state = 'queued' WHERE id = $1 AND attempts = $2 AND state = 'running'`, job.ID, job.Attempts)
	if err != nil {
		return fmt.Errorf("give import %d back: %w", job.ID, err)
	}
	return nil
}

// Spools lists the files that runs of a place still need.
func (i *Imports) Spools(ctx context.Context, place string) ([]string, error) {
	rows, err := i.db.Pool().Query(ctx, `SELECT spool FROM catalog.imports WHERE place = $1 AND spool <> '' AND state IN ('queued', 'running')`, place)
	if err != nil {
		return nil, fmt.Errorf("list the files of open imports: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// analyseFrom is how many titles a run must have written for the planner's statistics to be worth renewing at once, rather
// than when autovacuum comes round.
const analyseFrom = 1000

// Finish ends a run: done when failure is empty.
func (i *Imports) Finish(ctx context.Context, id int64, attempt int32, failure string) error {
	state := importing.Done
	if failure != "" {
		state = importing.Failed
	}
	var written int64
	err := i.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, `UPDATE catalog.imports SET state = $3, failure = $4, finished_at = now() WHERE id = $1 AND attempts = $2 AND state = 'running'
RETURNING CASE WHEN options ->> 'dry_run' = 'true' THEN 0 ELSE created + changed END`, id, attempt, state, failure).Scan(&written)
		if errors.Is(err, pgx.ErrNoRows) {
			return importing.ErrNotOurs
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("end import %d: %w", id, err)
	}
	if written >= analyseFrom {
		if _, err := i.db.Pool().Exec(ctx, `ANALYZE catalog.books, catalog.authors, catalog.lexemes, catalog.import_keys`); err != nil {
			return fmt.Errorf("renew the statistics after import %d: %w", id, err)
		}
		return i.db.WantViews(ctx)
	}
	return nil
}

// Job gives a run. It looks on the primary in a transaction, so that whoever sees a run done also sees its titles in their
// next search, on whatever server that runs.
func (i *Imports) Job(ctx context.Context, id int64) (importing.Job, error) {
	var job importing.Job
	err := i.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		var err error
		job, err = scanJob(tx.QueryRow(ctx, `SELECT `+jobColumns+` FROM catalog.imports WHERE id = $1`, id))
		return err
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return job, importing.ErrNoJob
	}
	if err != nil {
		return job, fmt.Errorf("read import %d: %w", id, err)
	}
	return job, nil
}

// Findings lists findings of a run in the order in which they were met.
func (i *Imports) Findings(ctx context.Context, id int64, refused bool, after int64, limit int) ([]importing.Finding, int64, error) {
	rows, err := i.db.Pool().Query(ctx, `SELECT number, line, field, reason, value, refused FROM catalog.import_findings
WHERE import_id = $1 AND refused = $2 AND number > $3 ORDER BY number LIMIT $4`, id, refused, after, limit+1)
	if err != nil {
		return nil, 0, fmt.Errorf("list what import %d refused: %w", id, err)
	}
	list := []importing.Finding{}
	var f importing.Finding
	var number, last int64
	more := false
	_, err = pgx.ForEachRow(rows, []any{&number, &f.Line, &f.Field, &f.Reason, &f.Value, &f.Refused}, func() error {
		if len(list) == limit {
			more = true
			return nil
		}
		list, last = append(list, f), number
		return nil
	})
	if err != nil {
		return nil, 0, fmt.Errorf("list what import %d refused: %w", id, err)
	}
	if !more {
		last = 0
	}
	return list, last, nil
}

var _ importing.Jobs = (*Imports)(nil)
