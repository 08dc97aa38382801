package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"bookvault/modules/catalog"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/problem"
)

func TestOnlyOneOfTwoEditorsWins(t *testing.T) {
	s, _ := newService(t, nil)
	b := fill(t, s, shelf[:1])[0]
	results := make([]error, 16)
	var editors sync.WaitGroup
	for i := range results {
		editors.Go(func() {
			edited := b
			edited.Subtitle = fmt.Sprintf("as editor %d sees it", i)
			_, results[i] = s.Replace(t.Context(), edited)
		})
	}
	editors.Wait()
	won := 0
	for _, err := range results {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, &problem.Error{Code: "version_conflict"}):
			t.Errorf("%v", err)
		}
	}
	if have, err := s.Book(t.Context(), b.ID); won != 1 || err != nil || have.Version != 2 || have.Subtitle == "" {
		t.Errorf("%d won; %+v, %v", won, have, err)
	}
}

func TestWritersWhoNameTheSameAuthorsDoNotMakeThemTwice(t *testing.T) {
	s, db := newService(t, nil)
	var writers sync.WaitGroup
	for i := range 24 {
		writers.Go(func() {
			names := []string{"Ilya Ilf", "Yevgeny Petrov", "Karel Čapek", "Josef Čapek"}
			if i%2 == 1 { // the other way round, so that two would wait for each other if they took locks as they come
				names[0], names[1], names[2], names[3] = names[3], names[2], names[1], names[0]
			}
			if _, err := s.Create(t.Context(), book(fmt.Sprintf("Together %d with words anew%d", i, i), "", 1930, "Satire", names...)); err != nil {
				t.Errorf("%v", err)
			}
		})
	}
	writers.Wait()
	var authors, books int
	if err := db.Read(t.Context()).Raw("SELECT (SELECT count(*) FROM catalog.authors), (SELECT count(*) FROM catalog.books)").Row().Scan(&authors, &books); err != nil || authors != 4 || books != 24 {
		t.Errorf("%d authors, %d titles, %v", authors, books, err)
	}
}

// Whoever writes finds it so in the very next search, though a replica answers it and is behind.
func TestWritersFindWhatTheyWrote(t *testing.T) {
	s, _ := newService(t, nil, dbtest.Replicated())
	for i := range 40 {
		ctx, _ := database.WithReader(t.Context(), "")
		find := func(q string) string {
			c := catalog.Criteria{Sort: catalog.ByRelevance, Limit: 5}
			c.Query, _ = catalog.ParseQuery(q, catalog.DefaultQueryLimits)
			page, err := s.Search(ctx, c)
			if err != nil {
				t.Fatal(err)
			}
			return strings.Join(titles(page), "|")
		}
		name := fmt.Sprintf("Zebu%dx", i)
		b, err := s.Create(ctx, book(name, "en", 2000, "Novel", "Somebody"))
		if err != nil {
			t.Fatal(err)
		}
		if got := find(name + " "); got != name {
			t.Fatalf("created %s, found %q", name, got)
		}
		b.Title = name + " again"
		if b, err = s.Replace(ctx, b); err != nil {
			t.Fatal(err)
		}
		if got := find("again " + name + " "); got != b.Title {
			t.Fatalf("changed to %s, found %q", b.Title, got)
		}
		if err := s.Delete(ctx, b.ID, b.Version); err != nil {
			t.Fatal(err)
		}
		if got := find(name + " "); got != "" {
			t.Fatalf("deleted, found %q", got)
		}
	}
}

// Callers leave at any moment: what they were told they made is there, nothing is there twice, and nobody else is disturbed.
func TestCallersWhoLeaveInTheMiddle(t *testing.T) {
	s, _ := newService(t, nil)
	var made sync.Map
	var callers sync.WaitGroup
	for caller := range 4 {
		callers.Go(func() {
			for i := range 60 {
				ctx, leave := context.WithTimeout(t.Context(), time.Duration(rand.IntN(8000))*time.Microsecond)
				title := fmt.Sprintf("Leaving %d %d", caller, i)
				if b, err := s.Create(ctx, book(title, "", 2000, "Novel", "Somebody")); err == nil {
					made.Store(b.ID, title)
				}
				leave()
			}
		})
	}
	callers.Wait()
	made.Range(func(id, title any) bool {
		b, err := s.Book(t.Context(), id.(int64))
		for try := 0; try < 5 && errors.Is(err, &problem.Error{Code: "database_timeout"}); try++ {
			// A cancellation can reach PostgreSQL late, when the connection already has another query to cancel.
			b, err = s.Book(t.Context(), id.(int64))
		}
		if err != nil || b.Title != title {
			t.Errorf("%v: %+v, %v", title, b, err)
		}
		return true
	})
}

