package program_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"bookvault/platform/database/dbtest"
	"bookvault/platform/database/embedded"
)

// What earlier programs left: testdata/releases/NNNN.sql is a library as the program left it whose newest migration was NNNN, after the days
// that lived() gives it. The files are written once, by the program of then, and never changed:
//
//	go test ./e2e/program -run TestWhatEarlierProgramsLeft -write-release 0022 [-program /path/to/that/program]

// days is a library's life as a desk has it: copies in every state, loans that are open, renewed, over, lost and claimed returned, holds that
// wait, are ready and were given up, an account with what was charged, paid and waived, and, in programs that have them, ratings and lists.
type days struct {
	server    *serving
	librarian string
	patron    string // token of K1
}

const readersPassword = "a-lamp-and-seven-chairs"

// ask insists on a success. Which one is told is not for here: programs differed.
func (d days) ask(t *testing.T, method, path, body string) string {
	t.Helper()
	status, text, err := d.server.ask(method, path, d.librarian, body)
	if err != nil || status/100 != 2 {
		t.Fatalf("%s %s answered %d %s (%v)", method, path, status, text, err)
	}
	return text
}

// lived gives a new library its days.
func (d days) lived(t *testing.T) {
	t.Helper()
	const desk, people = "/api/borrowing/v1", "/api/members/v1"
	var books []int64
	for _, body := range []string{`{"title":"Truyện Kiều","authors":[{"name":"Nguyễn Du"}],"genres":["Poetry"],"language":"vi","published_year":1820}`,
		`{"title":"War and Peace","authors":[{"name":"Leo Tolstoy"}],"genres":["Fiction"],"isbn13":"9780140447934"}`, `{"title":"Emma","authors":[{"name":"Jane Austen"}]}`} {
		books = append(books, made(t, d.ask(t, "POST", "/api/catalog/v1/books", body)))
	}
	for n := 1; n <= 8; n++ {
		d.ask(t, "POST", desk+"/items", fmt.Sprintf(`{"book_id":%d,"barcode":"B%d"}`, books[n%2], n))
	}
	d.ask(t, "POST", desk+"/items", fmt.Sprintf(`{"book_id":%d,"barcode":"B9"}`, books[2]))
	for n := 2; n <= 5; n++ { // the first is there already, and has a token
		d.ask(t, "POST", people+"/members", fmt.Sprintf(`{"card":"K%d","name":"Reader %d"}`, n, n))
	}
	d.ask(t, "POST", people+"/members/K4/blocks", `{"code":"lost_card","note":"wallet"}`)
	lend := func(card, barcode string) int64 {
		return made(t, d.ask(t, "POST", desk+"/loans", fmt.Sprintf(`{"member_card":%q,"barcode":%q}`, card, barcode)))
	}
	lend("K1", "B1")
	d.ask(t, "POST", fmt.Sprintf("%s/loans/%d/renewals", desk, lend("K1", "B2")), `{}`)
	lend("K2", "B3")
	d.ask(t, "POST", desk+"/check-ins", `{"barcode":"B3"}`)
	lend("K2", "B4")
	d.ask(t, "POST", desk+"/items/B4/lost", `{"price":90000,"reason":"left in a taxi"}`)
	d.ask(t, "POST", desk+"/payments", `{"member_card":"K2","amount":40000,"method":"cash"}`)
	lend("K3", "B5")
	d.ask(t, "POST", desk+"/items/B5/claimed-returned", `{"reason":"says so"}`)
	d.ask(t, "POST", desk+"/charges", `{"member_card":"K1","amount":15000,"note":"a new card"}`)
	d.ask(t, "POST", desk+"/waivers", `{"member_card":"K1","amount":5000,"reason":"goodwill"}`)
	lend("K1", "B9") // the only copy of Emma, for which three wait, and one gives up
	var hold int64
	for _, card := range []string{"K2", "K3", "K5"} {
		hold = made(t, d.ask(t, "POST", desk+"/holds", fmt.Sprintf(`{"member_card":%q,"book_id":%d}`, card, books[2])))
	}
	d.ask(t, "DELETE", fmt.Sprintf("%s/holds/%d", desk, hold), "")
	d.ask(t, "POST", desk+"/check-ins", `{"barcode":"B9"}`) // now ready for K2; K3 waits
	d.ask(t, "POST", desk+"/items/B6/damaged", "")
	if status, _, err := d.server.ask("PUT", fmt.Sprintf("/api/catalog/v1/books/%d/rating", books[0]), d.patron, `{"stars":5}`); err != nil || status == 404 {
		return // a program from before there were any
	}
	list := made(t, d.server.mustAsk(t, "POST", people+"/me/lists", d.patron, `{"name":"For the winter"}`, 202))
	d.server.mustAsk(t, "PUT", fmt.Sprintf("%s/me/lists/%d/books/%d", people, list, books[1]), d.patron, "", 202)
}

// writeRelease has a program live through these days, and writes what it leaves to testdata.
func writeRelease(t *testing.T, migration string) {
	t.Helper()
	dsn := dbtest.DSN(t, dbtest.Empty())
	h := house{home: newHome(t), environ: []string{"BOOKVAULT_DATABASE_PRIMARY=" + dsn}}
	s := serve(t, h.home, h.environ)
	librarian := tokenIn(t, h, "librarian")
	s.mustAsk(t, "POST", "/api/members/v1/members", librarian, fmt.Sprintf(`{"card":"K1","name":"Reader 1","email":"one@readers.test","password":%q}`, readersPassword), 201)
	patron := strings.TrimSpace(h.must(t, 0, nil, "token", "--role", "patron", "--card", "K1"))
	days{s, librarian, patron}.lived(t)
	if status, _ := s.interrupt(t); status != 0 {
		t.Fatalf("the server ended with status %d", status)
	}
	programs, err := embedded.FindPrograms(t.Context(), "", 0)
	if err != nil {
		t.Fatal(err)
	}
	dumped, err := exec.Command(filepath.Join(programs.Bin, "pg_dump"), "--no-owner", "--no-privileges", "--no-comments", "--inserts", "--rows-per-insert=1000",
		"--exclude-table-data=changes.log", "--exclude-table-data=members.sign_in_throttle", "--dbname="+dsn).Output()
	if err != nil {
		t.Fatal(err)
	}
	text := "-- A library as the program left it whose newest migration was " + migration + " (release_test.go). It is never changed.\n" + aside.ReplaceAllString(string(dumped), "")
	if err := os.WriteFile(filepath.Join("testdata", "releases", migration+".sql"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// aside is what pg_dump writes around the library: remarks, what psql alone understands, settings of the server's version.
var aside = regexp.MustCompile(`(?m)^(--.*|\\.*|SET (statement_timeout|lock_timeout|idle_in_transaction_session_timeout|transaction_timeout|client_encoding|standard_conforming_strings|xmloption|client_min_messages|row_security|default_tablespace|default_table_access_method) .*|)\n`)

// released fills an empty database with what an earlier program left.
func released(t *testing.T, file string) (dsn string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	dsn = dbtest.DSN(t, dbtest.Empty())
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	if _, err := conn.PgConn().Exec(t.Context(), string(text)).ReadAll(); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return dsn
}

// listed reads a list of an answer.
func listed[T any](t *testing.T, answer string) []T {
	t.Helper()
	var page struct{ Items []T }
	if err := json.Unmarshal([]byte(answer), &page); err != nil {
		t.Fatalf("%s: %v", answer, err)
	}
	return page.Items
}
