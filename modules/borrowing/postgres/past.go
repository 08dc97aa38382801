package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/borrowing"
	"bookvault/platform/ledger"
)

// The past is read from the primary: its answers are small, and a replica would have to be waited for to know that it has all of it.

// HistoriesAt makes streams as they were at an instant, in one statement for all of them.
func (s *Store) HistoriesAt(ctx context.Context, streams []string, at time.Time) (map[string]*borrowing.History, error) {
	made := make(map[string]*borrowing.History, len(streams))
	if len(streams) == 0 {
		return made, nil
	}
	events, err := s.ledger.ReadAt(ctx, s.db.Pool(), streams, at)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		h := made[e.Stream]
		if h == nil {
			h = &borrowing.History{}
			made[e.Stream] = h
		}
		if err := h.Apply(e); err != nil {
			return nil, fmt.Errorf("read the past: %w", err)
		}
	}
	return made, nil
}

// BarcodesAt reads the newest event of each copy, which names its barcode.
func (s *Store) BarcodesAt(ctx context.Context, items []int64, at time.Time) (map[int64]string, error) {
	barcodes := make(map[int64]string, len(items))
	if len(items) == 0 {
		return barcodes, nil
	}
	rows, err := s.db.Pool().Query(ctx, `SELECT i.id, e.barcode FROM unnest($1::bigint[]) AS i (id) CROSS JOIN LATERAL
		(SELECT data ->> 'barcode' AS barcode FROM borrowing.events
			WHERE stream = 'item/' || i.id AND version > 0 AND at <= $2 ORDER BY version DESC LIMIT 1) e`, items, at)
	if err != nil {
		return nil, fmt.Errorf("read the barcodes of then: %w", err)
	}
	var id int64
	var barcode string
	_, err = pgx.ForEachRow(rows, []any{&id, &barcode}, func() error {
		barcodes[id] = barcode
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the barcodes of then: %w", err)
	}
	return barcodes, nil
}

// NewestAt gives the newest event of a stream at an instant.
func (s *Store) NewestAt(ctx context.Context, stream string, at time.Time) (e ledger.Event, found bool, err error) {
	rows, err := s.db.Pool().Query(ctx, `SELECT `+ledger.Columns+` FROM borrowing.events WHERE stream = $1 AND at <= $2 ORDER BY version DESC LIMIT 1`, stream, at)
	if err != nil {
		return e, false, fmt.Errorf("read the newest of %s: %w", stream, err)
	}
	events, err := pgx.CollectRows(rows, ledger.ScanEvent)
	if err != nil || len(events) == 0 {
		return e, false, err
	}
	return events[0], true, nil
}

// told are the entries of a member's account ($1) that were made at an instant ($2), which is on a day ($3). The nth entry about a
// charge is the nth event of its stream.
const told = `WITH entries AS (
		SELECT e.*, s.charge_ref, row_number() OVER (PARTITION BY e.charge_id ORDER BY e.id) AS nth
		FROM borrowing.account_entries c JOIN borrowing.account_entries e ON e.charge_id = c.id
			LEFT JOIN borrowing.charge_subjects s ON s.charge_id = c.id
		WHERE c.member_id = $1 AND c.kind = 'charge'),
	told AS (
		SELECT e.* FROM entries e LEFT JOIN borrowing.events v ON v.stream = 'charge/' || e.charge_ref AND v.version = e.nth
		WHERE coalesce(v.at <= $2, e.day <= $3)) `

// AccountAt gives a member's account as it was.
func (s *Store) AccountAt(ctx context.Context, f borrowing.ChargeFilter, at time.Time, day borrowing.Date) (owed map[string]int64, list []borrowing.Charge, err error) {
	owed = map[string]int64{}
	where := ""
	if f.Open {
		where = ` AND t.outstanding > 0`
	}
	var batch pgx.Batch
	batch.Queue(told+`SELECT currency, sum(CASE kind WHEN 'charge' THEN amount WHEN 'refund' THEN 0 ELSE -amount END)::bigint FROM told GROUP BY currency`,
		f.MemberID, at, day.Midnight()).Query(func(rows pgx.Rows) error {
		var currency string
		var sum int64
		_, err := pgx.ForEachRow(rows, []any{&currency, &sum}, func() error {
			owed[currency] = sum
			return nil
		})
		return err
	})
	batch.Queue(told+`SELECT c.id, c.member_id, c.charge_kind, c.amount, c.currency, c.reason, c.day, s.charge_ref, s.loan_id, s.item_id, s.book_id, s.borrower_ref, i.barcode,
			t.paid, t.waived, t.voided, t.refunded, t.version
		FROM told c LEFT JOIN borrowing.charge_subjects s ON s.charge_id = c.id LEFT JOIN borrowing.items i ON i.id = s.item_id
		JOIN (SELECT charge_id, coalesce(sum(amount) FILTER (WHERE kind = 'payment'), 0)::bigint AS paid, coalesce(sum(amount) FILTER (WHERE kind = 'waiver'), 0)::bigint AS waived,
				coalesce(sum(amount) FILTER (WHERE kind = 'void'), 0)::bigint AS voided, coalesce(sum(amount) FILTER (WHERE kind = 'refund'), 0)::bigint AS refunded,
				count(*) AS version, sum(CASE kind WHEN 'charge' THEN amount WHEN 'refund' THEN 0 ELSE -amount END) AS outstanding
			FROM told GROUP BY charge_id) t ON t.charge_id = c.id
		WHERE c.kind = 'charge' AND ($4 = 0 OR c.id < $4)`+where+` ORDER BY c.id DESC LIMIT $5`,
		f.MemberID, at, day.Midnight(), f.Before, f.Limit).Query(func(rows pgx.Rows) error {
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[chargeRow])
		for _, r := range found {
			list = append(list, r.charge())
		}
		return err
	})
	if err := s.db.Pool().SendBatch(ctx, &batch).Close(); err != nil {
		return nil, nil, fmt.Errorf("read an account of then: %w", err)
	}
	return owed, list, s.entriesAt(ctx, f, at, day, list)
}

