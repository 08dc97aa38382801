package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/borrowing"
)

// policyNow reads the whole order of the library in one statement, so that it is of one instant.
const policyNow = `SELECT jsonb_build_object(
	'version', (SELECT version FROM borrowing.policy_version),
	'branches', (SELECT coalesce(jsonb_agg(b ORDER BY b.sort, b.code), '[]') FROM borrowing.branches b),
	'item_types', (SELECT coalesce(jsonb_agg(t ORDER BY t.sort, t.code), '[]') FROM borrowing.item_types t),
	'rules', (SELECT coalesce(jsonb_agg(jsonb_build_object('id', id, 'branch', coalesce(branch, ''), 'category', coalesce(category, ''),
		'item_type', coalesce(item_type, ''), 'loan_days', loan_days, 'renewals', renewals, 'loan_limit', loan_limit, 'renew_from', renew_from,
		'hold_limit', hold_limit, 'fine_per_day', fine_per_day, 'grace_days', grace_days, 'fine_cap', fine_cap, 'lost_fee', lost_fee) ORDER BY id), '[]')
		FROM borrowing.rules),
	'categories', (SELECT coalesce(jsonb_object_agg(category, jsonb_build_object('loan_total', loan_total, 'hold_total', hold_total,
		'charges_limit', charges_limit)), '{}') FROM borrowing.category_limits),
	'hours', (SELECT coalesce(jsonb_object_agg(branch, days), '{}') FROM (SELECT branch, jsonb_agg(jsonb_build_object('weekday', weekday,
		'opens', to_char(opens, 'HH24:MI'), 'closes', to_char(closes, 'HH24:MI')) ORDER BY weekday) AS days FROM borrowing.opening_hours GROUP BY branch) h),
	'closures', (SELECT coalesce(jsonb_agg(jsonb_build_object('branch', coalesce(branch, ''), 'first_day', first_day, 'last_day', last_day, 'reason', reason)
		ORDER BY first_day, id), '[]') FROM borrowing.closures))`

type queryer interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
}

func readPolicy(ctx context.Context, q queryer) (*borrowing.Policy, error) {
	var raw []byte
	if err := q.QueryRow(ctx, policyNow).Scan(&raw); err != nil {
		return nil, fmt.Errorf("read the rules and the calendar: %w", err)
	}
	p := &borrowing.Policy{}
	if err := json.Unmarshal(raw, p); err != nil {
		return nil, fmt.Errorf("read the rules and the calendar: %w", err)
	}
	return p, nil
}

// policyAt gives the policy that the database's version row speaks of: the one in memory, if it is of that version. Every command
// reads the version, so a rule that was changed, by whatever process, holds from the next command on.
func (s *Store) policyAt(ctx context.Context, q queryer, version int64) (*borrowing.Policy, error) {
	if p := s.policy.Load(); p != nil && p.Version == version {
		return p, nil
	}
	p, err := readPolicy(ctx, q)
	if err == nil {
		s.policy.Store(p)
	}
	return p, err
}

// Policy gives the order as it is now.
func (s *Store) Policy(ctx context.Context) (*borrowing.Policy, error) {
	var version int64
	if err := s.db.Pool().QueryRow(ctx, `SELECT version FROM borrowing.policy_version`).Scan(&version); err != nil {
		return nil, fmt.Errorf("read the rules and the calendar: %w", err)
	}
	return s.policyAt(ctx, s.db.Pool(), version)
}

func (s *Store) exec(ctx context.Context, what, query string, args ...any) error {
	err := s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, query, args...)
		return err
	})
	if err != nil {
		return fmt.Errorf("save %s: %w", what, err)
	}
	return nil
}

// SaveBranch adds a branch or renames it.
func (s *Store) SaveBranch(ctx context.Context, b borrowing.Branch) error {
	return s.exec(ctx, "a branch", `INSERT INTO borrowing.branches (code, name, sort) VALUES ($1, $2, $3)
		ON CONFLICT (code) DO UPDATE SET name = excluded.name, sort = excluded.sort`, b.Code, b.Name, b.Sort)
}

// SaveItemType adds an item type or renames it.
func (s *Store) SaveItemType(ctx context.Context, t borrowing.ItemType) error {
	return s.exec(ctx, "an item type", `INSERT INTO borrowing.item_types (code, name, sort) VALUES ($1, $2, $3)
		ON CONFLICT (code) DO UPDATE SET name = excluded.name, sort = excluded.sort`, t.Code, t.Name, t.Sort)
}

