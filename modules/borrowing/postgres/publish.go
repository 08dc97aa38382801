package postgres

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/borrowing"
	"bookvault/platform/ledger"
)

// order queues what changed in the library's own order. What was published replaces what was there; a rule whose cell remains keeps
// its id, which open loans name.
func (w *writer) order(c *borrowing.Changes) {
	rows(w, `INSERT INTO borrowing.branches (code, name, sort) SELECT code, name, sort FROM jsonb_to_recordset($1::jsonb) AS v (code text, name text, sort integer)
		ON CONFLICT (code) DO UPDATE SET name = excluded.name, sort = excluded.sort`, c.Branches)
	rows(w, `INSERT INTO borrowing.item_types (code, name, sort) SELECT code, name, sort FROM jsonb_to_recordset($1::jsonb) AS v (code text, name text, sort integer)
		ON CONFLICT (code) DO UPDATE SET name = excluded.name, sort = excluded.sort`, c.ItemTypes)
	if m := c.Matrix; m != nil {
		whole(w, `DELETE FROM borrowing.rules r WHERE NOT EXISTS (SELECT FROM jsonb_to_recordset($1::jsonb) AS v (branch text, category text, item_type text)
			WHERE (v.branch, v.category, v.item_type) IS NOT DISTINCT FROM (r.branch, r.category, r.item_type))`, m.Rules)
		rows(w, `INSERT INTO borrowing.rules (branch, category, item_type, `+grants+`) SELECT branch, category, item_type, `+grants+`
			FROM jsonb_to_recordset($1::jsonb) AS v (branch text, category text, item_type text, loan_days integer, renewals integer, loan_limit integer,
				renew_from text, hold_limit integer, fine_per_day bigint, grace_days integer, fine_cap bigint, lost_fee bigint)
			ON CONFLICT (branch, category, item_type) DO UPDATE SET (`+grants+`) = (excluded.loan_days, excluded.renewals, excluded.loan_limit, excluded.renew_from,
				excluded.hold_limit, excluded.fine_per_day, excluded.grace_days, excluded.fine_cap, excluded.lost_fee)`, m.Rules)
		whole(w, `WITH gone AS (DELETE FROM borrowing.category_limits c WHERE NOT $1::jsonb ? c.category)
			INSERT INTO borrowing.category_limits (category, loan_total, hold_total, charges_limit)
			SELECT key, (value->>'loan_total')::integer, (value->>'hold_total')::integer, (value->>'charges_limit')::bigint FROM jsonb_each($1::jsonb)
			ON CONFLICT (category) DO UPDATE SET loan_total = excluded.loan_total, hold_total = excluded.hold_total, charges_limit = excluded.charges_limit`, m.Categories)
	}
	if c.Calendar != nil {
		w.Queue(`DELETE FROM borrowing.opening_hours`)
		whole(w, `INSERT INTO borrowing.opening_hours (branch, weekday, opens, closes) SELECT b.key, h.weekday, h.opens, h.closes
			FROM jsonb_each($1::jsonb) b, jsonb_to_recordset(b.value) AS h (weekday smallint, opens time, closes time)`, c.Calendar.Hours)
		w.Queue(`DELETE FROM borrowing.closures`)
		rows(w, `INSERT INTO borrowing.closures (branch, first_day, last_day, reason) SELECT nullif(branch, ''), first_day, last_day, reason
			FROM jsonb_to_recordset($1::jsonb) AS v (branch text, first_day date, last_day date, reason text)`, c.Calendar.Closures)
	}
}

const grants = `loan_days, renewals, loan_limit, renew_from, hold_limit, fine_per_day, grace_days, fine_cap, lost_fee`

// whole queues a statement over one document, which it reads from $1 as jsonb, also when there is nothing in it.
func whole(w *writer, query string, document any) {
	if w.err != nil {
		return
	}
	var raw []byte
	raw, w.err = json.Marshal(document)
	w.Queue(query, string(raw))
}

// Editions lists events of a stream without their data.
func (s *Store) Editions(ctx context.Context, stream string, before, limit int) ([]ledger.Event, error) {
	rows, err := s.db.Pool().Query(ctx, `SELECT version, actor, at, reason FROM borrowing.events
		WHERE stream = $1 AND ($2 = 0 OR version < $2) ORDER BY version DESC LIMIT $3`, stream, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list the versions of the %s: %w", stream, err)
	}
	events, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e ledger.Event, err error) {
		err = row.Scan(&e.Version, &e.Actor, &e.At, &e.Reason)
		e.At = e.At.UTC()
		return e, err
	})
	if err != nil {
		return nil, fmt.Errorf("list the versions of the %s: %w", stream, err)
	}
	return events, nil
}