// entriesAt adds the entries of then to charges.
func (s *Store) entriesAt(ctx context.Context, f borrowing.ChargeFilter, at time.Time, day borrowing.Date, list []borrowing.Charge) error {
	if len(list) == 0 {
		return nil
	}
	place, asked := map[int64]int{}, make([]int64, len(list))
	for i, c := range list {
		place[c.ID], asked[i] = i, c.ID
	}
	rows, err := s.db.Pool().Query(ctx, told+`SELECT id, member_id, charge_id, kind, charge_kind, amount, currency, method, reason, actor, day FROM told
		WHERE charge_id = ANY($4) ORDER BY charge_id, id`, f.MemberID, at, day.Midnight(), asked)
	if err != nil {
		return fmt.Errorf("read the entries of then: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[entryRow])
	if err != nil {
		return fmt.Errorf("read the entries of then: %w", err)
	}
	for _, e := range found {
		c := &list[place[e.ChargeID]]
		c.Entries = append(c.Entries, e.entry())
	}
	return nil
}

// Trail lists events by the time at which they were recorded.
func (s *Store) Trail(ctx context.Context, f borrowing.TrailFilter) ([]ledger.Event, error) {
	query, args := `SELECT `+ledger.Columns+` FROM borrowing.events WHERE true`, []any{}
	narrow := func(condition string, value any) {
		args = append(args, value)
		query += fmt.Sprintf(" AND "+condition, len(args))
	}
	if f.Stream != "" {
		narrow(`stream = $%d`, f.Stream)
	}
	if f.Type != "" {
		narrow(`type = $%d`, f.Type)
	}
	if f.Actor != "" {
		narrow(`actor = $%d`, f.Actor)
	}
	if !f.Since.IsZero() {
		narrow(`at >= $%d`, f.Since)
	}
	if !f.Until.IsZero() {
		narrow(`at < $%d`, f.Until)
	}
	if !f.Before.At.IsZero() {
		args = append(args, f.Before.At, f.Before.Position)
		query += fmt.Sprintf(` AND (at, position) < ($%d, $%d)`, len(args)-1, len(args))
	}
	args = append(args, f.Limit)
	rows, err := s.db.Pool().Query(ctx, query+fmt.Sprintf(` ORDER BY at DESC, position DESC LIMIT $%d`, len(args)), args...)
	if err != nil {
		return nil, fmt.Errorf("read the audit trail: %w", err)
	}
	events, err := pgx.CollectRows(rows, ledger.ScanEvent)
	if err != nil {
		return nil, fmt.Errorf("read the audit trail: %w", err)
	}
	return events, nil
}
