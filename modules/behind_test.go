package modules_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"bookvault/modules/catalog"
	"bookvault/modules/members"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/identity"
)

// reader is a member with a token, on a library of several processes.
type reader struct {
	id     int64
	card   string
	bearer string
}

func newReader(t *testing.T, p process, card string) reader {
	t.Helper()
	m, err := p.library.Members.Enrol(t.Context(), members.NewMember{Card: card, Name: "Reader " + card, Role: identity.Patron, Password: walkersPassword})
	if err != nil {
		t.Fatal(err)
	}
	token, _, err := p.library.Members.IssueToken(t.Context(), identity.Patron, card, "test", 0)
	if err != nil {
		t.Fatal(err)
	}
	return reader{m.ID, card, "Bearer " + token}
}

func newTitle(t *testing.T, p process, name string) int64 {
	t.Helper()
	b, err := p.library.Catalog.Create(t.Context(), catalog.Book{Title: name, Authors: []catalog.Author{{Name: "Nguyễn Du"}}})
	if err != nil {
		t.Fatal(err)
	}
	return b.ID
}

func (p process) must(t *testing.T, want int, who reader, method, path, body string, into any) {
	t.Helper()
	var headers []string
	if who.bearer != "" {
		headers = []string{"Authorization", who.bearer}
	}
	status, _, text := p.do(method, path, body, headers...)
	if status != want {
		t.Fatalf("%s %s answered %d %s, want %d", method, path, status, text, want)
	}
	if into != nil {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
	}
}

type stars struct{ Stars *int }

func (p process) stars(t *testing.T, who reader, book int64) int {
	t.Helper()
	var got stars
	p.must(t, 200, who, "GET", fmt.Sprintf("/api/catalog/v1/books/%d/rating", book), "", &got)
	if got.Stars == nil {
		return 0
	}
	return *got.Stars
}

func (p process) rate(t *testing.T, want int, who reader, book int64, n int) {
	t.Helper()
	p.must(t, want, who, "PUT", fmt.Sprintf("/api/catalog/v1/books/%d/rating", book), fmt.Sprintf(`{"stars": %d}`, n), nil)
}

type average struct {
	Items []struct {
		Average *float64
		Ratings int
	}
}

func (p process) average(t *testing.T, book int64) (float64, int) {
	t.Helper()
	var got average
	p.must(t, 200, reader{}, "GET", fmt.Sprintf("/api/catalog/v1/ratings?book_ids=%d", book), "", &got)
	if got.Items[0].Average == nil {
		return 0, got.Items[0].Ratings
	}
	return *got.Items[0].Average, got.Items[0].Ratings
}

