package modules

import (
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"bookvault/modules/demonstration"
	"bookvault/modules/members"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/identity"
)

// clerk asks an assembled library as an administrator.
func clerk(t *testing.T, library *Library) asking {
	secret, _, err := library.Members.IssueToken(members.AsCommand(t.Context()), identity.Administrator, "", "test", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return func(path string) map[string]any {
		t.Helper()
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Authorization", "Bearer "+secret)
		w := httptest.NewRecorder()
		library.Handler.ServeHTTP(w, r)
		body := map[string]any{}
		if strings.Contains(w.Header().Get("Content-Type"), "json") {
			if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
				t.Fatalf("%s: %v", path, err)
			}
		} else {
			body["text"] = w.Body.String()
		}
		if w.Code != 200 {
			t.Fatalf("%s: %d %s", path, w.Code, w.Body)
		}
		return body
	}
}

func demonstrated(t *testing.T) (*Library, *database.DB) {
	db := dbtest.New(t)
	library := assembled(t, db)
	if _, err := demonstration.Load(members.AsCommand(t.Context()), library.demonstration); err != nil {
		t.Fatal(err)
	}
	return library, db
}

// The demonstration library is loaded once for all of it.
func TestFigures(t *testing.T) {
	library, db := demonstrated(t)
	ask := clerk(t, library)
	library.Patterns.ReadThrough.Store(false)
	t.Run("are the same whether kept or live", func(t *testing.T) { theSameKeptOrLive(t, library, db, ask) })
	t.Run("order titles", func(t *testing.T) { mostBorrowedFirst(t, db, ask) })
	t.Run("are files for a spreadsheet", func(t *testing.T) { filesForASpreadsheet(t, ask) })
	t.Run("that fail stop no others", func(t *testing.T) { aFailureStopsNoOther(t, library, db, ask) })
}

type asking func(path string) map[string]any

// Whether figures are kept ready or reckoned for each answer, the answer is the same, and says as of when it is.
func theSameKeptOrLive(t *testing.T, library *Library, db *database.DB, ask asking) {
	rated(t, db, "Poetry", 5, 4, 4, 1)
	rated(t, db, "Drama", 2)
	books := ask("/api/catalog/v1/books?limit=1")["items"].([]any)
	author := books[0].(map[string]any)["authors"].([]any)[0].(map[string]any)["id"]
	number, _ := json.Marshal(author)
	paths := []string{"/api/catalog/v1/statistics", "/api/catalog/v1/authors/" + string(number) + "/statistics", "/api/catalog/v1/books?sort=popular&limit=200",
		"/api/borrowing/v1/statistics?period=year", "/api/borrowing/v1/statistics?period=week&branch=main&most=3", "/api/borrowing/v1/most-borrowed?period=ever&limit=5"}

	live, begun := map[string]map[string]any{}, time.Now().Add(-time.Minute)
	for _, path := range paths { // nothing was refreshed yet
		live[path] = ask(path)
	}
	if err := library.RefreshFigures(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, on := range []bool{true, false} {
		db.UseViews(on)
		for _, path := range paths {
			got, want := ask(path), live[path]
			at, err := time.Parse(time.RFC3339Nano, got["as_of"].(string))
			if err != nil || at.Before(begun) || at.After(time.Now().Add(time.Second)) {
				t.Errorf("%s is as of %v", path, got["as_of"])
			}
			delete(got, "as_of")
			delete(want, "as_of")
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s with views %v:\n%v\nand before any refresh:\n%v", path, on, got, want)
			}
		}
	}
	figures := live["/api/borrowing/v1/statistics?period=year"]
	for _, list := range []string{"days", "branches", "categories", "genres", "most_borrowed", "overdue"} {
		if len(figures[list].([]any)) == 0 {
			t.Errorf("there are no %s, so that this test shows nothing", list)
		}
	}
	if all := live[paths[0]]["all"].(map[string]any); all["titles"].(float64) < 100 || all["total_quantity"].(float64) < all["available_quantity"].(float64) {
		t.Errorf("all titles: %v", all)
	}
	opinions := map[any][2]any{"all": {float64(5), 3.2}, "Poetry": {float64(4), 3.5}, "Drama": {float64(1), float64(2)}}
	for _, g := range append(live[paths[0]]["genres"].([]any), live[paths[0]]["all"]) {
		genre, wanted := g.(map[string]any), [2]any{float64(0), nil}
		if name, ok := genre["genre"]; !ok {
			wanted = opinions["all"]
		} else if known, ok := opinions[name]; ok {
			wanted = known
		}
		if got := [2]any{genre["ratings"], genre["average_rating"]}; got != wanted {
			t.Errorf("%v: ratings and their mean are %v, want %v", genre["genre"], got, wanted)
		}
	}
}

