package postgres

import (
	"slices"
	"time"

	"bookvault/modules/borrowing"
)

func (l loader) account(id int64, standing borrowing.Standing) {
	l.sc.Accounts[id] = &borrowing.Account{MemberID: id, Standing: standing, ByType: map[string]int{}, Books: map[int64]int{}, Owed: map[string]int64{}}
}

type accountRow struct {
	MemberID int64 `db:"member_id"`
	Closed   bool  `db:"closed"`
	Version  int32 `db:"member_version"`
}

type countRow struct {
	MemberID int64   `db:"member_id"`
	ItemType string  `db:"item_type"`
	Loans    int     `db:"loans"`
	Books    []int64 `db:"books"`
}

// accounts locks the members. Those whose standing is known are made, or refreshed, by the same statement: ON CONFLICT DO UPDATE
// locks a row also where its WHERE finds nothing to update.
func (l loader) accounts(scope borrowing.Scope) {
	var ids []int64
	known := scope.Members
	for _, id := range scope.Closing {
		known = append(known[:len(known):len(known)], borrowing.Member{ID: id, Version: borrowing.LastVersion}) // nothing is kept of the standing of who goes
	}
	if len(known) > 0 && len(scope.Accounts) > 0 { // two statements follow: all of them in the order of their ids first
		all := slices.Clone(scope.Accounts)
		for _, m := range known {
			all = append(all, m.ID)
		}
		l.Queue(`SELECT FROM borrowing.accounts WHERE member_id = ANY($1) ORDER BY member_id FOR NO KEY UPDATE`, all)
	}
	if n := len(known); n > 0 {
		sorted := slices.SortedFunc(slices.Values(known), func(a, b borrowing.Member) int { return int(min(1, max(-1, a.ID-b.ID))) })
		categories, expires, blocked, keeps, versions := make([]string, n), make([]*time.Time, n), make([]bool, n), make([]bool, n), make([]int32, n)
		for i, m := range sorted {
			standing := borrowing.StandingOf(m)
			ids, categories[i], blocked[i], keeps[i], versions[i] = append(ids, m.ID), standing.Category, standing.Blocked, standing.KeepsHistory, standing.Version
			if standing.ExpiresOn != nil {
				midnight := standing.ExpiresOn.Midnight()
				expires[i] = &midnight
			}
			l.account(m.ID, standing)
		}
		l.Queue(`INSERT INTO borrowing.accounts AS a (member_id, category, expires_on, blocked, keeps_history, member_version)
			SELECT * FROM unnest($1::bigint[], $2::text[], $3::date[], $4::boolean[], $5::boolean[], $6::integer[]) ON CONFLICT (member_id) DO UPDATE
			SET category = excluded.category, expires_on = excluded.expires_on, blocked = excluded.blocked, keeps_history = excluded.keeps_history,
				member_version = excluded.member_version
			WHERE a.member_version <= excluded.member_version AND (a.category, a.expires_on, a.blocked, a.keeps_history, a.member_version)
				IS DISTINCT FROM (excluded.category, excluded.expires_on, excluded.blocked, excluded.keeps_history, excluded.member_version)`,
			ids, categories, expires, blocked, keeps, versions)
	}
	if len(scope.Accounts) > 0 {
		for _, id := range scope.Accounts {
			l.account(id, borrowing.Standing{})
		}
		l.Queue(`SELECT FROM borrowing.accounts WHERE member_id = ANY($1) ORDER BY member_id FOR NO KEY UPDATE`, scope.Accounts)
		ids = append(ids, scope.Accounts...)
	}
	if len(ids) == 0 {
		return
	}
	each(l, `SELECT member_id, closed, member_version FROM borrowing.accounts WHERE member_id = ANY($1)`, func(r accountRow) {
		a := l.sc.Accounts[r.MemberID]
		a.Closed, a.Version = r.Closed, r.Version
	}, ids)
	books := scope.Books
	if books == nil {
		books = []int64{}
	}
	each(l, `SELECT member_id, item_type, count(*) AS loans, coalesce(array_agg(book_id) FILTER (WHERE book_id = ANY($2)), '{}') AS books
		FROM borrowing.loans WHERE member_id = ANY($1) AND status = 'open' GROUP BY member_id, item_type`, func(r countRow) {
		a := l.sc.Accounts[r.MemberID]
		a.ByType[r.ItemType] = r.Loans
		for _, book := range r.Books {
			a.Books[book]++
		}
	}, ids, books)
	each(l, `SELECT member_id, currency, sum(outstanding)::bigint AS owed FROM borrowing.open_charges WHERE member_id = ANY($1) GROUP BY member_id, currency`,
		func(r owedRow) { l.sc.Accounts[r.MemberID].Owed[r.Currency] = r.Owed }, ids)
	if len(scope.Members) > 0 {
		each(l, lateLoans, func(r lateRow) {
			a := l.sc.Accounts[r.MemberID]
			a.Late = append(a.Late, r.lateness())
		}, ids, l.sc.Today.Midnight())
	}
}
