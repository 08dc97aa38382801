package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/borrowing"
	"bookvault/platform/database"
)

// lifetimes is how often each copy of the bench's library is lent: one event when it comes, and five each time.
const lifetimes = 8

// longLife is how many events the one copy has that is older than all others.
const longLife = 1000

// ledgerPlan is a library whose ledger has about as many events as are asked for.
type ledgerPlan struct {
	items, members int
	began          time.Time
}

func planLedger(events int) ledgerPlan {
	items := max(events/(1+5*lifetimes), 10)
	return ledgerPlan{items: items, members: max(items/10, 1), began: time.Date(2020, 1, 6, 8, 0, 0, 0, time.UTC)}
}

// fillAtOnce is how many copies one transaction writes the events of.
const fillAtOnce = 20_000

// filling inserts an event for each copy i; of columns are stream, version, type, data and actor.
func filling(columns, condition string) string {
	return `INSERT INTO borrowing.events (stream, version, type, data, actor, at) SELECT ` + columns + `, @at FROM generate_series(@first::int, @last::int) i WHERE ` + condition
}

// What a library is filled with, in the order in which it would come about: each line is one event of each copy, part is in which
// third of the loan's life it happens.
var fillings = []struct {
	part  int
	query string
}{
	{0, filling(`'item/' || i, 1, 'ItemAdded', jsonb_build_object('book_id', (1 + i / 3) * 1024, 'barcode', 'B' || i, 'branch', 'main', 'item_type', 'book',
		'loanable', true, 'status', 'available'), 'system'`, `@round::int = 0`)},
	{0, filling(`'item/' || i, 2 * @round::int + 2, 'ItemMoved', jsonb_build_object('book_id', (1 + i / 3) * 1024, 'barcode', 'B' || i, 'from', 'available', 'to', 'checked_out',
		'branch', 'main', 'because', 'loan/' || (@round::int * @items::int + i)), 'staff/7'`, `true`)},
	{0, filling(`'loan/' || (@round::int * @items::int + i), 1, 'LoanOpened', jsonb_build_object('book_id', (1 + i / 3) * 1024, 'item_id', i, 'barcode', 'B' || i,
		'item_type', 'book', 'borrower_ref', md5((@round::int * @items::int + i)::text)::uuid, 'branch', 'main', 'channel', 'desk', 'due_on', @due_on::text, 'due_at', @due_at::text,
		'terms', @terms::jsonb, 'explanation', jsonb_build_object('due', @due::jsonb, 'before',
			jsonb_build_object('status', 'available', 'branch', 'main', 'item_version', 2 * @round::int + 2))), 'staff/7'`, `true`)},
	{1, filling(`'loan/' || (@round::int * @items::int + i), 2, 'LoanRenewed', jsonb_build_object('book_id', (1 + i / 3) * 1024, 'from', @due_on::text, 'due_on', @next_on::text,
		'due_at', @next_at::text, 'renewals', 1, 'explanation', @next::jsonb), 'borrower'`, `true`)},
	{2, filling(`'loan/' || (@round::int * @items::int + i), 3, 'LoanClosed', jsonb_build_object('book_id', (1 + i / 3) * 1024, 'item_id', i, 'branch', 'main',
		'returned_on', @returned_on::text), 'staff/7'`, `@round::int < @rounds::int - 1 OR i % 2 = 0`)},
	{2, filling(`'item/' || i, 2 * @round::int + 3, 'ItemMoved', jsonb_build_object('book_id', (1 + i / 3) * 1024, 'barcode', 'B' || i, 'from', 'checked_out', 'to', 'available',
		'branch', 'main', 'because', 'loan/' || (@round::int * @items::int + i)), 'staff/7'`, `@round::int < @rounds::int - 1 OR i % 2 = 0`)},
}

