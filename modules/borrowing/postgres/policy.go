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
	'editions', (SELECT coalesce(jsonb_object_agg(stream, version), '{}') FROM (SELECT stream, max(version) AS version FROM borrowing.events
		WHERE stream IN ('rules', 'calendar', 'branches', 'item_types') GROUP BY stream) e),
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

// KeepStandings stores the standing of members that have an account, unless a later one is there.
func (s *Store) KeepStandings(ctx context.Context, standings map[int64]borrowing.Standing) error {
	return s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		var batch pgx.Batch
		for _, id := range slices.Sorted(maps.Keys(standings)) { // in the order in which accounts are locked
			st := standings[id]
			var expires *time.Time
			if st.ExpiresOn != nil {
				midnight := st.ExpiresOn.Midnight()
				expires = &midnight
			}
			batch.Queue(`UPDATE borrowing.accounts SET category = $2, expires_on = $3, blocked = $4, keeps_history = $5, member_version = $6
				WHERE member_id = $1 AND member_version <= $6`, id, st.Category, expires, st.Blocked, st.KeepsHistory, st.Version)
		}
		return tx.SendBatch(ctx, &batch).Close()
	})
}
