package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/borrowing"
	"bookvault/platform/database"
)

// Save sends one batch with everything that commands changed. Rows go as JSON sets, so that one row and a thousand are written by
// the same statements.
func (t *transaction) Save(ctx context.Context, c *borrowing.Changes, answers []*borrowing.Remembered) error {
	w := writer{Batch: &pgx.Batch{}}
	w.changedRows(c) // first: a loan that ends makes room for one that begins
	w.newRows(c)
	w.order(c)
	w.accounts(c)
	w.notices(c)
	t.store.ledger.Queue(w.Batch, c.Events)
	w.remember(answers)
	if w.err != nil {
		return fmt.Errorf("save what a command changed: %w", w.err)
	}
	if w.Len() == 0 {
		return nil
	}
	if err := t.note(w.Batch, c); err != nil {
		return err
	}
	if err := t.tx.SendBatch(ctx, w.Batch).Close(); err != nil {
		return fmt.Errorf("save what a command changed: %w", asProblem(err))
	}
	return nil
}

// note tells whoever keeps copies of the counts, or of the library's order, that they change, and whoever listens that loans, holds and copies do.
func (t *transaction) note(batch *pgx.Batch, c *borrowing.Changes) error {
	if len(c.Titles) > 0 {
		if err := database.QueueChange(t.tx, batch, borrowing.CountsChanged, slices.Sorted(maps.Keys(c.Titles))...); err != nil {
			return err
		}
	}
	if news := c.News(); len(news) > 0 {
		if err := database.QueueChange(t.tx, batch, borrowing.LiveNews, news...); err != nil {
			return err
		}
	}
	if c.ChangesOrder() {
		return database.QueueChange(t.tx, batch, borrowing.OrderChanged)
	}
	return nil
}

type writer struct {
	*pgx.Batch
	err error
}

// rows queues a statement over a set of rows, which it reads from $1 as jsonb.
func rows[T any](w *writer, query string, set []T) {
	if len(set) == 0 || w.err != nil {
		return
	}
	var raw []byte
	raw, w.err = json.Marshal(set)
	w.Queue(query, string(raw))
}

type refRow struct {
	BorrowerRef ref   `json:"borrower_ref"`
	MemberID    int64 `json:"member_id"`
}

func (w *writer) newRows(c *borrowing.Changes) {
	var refs []refRow
	var items []itemRow
	for _, it := range c.NewItems {
		items = append(items, rowOfItem(it))
	}
	var loans []loanRow
	for _, l := range c.NewLoans {
		loans, refs = append(loans, rowOfLoan(l)), append(refs, refRow{ref(l.Ref), l.MemberID})
	}
	var holds []holdRow
	for _, h := range c.NewHolds {
		holds, refs = append(holds, rowOfHold(h)), append(refs, refRow{ref(h.Ref), h.MemberID})
	}
	rows(w, `INSERT INTO borrowing.borrower_refs (borrower_ref, member_id)
		SELECT borrower_ref, member_id FROM jsonb_to_recordset($1::jsonb) AS v (borrower_ref uuid, member_id bigint)`, refs)
	rows(w, `INSERT INTO borrowing.items (`+itemColumns+`) SELECT `+itemColumns+` FROM jsonb_to_recordset($1::jsonb) AS v (id bigint, barcode text, book_id bigint,
		home_branch text, current_branch text, item_type text, part text, call_number text, location text, price_minor bigint, price_currency text,
		loanable boolean, status text, transit_to text, slip_hold bigint, created_at timestamptz, version integer)`, items)
	rows(w, `INSERT INTO borrowing.loans (id, borrower_ref, member_id, item_id, book_id, item_type, branch, channel, status, opened_at, due_on, due_at, renewals,
			collected_at, terms, explanation, version)
		SELECT id, borrower_ref, member_id, item_id, book_id, item_type, branch, channel, status, opened_at, due_on, due_at, renewals, collected_at, terms, explanation, version
		FROM jsonb_to_recordset($1::jsonb) AS v (id bigint, borrower_ref uuid, member_id bigint, item_id bigint, book_id bigint, item_type text, branch text,
			channel text, status text, opened_at timestamptz, due_on date, due_at timestamptz, renewals integer, collected_at timestamptz, terms jsonb, explanation jsonb, version integer)`, loans)
	rows(w, `INSERT INTO borrowing.holds (id, borrower_ref, member_id, book_id, part, item_id, pickup_branch, status, place, captured_item, suspended_until,
			placed_at, ready_on, expires_on, closed_at, version)
		SELECT id, borrower_ref, member_id, book_id, part, item_id, pickup_branch, status, place, captured_item, suspended_until, placed_at, ready_on, expires_on, closed_at, version
		FROM jsonb_to_recordset($1::jsonb) AS v (id bigint, borrower_ref uuid, member_id bigint, book_id bigint, part text, item_id bigint, pickup_branch text,
			status text, place bigint, captured_item bigint, suspended_until date, placed_at timestamptz, ready_on date, expires_on date, closed_at timestamptz, version integer)`, holds)
}