// rated has members rate two titles of a genre alone, in turn.
func rated(t *testing.T, db *database.DB, genre string, stars ...int) {
	t.Helper()
	for i, n := range stars {
		tag, err := db.Pool().Exec(t.Context(), `INSERT INTO catalog.ratings (shard, book_id, member_id, stars, tick, node)
			SELECT shard, id, $2::int, $3, 1, 1 FROM (SELECT shard, id FROM catalog.books WHERE genres = jsonb_build_array($1::text) ORDER BY id LIMIT 2) b
			ORDER BY id OFFSET $2::int % 2 LIMIT 1`, genre, i, n)
		if err != nil || tag.RowsAffected() != 1 {
			t.Fatalf("no title of the genre %s alone: %v, %v", genre, tag, err)
		}
	}
}

// The most borrowed come first, and pages have no gap and no repeat.
func mostBorrowedFirst(t *testing.T, db *database.DB, ask asking) {
	for _, kept := range []bool{false, true} {
		db.UseViews(kept)
		for _, filter := range []string{"", "&q=the", "&language=vi"} {
			var all []int64
			for path := "/api/catalog/v1/books?sort=popular&limit=61" + filter; path != ""; {
				page := ask(path)
				for _, b := range page["items"].([]any) {
					all = append(all, int64(b.(map[string]any)["id"].(float64)))
				}
				if next, more := page["next_cursor"].(string); more {
					path = "/api/catalog/v1/books?sort=popular&limit=61" + filter + "&cursor=" + next
				} else {
					path = ""
				}
			}
			loans := make([]int, len(all))
			for i, id := range all {
				if err := db.Pool().QueryRow(t.Context(), `SELECT count(*) FROM borrowing.loans WHERE book_id = $1 AND closed_by IS DISTINCT FROM 'reversal'`, id).Scan(&loans[i]); err != nil {
					t.Fatal(err)
				}
			}
			descending := slices.IsSortedFunc(loans, func(a, b int) int { return b - a })
			slices.Sort(all)
			if once := len(slices.Compact(slices.Clone(all))); once != len(all) || len(all) < 10 || !descending {
				t.Errorf("popular%s (kept: %v): %d titles, %d of them once, by loans: %v", filter, kept, len(all), once, loans)
			}
		}
	}
}

func filesForASpreadsheet(t *testing.T, ask asking) {
	for report, head := range map[string]string{"days": "day,check_outs,check_ins", "branches": "name,check_outs,check_ins", "categories": "name,check_outs,check_ins",
		"genres": "genre,check_outs", "most_borrowed": "place,book_id,title,loans", "overdue": "branch,weeks,loans,oldest_due"} {
		file := ask("/api/borrowing/v1/statistics/file?period=year&report=" + report)["text"].(string)
		if lines := strings.Split(strings.TrimPrefix(file, "\uFEFF"), "\n"); lines[0] != head || len(lines) < 3 {
			t.Errorf("%s: %q", report, file)
		}
	}
}

// One view that cannot be refreshed is told of, keeps what it held, and stops no other; a bulk load makes all of them due.
func aFailureStopsNoOther(t *testing.T, library *Library, db *database.DB, admin asking) {
	if !library.Figures.Round(t.Context()) {
		t.Fatal("no round")
	}
	stand := func() map[string]map[string]any {
		all := map[string]map[string]any{}
		for _, f := range admin("/api/ops/v1/figures")["items"].([]any) {
			all[f.(map[string]any)["name"].(string)] = f.(map[string]any)
		}
		return all
	}
	before := stand()
	if len(before) != len(figureViews) {
		t.Fatalf("%d figures", len(before))
	}
	for name, f := range before {
		if f["as_of"] == nil || f["failed_at"] != nil {
			t.Errorf("%s: %v", name, f)
		}
	}
	if _, err := db.Pool().Exec(t.Context(), `CREATE OR REPLACE VIEW catalog.book_statistics_live AS SELECT g.name AS genre, 1 / 0::bigint AS titles,
		1::bigint AS titles_with_copies, 1::bigint AS total_quantity, 1::bigint AS available_quantity, 0::bigint AS ratings, NULL::float8 AS average_rating
		FROM catalog.genres g`); err != nil {
		t.Fatal(err)
	}
	if err := db.WantViews(t.Context()); err != nil {
		t.Fatal(err)
	}
	library.Figures.Round(t.Context())
	after := stand()
	for name, f := range after {
		if bad := name == "catalog.book_statistics"; bad != (f["failed_at"] != nil) || bad != (f["as_of"] == before[name]["as_of"]) {
			t.Errorf("%s was %v and is %v", name, before[name], f)
		}
	}
	if words, _ := after["catalog.book_statistics"]["failure"].(string); !strings.Contains(words, "division by zero") {
		t.Errorf("the failure is told as %q", words)
	}
	if detail, err := library.Figures.Health(t.Context()); err == nil || detail == nil {
		t.Error("health says nothing of it")
	}
	if got := admin("/api/catalog/v1/statistics")["as_of"]; got != before["catalog.book_statistics"]["as_of"] {
		t.Errorf("what it held is not answered any more: as of %v", got)
	}
}
