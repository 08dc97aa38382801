package program_test

import (
	"fmt"
	"testing"
)

// The ledger's commands, on what happened at the desk: it is shown, anchored, verified and replayed; and what was done to it behind the
// library's back is found, by the command that is to find it.
func TestTheCommandsOfTheLedger(t *testing.T) {
	h := housed(t)
	server := serve(t, h.home, h.environ)
	librarian := tokenIn(t, h, "librarian")
	book := made(t, server.mustAsk(t, "POST", "/api/catalog/v1/books", librarian, `{"title": "Truyện Kiều", "authors": [{"name": "Nguyễn Du"}]}`, 201))
	server.mustAsk(t, "POST", "/api/borrowing/v1/items", librarian, fmt.Sprintf(`{"book_id": %d, "barcode": "B1"}`, book), 201)
	server.mustAsk(t, "POST", "/api/members/v1/members", tokenIn(t, h, "administrator"), `{"name": "Reader", "card": "K1", "category": "adult"}`, 201)
	loan := made(t, server.mustAsk(t, "POST", "/api/borrowing/v1/loans", librarian, `{"member_card": "K1", "barcode": "B1"}`, 201))
	server.mustAsk(t, "POST", "/api/borrowing/v1/check-ins", librarian, `{"barcode": "B1"}`, 200)

	// Housekeeping may have made the first anchor already.
	h.must(t, 0, []string{" is in data/ledger/anchors"}, "ledger", "anchor")
	h.must(t, 0, []string{" anchors over", "intact: every event is as it was written"}, "ledger", "verify")
	h.must(t, 0, []string{"1 items, 1 loans", "differences: 0"}, "ledger", "replay")
	h.must(t, 0, []string{"1  2", "LoanOpened  by staff/", "2  2", "LoanClosed  by staff/", "request "}, "ledger", "show", fmt.Sprintf("loan/%d", loan))
	h.must(t, 1, []string{"there is no stream loan/999"}, "ledger", "show", "loan/999")

	// What hides behind the library's back, and how it is found. Each is undone.
	const open, shut = `ALTER TABLE borrowing.events DISABLE TRIGGER USER`, `ALTER TABLE borrowing.events ENABLE TRIGGER USER`
	stream := fmt.Sprintf("loan/%d", loan)
	h.sql(t, open, `CREATE TABLE kept AS SELECT * FROM borrowing.events`)
	for _, c := range []struct{ what, tamper, want string }{
		{"one byte changed", `UPDATE borrowing.events SET actor = overlay(actor placing '0' from length(actor)) WHERE stream = '` + stream + `' AND version = 1`, stream + ", version 1 "},
		{"an event removed", `DELETE FROM borrowing.events WHERE stream = 'item/1' AND version = 2`, "item/1, version 2"},
		{"a stream written anew, with hashes that fit", `DELETE FROM borrowing.events WHERE stream = '` + stream + `';
			ALTER TABLE borrowing.events ENABLE TRIGGER chain;
			INSERT INTO borrowing.events (position, stream, version, type, data, actor, at, reason, request_id) OVERRIDING SYSTEM VALUE
				SELECT position, stream, version, type, data, 'staff/77', at, reason, request_id FROM kept WHERE stream = '` + stream + `' ORDER BY version;
			ALTER TABLE borrowing.events DISABLE TRIGGER USER`, stream + ", version 1 "},
		{"the newest cut off", `DELETE FROM borrowing.events WHERE stream = '` + stream + `' AND version = 2`, stream + ", version 2 "},
	} {
		h.sql(t, c.tamper)
		t.Log(c.what)
		h.must(t, 1, []string{c.want, "the ledger is not as it was written"}, "ledger", "verify")
		h.sql(t, `DELETE FROM borrowing.events`, `INSERT INTO borrowing.events OVERRIDING SYSTEM VALUE SELECT * FROM kept`)
	}
	h.sql(t, shut, `UPDATE borrowing.loans SET due_on = due_on + 1`)
	h.must(t, 1, []string{stream + ", version 2: its row differs from what the ledger makes of it, in due_on", "differences: 1"}, "ledger", "replay")
	h.sql(t, `UPDATE borrowing.loans SET due_on = due_on - 1`)
	h.must(t, 0, []string{"intact"}, "ledger", "verify")
}