func TestATombstoneCannotBeTouched(t *testing.T) {
	s, _ := newService(t, nil)
	b := fill(t, s, shelf[:1])[0]
	if err := s.Delete(t.Context(), b.ID, 7); !errors.Is(err, &problem.Error{Code: "version_conflict"}) {
		t.Errorf("delete of another version: %v", err)
	}
	if err := s.Delete(t.Context(), b.ID, b.Version); err != nil {
		t.Fatal(err)
	}
	_, errGet := s.Book(t.Context(), b.ID)
	_, errPut := s.Replace(t.Context(), b)
	_, errCover := s.SetCover(t.Context(), b.ID, nil)
	for what, err := range map[string]error{"get": errGet, "replace": errPut, "cover": errCover, "remove cover": s.RemoveCover(t.Context(), b.ID), "delete": s.Delete(t.Context(), b.ID, 0)} {
		if !errors.Is(err, &problem.Error{Code: "book_not_found"}) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if found, err := s.Titles(t.Context(), []int64{b.ID, 5}); err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
	if found, err := s.Suggest(t.Context(), "truyen", 5); err != nil || len(found) != 0 {
		t.Errorf("%v, %v", found, err)
	}
}

func TestTitlesForOthers(t *testing.T) {
	s, _ := newService(t, nil)
	books := fill(t, s, shelf[:3])
	found, err := s.Titles(t.Context(), []int64{books[2].ID, books[0].ID, books[0].ID, 99})
	if err != nil || len(found) != 2 {
		t.Fatalf("%v, %v", found, err)
	}
	if got := found[books[0].ID]; got.Title != "Truyện Kiều" || strings.Join(got.Authors, "") != "Nguyễn Du" {
		t.Errorf("%+v", got)
	}
}

// noise is text that nothing compresses.
func noise(n int) string {
	r := rand.New(rand.NewPCG(1, 2))
	runes := make([]rune, n)
	for i := range runes {
		runes[i] = rune(0x20000 + r.IntN(0xa000)) // Han beyond the basic plane: 4 bytes each
	}
	return string(runes)
}

// What is as long as it may be is stored, found and put in order: no index entry grows beyond what PostgreSQL takes.
func TestTheLongestTitleThatIsAllowed(t *testing.T) {
	s, _ := newService(t, nil)
	for i, long := range []string{strings.Repeat("𝔘", 1000), strings.Repeat("ﷺ", 1000), strings.Repeat("word ", 199) + "last", strings.Repeat("樓", 1000), noise(1000)} {
		b := book(long, "vi", 2000, strings.Repeat("ﷺ", 300), string(rune('a'+i))+strings.Repeat("ﷺ", 299))
		b.Subtitle, b.Series, b.Publisher, b.Description = long, strings.Repeat("𝔘", 300), strings.Repeat("𝔘", 300), strings.Repeat("𝔘", 20_000)
		made, err := s.Create(t.Context(), b)
		if err != nil {
			t.Fatalf("%.20q: %v", long, err)
		}
		page := search(t, s, "", func(c *catalog.Criteria) { c.AuthorID, c.Sort = made.Authors[0].ID, catalog.ByTitle })
		if len(page.Books) != 1 || page.Books[0].Title != made.Title {
			t.Errorf("%.20q is not found", long)
		}
		page = search(t, s, "", func(c *catalog.Criteria) { c.AuthorName, c.Genre = made.Authors[0].Name, made.Genres[0] })
		if len(page.Books) != 1 {
			t.Errorf("%.20q is not found by the names of its author and genre", long)
		}
	}
}
