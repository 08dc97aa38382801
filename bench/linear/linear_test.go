package linear_test

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"bookvault/bench/linear"
	"bookvault/modules"
	"bookvault/modules/borrowing"
	"bookvault/modules/catalog"
	"bookvault/modules/members"
	"bookvault/platform/config"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/identity"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const limit = 2

// TestTheDeskIsLinearizable lets clients loose on few copies and few members over HTTP, with group commit and without it.
func TestTheDeskIsLinearizable(t *testing.T) {
	db := dbtest.New(t)
	defaults, err := os.ReadFile("../../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(config.Sources{Defaults: defaults, Flags: map[string]string{"database.embedded.data": t.TempDir()}})
	if err != nil {
		t.Fatal(err)
	}
	library, err := modules.Assemble(modules.Foundations{Version: "test", Settings: settings, DB: db, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(library.Handler)
	t.Cleanup(server.Close)
	staff := identity.WithPrincipal(t.Context(), identity.Principal{MemberID: 900, Role: identity.Librarian})
	if _, err := db.Pool().Exec(t.Context(), `UPDATE borrowing.rules SET loan_limit = $1, hold_limit = 1000`, limit); err != nil {
		t.Fatal(err)
	}
	policy, err := library.Borrowing.Policy(staff)
	if err != nil {
		t.Fatal(err)
	}
	s := linear.Setting{Address: server.Listener.Addr().String(), Operations: 1000, Clients: 12, Seed: 1, Patience: 20 * time.Second}
	for i := range 6 {
		card := fmt.Sprintf("LIN%d", i)
		if _, err := library.Members.Enrol(t.Context(), members.NewMember{Card: card, Name: "Linear"}); err != nil {
			t.Fatal(err)
		}
		s.Cards = append(s.Cards, card)
	}
	if s.Token, _, err = library.Members.IssueToken(t.Context(), identity.Desk, "", "linear", 0); err != nil {
		t.Fatal(err)
	}
	for _, on := range []bool{true, false} {
		t.Run(fmt.Sprintf("group commit %v", on), func(t *testing.T) {
			library.Patterns.GroupCommit.Store(on)
			s := s
			s.Run = fmt.Sprint(on)
			for i := range 8 {
				title, err := library.Catalog.Create(staff, catalog.Book{Title: fmt.Sprintf("Title %d", i), Authors: []catalog.Author{{Name: "A"}}})
				if err != nil {
					t.Fatal(err)
				}
				barcode := fmt.Sprintf("LIN-%v-%d", on, i)
				if _, err := library.Borrowing.AddItem(staff, borrowing.NewItem{BookID: title.ID, Barcode: barcode, Branch: policy.Branches[0].Code, ItemType: policy.ItemTypes[0].Code, Loanable: true}, borrowing.Order{}); err != nil {
					t.Fatal(err)
				}
				s.Barcodes, s.Books = append(s.Barcodes, barcode), append(s.Books, title.ID)
			}
			history, err := linear.Record(t.Context(), s)
			if err != nil {
				t.Fatal(err)
			}
			if err := linear.Check(history, limit, time.Minute); err != nil {
				t.Fatal(err)
			}
			for _, barcode := range s.Barcodes { // the next round begins with members who have nothing
				if _, err := library.Borrowing.CheckIn(staff, borrowing.CheckIn{Barcode: barcode}, borrowing.Order{}); err != nil {
					t.Fatal(err)
				}
			}
			if on {
				broken(t, history)
			}
		})
	}
}

// broken sees that a history in which one answer is turned round is not taken for linearizable.
func broken(t *testing.T, history []linear.Recorded) {
	for i := range history {
		if history[i].Command.Kind == linear.Lend && history[i].Answer.OK {
			told := history[i].Answer
			history[i].Answer = linear.Answer{Reasons: []string{"item_on_loan"}, Closed: -1}
			if err := linear.Check(history, limit, time.Minute); err == nil {
				t.Errorf("a loan that was made and told as refused passes: %+v", history[i])
			}
			history[i].Answer = told
			return
		}
	}
	t.Error("nothing was lent")
}
