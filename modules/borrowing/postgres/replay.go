package postgres

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/borrowing"
	"bookvault/platform/ledger"
)

// Replayed counts what a replay built from the ledger and held against the tables.
type Replayed struct {
	Items, Loans, Holds, Charges int64 // built from their streams, each compared with its row
	Titles, Accounts             int64 // rows whose counts and sums were made anew
	Forgotten                    int64 // streams of charges whose names were forgotten with who borrowed: no row leads to them
}

// replayPage is how many events are in memory at a time, with what was built of them.
const replayPage = 5000

// Replay builds every projection from nothing, out of the ledger alone, and holds it against the tables: copies, loans, holds and
// charges from their streams, field by field; the counts of titles and what is outstanding from those; the library's order. What
// differs is added to a report. It works in a snapshot, in which ledger and tables are of one instant, so the desk stays open; and page
// by page, so that memory does not grow with the ledger.
func (s *Store) Replay(ctx context.Context, report *ledger.Report, progress ledger.Progress) (done Replayed, err error) {
	err = ledger.InSnapshot(ctx, s.db.Pool(), func(tx pgx.Tx) (err error) {
		done, err = s.ReplayIn(ctx, tx, report, progress)
		return err
	})
	return done, err
}

// ReplayIn is Replay in a transaction of the caller's.
func (s *Store) ReplayIn(ctx context.Context, tx pgx.Tx, report *ledger.Report, progress ledger.Progress) (Replayed, error) {
	r := &replay{store: s, tx: tx, report: report, closed: map[int64]bool{}}
	err := r.streams(ctx, progress)
	if err == nil {
		// What follows reads whole tables: the planner may do that as it likes.
		_, err = tx.Exec(ctx, `SELECT set_config('enable_sort', 'on', true), set_config('enable_seqscan', 'on', true)`)
	}
	if err == nil {
		err = r.derived(ctx)
	}
	if err != nil {
		err = fmt.Errorf("replay the ledger: %w", err)
	}
	return r.done, err
}

type replay struct {
	store  *Store
	tx     pgx.Tx
	report *ledger.Report
	done   Replayed

	order  borrowing.PolicyHistory
	closed map[int64]bool // titles that were closed or merged: few

	items, loans, holds map[int64]*borrowing.History // built, and not compared yet
	charges             map[string]*borrowing.History
}

func (r *replay) fresh() {
	r.items, r.loans, r.holds = map[int64]*borrowing.History{}, map[int64]*borrowing.History{}, map[int64]*borrowing.History{}
	r.charges = map[string]*borrowing.History{}
}

// streams builds page after page. The stream that a page ends in goes on in the next one.
func (r *replay) streams(ctx context.Context, progress ledger.Progress) error {
	r.fresh()
	var at *borrowing.History
	stream, version, broken := "", -1, ""
	for {
		page, err := r.store.ledger.Page(ctx, r.tx, stream, version, replayPage)
		if err != nil {
			return err
		}
		for _, e := range page {
			if at == nil || e.Stream != at.Stream {
				r.put(at)
				at = &borrowing.History{Stream: e.Stream}
				r.report.Streams++
			}
			stream, version = e.Stream, e.Version
			r.report.Events++
			progress.Say(r.report.Events)
			if e.Stream == broken {
				continue
			}
			err := at.Apply(e)
			if err == nil {
				err = r.order.Apply(e)
			}
			if err != nil { // said once; its row is not compared
				broken = e.Stream
				r.report.Find(ledger.Finding{Stream: e.Stream, Version: e.Version, Position: e.Position, Problem: "cannot be replayed: " + err.Error()})
				*at = borrowing.History{Stream: e.Stream}
			}
		}
		if len(page) < replayPage {
			r.put(at)
			return r.compare(ctx)
		}
		if err := r.compare(ctx); err != nil {
			return err
		}
	}
}

// put keeps a stream that was read to its end until its row is read.
func (r *replay) put(h *borrowing.History) {
	switch {
	case h == nil:
	case h.Item != nil:
		r.items[h.Item.ID] = h
	case h.Loan != nil:
		r.loans[h.Loan.ID] = h
	case h.Hold != nil:
		r.holds[h.Hold.ID] = h
	case h.Charge != nil:
		_, name, _ := strings.Cut(h.Stream, "/")
		r.charges[name] = h
	case h.Closed:
		_, name, _ := strings.Cut(h.Stream, "/")
		if id, err := strconv.ParseInt(name, 10, 64); err == nil {
			r.closed[id] = true
		}
	}
}

// compare reads the rows of what was built, and lets go of it.
func (r *replay) compare(ctx context.Context) error {
	defer r.fresh()
	err := rowsOf(ctx, r, r.items, `SELECT `+itemColumns+` FROM borrowing.items WHERE id = ANY($1)`, &r.done.Items, func(row itemRow) (int64, any) {
		it := row.item()
		return it.ID, &it
	})
	if err == nil {
		err = rowsOf(ctx, r, r.loans, loansOfItems+` WHERE l.id = ANY($1)`, &r.done.Loans, func(row loanRow) (int64, any) {
			l := row.loan()
			return l.ID, &l
		})
	}
	if err == nil {
		err = rowsOf(ctx, r, r.holds, `SELECT `+holdColumns+` FROM borrowing.holds h WHERE h.id = ANY($1)`, &r.done.Holds, func(row holdRow) (int64, any) {
			h := row.hold()
			return h.ID, &h
		})
	}
	if err != nil {
		return err
	}
	for _, h := range []map[int64]*borrowing.History{r.items, r.loans, r.holds} {
		for _, missing := range h {
			r.report.Find(ledger.Finding{Stream: missing.Stream, Version: missing.Version, Problem: "the ledger tells of it, and the table does not have it"})
		}
	}
	err = rowsOf(ctx, r, r.charges, charges+`s.charge_ref = ANY($1::text[]::uuid[]) AND c.kind = 'charge'`, &r.done.Charges, func(row chargeRow) (string, any) {
		c := row.charge()
		return c.Ref.String(), &c
	})
	r.done.Forgotten += int64(len(r.charges))
	return err
}

