package postgres

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/borrowing"
	"bookvault/platform/ledger"
)

// linked are the loans and holds that are over and still name their member, though nothing is owed for them any more. It takes $1 the
// instant, $2 the day and $3 the day for lost ones of borrowing.Forgetting; the first verb narrows loans, the second holds. A filled
// hold is the loan's own past: it is forgotten once that is.
const linked = `
	SELECT l.borrower_ref, l.member_id FROM borrowing.loans l
	WHERE l.status = 'closed' AND l.member_id IS NOT NULL %[1]s
	  AND (l.returned_on <= $2 AND (l.closed_at <= $1 OR l.returned_on < $2) OR l.returned_on IS NULL AND l.closed_at <= $1 AND (l.lost_on IS NULL OR l.lost_on < $3))
	  AND NOT EXISTS (SELECT FROM borrowing.charge_subjects s JOIN borrowing.open_charges o ON o.charge_id = s.charge_id WHERE s.borrower_ref = l.borrower_ref)
	UNION ALL
	SELECT h.borrower_ref, h.member_id FROM borrowing.holds h
	WHERE h.closed_at <= $1 AND h.member_id IS NOT NULL %[2]s
	  AND ($4::bigint <> 0 OR NOT EXISTS (SELECT FROM borrowing.items i WHERE i.slip_hold = h.id)) -- it can still be fetched late, but by nobody who is deleted
	  AND (h.status <> 'filled' OR NOT EXISTS (SELECT FROM borrowing.loans l WHERE l.member_id IS NOT NULL
		AND l.explanation #>> '{before,hold_id}' IS NOT NULL AND (l.explanation #>> '{before,hold_id}')::bigint = h.id))`

const (
	noHistorian = ` AND NOT EXISTS (SELECT FROM borrowing.accounts a WHERE a.member_id = %[1]s.member_id AND a.keeps_history)`
	ofMember    = ` AND %[1]s.member_id = $4`
	ofRefs      = ` AND %[1]s.borrower_ref = ANY($5::text[]::uuid[])`
)

// linkedBy narrows linked to what a Forgetting asks for. $4 is the member, or nobody.
func linkedBy(f borrowing.Forgetting, more string) (query string, args []any) {
	narrow := noHistorian + ` AND $4::bigint = 0`
	if f.MemberID != 0 {
		narrow = ofMember
		f = whateverIsOver(f)
	}
	narrow += more
	return fmt.Sprintf(linked, fmt.Sprintf(narrow, "l"), fmt.Sprintf(narrow, "h")), []any{f.Until, f.Day.Midnight(), f.Lost.Midnight(), f.MemberID}
}

func whateverIsOver(f borrowing.Forgetting) borrowing.Forgetting {
	f.Until = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
	f.Day = borrowing.DateOf(f.Until, time.UTC)
	f.Lost = f.Day
	return f
}

// Forgettable lists links that have served their time, from the primary.
func (s *Store) Forgettable(ctx context.Context, f borrowing.Forgetting) ([]borrowing.Link, error) {
	query, args := linkedBy(f, "")
	rows, err := s.db.Pool().Query(ctx, query+` LIMIT $5`, append(args, f.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("look for what is to be forgotten: %w", err)
	}
	links, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l borrowing.Link, err error) {
		return l, row.Scan((*ref)(&l.Ref), &l.MemberID)
	})
	if err != nil {
		return nil, fmt.Errorf("look for what is to be forgotten: %w", err)
	}
	return links, nil
}

