package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/bench/harness"
	"bookvault/modules/borrowing"
	"bookvault/platform/database"
	"bookvault/platform/ledger"
)

// lendingRounds are rounds of check-outs, with a ledger and without one.
type lendingRounds struct {
	rounds, workers int
	each            time.Duration
}

// costOfEvents lends in turn with a ledger and with plain rows, at each distance.
func costOfEvents(ctx context.Context, server *server, r lendingRounds, at []distance, f *harness.Figures) error {
	db, dsn, err := server.fresh(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	copies := max(int(r.each.Seconds()*3000)*(r.rounds+1), 10_000)
	sourced, err := newCheckOuts(ctx, db, "borrowing", copies)
	if err != nil {
		return err
	}
	plain, err := newCheckOuts(ctx, db, "plain", copies)
	if err != nil {
		return err
	}
	for _, d := range at {
		fmt.Fprintln(os.Stderr, "measuring what events cost at", d.name, "…")
		if err := r.compare(ctx, dsn, d, plain, sourced, f); err != nil {
			return fmt.Errorf("at %s: %w", d.name, err)
		}
	}
	return nil
}

// compare lends from as far away.
func (r lendingRounds) compare(ctx context.Context, dsn string, d distance, plain, sourced *checkOuts, f *harness.Figures) error {
	way := far{distance: d}
	defer way.close()
	address, err := way.postgres(dsn)
	if err != nil {
		return err
	}
	db, err := database.Open(ctx, database.Settings{Primary: address})
	if err != nil {
		return err
	}
	defer db.Close()
	plain.db, sourced.db = db, db
	for _, c := range []*checkOuts{plain, sourced} { // to warm up
		if _, err := c.run(ctx, r.workers, r.each/2); err != nil {
			return err
		}
	}
	var without, with []float64
	for round := range r.rounds {
		order := []*checkOuts{plain, sourced}
		if round%2 == 1 {
			order[0], order[1] = order[1], order[0]
		}
		for _, c := range order {
			rate, err := c.run(ctx, r.workers, r.each)
			if err != nil {
				return err
			}
			if c == plain {
				without = append(without, 1/rate)
			} else {
				with = append(with, 1/rate)
			}
		}
	}
	ratios := harness.Ratios(with, without)
	cost := harness.Median(ratios)
	f.Add(harness.Row{Figure: fmt.Sprintf("a check-out with its events and outbox, %d desks", r.workers), Distance: d.name, Baseline: "with plain rows alone", Value: harness.Median(with) * 1000 * float64(r.workers),
		Unit: "ms", Ratio: cost, Spread: harness.Spread(ratios), Goal: fmt.Sprintf("<= %.2f x", costGoal), Holds: cost <= costGoal})
	return nil
}

// plainTables are those that a check-out reads and writes, beside the ledger.
var plainTables = []string{"accounts", "titles", "items", "borrower_refs", "loans", "holds", "open_charges", "idempotency_keys"}

// checkOuts is a desk in SQL: the statements of a check-out as the store sends them, in two batches of one transaction, in a schema of
// plain rows, or in that of the ledger with the two events of a loan and their outbox rows.
type checkOuts struct {
	db     *database.DB
	items  int
	ledger *ledger.Ledger // nil: plain rows
	next   atomic.Int64   // number of the loan, over all workers
	schema string
}

// newCheckOuts makes a schema of the bench's own for plain rows, and fills the library of either with free copies.
func newCheckOuts(ctx context.Context, db *database.DB, schema string, items int) (*checkOuts, error) {
	c := &checkOuts{db: db, items: items, schema: schema}
	statements := []string{}
	if schema == "borrowing" {
		c.ledger = ledger.New(schema)
	} else {
		statements = append(statements, `CREATE SCHEMA `+schema, `CREATE SEQUENCE `+schema+`.loans_id_seq`)
		for _, table := range plainTables {
			statements = append(statements, fmt.Sprintf(`CREATE TABLE %s.%s (LIKE borrowing.%s INCLUDING ALL)`, schema, table, table))
		}
		statements = append(statements, `ALTER TABLE @s.loans ADD FOREIGN KEY (borrower_ref, member_id) REFERENCES @s.borrower_refs, ADD FOREIGN KEY (item_id) REFERENCES @s.items,
			ADD FOREIGN KEY (branch) REFERENCES borrowing.branches`, `ALTER TABLE @s.items ADD FOREIGN KEY (book_id) REFERENCES @s.titles,
			ADD FOREIGN KEY (home_branch) REFERENCES borrowing.branches, ADD FOREIGN KEY (current_branch) REFERENCES borrowing.branches, ADD FOREIGN KEY (item_type) REFERENCES borrowing.item_types`)
	}
	statements = append(statements, fmt.Sprintf(`INSERT INTO @s.titles (book_id, items, available) SELECT n * 1024, 2, 2 FROM generate_series(1, %d / 2 + 1) n`, items),
		fmt.Sprintf(`INSERT INTO @s.items (id, barcode, book_id, home_branch, current_branch, item_type, loanable, status, created_at)
			SELECT n, 'C' || n, (1 + n / 2) * 1024, 'main', 'main', 'book', true, 'available', now() FROM generate_series(1, %d) n`, items),
		fmt.Sprintf(`INSERT INTO @s.accounts (member_id, category) SELECT n, 'adult' FROM generate_series(1, %d / 4 + 1) n`, items))
	if c.ledger != nil {
		statements = append(statements, fmt.Sprintf(`INSERT INTO borrowing.events (stream, version, type, data, actor, at)
			SELECT 'item/' || n, 1, 'ItemAdded', '{}', 'system', now() FROM generate_series(1, %d) n`, items))
	}
	statements = append(statements, `ANALYZE`)
	for _, s := range statements {
		if _, err := db.Pool().Exec(ctx, strings.ReplaceAll(s, "@s", schema)); err != nil {
			return nil, fmt.Errorf("prepare %s: %w", schema, err)
		}
	}
	return c, nil
}

func (c *checkOuts) sql(query string) string { return strings.ReplaceAll(query, "@s", c.schema) }

// run lends copies with some workers for a time, and gives check-outs a second.
func (c *checkOuts) run(ctx context.Context, workers int, d time.Duration) (perSecond float64, err error) {
	begun := time.Now()
	var done atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, workers)
	for w := range workers {
		wg.Go(func() {
			for time.Since(begun) < d && ctx.Err() == nil {
				n := c.next.Add(1)
				if n > int64(c.items) {
					errs[w] = fmt.Errorf("no free copies are left: have fewer rounds, or shorter ones")
					return
				}
				if errs[w] = c.lend(ctx, n); errs[w] != nil {
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return float64(done.Load()) / time.Since(begun).Seconds(), ctx.Err()
}

// lend is one check-out of the nth copy, in the two round trips and with the statements that the store has for it.
func (c *checkOuts) lend(ctx context.Context, n int64) error {
	book, member, now := (1+n/2)*1024, 1+rand.Int64N(int64(c.items)/4), time.Now().UTC().Truncate(time.Microsecond)
	key := sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(n)))
	return c.db.InPgxTx(ctx, func(tx pgx.Tx) error {
		var load pgx.Batch
		var loan int64
		load.Queue(`SELECT pg_try_advisory_xact_lock($1)`, int64(binary.BigEndian.Uint64(key[:])))
		load.Queue(c.sql(`SELECT body_hash, status, answer, created_at FROM @s.idempotency_keys WHERE name = $1`), key[:])
		load.Queue(c.sql(`INSERT INTO @s.accounts AS a (member_id, category) VALUES ($1, 'adult') ON CONFLICT (member_id) DO UPDATE SET category = excluded.category
			WHERE a.category IS DISTINCT FROM excluded.category`), member)
		load.Queue(c.sql(`SELECT item_type, count(*) FROM @s.loans WHERE member_id = $1 AND status = 'open' GROUP BY item_type`), member)
		load.Queue(c.sql(`SELECT currency, sum(outstanding) FROM @s.open_charges WHERE member_id = $1 GROUP BY currency`), member)
		load.Queue(c.sql(`SELECT book_id, items, available, holds, closed, version FROM @s.titles WHERE book_id = $1 FOR NO KEY UPDATE`), book)
		load.Queue(c.sql(`SELECT * FROM @s.items WHERE id = $1 FOR NO KEY UPDATE`), n)
		load.Queue(c.sql(`SELECT id FROM @s.loans WHERE item_id = $1 AND status = 'open'`), n)
		load.Queue(c.sql(`SELECT * FROM @s.holds WHERE book_id = $1 AND status IN ('waiting', 'in_transit', 'ready') ORDER BY place`), book)
		load.Queue(c.sql(`SELECT nextval('@s.loans_id_seq')`)).QueryRow(func(row pgx.Row) error { return row.Scan(&loan) })
		load.Queue(`SELECT version FROM borrowing.policy_version`)
		if err := tx.SendBatch(ctx, &load).Close(); err != nil {
			return err
		}
		ref, stream := borrowing.NewRef(), fmt.Sprintf("loan/%d", loan)
		const explanation = `{"due": {"rule": {}, "inputs": {"branch": "main", "category": "adult", "item_type": "book"}, "rule_id": 1, "rules_version": 1, "counted_from": "2026-03-02",
			"days": 21, "reached": "2026-03-23", "time_zone": "Europe/Berlin", "due_on": "2026-03-23", "due_at": "2026-03-23T22:59:59Z"}, "before": {"status": "available", "branch": "main", "item_version": 2}}`
		const terms = `{"loan_days": 21, "renewals": 2, "loan_limit": 10, "renew_from": "due_date", "hold_limit": 10, "fine_per_day": 0, "grace_days": 0, "fine_cap": 0, "lost_fee": 0, "currency": "VND"}`
		var save pgx.Batch
		save.Queue(c.sql(`UPDATE @s.titles SET available = available - 1, version = version + 1 WHERE book_id = $1`), book)
		save.Queue(c.sql(`UPDATE @s.items SET status = 'checked_out', version = version + 1 WHERE id = $1`), n)
		save.Queue(c.sql(`INSERT INTO @s.borrower_refs VALUES ($1::text::uuid, $2)`), ref.String(), member)
		save.Queue(c.sql(`INSERT INTO @s.loans (id, borrower_ref, member_id, item_id, book_id, item_type, branch, channel, status, opened_at, due_on, due_at, collected_at, terms, explanation)
			VALUES ($1, $2::text::uuid, $3, $4, $5, 'book', 'main', 'desk', 'open', $6, $6::timestamptz::date + 21, $6, $6, $7::text::jsonb, $8::text::jsonb)`), loan, ref.String(), member, n, book, now, terms, explanation)
		if c.ledger != nil {
			c.ledger.Queue(&save, []ledger.Event{
				{Stream: fmt.Sprintf("item/%d", n), Version: 2, Type: borrowing.EventItemMoved, Actor: "staff/7", At: now, RequestID: "01HQ3K5T7V9X",
					Data: fmt.Appendf(nil, `{"book_id": %d, "barcode": "C%d", "from": "available", "to": "checked_out", "branch": "main", "because": "%s"}`, book, n, stream)},
				{Stream: stream, Version: 1, Type: borrowing.EventLoanOpened, Actor: "staff/7", At: now, RequestID: "01HQ3K5T7V9X",
					Data: fmt.Appendf(nil, `{"book_id": %d, "item_id": %d, "barcode": "C%d", "item_type": "book", "borrower_ref": "%s", "branch": "main", "channel": "desk",
						"due_on": "2026-03-23", "due_at": "2026-03-23T22:59:59Z", "terms": %s, "explanation": %s}`, book, n, n, ref, terms, explanation)},
			})
		}
		save.Queue(c.sql(`INSERT INTO @s.idempotency_keys (name, body_hash, status, answer, borrower_refs, created_at) VALUES ($1, $1, 201, $2, ARRAY[$3::text::uuid], $4)`),
			key[:], make([]byte, 600), ref.String(), now)
		return tx.SendBatch(ctx, &save).Close()
	})
}
