package borrowing_test

import (
	"context"
	"errors"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"bookvault/modules/borrowing"
)

// What the database itself refuses, whoever writes: each is tried in SQL, past every rule of the program.
func TestTheDatabaseHoldsTheInvariants(t *testing.T) {
	l := opened(t, 3)
	l.add("lent", 1)
	l.mustLend("C1", "lent")
	l.add("shelf", 2)
	l.hold(1, 2, "main")
	l.checkIn("shelf", "main")
	l.hold(2, 2, "main")
	l.add("free", 3)
	const item = `(SELECT id FROM borrowing.items WHERE barcode = 'lent')`
	for what, c := range map[string]struct{ statement, constraint string }{
		"a second open loan of a copy": {`INSERT INTO borrowing.loans (borrower_ref, member_id, item_id, book_id, item_type, branch, channel, status, opened_at, collected_at, due_on, due_at, terms, explanation)
			SELECT borrower_ref, member_id, item_id, book_id, item_type, branch, channel, status, opened_at, collected_at, due_on, due_at, terms, explanation FROM borrowing.loans`, "loans_one_open_an_item"},
		"an open loan of nobody":                  {`UPDATE borrowing.loans SET member_id = NULL`, "loans_check1"},
		"a closed loan without its end":           {`UPDATE borrowing.loans SET status = 'closed'`, "loans_check"},
		"a loan for another than its ref says":    {`UPDATE borrowing.loans SET member_id = 2`, "loans_borrower_ref_member_id_fkey"},
		"two holds on one copy":                   {`UPDATE borrowing.holds SET status = 'ready', ready_on = '2026-03-02', captured_item = (SELECT id FROM borrowing.items WHERE barcode = 'shelf')`, "holds_one_capture_an_item"},
		"a ready hold without a copy":             {`UPDATE borrowing.holds SET captured_item = NULL`, "holds_check"},
		"a waiting hold with one":                 {`UPDATE borrowing.holds SET captured_item = ` + item + ` WHERE status = 'waiting'`, "holds_check"},
		"two places that are one":                 {`UPDATE borrowing.holds SET place = 1`, "holds_queue"},
		"a member's second hold on a title":       {`UPDATE borrowing.borrower_refs SET member_id = 2`, "holds_one_live_a_member"},
		"a copy in transit to nowhere":            {`UPDATE borrowing.items SET status = 'in_transit'`, "items_check"},
		"a copy at rest that travels":             {`UPDATE borrowing.items SET transit_to = 'east'`, "items_check"},
		"a status that there is not":              {`UPDATE borrowing.items SET status = 'eaten'`, "items_status_check"},
		"two copies with one barcode":             {`UPDATE borrowing.items SET barcode = 'same'`, "items_barcode_key"},
		"fewer than no copies":                    {`UPDATE borrowing.titles SET available = -1`, "titles_check"},
		"more copies to lend than there are":      {`UPDATE borrowing.titles SET available = items + 1`, "titles_check"},
		"a title that closes while it has copies": {`UPDATE borrowing.titles SET closed = true`, "titles_check1"},
		"an event that is changed":                {`UPDATE borrowing.events SET reason = 'x'`, "append-only"},
		"an event that is deleted":                {`DELETE FROM borrowing.events`, "append-only"},
		"all events at once":                      {`TRUNCATE borrowing.events`, "append-only"},
		"an event in the place of another":        {`INSERT INTO borrowing.events (stream, version, type, data, actor, at) SELECT stream, version, type, data, actor, at FROM borrowing.events LIMIT 1`, "events_stream_version_key"},
	} {
		tx, err := l.db.Pool().Begin(context.Background())
		must(t, err)
		_, err = tx.Exec(context.Background(), c.statement)
		_ = tx.Rollback(context.Background())
		e, refused := errors.AsType[*pgconn.PgError](err)
		if !refused || e.ConstraintName != c.constraint && !(c.constraint == "append-only" && e.Code == "42501") {
			t.Errorf("%s: %v, want %s", what, err, c.constraint)
		}
	}
	l.consistent()
	if it, _ := l.Item(desk(), "lent"); it.Status != borrowing.CheckedOut {
		t.Errorf("it is %s", it.Status)
	}
}
