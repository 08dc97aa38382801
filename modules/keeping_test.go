package modules

import (
	"log/slog"
	"os"
	"strings"
	"testing"

	"bookvault/platform/config"
	"bookvault/platform/database/dbtest"
)

func TestTheDoctorTellsWhatIsKeptAboutPeople(t *testing.T) {
	defaults, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(config.Sources{Defaults: defaults})
	if err != nil {
		t.Fatal(err)
	}
	db := dbtest.New(t)
	library, err := Assemble(Foundations{Version: "test", Settings: settings, DB: db, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	lines, err := library.kept(t.Context(), settings)
	if err != nil || len(lines) != 3 || lines[0].Mend != "" || !strings.Contains(lines[0].Says, "cut 7 days after the return") || !strings.Contains(lines[1].Says, "audit, kept 365 days") {
		t.Errorf("%+v %v", lines, err)
	}
	for _, query := range []string{
		`INSERT INTO borrowing.titles (book_id) VALUES (1024)`,
		`INSERT INTO borrowing.holds (borrower_ref, book_id, pickup_branch, status, placed_at, closed_at) VALUES (gen_random_uuid(), 1024, 'main', 'cancelled', '2020-01-01', '2020-01-02')`,
		`INSERT INTO borrowing.borrower_refs SELECT borrower_ref, 7 FROM borrowing.holds`,
		`UPDATE borrowing.holds SET member_id = 7`,
	} {
		if _, err := db.Pool().Exec(t.Context(), query); err != nil {
			t.Fatal(err)
		}
	}
	if lines, err = library.kept(t.Context(), settings); err != nil || !strings.HasPrefix(lines[0].Says, "1 links from loans and holds to members, 1 of them over") || lines[0].Mend == "" {
		t.Errorf("with one that should be gone: %+v %v", lines, err)
	}
}
