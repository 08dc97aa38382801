package database

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// Materialized views (pattern 13): figures that take long to reckon are kept ready, and every answer says as of when. The table
// reports.views names them. A view NAME has a plain view NAME_live beside it that reckons the same when it is asked, so switching the
// pattern off changes only what an answer costs.

// ViewsChanged is the topic under which a refresh is heard of (Feed).
const ViewsChanged = "views"

// View is a materialized view as reports.views knows it. Times are zero where there is none.
type View struct {
	Name     string
	AsOf     time.Time // it holds everything that was committed before
	Took     time.Duration
	WantedAt time.Time // something changed much then
	FailedAt time.Time // of the last try, if it failed
	Failure  string
}

// Due tells whether a view should be refreshed: it never was, is older than every, or something changed much since. After a failure
// it is left alone for a while.
func (v View) Due(now time.Time, every, afterFailure time.Duration) bool {
	if !v.FailedAt.IsZero() && now.Sub(v.FailedAt) < afterFailure {
		return false
	}
	return v.AsOf.IsZero() || now.Sub(v.AsOf) >= every || v.WantedAt.After(v.AsOf)
}

const viewColumns = `SELECT name, as_of, extract(epoch FROM took)::float8, wanted_at, failed_at, failure FROM reports.views`

// Views lists all materialized views, as the primary knows them.
func (db *DB) Views(ctx context.Context) ([]View, error) {
	rows, err := db.Pool().Query(ctx, viewColumns+` ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("list the materialized views: %w", explain(ctx, err))
	}
	views, err := pgx.CollectRows(rows, scanView)
	if err != nil {
		return nil, fmt.Errorf("list the materialized views: %w", explain(ctx, err))
	}
	return views, nil
}

func scanView(row pgx.CollectableRow) (v View, err error) {
	var asOf, failed *time.Time
	var took *float64
	if err := row.Scan(&v.Name, &asOf, &took, &v.WantedAt, &failed, &v.Failure); err != nil {
		return v, err
	}
	if asOf != nil {
		v.AsOf = *asOf
	}
	if failed != nil {
		v.FailedAt = *failed
	}
	if took != nil {
		v.Took = time.Duration(*took * float64(time.Second))
	}
	return v, nil
}

// UseViews switches reading from materialized views on or off while running. Off, figures are reckoned for each answer.
func (db *DB) UseViews(on bool) { db.liveViews.Store(!on) }

// UsesViews tells whether it is on.
func (db *DB) UsesViews() bool { return !db.liveViews.Load() }

// Figures says what to read the figures of a view from, and as of when they are: the view, or where that is switched off or was never
// refreshed what reckons them live, as of now. What is read right after it is no older.
func (db *DB) Figures(ctx context.Context, view string) (relation string, asOf time.Time, err error) {
	if db.UsesViews() {
		var known *time.Time
		if err := db.Read(ctx).Raw(`SELECT as_of FROM reports.views WHERE name = ?`, view).Row().Scan(&known); err != nil {
			return "", time.Time{}, fmt.Errorf("ask how old %s is: %w", view, err)
		}
		if known != nil {
			return view, *known, nil
		}
	}
	return view + "_live", time.Now(), nil
}

// RefreshView makes a view anew in one transaction, while others read what it held before. It may take no longer than within.
func (db *DB) RefreshView(ctx context.Context, view string, within time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	err := db.InPgxTx(ctx, func(tx pgx.Tx) error {
		var populated bool
		var begun time.Time
		// Nobody waits for this transaction's locks but another refresh of the same view; so it may take longer than others.
		if err := tx.QueryRow(ctx, `SELECT c.relispopulated, clock_timestamp() FROM pg_class c, set_config('statement_timeout', $2, true)
			WHERE c.oid = to_regclass($1) AND c.relkind = 'm'`, view, fmt.Sprint(within.Milliseconds())).Scan(&populated, &begun); err != nil {
			return fmt.Errorf("look at it: %w", err)
		}
		concurrently := "CONCURRENTLY " // compares row by row, so that readers need not wait; it needs something to compare with
		if !populated {
			concurrently = ""
		}
		if _, err := tx.Exec(ctx, "REFRESH MATERIALIZED VIEW "+concurrently+pgx.Identifier(strings.Split(view, ".")).Sanitize()); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE reports.views SET as_of = $2, took = clock_timestamp() - $2, failed_at = NULL, failure = '' WHERE name = $1`, view, begun); err != nil {
			return fmt.Errorf("note its age: %w", err)
		}
		return ChangedPgx(ctx, tx, ViewsChanged)
	})
	if err == nil {
		return nil
	}
	err = fmt.Errorf("refresh %s: %w", view, err)
	after, done := context.WithTimeout(context.WithoutCancel(ctx), db.settings.StatementTimeout)
	defer done()
	_, noted := db.Pool().Exec(after, `UPDATE reports.views SET failed_at = now(), failure = $2 WHERE name = $1`, view, err.Error())
	return errors.Join(err, noted)
}

// WantViews has all views refreshed soon: something changed much, such as by an import.
func (db *DB) WantViews(ctx context.Context) error {
	if _, err := db.Pool().Exec(ctx, `UPDATE reports.views SET wanted_at = now()`); err != nil {
		return fmt.Errorf("ask for new figures: %w", explain(ctx, err))
	}
	return nil
}
