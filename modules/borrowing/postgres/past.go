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

// told are the entries of a member's account ($1) that were made at an instant ($2), which is on a day ($3), each with what its charge is about. The
// nth entry about a charge is the nth event of its stream.
const told = `SELECT e.id, e.member_id, e.charge_id, e.kind, e.charge_kind, e.amount, e.currency, e.method, e.reason, e.actor, e.day,
		e.charge_ref, e.loan_id, e.item_id, e.book_id, e.borrower_ref
	FROM (SELECT e.*, s.charge_ref, s.loan_id, s.item_id, s.book_id, s.borrower_ref, row_number() OVER (PARTITION BY e.charge_id ORDER BY e.id) AS nth
		FROM borrowing.account_entries c JOIN borrowing.account_entries e ON e.charge_id = c.id LEFT JOIN borrowing.charge_subjects s ON s.charge_id = c.id
		WHERE c.member_id = $1 AND c.kind = 'charge') e
	LEFT JOIN borrowing.events v ON v.stream = 'charge/' || e.charge_ref AND v.version = e.nth
	WHERE coalesce(v.at <= $2, e.day <= $3) ORDER BY e.charge_id DESC, e.id`

// toldRow is an entry of then.
type toldRow struct {
	entryRow
	Ref         *ref   `db:"charge_ref"`
	LoanID      *int64 `db:"loan_id"`
	ItemID      *int64 `db:"item_id"`
	BookID      *int64 `db:"book_id"`
	BorrowerRef *ref   `db:"borrower_ref"`
}

// AccountAt gives a member's account as it was, in one statement: an account is read whole, since what is owed is a sum over all of it.
func (s *Store) AccountAt(ctx context.Context, f borrowing.ChargeFilter, at time.Time, day borrowing.Date) (owed map[string]int64, list []borrowing.Charge, err error) {
	rows, err := s.db.Pool().Query(ctx, told, f.MemberID, at, day.Midnight())
	if err != nil {
		return nil, nil, fmt.Errorf("read an account of then: %w", err)
	}
	defer rows.Close()
	owed = map[string]int64{}
	var c *borrowing.Charge
	keep := func() {
		if c != nil && (f.Before == 0 || c.ID < f.Before) && (!f.Open || c.Outstanding() > 0) && len(list) < f.Limit {
			list = append(list, *c)
		}
		c = nil
	}
	for rows.Next() {
		r, err := pgx.RowToStructByName[toldRow](rows)
		if err != nil {
			return nil, nil, fmt.Errorf("read an account of then: %w", err)
		}
		e := r.entry()
		if e.Kind == borrowing.ChargeEntry {
			keep()
			row := chargeRow{ID: e.ID, MemberID: e.MemberID, Kind: string(e.ChargeKind), Amount: e.Amount, Currency: e.Currency, Note: e.Reason, Day: r.Day,
				Ref: r.Ref, LoanID: r.LoanID, ItemID: r.ItemID, BookID: r.BookID, BorrowerRef: r.BorrowerRef}
			charge := row.charge()
			c = &charge
		}
		if c == nil || c.ID != e.ChargeID {
			continue // the charge itself is younger
		}
		owed[e.Currency] += c.Tally(e.Kind, e.Amount)
		c.Version++
		if len(list) < f.Limit {
			c.Entries = append(c.Entries, e)
		}
	}
	keep()
	if err := rows.Err(); err != nil {
		return nil, nil, fmt.Errorf("read an account of then: %w", err)
	}
	return owed, list, nil
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
