package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/borrowing"
)

// What housekeeping finds is read from the primary, and looked at again under the locks of the command that follows.

// HoldsReadySince lists ready holds whose time on the shelf may be over.
func (s *Store) HoldsReadySince(ctx context.Context, days map[string]borrowing.Date, limit int) ([]borrowing.Hold, error) {
	raw, err := json.Marshal(days)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Pool().Query(ctx, `SELECT `+holdColumns+` FROM jsonb_each_text($1::jsonb) AS d (branch, day)
		JOIN borrowing.holds h ON h.pickup_branch = d.branch AND h.status = 'ready' AND h.ready_on <= d.day::date
		ORDER BY h.ready_on, h.id LIMIT $2`, string(raw), limit)
	if err != nil {
		return nil, reading("holds whose time is over", err)
	}
	return collected(rows, holdRow.hold)
}

// LoansUncollectedSince lists web loans that may have waited long enough to be fetched.
func (s *Store) LoansUncollectedSince(ctx context.Context, before map[string]time.Time, limit int) ([]borrowing.Loan, error) {
	raw, err := json.Marshal(before)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.Pool().Query(ctx, `SELECT `+loanColumns+` FROM jsonb_each_text($1::jsonb) AS d (branch, instant)
		JOIN borrowing.loans l ON l.branch = d.branch AND l.status = 'open' AND l.collected_at IS NULL AND l.opened_at < d.instant::timestamptz
		JOIN borrowing.items i ON i.id = l.item_id AND i.status = 'checked_out'
		ORDER BY l.opened_at, l.id LIMIT $2`, string(raw), limit)
	if err != nil {
		return nil, reading("loans that nobody fetched", err)
	}
	return collected(rows, loanRow.loan)
}

func collected[R, T any](rows pgx.Rows, domain func(R) T) ([]T, error) {
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[R])
	list := make([]T, len(found))
	for i, r := range found {
		list[i] = domain(r)
	}
	return list, reading("what has had its time", err)
}

type shelfDayRow struct {
	Branch string `json:"branch"`
	Ready  day    `json:"ready_on"`
	Until  *day   `json:"expires_on"`
}

// RedateHolds sets the last days of ready holds to what the calendar says: one statement for all of them, since few days and branches
// differ. Holds that a command is changing just now are passed over; they are dated by it.
func (s *Store) RedateHolds(ctx context.Context, until func(branch string, ready borrowing.Date) *borrowing.Date) (moved int, err error) {
	err = s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		rows, err := tx.Query(ctx, `SELECT DISTINCT pickup_branch, ready_on FROM borrowing.holds WHERE status = 'ready'`)
		if err != nil {
			return err
		}
		days, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r shelfDayRow, err error) {
			if err = row.Scan(&r.Branch, &r.Ready); err == nil {
				r.Until = toDay(until(r.Branch, borrowing.Date(r.Ready)))
			}
			return r, err
		})
		if err != nil || len(days) == 0 {
			return err
		}
		raw, err := json.Marshal(days)
		if err != nil {
			return err
		}
		tag, err := tx.Exec(ctx, `WITH dated AS (
				SELECT h.id, d.expires_on FROM borrowing.holds h
				JOIN jsonb_to_recordset($1::jsonb) AS d (branch text, ready_on date, expires_on date) ON d.branch = h.pickup_branch AND d.ready_on = h.ready_on
				WHERE h.status = 'ready' AND h.expires_on IS DISTINCT FROM d.expires_on ORDER BY h.id FOR NO KEY UPDATE OF h SKIP LOCKED)
			UPDATE borrowing.holds h SET expires_on = dated.expires_on FROM dated WHERE h.id = dated.id`, string(raw))
		moved = int(tag.RowsAffected())
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("date the holds on the shelf: %w", err)
	}
	return moved, nil
}
