package program_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

var (
	release = flag.String("write-release", "", "write what the program leaves to testdata/releases/NNNN.sql, and test nothing")
	another = flag.String("program", os.Getenv("E2E_BINARY"), "a program that was built already, in place of the one of this folder")
)

// laterOn are tables that the program itself writes anew as it likes, or that hold what is of no use later; migrations may too.
var laterOn = []string{"public.goose_db_version", "changes.log", "reports.views", "members.sign_in_throttle"}

// A library as an earlier program left it is brought to today's schema and served: every row is there with all that it held, the ledger is
// intact and the tables are what it says, readers sign in with their passwords, their loans are shown, and the desk goes on where it was.
func TestWhatEarlierProgramsLeft(t *testing.T) {
	if *release != "" {
		writeRelease(t, *release)
		return
	}
	files, err := filepath.Glob("testdata/releases/*.sql")
	if err != nil || len(files) < 2 {
		t.Fatalf("releases %v: %v", files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".sql"), func(t *testing.T) { upgraded(t, file) })
	}
}

func upgraded(t *testing.T, file string) {
	dsn := released(t, file)
	db, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(t.Context()) })
	h := house{newHome(t), []string{"BOOKVAULT_DATABASE_PRIMARY=" + dsn, "BOOKVAULT_BORROWING_PRIVACY_RETENTION=87600h"}, db} // these files grow old, and forget nothing
	before := h.columns(t)
	had := h.digests(t, before)
	h.must(t, 0, []string{"applied "}, "migrate", "up")
	compare(t, "migrated", h.digests(t, before), had)
	h.must(t, 0, []string{"the schema is up to date"}, "migrate", "up")

	s := serve(t, h.home, h.environ)
	librarian := tokenIn(t, h, "librarian")
	for _, loan := range []struct{ card, barcodes string }{{"K1", "B1 B2"}, {"K2", "B4"}, {"K3", "B5"}} {
		var open []string
		for _, l := range listed[struct{ Barcode, Status string }](t, s.mustAsk(t, "GET", "/api/borrowing/v1/loans?status=open&member_card="+loan.card, librarian, "", 200)) {
			open = append(open, l.Barcode)
		}
		slices.Sort(open)
		if strings.Join(open, " ") != loan.barcodes {
			t.Errorf("%s has %v, and had %s", loan.card, open, loan.barcodes)
		}
	}
	for card, want := range map[string]string{"K1": `"balance":10000`, "K2": `"balance":`} {
		if account := s.mustAsk(t, "GET", "/api/borrowing/v1/charges?member_card="+card, librarian, "", 200); !strings.Contains(account, want) {
			t.Errorf("the account of %s is %s", card, account)
		}
	}
	for word, title := range map[string]string{"kieu": "Truyện Kiều", "9780140447934": "War and Peace", "austen": "Emma"} {
		if found := s.mustAsk(t, "GET", "/api/catalog/v1/books?q="+word, "", "", 200); !strings.Contains(found, title) {
			t.Errorf("%s is not found by %s: %s", title, word, found)
		}
	}
	s.mustAsk(t, "POST", "/api/members/v1/sessions", "", fmt.Sprintf(`{"card":"K1","password":%q}`, readersPassword), 201)
	var ratings, lists string
	if _, has := before["catalog.ratings"]; has {
		patron := strings.TrimSpace(h.must(t, 0, nil, "token", "--role", "patron", "--card", "K1"))
		ratings = s.mustAsk(t, "GET", "/api/catalog/v1/books/"+fmt.Sprint(h.number(t, `SELECT book_id FROM catalog.ratings`))+"/rating", patron, "", 200)
		lists = s.mustAsk(t, "GET", "/api/members/v1/me/lists", patron, "", 200)
		if !strings.Contains(ratings, `"stars":5`) || !strings.Contains(lists, "For the winter") {
			t.Errorf("%s, %s", ratings, lists)
		}
	}
	until(t, "every event has its hash", func() bool {
		return h.number(t, `SELECT count(*) FROM borrowing.events WHERE hash IS NULL`) == 0
	})

	// The desk goes on: what was lent comes back, a lost copy is found, what lies on the shelf is fetched.
	for _, barcode := range []string{"B1", "B4", "B5"} {
		s.mustAsk(t, "POST", "/api/borrowing/v1/check-ins", librarian, fmt.Sprintf(`{"barcode":%q}`, barcode), 200)
	}
	s.mustAsk(t, "POST", "/api/borrowing/v1/loans", librarian, `{"member_card":"K5","barcode":"B1"}`, 201)
	if left := listed[struct{ Barcode string }](t, s.mustAsk(t, "GET", "/api/borrowing/v1/loans?status=open&member_card=K3", librarian, "", 200)); len(left) != 0 {
		t.Errorf("K3 still has %v", left)
	}
	verified := h.must(t, 0, []string{"intact: every event is as it was written"}, "ledger", "verify")
	if strings.Contains(verified, "wait for their hashes") {
		t.Errorf("verify: %s", verified)
	}
	h.must(t, 0, []string{"differences: 0"}, "ledger", "replay")

	// A program that is newer still has migrated meanwhile: who serves goes on, and an older program that is started says what is to be done.
	h.sql(t, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)`)
	s.mustAsk(t, "POST", "/api/borrowing/v1/check-ins", librarian, `{"barcode":"B2"}`, 200)
	s.mustAsk(t, "GET", "/readyz", "", "", 200)
	for _, args := range [][]string{{"serve", "--address", "127.0.0.1:0"}, {"ledger", "verify"}, {"migrate", "up"}} {
		_, words, status := command(t, h.home, h.environ, args...)
		if status != 1 || !strings.Contains(words, "the database is newer than this BookVault: it has migration 9999") || !strings.Contains(words, "start the newer BookVault") {
			t.Errorf("%v on a newer schema: status %d: %s", args, status, words)
		}
	}
}

// columns gives the tables of a database, and the columns that each has now.
func (h house) columns(t *testing.T) map[string][]string {
	t.Helper()
	rows, err := h.db.Query(t.Context(), `SELECT table_schema || '.' || table_name, column_name FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
		WHERE table_type = 'BASE TABLE' AND table_schema NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, ordinal_position`)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]string{}
	var table, column string
	if _, err := pgx.ForEachRow(rows, []any{&table, &column}, func() error {
		if !slices.Contains(laterOn, table) {
			found[table] = append(found[table], pgx.Identifier{column}.Sanitize())
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return found
}

// digests counts the rows of each table, and sums up what they hold in these columns.
func (h house) digests(t *testing.T, columns map[string][]string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for table, names := range columns {
		var digest string
		if err := h.db.QueryRow(t.Context(), `SELECT count(*)::text || ' ' || coalesce(md5(string_agg(r::text, E'\n' ORDER BY r::text)), '') FROM (SELECT `+strings.Join(names, ", ")+` FROM `+table+`) r`).Scan(&digest); err != nil {
			t.Errorf("%s: %v", table, err)
		}
		found[table] = digest
	}
	return found
}

func (h house) number(t *testing.T, query string) (n int64) {
	t.Helper()
	if err := h.db.QueryRow(t.Context(), query).Scan(&n); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}
