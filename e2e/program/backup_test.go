package program_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/platform/database/dbtest"
	"bookvault/platform/database/embedded"
)

// A library is backed up while it serves, and goes on. The backup is restored as of an instant between two loans, and as late as its log
// reaches; and a dump of it goes into a server of the user's, and from there back into a private one. Each time the ledger is verified by
// the command itself, and every table of the library is compared with what it was.
func TestABackupIsRestoredAndHoldsTheSame(t *testing.T) {
	home := newHome(t)
	archived := []string{"--set", "database.embedded.archive=archive"}
	server := serve(t, home, nil, archived...)
	token := tokenOf(t, home, "librarian")
	var book struct {
		ID int64 `json:"id"`
	}
	text := server.mustAsk(t, "POST", "/api/catalog/v1/books", token, `{"title":"Truyện Kiều","authors":[{"name":"Nguyễn Du"}]}`, http.StatusCreated)
	if err := json.Unmarshal([]byte(text), &book); err != nil {
		t.Fatal(err)
	}
	lend := func(n int) {
		t.Helper()
		server.mustAsk(t, "POST", "/api/members/v1/members", token, fmt.Sprintf(`{"card":"R%d","name":"Reader %d"}`, n, n), http.StatusCreated)
		server.mustAsk(t, "POST", "/api/borrowing/v1/items", token, fmt.Sprintf(`{"book_id":%d,"barcode":"C%d"}`, book.ID, n), http.StatusCreated)
		server.mustAsk(t, "POST", "/api/borrowing/v1/loans", token, fmt.Sprintf(`{"member_card":"R%d","barcode":"C%d"}`, n, n), http.StatusCreated)
	}
	must := func(environ []string, args ...string) string {
		t.Helper()
		out, words, status := command(t, home, environ, args...)
		if status != 0 {
			t.Fatalf("%v: status %d\n%s%s", args, status, out, words)
		}
		return out
	}
	state := func() embedded.State {
		t.Helper()
		s, running := embedded.Running(filepath.Join(home, "data", "postgres"))
		if !running {
			t.Fatal("the server's PostgreSQL is not there")
		}
		return s
	}

	lend(1)
	must(nil, "ledger", "anchor")
	if out := must(nil, "backup", "first"); !strings.Contains(out, "has its checksum") || !strings.Contains(out, "any second") {
		t.Errorf("the backup said\n%s", out)
	}
	if _, words, status := command(t, home, nil, "backup", "first"); status != 1 || !strings.Contains(words, "there already") {
		t.Errorf("a second one of the same name: status %d, %s", status, words)
	}
	lend(2)
	between, atInstant := instant(t, state().PrimaryDSN), contents(t, state().PrimaryDSN)
	lend(3)
	must(nil, "backup", "--logical", "dumped")
	atEnd := contents(t, state().PrimaryDSN)
	if status, _ := server.interrupt(t); status != 0 {
		t.Fatalf("the server ended with status %d", status)
	}
	verified := func(what, out string) {
		t.Helper()
		if !strings.Contains(out, "intact: every event is as it was written") {
			t.Errorf("%s: the ledger was not verified:\n%s", what, out)
		}
	}
	same := func(name string, want map[string]string) {
		t.Helper()
		withPrivate(t, filepath.Join(home, name), func(dsn string) {
			compare(t, name, contents(t, dsn), want)
			if out := must(nil, "ledger", "replay", "--data", name); !strings.Contains(out, "differences: 0") {
				t.Errorf("%s: %s", name, out)
			}
		})
	}

	verified("as of an instant", must(nil, "restore", "first", "--at", between.Format(time.RFC3339Nano), "--data", "instant"))
	same("instant", atInstant)
	if _, words, status := command(t, home, nil, "restore", "first", "--data", "instant"); status != 1 || !strings.Contains(words, "holds a library already") {
		t.Errorf("restoring over it: status %d, %s", status, words)
	}
	if _, words, status := command(t, home, nil, "restore", "first", "--data", "late", "--at", time.Now().Add(time.Hour).Format(time.RFC3339)); status != 1 || !strings.Contains(words, "do not reach that instant") {
		t.Errorf("as of the future: status %d, %s", status, words)
	}
	verified("as late as the log reaches", must(nil, "restore", "first", "--data", "late")) // what failed left the folder free
	same("late", atEnd)

	// The dump goes into a server of the user's, and a dump of that back into a private one.
	dsn := dbtest.DSN(t, dbtest.Empty())
	theirs := []string{"BOOKVAULT_DATABASE_PRIMARY=" + dsn}
	verified("a server of the user's", must(theirs, "restore", "dumped", "--data", "theirs"))
	compare(t, "a server of the user's", contents(t, dsn), atEnd)
	must(theirs, "backup", "of-theirs", "--data", "theirs")
	verified("back home", must(nil, "restore", "of-theirs", "--data", "home-again"))
	same("home-again", atEnd)
}

// instant gives the database's time, between what was committed and what will be.
func instant(t *testing.T, dsn string) (at time.Time) {
	t.Helper()
	time.Sleep(20 * time.Millisecond)
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if err := conn.QueryRow(t.Context(), "SELECT clock_timestamp()").Scan(&at); err != nil {
		t.Fatal(err)
	}
	time.Sleep(20 * time.Millisecond)
	return at
}

// withPrivate runs a library's PostgreSQL for a moment.
func withPrivate(t *testing.T, data string, look func(dsn string)) {
	t.Helper()
	cluster, err := embedded.Start(t.Context(), embedded.Settings{Dir: filepath.Join(data, "postgres"), KeepReplica: true})
	if err != nil {
		t.Fatal(err)
	}
	look(cluster.PrimaryDSN())
	if err := cluster.Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// passing are tables of what goes on at the moment; all others are the library.
var passing = map[string]bool{"changes.log": true, "borrowing.outbox": true, "borrowing.outbox_cursors": true, "members.sessions": true, "members.tokens": true,
	"members.api_tokens": true, "reports.views": true, "public.goose_db_version": true, "catalog.availability": true}

// contents gives a digest of the rows of every table.
func contents(t *testing.T, dsn string) map[string]string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	rows, err := conn.Query(t.Context(), `SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, table := range tables {
		if passing[table] {
			continue
		}
		var digest string
		if err := conn.QueryRow(t.Context(), `SELECT count(*)::text || ' ' || coalesce(md5(string_agg(r::text, E'\n' ORDER BY r::text)), '') FROM `+table+` r`).Scan(&digest); err != nil {
			t.Fatalf("%s: %v", table, err)
		}
		found[table] = digest
	}
	return found
}

func compare(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	if len(got) < 20 {
		t.Fatalf("%s: only %d tables were compared", what, len(got))
	}
	for table, digest := range want {
		if got[table] != digest {
			t.Errorf("%s: %s holds %q, and held %q", what, table, got[table], digest)
		}
	}
}
