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
	"github.com/prometheus/client_golang/prometheus"
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
	told := func() bool { return strings.Contains(log.String(), "pool=background") }
	if err := db.InPgxTx(database.Background(t.Context()), func(pgx.Tx) error {
		within(t, 20*time.Second, "it is told", told)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	time.Sleep(100 * time.Millisecond) // it is told once, however often it is looked
	line := log.String()
	for _, words := range []string{"pool=background", "server=primary", "TestAConnectionThatIsHeldForTooLong", "leaks_test.go"} {
		if !strings.Contains(line, words) {
			t.Errorf("%s is missing in %s", words, line)
		}
	}
	if n := strings.Count(line, "pool=background"); n != 1 {
		t.Errorf("told %d times", n)
	}
	if told, err := counted(db, "background"); err != nil || told != 1 {
		t.Errorf("the metric says %v, %v", told, err)
	}
}

// counted gives the leaks of a pool of the primary.
func counted(db *database.DB, pool string) (float64, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(db)
	families, err := registry.Gather()
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == "bookvault_database_pool_leaks_total" && l.GetValue() == pool {
					return m.GetCounter().GetValue(), err
				}
			}
		}
	}
	return -1, err
}