func (p process) drained(t *testing.T) {
	t.Helper()
	if err := p.library.Behind.Drained(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func rows(t *testing.T, db *database.DB, query string, args ...any) (n int) {
	t.Helper()
	if err := db.Pool().QueryRow(t.Context(), query, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestARatingIsSeenAtOnceByWhoGaveItAndByEverybodySoon(t *testing.T) {
	one, other := dbtest.Pair(t)
	p, q := serving(t, one, ""), serving(t, other, "")
	anna, ben, book := newReader(t, p, "anna"), newReader(t, p, "ben"), newTitle(t, p, "Truyện Kiều")
	for n := 1; n <= 5; n++ {
		p.rate(t, 202, anna, book, n)
		if got := p.stars(t, anna, book); got != n {
			t.Fatalf("gave %d stars, sees %d", n, got)
		}
	}
	q.rate(t, 202, ben, book, 2)
	for _, at := range []process{p, q} {
		within(t, "everybody sees both", patience, func() bool {
			mean, n := at.average(t, book)
			return mean == 3.5 && n == 2 && at.stars(t, anna, book) == 5 && at.stars(t, ben, book) == 2
		})
	}

	// The same member through two processes in turns: the last one holds, whichever writes it first.
	for n := range 20 {
		[]process{p, q}[n%2].rate(t, 202, anna, book, 1+n%5)
		time.Sleep(2 * time.Millisecond) // as a person's next request would be; clocks of processes agree to about a millisecond
	}
	p.drained(t)
	q.drained(t)
	for _, at := range []process{p, q} {
		within(t, "the last one holds", patience, func() bool { return at.stars(t, anna, book) == 1+19%5 })
	}

	p.must(t, 202, anna, "DELETE", fmt.Sprintf("/api/catalog/v1/books/%d/rating", book), "", nil)
	if got := p.stars(t, anna, book); got != 0 {
		t.Errorf("took it back, sees %d", got)
	}
	within(t, "one is left", patience, func() bool { mean, n := q.average(t, book); return mean == 2 && n == 1 })

	for path, status := range map[string]int{"/books/1/rating": 404, "/books/%d/rating": 422} {
		path = strings.Replace(path, "%d", fmt.Sprint(book), 1)
		p.must(t, status, anna, "PUT", "/api/catalog/v1"+path, fmt.Sprintf(`{"stars": %d}`, 5+status/422), nil)
	}
}

const patience = 20 * time.Second

func TestWhoGaveStarsFindsThemNewestFirstPageByPage(t *testing.T) {
	p := serving(t, dbtest.New(t), "")
	p.library.Patterns.WriteBehind.Store(false)
	anna, ben := newReader(t, p, "anna"), newReader(t, p, "ben")
	var books []int64
	for n := 1; n <= 5; n++ {
		book := newTitle(t, p, fmt.Sprint("Title ", n))
		p.rate(t, 200, anna, book, n)
		books = append(books, book)
	}
	p.rate(t, 200, ben, books[0], 1)
	p.must(t, 200, anna, "DELETE", fmt.Sprintf("/api/catalog/v1/books/%d/rating", books[3]), "", nil)
	p.rate(t, 200, anna, books[1], 5) // changed, so newer than all
	var got []string
	for path := "/api/catalog/v1/me/ratings?limit=2"; path != ""; {
		var page struct {
			Items []struct {
				BookID int64 `json:"book_id"`
				Stars  int
			}
			NextCursor *string `json:"next_cursor"`
		}
		p.must(t, 200, anna, "GET", path, "", &page)
		for _, r := range page.Items {
			got = append(got, fmt.Sprintf("%d:%d", r.BookID, r.Stars))
		}
		path = ""
		if page.NextCursor != nil {
			path = "/api/catalog/v1/me/ratings?limit=2&cursor=" + *page.NextCursor
		}
	}
	want := fmt.Sprintf("%d:5 %d:5 %d:3 %d:1", books[1], books[4], books[2], books[0])
	if strings.Join(got, " ") != want {
		t.Errorf("her ratings are %v, want %s", got, want)
	}
	p.must(t, 422, anna, "GET", "/api/catalog/v1/me/ratings?cursor=forged", "", nil)
	p.must(t, 401, reader{}, "GET", "/api/catalog/v1/me/ratings", "", nil)
}

func TestSwitchedOffARatingIsInTheDatabaseBeforeTheAnswer(t *testing.T) {
	db := dbtest.New(t)
	p := serving(t, db, "")
	anna, book := newReader(t, p, "anna"), newTitle(t, p, "Số đỏ")
	p.rate(t, 202, anna, book, 4)
	p.library.Patterns.WriteBehind.Store(false)
	p.rate(t, 200, anna, book, 5)
	if n := rows(t, db, `SELECT stars FROM catalog.ratings WHERE member_id = $1`, anna.id); n != 5 {
		t.Errorf("%d stars in the database", n)
	}
	if got := p.stars(t, anna, book); got != 5 {
		t.Errorf("sees %d", got)
	}
	p.must(t, 204, reader{}, "POST", fmt.Sprintf("/api/catalog/v1/books/%d/views", book), "", nil)
	if n := rows(t, db, `SELECT views FROM catalog.title_views WHERE book_id = $1`, book); n != 1 {
		t.Errorf("%d views", n)
	}
	var l struct{ ID int64 }
	p.must(t, 200, anna, "POST", "/api/members/v1/me/lists", `{"name": "To read"}`, &l)
	if n := rows(t, db, `SELECT count(*) FROM members.lists WHERE member_id = $1`, anna.id); n != 1 {
		t.Errorf("%d lists", n)
	}
}

func TestViewsAndTermsAreCountedOnceAndTermsShownFromTheTenth(t *testing.T) {
	db := dbtest.New(t)
	p := serving(t, db, "")
	hot, cold := newTitle(t, p, "Đất rừng phương Nam"), newTitle(t, p, "Chí Phèo")
	for range 30 {
		p.must(t, 204, reader{}, "POST", fmt.Sprintf("/api/catalog/v1/books/%d/views", hot), "", nil)
	}
	p.must(t, 204, reader{}, "POST", fmt.Sprintf("/api/catalog/v1/books/%d/views", cold), "", nil)
	p.must(t, 404, reader{}, "POST", "/api/catalog/v1/books/1/views", "", nil)
	search := func() {
		p.must(t, 200, reader{}, "GET", "/api/catalog/v1/books?q=rung+phuong", "", nil)
		p.must(t, 200, reader{}, "GET", "/api/catalog/v1/books?q=nothing+like+it", "", nil)
	}
	suggested := func() bool {
		found, err := p.library.Catalog.Suggest(database.Primary(t.Context()), "rung", 5)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range found {
			if s.Kind == "search" {
				return s.Text == "rung phuong"
			}
		}
		return false
	}
	p.library.Patterns.GatewayCache.Store(false)
	for range 9 {
		search()
	}
	within(t, "nine are counted", patience, func() bool {
		return rows(t, db, `SELECT coalesce(sum(seen), 0) FROM catalog.search_terms WHERE term = 'rung phuong'`) == 9
	})
	if suggested() {
		t.Error("a term is shown that was searched for nine times")
	}
	search()
	within(t, "ten are counted", patience, func() bool {
		return rows(t, db, `SELECT coalesce(sum(seen), 0) FROM catalog.search_terms`) == 10
	})
	p.library.Patterns.ReadThrough.Store(false)
	if !suggested() {
		t.Error("a term is not shown that was searched for ten times")
	}
	var popular struct {
		Items []struct {
			Views int
			Book  struct{ ID int64 }
		}
	}
	within(t, "views are counted", patience, func() bool { return rows(t, db, `SELECT coalesce(sum(views), 0) FROM catalog.title_views`) == 31 })
	p.must(t, 200, reader{}, "GET", "/api/catalog/v1/popular", "", &popular)
	if len(popular.Items) != 2 || popular.Items[0].Book.ID != hot || popular.Items[0].Views != 30 {
		t.Errorf("popular: %+v", popular)
	}
}

type list struct {
	ID    int64
	Name  string
	Books []struct {
		BookID int64 `json:"book_id"`
	}
}

type allLists struct{ Items []list }

func TestReadingListsAreSeenAtOnceAndGoWithTheirMember(t *testing.T) {
	one, other := dbtest.Pair(t)
	p, q := serving(t, one, ""), serving(t, other, "")
	anna, ben := newReader(t, p, "anna"), newReader(t, p, "ben")
	book, second := newTitle(t, p, "Truyện Kiều"), newTitle(t, p, "Số đỏ")
	lists := func(at process, who reader) []list {
		var all allLists
		at.must(t, 200, who, "GET", "/api/members/v1/me/lists", "", &all)
		return all.Items
	}
	var l, again list
	p.must(t, 202, anna, "POST", "/api/members/v1/me/lists", `{"name": "  Đọc   sau "}`, &l)
	path := fmt.Sprintf("/api/members/v1/me/lists/%d", l.ID)
	p.must(t, 202, anna, "PUT", fmt.Sprintf("%s/books/%d", path, book), "", nil)
	p.must(t, 202, anna, "PUT", fmt.Sprintf("%s/books/%d", path, second), "", nil)
	p.must(t, 200, anna, "PUT", fmt.Sprintf("%s/books/%d", path, book), "", nil) // it is in
	p.must(t, 404, anna, "PUT", path+"/books/1", "", nil)
	p.must(t, 404, ben, "PUT", fmt.Sprintf("%s/books/%d", path, book), "", nil) // another's list
	p.must(t, 202, anna, "PATCH", path, `{"name": "Later"}`, &again)
	got := lists(p, anna)
	if len(got) != 1 || got[0].Name != "Later" || len(got[0].Books) != 2 || got[0].Books[0].BookID != book || again.ID != l.ID {
		t.Fatalf("%+v", got)
	}
	p.must(t, 202, anna, "DELETE", fmt.Sprintf("%s/books/%d", path, book), "", nil)
	within(t, "the other process sees it", patience, func() bool {
		got := lists(q, anna)
		return len(got) == 1 && got[0].Name == "Later" && len(got[0].Books) == 1
	})

	q.must(t, 202, anna, "DELETE", path, "", nil)
	if got := lists(q, anna); len(got) != 0 {
		t.Errorf("deleted, and there: %+v", got)
	}
	p.must(t, 422, anna, "POST", "/api/members/v1/me/lists", `{"name": " "}`, nil)

	// Sent again with its key it is the same list.
	ids := map[int64]bool{}
	for range 3 {
		_, _, body := p.do("POST", "/api/members/v1/me/lists", `{"name": "Once"}`, "Authorization", anna.bearer, "Idempotency-Key", "k")
		var made list
		if err := json.Unmarshal([]byte(body), &made); err != nil {
			t.Fatal(err)
		}
		ids[made.ID] = true
	}
	if len(ids) != 1 {
		t.Errorf("%d lists were made", len(ids))
	}

	// A member who goes takes lists along, and leaves stars that are nobody's; what was under way finds nobody.
	p.rate(t, 202, anna, book, 5)
	p.drained(t)
	q.drained(t)
	staff := members.AsCommand(t.Context())
	if err := p.library.Members.Delete(staff, anna.card, ""); err != nil {
		t.Fatal(err)
	}
	for _, table := range []string{"members.lists", "members.list_items", "catalog.ratings"} {
		if n := rows(t, one, `SELECT count(*) FROM `+table+` WHERE member_id = $1`, anna.id); n != 0 {
			t.Errorf("%s has %d rows of a member who is gone", table, n)
		}
	}
	within(t, "the stars stay", patience, func() bool { mean, n := q.average(t, book); return mean == 5 && n == 1 })
}