// SaveRule puts a rule into its cell.
func (s *Store) SaveRule(ctx context.Context, r borrowing.Rule) error {
	return s.exec(ctx, "a rule", `INSERT INTO borrowing.rules (branch, category, item_type, loan_days, renewals, loan_limit, renew_from, hold_limit,
			fine_per_day, grace_days, fine_cap, lost_fee)
		VALUES (nullif($1, ''), nullif($2, ''), nullif($3, ''), $4, $5, $6, $7, $8, $9, $10, $11, $12)
		ON CONFLICT (branch, category, item_type) DO UPDATE SET loan_days = excluded.loan_days, renewals = excluded.renewals, loan_limit = excluded.loan_limit,
			renew_from = excluded.renew_from, hold_limit = excluded.hold_limit, fine_per_day = excluded.fine_per_day, grace_days = excluded.grace_days,
			fine_cap = excluded.fine_cap, lost_fee = excluded.lost_fee`,
		r.Branch, r.Category, r.ItemType, r.LoanDays, r.Renewals, r.LoanLimit, string(r.RenewFrom), r.HoldLimit, r.FinePerDay, r.GraceDays, r.FineCap, r.LostFee)
}

// SaveCategoryLimits sets what members of a category may have in all.
func (s *Store) SaveCategoryLimits(ctx context.Context, category string, c borrowing.CategoryLimits) error {
	return s.exec(ctx, "the limits of a category", `INSERT INTO borrowing.category_limits (category, loan_total, hold_total, charges_limit) VALUES ($1, $2, $3, $4)
		ON CONFLICT (category) DO UPDATE SET loan_total = excluded.loan_total, hold_total = excluded.hold_total, charges_limit = excluded.charges_limit`,
		category, c.LoanTotal, c.HoldTotal, c.ChargesLimit)
}

// SaveHours replaces the weekly hours of a branch.
func (s *Store) SaveHours(ctx context.Context, branch string, hours []borrowing.Opening, check func(*borrowing.Policy) error) error {
	return s.calendar(ctx, check, func(batch *pgx.Batch) {
		batch.Queue(`DELETE FROM borrowing.opening_hours WHERE branch = $1`, branch)
		for _, h := range hours {
			batch.Queue(`INSERT INTO borrowing.opening_hours (branch, weekday, opens, closes) VALUES ($1, $2, $3::text::time, $4::text::time)`, branch, h.Weekday, h.Opens, h.Closes)
		}
	})
}

// SaveClosures replaces all closures.
func (s *Store) SaveClosures(ctx context.Context, closures []borrowing.Closure, check func(*borrowing.Policy) error) error {
	return s.calendar(ctx, check, func(batch *pgx.Batch) {
		batch.Queue(`DELETE FROM borrowing.closures`)
		for _, c := range closures {
			batch.Queue(`INSERT INTO borrowing.closures (branch, first_day, last_day, reason) VALUES (nullif($1, ''), $2, $3, $4)`,
				c.Branch, c.First.Midnight(), c.Last.Midnight(), c.Reason)
		}
	})
}

// calendar changes the calendar and has the whole of it checked before it holds.
func (s *Store) calendar(ctx context.Context, check func(*borrowing.Policy) error, change func(*pgx.Batch)) error {
	return s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		var batch pgx.Batch
		change(&batch)
		if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
			return fmt.Errorf("save the calendar: %w", err)
		}
		p, err := readPolicy(ctx, tx)
		if err != nil {
			return err
		}
		return check(p)
	})
}

// KeepStandings stores the standing of members that have an account.
func (s *Store) KeepStandings(ctx context.Context, standings map[int64]borrowing.Standing) error {
	var batch pgx.Batch
	for _, id := range slices.Sorted(maps.Keys(standings)) { // in the order in which accounts are locked
		st := standings[id]
		var expires *time.Time
		if st.ExpiresOn != nil {
			midnight := st.ExpiresOn.Midnight()
			expires = &midnight
		}
		batch.Queue(`UPDATE borrowing.accounts SET category = $2, expires_on = $3, blocked = $4, keeps_history = $5
			WHERE member_id = $1`, id, st.Category, expires, st.Blocked, st.KeepsHistory)
	}
	return s.db.InPgxTx(ctx, func(tx pgx.Tx) error { return tx.SendBatch(ctx, &batch).Close() })
}
