package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/bench/harness"
)

const circulationClients = 64

// rate: check-outs over HTTP with full rules, ledger, outbox and keys, against pgbench writing the same rows, a transaction each.
func (b *circulationBench) rate() error {
	yardstick, err := b.checkOutsAlone()
	if err != nil {
		return err
	}
	if _, err := b.lendFor(b.seconds / 2); err != nil { // warm
		return err
	}
	var ours, theirs, p50, p99 []float64
	for i := range b.rounds {
		for turn := range 2 {
			if (turn+i)%2 == 0 {
				r, err := b.lendFor(b.seconds)
				if err != nil {
					return err
				}
				ours, p50, p99 = append(ours, r.PerSecond()), append(p50, r.Percentile(50)), append(p99, r.Percentile(99))
				continue
			}
			tps, err := yardstick(b.seconds)
			if err != nil {
				return err
			}
			theirs = append(theirs, tps)
		}
	}
	ratios := harness.Ratios(ours, theirs)
	ratio := harness.Median(ratios)
	b.out.Add(harness.Row{Figure: fmt.Sprintf("check-outs, %d clients", circulationClients), Baseline: "pgbench, one transaction each, same rows", Value: harness.Median(ours), Unit: "check-outs/s",
		Ratio: ratio, Spread: harness.Spread(ratios), Goal: ">= 5", Holds: ratio >= 5})
	b.out.Add(harness.Row{Figure: "pgbench beside it", Value: harness.Median(theirs), Unit: "transactions/s"})
	b.out.Add(harness.Row{Figure: "a check-out among them, p50", Value: harness.Median(p50), Unit: "ms"})
	b.out.Add(harness.Row{Figure: "a check-out among them, p99", Value: harness.Median(p99), Unit: "ms"})
	commands, err := b.library.Home.Metric(b.ctx, "bookvault_group_commit_commands_sum")
	if err != nil {
		return err
	}
	transactions, err := b.library.Home.Metric(b.ctx, "bookvault_group_commit_commands_count")
	if err == nil && transactions > 0 {
		b.out.Add(harness.Row{Figure: "commands of one transaction, mean", Value: commands / transactions, Unit: "commands"})
	}
	return err
}

// lendFor lends copies for a time, each client its next when its last was answered.
func (b *circulationBench) lendFor(d time.Duration) (harness.Result, error) {
	home := b.library.Home
	var none error
	r, err := harness.Load{Address: home.Address, Clients: circulationClients, For: d, Seed: 1, Next: func(r *rand.Rand) []byte {
		barcode, _, err := b.copy()
		if err != nil {
			none = err
		}
		return b.checkOut(home.Address, b.cards[r.IntN(len(b.cards))], barcode)
	}}.Run(b.ctx)
	if none != nil {
		return r, none
	}
	return r, err
}

// yardstickTables are copies, with their indexes and without the rules that the originals keep, so that nothing follows what pgbench writes.
const yardstickTables = `DROP SCHEMA IF EXISTS yardstick CASCADE;
	CREATE SCHEMA yardstick;
	CREATE TABLE yardstick.items (LIKE borrowing.items INCLUDING ALL);
	CREATE TABLE yardstick.titles (LIKE borrowing.titles INCLUDING ALL);
	CREATE TABLE yardstick.accounts (LIKE borrowing.accounts INCLUDING ALL);
	CREATE TABLE yardstick.loans (LIKE borrowing.loans INCLUDING ALL);
	CREATE TABLE yardstick.borrower_refs (LIKE borrowing.borrower_refs INCLUDING ALL);
	CREATE TABLE yardstick.events (LIKE borrowing.events INCLUDING ALL);
	CREATE TABLE yardstick.outbox (LIKE borrowing.outbox INCLUDING ALL);
	CREATE TABLE yardstick.idempotency_keys (LIKE borrowing.idempotency_keys INCLUDING ALL);
	CREATE SEQUENCE yardstick.next_item;
	CREATE SEQUENCE yardstick.loan_ids;
	INSERT INTO yardstick.items SELECT * FROM borrowing.items;
	INSERT INTO yardstick.titles SELECT * FROM borrowing.titles;
	INSERT INTO yardstick.accounts (member_id, category, blocked) SELECT id, category, false FROM members.members;
	CREATE TABLE yardstick.free AS SELECT row_number() OVER (ORDER BY hashint8(id), id) AS nth, id, book_id FROM yardstick.items WHERE status = 'available' AND loanable;
	ALTER TABLE yardstick.free ADD PRIMARY KEY (nth);
	CREATE TABLE yardstick.people AS SELECT row_number() OVER () AS nth, member_id FROM yardstick.accounts;
	ALTER TABLE yardstick.people ADD PRIMARY KEY (nth)`