type countsRow struct {
	BookID    int64 `json:"book_id"`
	Items     int   `json:"items"`
	Available int   `json:"available"`
	Holds     int   `json:"holds"`
	Closed    bool  `json:"closed"`
	Version   int64 `json:"version"`
}

const changedHolds = `UPDATE borrowing.holds t SET book_id = v.book_id, status = v.status, pickup_branch = v.pickup_branch, captured_item = v.captured_item,
		suspended_until = v.suspended_until, ready_on = v.ready_on, expires_on = v.expires_on, closed_at = v.closed_at, version = v.version
	FROM jsonb_to_recordset($1::jsonb) AS v (id bigint, book_id bigint, status text, pickup_branch text, captured_item bigint, suspended_until date,
		ready_on date, expires_on date, closed_at timestamptz, version integer)
	WHERE t.id = v.id`

func (w *writer) changedRows(c *borrowing.Changes) {
	var items []itemRow
	for _, it := range borrowing.Sorted(c.Items) {
		items = append(items, rowOfItem(it))
	}
	var loans []loanRow
	for _, l := range borrowing.Sorted(c.Loans) {
		loans = append(loans, rowOfLoan(l))
	}
	var over, live []holdRow
	for _, h := range borrowing.Sorted(c.Holds) {
		if h.Status.Live() {
			live = append(live, rowOfHold(h))
		} else {
			over = append(over, rowOfHold(h))
		}
	}
	var titles []countsRow
	for _, t := range borrowing.Sorted(c.Titles) {
		titles = append(titles, countsRow{t.BookID, t.Items, t.Available, t.Holds, t.Closed, t.Version})
	}
	rows(w, `UPDATE borrowing.titles t SET items = v.items, available = v.available, holds = v.holds, closed = v.closed, version = v.version
		FROM jsonb_to_recordset($1::jsonb) AS v (book_id bigint, items integer, available integer, holds integer, closed boolean, version bigint)
		WHERE t.book_id = v.book_id`, titles)
	rows(w, `UPDATE borrowing.items t SET barcode = v.barcode, book_id = v.book_id, home_branch = v.home_branch, current_branch = v.current_branch, item_type = v.item_type, part = v.part,
			call_number = v.call_number, location = v.location, price_minor = v.price_minor, price_currency = v.price_currency, loanable = v.loanable,
			status = v.status, transit_to = v.transit_to, slip_hold = v.slip_hold, version = v.version
		FROM jsonb_to_recordset($1::jsonb) AS v (id bigint, barcode text, book_id bigint, home_branch text, current_branch text, item_type text, part text, call_number text,
			location text, price_minor bigint, price_currency text, loanable boolean, status text, transit_to text, slip_hold bigint, version integer)
		WHERE t.id = v.id`, items)
	rows(w, `UPDATE borrowing.loans t SET item_id = v.item_id, book_id = v.book_id, status = v.status, due_on = v.due_on, due_at = v.due_at, renewals = v.renewals, collected_at = v.collected_at, closed_at = v.closed_at,
			returned_on = v.returned_on, closed_by = v.closed_by, explanation = v.explanation, version = v.version,
			fined_minor = v.fined_minor, fined_through = v.fined_through, lost_on = v.lost_on, claimed_on = v.claimed_on
		FROM jsonb_to_recordset($1::jsonb) AS v (id bigint, item_id bigint, book_id bigint, status text, due_on date, due_at timestamptz, renewals integer, collected_at timestamptz, closed_at timestamptz, returned_on date,
			closed_by text, explanation jsonb, version integer, fined_minor bigint, fined_through date, lost_on date, claimed_on date)
		WHERE t.id = v.id`, loans)
	rows(w, changedHolds, over) // before those that take over their copies or their places
	rows(w, changedHolds, live)
	for _, r := range c.Retitled {
		w.Queue(`UPDATE borrowing.charge_subjects SET book_id = $2 WHERE book_id = $1`, r.From, r.Into)
	}
	w.leaving(c)
}

// leaving moves what merged members have, and closes accounts. The loans and holds of a member follow the mapping of their refs.
func (w *writer) leaving(c *borrowing.Changes) {
	for _, m := range c.Merged {
		w.Queue(`UPDATE borrowing.borrower_refs SET member_id = $2 WHERE member_id = $1 AND borrower_ref IN
			(SELECT borrower_ref FROM borrowing.loans WHERE member_id = $1 UNION ALL SELECT borrower_ref FROM borrowing.holds WHERE member_id = $1)`, m.From, m.Into)
		w.Queue(`UPDATE borrowing.account_entries SET member_id = $2 WHERE charge_id IN
			(SELECT id FROM borrowing.account_entries WHERE member_id = $1 AND kind = 'charge')`, m.From, m.Into)
	}
	if len(c.Closed) > 0 {
		w.Queue(`UPDATE borrowing.accounts SET closed = true WHERE member_id = ANY($1)`, c.Closed)
	}
}
