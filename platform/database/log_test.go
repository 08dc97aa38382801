package database_test

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"gorm.io/gorm"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
)

type lockedLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}
func (l *lockedLog) String() string { l.mu.Lock(); defer l.mu.Unlock(); return l.b.String() }

// A statement that fails is logged with its placeholders, wherever it was going: what was searched for or stored may be a person's.
func TestTheLogHoldsNoValues(t *testing.T) {
	log := &lockedLog{}
	db := dbtest.New(t, dbtest.With(func(s *database.Settings) {
		s.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	}))
	var n int
	for where, fail := range map[string]func() error{
		"a read":   func() error { return db.Read(t.Context()).Raw(`SELECT 1 / (length(?) - 6)`, "secret").Scan(&n).Error },
		"a search": func() error { return db.Search(t.Context()).Raw(`SELECT 1 / (length(?) - 6)`, "secret").Scan(&n).Error },
		"a transaction": func() error {
			return db.InTx(t.Context(), func(tx *gorm.DB) error { return tx.Exec(`SELECT 1 / (length(?) - 6)`, "secret").Error })
		},
		"named": func() error {
			return db.Read(t.Context()).Raw(`SELECT 1 / (length(@v) - 6)`, map[string]any{"v": "secret"}).Scan(&n).Error
		},
		"a value that is none": func() error { return db.Read(t.Context()).Raw(`SELECT ?::text::int`, "secret").Scan(&n).Error },
	} {
		if err := fail(); err == nil {
			t.Errorf("%s did not fail", where)
		}
	}
	if !strings.Contains(log.String(), "length($1)") {
		t.Errorf("the statement itself is not logged: %s", log)
	}
	if strings.Contains(log.String(), "secret") {
		t.Errorf("the log holds a value: %s", log)
	}
}

// What two people do to each other on any day is no error of the library.
func TestAnExpectedConflictIsNoErrorInTheLog(t *testing.T) {
	log := &lockedLog{}
	db := dbtest.New(t, dbtest.With(func(s *database.Settings) { s.Logger = slog.New(slog.NewJSONHandler(log, nil)) }))
	err := db.InTx(t.Context(), func(tx *gorm.DB) error {
		return tx.Exec(`INSERT INTO borrowing.branches (code, name) VALUES (?, 'again')`, "main").Error
	})
	if !errors.Is(err, gorm.ErrDuplicatedKey) {
		t.Fatal(err)
	}
	if log.String() != "" {
		t.Errorf("logged: %s", log)
	}
}