// rowsOf compares the rows of a kind with what was built, and takes those that have one out of the set.
func rowsOf[K comparable, R any](ctx context.Context, r *replay, built map[K]*borrowing.History, query string, count *int64, domain func(R) (K, any)) error {
	if len(built) == 0 {
		return nil
	}
	keys := make([]K, 0, len(built))
	for k := range built {
		keys = append(keys, k)
	}
	rows, err := r.tx.Query(ctx, query, keys)
	if err != nil {
		return err
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByName[R])
	if err != nil {
		return err
	}
	for _, row := range found {
		key, has := domain(row)
		h := built[key]
		if h == nil {
			continue
		}
		delete(built, key)
		*count++
		if fields := h.Differs(has); len(fields) > 0 {
			r.report.Find(ledger.Finding{Stream: h.Stream, Version: h.Version, Problem: "its row differs from what the ledger makes of it, in " + strings.Join(fields, ", ")})
		}
	}
	return nil
}

// Rows that no stream tells of.
var untold = map[string]string{
	"item":  `SELECT id FROM borrowing.items r WHERE NOT EXISTS (SELECT FROM borrowing.events e WHERE e.stream = 'item/' || r.id AND e.version = 1) ORDER BY id LIMIT 1000`,
	"loan":  `SELECT id FROM borrowing.loans r WHERE NOT EXISTS (SELECT FROM borrowing.events e WHERE e.stream = 'loan/' || r.id AND e.version = 1) ORDER BY id LIMIT 1000`,
	"hold":  `SELECT id FROM borrowing.holds r WHERE NOT EXISTS (SELECT FROM borrowing.events e WHERE e.stream = 'hold/' || r.id AND e.version = 1) ORDER BY id LIMIT 1000`,
	"title": `SELECT book_id FROM borrowing.titles WHERE closed AND book_id <> ALL($1) ORDER BY book_id LIMIT 1000`,
	"charge": `SELECT charge_id FROM borrowing.charge_subjects s
		WHERE NOT EXISTS (SELECT FROM borrowing.events e WHERE e.stream = 'charge/' || s.charge_ref AND e.version = 1) ORDER BY charge_id LIMIT 1000`,
}

// Rows whose counts or sums do not follow from rows that were compared with the ledger.
var underived = map[string]string{
	"the counts of the title are not those of its copies and holds": `SELECT t.book_id FROM borrowing.titles t
		LEFT JOIN (SELECT book_id, count(*) FILTER (WHERE status <> 'withdrawn') AS items, count(*) FILTER (WHERE status = 'available' AND loanable) AS available
			FROM borrowing.items GROUP BY book_id) i ON i.book_id = t.book_id
		LEFT JOIN (SELECT book_id, count(*) AS holds FROM borrowing.holds WHERE status IN ('waiting', 'in_transit', 'ready') GROUP BY book_id) h ON h.book_id = t.book_id
		WHERE (t.items, t.available, t.holds) <> (coalesce(i.items, 0), coalesce(i.available, 0), coalesce(h.holds, 0)) LIMIT 1000`,
	"the title was closed, and is open": `SELECT book_id FROM borrowing.titles WHERE book_id = ANY($1) AND NOT closed LIMIT 1000`,
	"what is outstanding for the charge is not what its entries leave": `SELECT e.charge_id FROM (SELECT charge_id, sum(CASE kind WHEN 'charge' THEN amount
			WHEN 'refund' THEN 0 ELSE -amount END) AS owed FROM borrowing.account_entries GROUP BY charge_id) e
		LEFT JOIN borrowing.open_charges o ON o.charge_id = e.charge_id WHERE e.owed <> coalesce(o.outstanding, 0) OR o.outstanding = 0 LIMIT 1000`,
}

// derived looks for rows without a stream, and makes counts and sums anew from rows that were compared.
func (r *replay) derived(ctx context.Context) error {
	closed := make([]int64, 0, len(r.closed))
	for id := range r.closed {
		closed = append(closed, id)
	}
	look := func(query string, say func(id int64)) error {
		args := []any{}
		if strings.Contains(query, "$1") {
			args = append(args, closed)
		}
		rows, err := r.tx.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, pgx.RowTo[int64])
		for _, id := range found {
			say(id)
		}
		return err
	}
	for kind, query := range untold {
		if err := look(query, func(id int64) {
			r.report.Find(ledger.Finding{Problem: fmt.Sprintf("%s/%d: the table has it, and the ledger does not tell of it", kind, id)})
		}); err != nil {
			return err
		}
	}
	for words, query := range underived {
		if err := look(query, func(id int64) { r.report.Find(ledger.Finding{Problem: fmt.Sprintf("id %d: %s", id, words)}) }); err != nil {
			return err
		}
	}
	if err := r.tx.QueryRow(ctx, `SELECT (SELECT count(*) FROM borrowing.titles), (SELECT count(*) FROM borrowing.account_entries WHERE kind = 'charge')`).
		Scan(&r.done.Titles, &r.done.Accounts); err != nil {
		return err
	}
	policy, err := readPolicy(ctx, r.tx)
	if err != nil {
		return err
	}
	differ, err := r.order.Differs(policy)
	for _, words := range differ {
		r.report.Find(ledger.Finding{Problem: words})
	}
	return err
}