// The rows that follow from it. Half of the loans of the last round are open.
var filledRows = []string{
	`INSERT INTO borrowing.titles (book_id) SELECT (1 + n) * 1024 FROM generate_series(0, @items::int / 3) n`,
	`INSERT INTO borrowing.items (id, barcode, book_id, home_branch, current_branch, item_type, loanable, status, created_at, version)
		SELECT i, 'B' || i, (1 + i / 3) * 1024, 'main', 'main', 'book', true, CASE WHEN i % 2 = 0 THEN 'available' ELSE 'checked_out' END, @began, 2 * @rounds::int + (i + 1) % 2
		FROM generate_series(1, @items::int) i`,
	`INSERT INTO borrowing.borrower_refs SELECT md5(l::text)::uuid, 1 + l % @members::int FROM generate_series(1, @items::int * @rounds::int) l`,
	`INSERT INTO borrowing.loans (id, borrower_ref, member_id, item_id, book_id, item_type, branch, channel, status, opened_at, due_on, due_at, renewals, collected_at,
			closed_at, returned_on, closed_by, terms, explanation, version)
		SELECT l, md5(l::text)::uuid, 1 + l % @members::int, i, (1 + i / 3) * 1024, 'book', 'main', 'desk', CASE WHEN open THEN 'open' ELSE 'closed' END, opened, opened::date + 42,
			(opened::date + 43)::timestamptz - interval '1 second', 1, opened, CASE WHEN NOT open THEN opened + interval '40 days' END,
			CASE WHEN NOT open THEN opened::date + 40 END, CASE WHEN NOT open THEN 'check_in' END, @terms::jsonb,
			jsonb_build_object('due', @next::jsonb, 'before', jsonb_build_object('status', 'available', 'branch', 'main', 'item_version', 2 * round + 2)), CASE WHEN open THEN 2 ELSE 3 END
		FROM (SELECT l, (l - 1) % @items::int + 1 AS i, (l - 1) / @items::int AS round, @began::timestamptz + interval '60 days' * ((l - 1) / @items::int) AS opened,
				(l - 1) / @items::int = @rounds::int - 1 AND ((l - 1) % @items::int + 1) % 2 = 1 AS open
			FROM generate_series(1, @items::int * @rounds::int) l) x`,
	// One copy that has been here longer than all others.
	`INSERT INTO borrowing.events (stream, version, type, data, actor, at) SELECT 'item/' || (@items::int + 1), v, CASE v WHEN 1 THEN 'ItemAdded' ELSE 'ItemMoved' END,
		jsonb_build_object('book_id', 1024, 'barcode', 'OLD', 'branch', 'main', 'item_type', 'book', 'loanable', true, 'status', 'available', 'from', 'available', 'to', 'available')
		|| CASE WHEN v % 64 <> 0 THEN '{}' ELSE jsonb_build_object('state', jsonb_build_object('id', @items::int + 1, 'barcode', 'OLD', 'book_id', 1024, 'home_branch', 'main',
			'current_branch', 'main', 'item_type', 'book', 'loanable', true, 'status', 'available', 'created_at', @began::timestamptz + interval '9 hours', 'version', v)) END,
		'system', @began::timestamptz + interval '9 hours' * v FROM generate_series(1, @long::int) v`,
	`INSERT INTO borrowing.items (id, barcode, book_id, home_branch, current_branch, item_type, loanable, status, created_at, version)
		VALUES (@items::int + 1, 'OLD', 1024, 'main', 'main', 'book', true, 'available', @began::timestamptz + interval '9 hours', @long::int)`,
	`UPDATE borrowing.titles t SET items = i.items, available = i.available FROM (SELECT book_id, count(*) AS items, count(*) FILTER (WHERE status = 'available') AS available
		FROM borrowing.items GROUP BY book_id) i WHERE i.book_id = t.book_id`,
	`ANALYZE borrowing.events, borrowing.loans, borrowing.items, borrowing.titles`,
}

// fill writes the ledger in the order in which it would have come about, so that the events of a stream lie as far apart as in a real
// one, and then the rows that follow from it. It gives how many events there are.
func (p ledgerPlan) fill(ctx context.Context, db *database.DB) (events int64, err error) {
	day := func(days int) borrowing.Date { return borrowing.DateOf(p.began.AddDate(0, 0, days), time.UTC) }
	end := func(days int) string { return (day(days) + 1).Midnight().Add(-time.Second).Format(time.RFC3339) }
	due := func(days int) string {
		raw, err := json.Marshal(borrowing.Due{RuleID: 1, Rules: 1, Asked: borrowing.RuleKey{Branch: "main", Category: "adult", ItemType: "book"}, CountedFrom: day(days - 21),
			Days: 21, Reached: day(days), TimeZone: "UTC", On: day(days), At: (day(days) + 1).Midnight().Add(-time.Second)})
		if err != nil {
			panic(err) // it holds nothing that is no JSON
		}
		return string(raw)
	}
	terms, err := json.Marshal(borrowing.Terms{LoanDays: 21, Renewals: 2, LoanLimit: 10, RenewFrom: borrowing.RenewFromDue, HoldLimit: 10, Currency: "VND"})
	if err != nil {
		return 0, err
	}
	args := pgx.NamedArgs{"items": p.items, "members": p.members, "rounds": lifetimes, "long": longLife, "began": p.began, "terms": string(terms), "due": due(21), "next": due(42)}
	for round := range lifetimes {
		args["round"] = round
		args["due_on"], args["due_at"] = day(60*round+21).String(), end(60*round+21)
		args["next_on"], args["next_at"], args["returned_on"] = day(60*round+42).String(), end(60*round+42), day(60*round+40).String()
		for _, f := range fillings {
			args["at"] = p.began.AddDate(0, 0, 60*round+20*f.part)
			for first := 1; first <= p.items; first += fillAtOnce {
				args["first"], args["last"] = first, min(first+fillAtOnce-1, p.items)
				if err := inBulk(ctx, db, f.query, args); err != nil {
					return 0, fmt.Errorf("fill round %d: %w", round, err)
				}
			}
		}
	}
	for _, query := range filledRows {
		if err := inBulk(ctx, db, query, args); err != nil {
			return 0, fmt.Errorf("fill the tables: %w", err)
		}
	}
	err = db.Pool().QueryRow(ctx, `SELECT count(*) FROM borrowing.events`).Scan(&events)
	return events, err
}

// inBulk runs a statement without waiting for the disk, and without a limit of time.
func inBulk(ctx context.Context, db *database.DB, query string, args pgx.NamedArgs) error {
	return db.InPgxTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `SELECT set_config('statement_timeout', '0', true), set_config('synchronous_commit', 'off', true), set_config('timezone', 'UTC', true)`); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, query, args)
		return err
	})
}
