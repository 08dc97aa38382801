package program_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/platform/database/dbtest"
)

// house is the program on one library.
type house struct {
	home    string
	environ []string
	db      *pgx.Conn
}

// housed makes a library on a database of the tests' server.
func housed(t *testing.T) house {
	t.Helper()
	dsn := dbtest.DSN(t)
	db, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(t.Context()) })
	return house{newHome(t), []string{"BOOKVAULT_DATABASE_PRIMARY=" + dsn}, db}
}

// must runs the program and insists on its status, and on what it must say. It gives its standard output.
func (h house) must(t *testing.T, status int, want []string, args ...string) string {
	t.Helper()
	out, words, got := command(t, h.home, h.environ, args...)
	if got != status {
		t.Errorf("bookvault %s: status %d, want %d: %s %s", strings.Join(args, " "), got, status, out, words)
	}
	for _, w := range want {
		if !strings.Contains(out+words, w) {
			t.Errorf("bookvault %s does not say %q:\n%s%s", strings.Join(args, " "), w, out, words)
		}
	}
	return out
}

func (h house) sql(t *testing.T, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := h.db.Exec(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// made reads the id of what was made.
func made(t *testing.T, answer string) int64 {
	t.Helper()
	var b struct{ ID int64 }
	if err := json.Unmarshal([]byte(answer), &b); err != nil || b.ID == 0 {
		t.Fatalf("%s: %v", answer, err)
	}
	return b.ID
}

// tokenIn is tokenOf on a database that was given.
func tokenIn(t *testing.T, h house, role string) string {
	t.Helper()
	return strings.TrimSpace(h.must(t, 0, nil, "token", "--role", role))
}

// until waits for what comes about by itself.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begun := time.Now(); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > patience {
			t.Fatalf("not so after %v: %s", patience, what)
		}
	}
}
