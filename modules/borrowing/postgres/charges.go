package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/borrowing"
	"bookvault/platform/database"
)

// charges loads the charges asked for, the open ones of whoever pays, and those of copies that were lost and may come back. They
// are protected by the locks of their members.
func (l loader) charges(scope borrowing.Scope) {
	takeCharge := func(r chargeRow) {
		c := r.charge()
		l.sc.Charges[c.ID] = &c
	}
	if len(scope.Charges) > 0 {
		each(l, charges+`c.id = ANY($1) AND c.kind = 'charge'`, takeCharge, scope.Charges)
	}
	if len(scope.Payers) > 0 {
		each(l, charges+`c.id IN (SELECT charge_id FROM borrowing.open_charges WHERE member_id = ANY($1))`, takeCharge, scope.Payers)
	}
	if len(scope.Items) > 0 {
		each(l, charges+`c.id IN (SELECT s.charge_id FROM borrowing.loans l JOIN borrowing.charge_subjects s ON s.loan_id = l.id
			WHERE l.item_id = ANY($1) AND l.lost_on IS NOT NULL AND l.returned_on IS NULL)`, takeCharge, scope.Items)
	}
}

// accounts writes entries; triggers keep what is outstanding.
func (w *writer) accounts(c *borrowing.Changes) {
	var entries []entryRow
	for _, e := range c.Entries {
		entries = append(entries, rowOfEntry(e))
	}
	var subjects []subjectRow
	for _, c := range c.Charges {
		subjects = append(subjects, rowOfSubject(c))
	}
	rows(w, `INSERT INTO borrowing.account_entries (id, member_id, charge_id, kind, charge_kind, amount, currency, method, reason, actor, day)
		SELECT coalesce(id, nextval('borrowing.account_entries_id_seq')), member_id, charge_id, kind, charge_kind, amount, currency, method, reason, actor, day
		FROM jsonb_to_recordset($1::jsonb) AS v (id bigint, member_id bigint, charge_id bigint, kind text, charge_kind text, amount bigint, currency text, method text,
			reason text, actor text, day date)`, entries)
	rows(w, `INSERT INTO borrowing.charge_subjects (charge_id, charge_ref, loan_id, item_id, book_id, borrower_ref)
		SELECT charge_id, charge_ref, loan_id, item_id, book_id, borrower_ref FROM jsonb_to_recordset($1::jsonb) AS v (charge_id bigint, charge_ref uuid, loan_id bigint,
			item_id bigint, book_id bigint, borrower_ref uuid)`, subjects)
}

// ChargedTo gives the member of a charge.
func (s *Store) ChargedTo(ctx context.Context, chargeID int64) (memberID int64, err error) {
	err = s.db.Read(database.Primary(ctx)).Raw(`SELECT member_id FROM borrowing.account_entries WHERE id = ? AND kind = 'charge'`, chargeID).Take(&memberID).Error
	return memberID, reading("charge", err)
}

// Charges lists a member's charges, newest first. Accounts are read on the primary: whoever pays looks at once.
func (s *Store) Charges(ctx context.Context, f borrowing.ChargeFilter) ([]borrowing.Charge, error) {
	where, args := `c.member_id = ? AND c.kind = 'charge'`, []any{f.MemberID}
	if f.Open {
		where = `c.id IN (SELECT charge_id FROM borrowing.open_charges WHERE member_id = ?) AND c.kind = 'charge'`
	}
	if f.Before != 0 {
		where, args = where+" AND c.id < ?", append(args, f.Before)
	}
	primary := s.db.Read(database.Primary(ctx))
	var found []chargeRow
	if err := primary.Raw(charges+where+` ORDER BY c.id DESC LIMIT ?`, append(args, f.Limit)...).Find(&found).Error; err != nil {
		return nil, reading("charges", err)
	}
	list, at, asked := make([]borrowing.Charge, len(found)), map[int64]int{}, make(ids, len(found))
	for i, r := range found {
		list[i], at[r.ID], asked[i] = r.charge(), i, r.ID
	}
	var entries []entryRow
	err := primary.Raw(`SELECT id, member_id, charge_id, kind, charge_kind, amount, currency, method, reason, actor, day FROM borrowing.account_entries
		WHERE charge_id = ANY(?::bigint[]) ORDER BY charge_id, id`, asked).Find(&entries).Error
	for _, e := range entries {
		c := &list[at[e.ChargeID]]
		c.Entries = append(c.Entries, e.entry())
	}
	return list, reading("entries of charges", err)
}

// Owed gives what a member owes, and what still grows.
func (s *Store) Owed(ctx context.Context, memberID int64, today borrowing.Date) (map[string]int64, []borrowing.Lateness, error) {
	owed, late := map[string]int64{}, []borrowing.Lateness(nil)
	var batch pgx.Batch
	batch.Queue(`SELECT currency, sum(outstanding)::bigint FROM borrowing.open_charges WHERE member_id = $1 GROUP BY currency`, memberID).Query(func(rows pgx.Rows) error {
		var currency string
		var sum int64
		_, err := pgx.ForEachRow(rows, []any{&currency, &sum}, func() error {
			owed[currency] = sum
			return nil
		})
		return err
	})
	batch.Queue(lateLoans, []int64{memberID}, today.Midnight()).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[lateRow])
		for _, r := range found {
			late = append(late, r.lateness())
		}
		return err
	})
	if err := s.db.Pool().SendBatch(ctx, &batch).Close(); err != nil {
		return nil, nil, fmt.Errorf("read what a member owes: %w", err)
	}
	return owed, late, nil
}

// OverdueSince lists open loans that were due before a day.
func (s *Store) OverdueSince(ctx context.Context, day borrowing.Date, limit int) ([]borrowing.Overdue, error) {
	var found []struct{ ID, MemberID, BookID, ItemID int64 }
	err := s.db.Read(database.Primary(ctx)).Raw(`SELECT id, member_id, book_id, item_id FROM borrowing.loans
		WHERE status = 'open' AND due_on < ? AND lost_on IS NULL AND claimed_on IS NULL AND collected_at IS NOT NULL ORDER BY due_on, id LIMIT ?`, day.Midnight(), limit).Find(&found).Error
	list := make([]borrowing.Overdue, len(found))
	for i, r := range found {
		list[i] = borrowing.Overdue{LoanID: r.ID, MemberID: r.MemberID, BookID: r.BookID, ItemID: r.ItemID}
	}
	return list, reading("overdue loans", err)
}
