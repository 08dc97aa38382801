package database_test

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// book is a log that can be read while it is written.
type book struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write adds a line.
func (b *book) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(line)
}

func (b *book) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestAConnectionThatIsHeldForTooLongIsToldOf(t *testing.T) {
	var log book
	db := dbtest.New(t, dbtest.With(func(s *database.Settings) {
		s.LeakThreshold, s.Logger = 50*time.Millisecond, slog.New(slog.NewTextHandler(&log, nil))
	}))
	told := func() bool { return strings.Contains(log.String(), "leak_threshold") }
	for range 20 { // short ones are none
		if err := db.InPgxTx(t.Context(), func(pgx.Tx) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.InPgxTx(database.Background(t.Context()), func(pgx.Tx) error {
		within(t, 20*time.Second, "it is told", told)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	line := log.String()
	for _, words := range []string{"pool=background", "server=primary", "TestAConnectionThatIsHeldForTooLong", "leaks_test.go"} {
		if !strings.Contains(line, words) {
			t.Errorf("%s is missing in %s", words, line)
		}
	}
	if n := strings.Count(line, "leak_threshold"); n != 1 {
		t.Errorf("told %d times", n)
	}
	want := strings.NewReader("# HELP bookvault_database_pool_leaks_total Connections that were held for longer than the threshold.\n" +
		"# TYPE bookvault_database_pool_leaks_total counter\n" + `bookvault_database_pool_leaks_total{pool="background",server="primary"} 1
bookvault_database_pool_leaks_total{pool="main",server="primary"} 0
bookvault_database_pool_leaks_total{pool="search",server="primary"} 0
`)
	if err := testutil.CollectAndCompare(db, want, "bookvault_database_pool_leaks_total"); err != nil {
		t.Error(err)
	}
}