// yardstickScript is one check-out as plain SQL: the same locks, and the same rows written.
const yardstickScript = `\set who random(1, :people)
SELECT nextval('yardstick.next_item') AS nth, nextval('yardstick.loan_ids') AS loan, gen_random_uuid() AS ref \gset
SELECT id AS item, book_id AS book FROM yardstick.free WHERE nth = :nth \gset
SELECT member_id AS member FROM yardstick.people WHERE nth = :who \gset
BEGIN;
SELECT category FROM yardstick.accounts WHERE member_id = :member FOR NO KEY UPDATE;
SELECT version FROM yardstick.titles WHERE book_id = :book FOR NO KEY UPDATE;
SELECT version FROM yardstick.items WHERE id = :item FOR NO KEY UPDATE;
INSERT INTO yardstick.borrower_refs (borrower_ref, member_id) VALUES (:ref::text::uuid, :member::bigint);
INSERT INTO yardstick.loans (SELECT (jsonb_populate_record(NULL::yardstick.loans, sample.loan || jsonb_build_object('id', :loan::bigint, 'borrower_ref', :ref::text, 'member_id', :member::bigint, 'item_id', :item::bigint, 'book_id', :book::bigint))).* FROM yardstick.sample);
UPDATE yardstick.items SET status = 'checked_out', version = version + 1 WHERE id = :item;
UPDATE yardstick.titles SET available = available - 1, version = version + 1 WHERE book_id = :book;
INSERT INTO yardstick.events (stream, version, type, data, actor, at, reason, request_id) SELECT 'loan/' || :loan::bigint, 1, 'LoanOpened', opened, 'staff/1', now(), '', :ref::text FROM yardstick.sample;
INSERT INTO yardstick.events (stream, version, type, data, actor, at, reason, request_id) SELECT 'item/' || :item::bigint, 1000 + :loan::int, 'ItemMoved', moved, 'staff/1', now(), '', :ref::text FROM yardstick.sample;
INSERT INTO yardstick.outbox (topic, key, data, at) SELECT 'LoanOpened', 'loan/' || :loan::bigint, opened, now() FROM yardstick.sample;
INSERT INTO yardstick.outbox (topic, key, data, at) SELECT 'ItemMoved', 'item/' || :item::bigint, moved, now() FROM yardstick.sample;
INSERT INTO yardstick.idempotency_keys (name, body_hash, status, answer, borrower_refs, created_at) SELECT sha256(:ref::text::bytea), sha256(:ref::text::bytea), 201, answer, ARRAY[:ref::text::uuid], now() FROM yardstick.sample;
COMMIT;
`

// checkOutsAlone makes the yardstick: tables of its own in the same database.
func (b *circulationBench) checkOutsAlone() (func(time.Duration) (float64, error), error) {
	barcode, _, err := b.copy()
	if err != nil {
		return nil, err
	}
	if err := b.ask(b.checkOut(b.library.Home.Address, b.cards[0], barcode)); err != nil { // a loan to take after
		return nil, err
	}
	conn, err := pgx.Connect(b.ctx, b.library.Primary)
	if err != nil {
		return nil, err
	}
	defer conn.Close(b.ctx)
	if _, err := conn.Exec(b.ctx, yardstickTables); err != nil {
		return nil, fmt.Errorf("make the yardstick's tables: %w", err)
	}
	_, err = conn.Exec(b.ctx, `CREATE TABLE yardstick.sample AS SELECT to_jsonb(l) AS loan, e.data AS opened, m.data AS moved, k.answer
		FROM borrowing.loans l JOIN borrowing.events e ON e.stream = 'loan/' || l.id AND e.version = 1
			JOIN borrowing.events m ON m.stream = 'item/' || l.item_id AND m.data->>'because' = 'loan/' || l.id
			JOIN borrowing.idempotency_keys k ON k.borrower_refs = ARRAY[l.borrower_ref] ORDER BY l.id DESC LIMIT 1`)
	if err != nil {
		return nil, fmt.Errorf("take a loan as a sample: %w", err)
	}
	if _, err := conn.Exec(b.ctx, `ANALYZE yardstick.free, yardstick.people, yardstick.items, yardstick.titles, yardstick.sample; CHECKPOINT`); err != nil && !strings.Contains(err.Error(), "permission") && !strings.Contains(err.Error(), "checkpoint") {
		return nil, err
	}
	var people int
	if err := conn.QueryRow(b.ctx, `SELECT count(*) FROM yardstick.people`).Scan(&people); err != nil {
		return nil, err
	}
	return b.pgbench("checkout", yardstickScript, circulationClients, "people="+strconv.Itoa(people))
}

// ask sends one request and insists on a success.
func (b *circulationBench) ask(request []byte) error {
	_, err := b.tell(b.ctx, b.library.Home.Address, request)
	return err
}

// tell sends one request on a connection of its own.
func (b *circulationBench) tell(ctx context.Context, address string, request []byte) ([]byte, error) {
	conn, err := harness.Dial(ctx, address, "Etag")
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	status, _, body, err := conn.Ask(request)
	if err == nil && status > 299 {
		err = fmt.Errorf("answered %d: %s", status, body)
	}
	return body, err
}