// Forget locks the members first, as every command does, so that nothing is charged to a loan while it is forgotten.
func (s *Store) Forget(ctx context.Context, f borrowing.Forgetting, links []borrowing.Link) (forgotten int, err error) {
	if len(links) == 0 {
		return 0, nil
	}
	refs, members := make([]borrowing.Ref, len(links)), make([]int64, len(links))
	for i, l := range links {
		refs[i], members[i] = l.Ref, l.MemberID
	}
	query, args := linkedBy(f, ofRefs)
	err = s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT FROM borrowing.accounts WHERE member_id = ANY($1) ORDER BY member_id FOR NO KEY UPDATE`, members); err != nil {
			return err
		}
		gone, err := deleted(ctx, tx, `DELETE FROM borrowing.borrower_refs r USING (`+query+`) d
			WHERE r.borrower_ref = d.borrower_ref AND r.member_id = d.member_id RETURNING r.borrower_ref`, append(args, texts(refs))...)
		if err != nil {
			return err
		}
		forgotten = len(gone)
		return forgetWith(ctx, tx, gone)
	})
	if err != nil {
		return 0, fmt.Errorf("forget who borrowed: %w", err)
	}
	return forgotten, nil
}

// forgetWith removes what else speaks of loans and holds whose mapping is being deleted: what charges were for, and kept answers.
func forgetWith(ctx context.Context, tx pgx.Tx, refs []borrowing.Ref) error {
	charges, err := deleted(ctx, tx, `DELETE FROM borrowing.charge_subjects WHERE borrower_ref = ANY($1::text[]::uuid[]) RETURNING charge_ref`, texts(refs))
	if err != nil {
		return err
	}
	return forgetAnswers(ctx, tx, append(charges, refs...))
}

func forgetAnswers(ctx context.Context, tx pgx.Tx, refs []borrowing.Ref) error {
	_, err := tx.Exec(ctx, `UPDATE borrowing.idempotency_keys SET answer = NULL, borrower_refs = '{}'
		WHERE borrower_refs && $1::text[]::uuid[] AND borrower_refs <> '{}'`, texts(refs))
	return err
}

func takeRef(row pgx.CollectableRow) (r borrowing.Ref, err error) { return r, row.Scan((*ref)(&r)) }

// deleted carries out a deletion and gives the refs that it returns.
func deleted(ctx context.Context, tx pgx.Tx, query string, args ...any) ([]borrowing.Ref, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, takeRef)
}

// ForgetCharges cuts charges that were made by hand from the ledger. What the desk wrote as their note stays on the account.
func (s *Store) ForgetCharges(ctx context.Context, f borrowing.Forgetting) (forgotten int, err error) {
	narrow := fmt.Sprintf(noHistorian, "c") + ` AND $3::bigint = 0`
	if f.MemberID != 0 {
		f, narrow = whateverIsOver(f), ` AND c.member_id = $3`
	}
	err = s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		gone, err := deleted(ctx, tx, `DELETE FROM borrowing.charge_subjects WHERE charge_id IN (
			SELECT s.charge_id FROM borrowing.charge_subjects s JOIN borrowing.account_entries c ON c.id = s.charge_id
			WHERE s.borrower_ref IS NULL`+narrow+` AND NOT EXISTS (SELECT FROM borrowing.open_charges o WHERE o.charge_id = s.charge_id)
			  AND NOT EXISTS (SELECT FROM borrowing.account_entries e WHERE e.charge_id = s.charge_id AND e.day >= $1)
			LIMIT $2) RETURNING charge_ref`, f.Day.Midnight(), f.Limit, f.MemberID)
		if err != nil {
			return err
		}
		forgotten = len(gone)
		return forgetAnswers(ctx, tx, gone)
	})
	if err != nil {
		return 0, fmt.Errorf("forget what charges were for: %w", err)
	}
	return forgotten, nil
}

// ForgetAccount deletes a member's row, unless something open hangs on it. One that is closed stays, and says nothing else.
func (s *Store) ForgetAccount(ctx context.Context, memberID int64) error {
	return s.exec(ctx, "a deletion", `DELETE FROM borrowing.accounts a WHERE member_id = $1 AND NOT closed
		AND NOT EXISTS (SELECT FROM borrowing.borrower_refs r WHERE r.member_id = a.member_id)`, memberID)
}

// Historians lists members who were last heard to keep a history.
func (s *Store) Historians(ctx context.Context, after int64, limit int) ([]int64, error) {
	rows, err := s.db.Pool().Query(ctx, `SELECT member_id FROM borrowing.accounts WHERE keeps_history AND member_id > $1 ORDER BY member_id LIMIT $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list who keeps a history: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowTo[int64])
	if err != nil {
		return nil, fmt.Errorf("list who keeps a history: %w", err)
	}
	return found, nil
}

// ForgetMessages deletes delivered messages of the outbox.
func (s *Store) ForgetMessages(ctx context.Context, limit int) (int, error) {
	n, err := ledger.NewOutbox(Schema, "").Purge(ctx, s.db.Pool(), limit)
	if err != nil {
		return 0, fmt.Errorf("purge the outbox: %w", err)
	}
	return int(n), nil
}

// ForgetKeys deletes old Idempotency-Keys.
func (s *Store) ForgetKeys(ctx context.Context, before time.Time, limit int) (deleted int, err error) {
	err = s.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		tag, err := tx.Exec(ctx, `DELETE FROM borrowing.idempotency_keys WHERE name IN
			(SELECT name FROM borrowing.idempotency_keys WHERE created_at <= $1 ORDER BY created_at LIMIT $2)`, before, limit)
		deleted = int(tag.RowsAffected())
		return err
	})
	return deleted, err
}

// Kept counts in one statement.
func (s *Store) Kept(ctx context.Context) (k borrowing.Kept, err error) {
	var oldest *time.Time
	err = s.db.Pool().QueryRow(ctx, `SELECT
		(SELECT count(*) FROM borrowing.borrower_refs),
		(SELECT count(*) FROM borrowing.loans WHERE status = 'closed' AND member_id IS NOT NULL)
			+ (SELECT count(*) FROM borrowing.holds WHERE closed_at IS NOT NULL AND member_id IS NOT NULL),
		(SELECT min(returned_on) FROM borrowing.loans WHERE status = 'closed' AND member_id IS NOT NULL),
		(SELECT count(*) FROM borrowing.idempotency_keys WHERE answer IS NOT NULL),
		(SELECT count(*) FROM borrowing.accounts WHERE keeps_history),
		(SELECT count(*) FROM borrowing.outbox)`).Scan(&k.Links, &k.Closed, &oldest, &k.Answers, &k.Historians, &k.Messages)
	if err != nil {
		return k, fmt.Errorf("count what is kept: %w", err)
	}
	if oldest != nil {
		day := borrowing.DateOf(*oldest, time.UTC)
		k.Oldest = &day
	}
	return k, nil
}

// texts writes refs as a parameter that is cast to uuid[].
func texts(refs []borrowing.Ref) []string {
	list := make([]string, len(refs))
	for i, r := range refs {
		list[i] = r.String()
	}
	return list
}

// arrayOf writes refs as one text that is cast to uuid[].
func arrayOf(refs []borrowing.Ref) string { return "{" + strings.Join(texts(refs), ",") + "}" }
