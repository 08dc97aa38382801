package modules

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/modules/catalog"
	"bookvault/modules/members"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/database/faulttest"
	"bookvault/platform/identity"
)

// The network is cut in the middle of a COMMIT. The desk is told that the outcome is not known, and finds it out by sending the same again
// with the same Idempotency-Key: there is one loan, whether the COMMIT had come through or not.
func TestTheWayIsCutInTheMiddleOfACommit(t *testing.T) {
	direct := dbtest.DSN(t)
	way, through, err := faulttest.ToCommits(direct)
	if err != nil {
		t.Fatal(err)
	}
	db, err := database.Open(t.Context(), database.Settings{Primary: through, ConnectTimeout: 5 * time.Second, CommitTimeout: 500 * time.Millisecond,
		IdleInTransactionTimeout: time.Second, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	t.Cleanup(way.Close)      // before that, which else waits for the connections on which nobody answers
	seen := opened(t, direct) // by a way that is not cut
	library := assembled(t, db)
	ctx := members.AsCommand(t.Context())
	if _, err := library.Members.Create(ctx, members.NewMember{Card: "READER", Name: "A Reader", Role: identity.Patron}); err != nil {
		t.Fatal(err)
	}
	secret, _, err := library.Members.IssueToken(ctx, identity.Librarian, "", "test", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	staff := identity.WithPrincipal(t.Context(), identity.Principal{MemberID: 1, Role: identity.Librarian, Via: identity.ViaToken})
	title, err := library.Catalog.Create(staff, catalog.Book{Title: "Emma", Authors: []catalog.Author{{Name: "Jane Austen"}}})
	if err != nil {
		t.Fatal(err)
	}
	type answer struct {
		status int
		retry  string
		body   struct {
			ID   int64
			Code string
		}
	}
	lend := func(barcode string) (a answer) {
		t.Helper()
		r := httptest.NewRequest("POST", "/api/borrowing/v1/loans", strings.NewReader(fmt.Sprintf(`{"member_card": "READER", "barcode": %q}`, barcode)))
		r.Header.Set("Authorization", "Bearer "+secret)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Idempotency-Key", "key of "+barcode)
		w := httptest.NewRecorder()
		library.Handler.ServeHTTP(w, r)
		if err := json.Unmarshal(w.Body.Bytes(), &a.body); err != nil {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		a.status, a.retry = w.Code, w.Header().Get("Retry-After")
		return a
	}
	loans := func(barcode string) (ids []int64) {
		t.Helper()
		if err := seen.Pool().QueryRow(t.Context(), `SELECT coalesce(array_agg(l.id), '{}') FROM borrowing.loans l JOIN borrowing.items i ON i.id = l.item_id
			WHERE i.barcode = $1`, barcode).Scan(&ids); err != nil {
			t.Fatal(err)
		}
		return ids
	}
	cuts := way.Count()
	for _, grouped := range []bool{true, false} {
		library.Patterns.GroupCommit.Store(grouped)
		for _, at := range []faulttest.Moment{faulttest.CommitNotSent, faulttest.AnswerNotSent, faulttest.CommitVanishes, faulttest.AnswerVanishes} {
			t.Run(fmt.Sprintf("%v, grouped %v", at, grouped), func(t *testing.T) {
				barcode := fmt.Sprintf("B%d%v", at, grouped)
				if _, err := library.Borrowing.AddItem(staff, borrowing.NewItem{BookID: title.ID, Barcode: barcode, Loanable: true}, borrowing.Order{}); err != nil {
					t.Fatal(err)
				}
				way.Cut(at)
				begun := time.Now()
				first := lend(barcode)
				if cuts++; way.Count() != cuts {
					t.Fatalf("%d COMMITs were cut, so this test shows nothing", way.Count())
				}
				if first.status != 503 || first.body.Code != "outcome_unknown" || first.retry == "" {
					t.Errorf("the desk is answered %+v", first)
				}
				made := loans(barcode)
				if committed := len(made) == 1; committed != at.Committed() {
					t.Errorf("the loans are %v", made)
				}
				errors, again := 1, lend(barcode)
				// As its Retry-After says; until the server has seen that the connection is gone, the key is in use.
				for ; (again.status == 503 || again.body.Code == "idempotency_in_progress") && time.Since(begun) < 30*time.Second; again = lend(barcode) {
					errors++
					time.Sleep(100 * time.Millisecond)
				}
				t.Logf("%d errors; the outcome is known after %v", errors, time.Since(begun).Round(time.Millisecond))
				all := loans(barcode)
				if again.status != 201 || len(all) != 1 || all[0] != again.body.ID || len(made) == 1 && made[0] != all[0] {
					t.Errorf("sent again it is answered %+v; the loans were %v, and are %v", again, made, all)
				}
			})
		}
	}
}
