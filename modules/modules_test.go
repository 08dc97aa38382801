package modules

import (
	"log/slog"
	"os"
	"testing"

	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// assembled gives the whole library on a fresh database, with a folder of its own.
func assembled(t *testing.T, db *database.DB) *Library {
	t.Helper()
	defaults, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(config.Sources{Defaults: defaults, Flags: map[string]string{"database.embedded.data": t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	library, err := Assemble(Foundations{Version: "test", Settings: settings, DB: db, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return library
}
