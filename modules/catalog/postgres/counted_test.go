package postgres_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"bookvault/modules/catalog"
	"bookvault/platform/database"
)

// counted has the words of the catalogue counted, as housekeeping does.
func counted(t *testing.T, db *database.DB) {
	t.Helper()
	if err := db.RefreshView(t.Context(), "catalog.word_counts", time.Minute); err != nil {
		t.Fatal(err)
	}
}

// Where words are counted, very many matches are found one epoch after the other, by the commonest words that begin so. Each title is shown
// exactly once all the same, also one that has a rarer word alone, or whose author has it.
func TestPagesOfACountedCatalogueHaveNoGapAndNoRepeat(t *testing.T) {
	s, db := newService(t, func(c *catalog.Settings) { c.Search.Candidates = 20 })
	fill(t, s, many(60))
	for i := range 3 { // too few to be counted
		fill(t, s, []catalog.Book{book(fmt.Sprintf("Birds: the commonest of %d", i), "vi", 1950+i, "Nature", "Somebody")})
	}
	counted(t, db)
	for name, change := range map[string]func(*catalog.Criteria){
		"relevance":                 func(c *catalog.Criteria) { c.Sort = catalog.ByRelevance },
		"title":                     func(c *catalog.Criteria) { c.Sort = catalog.ByTitle },
		"title, from the end":       func(c *catalog.Criteria) { c.Sort = catalog.ByTitleDesc },
		"newest":                    func(c *catalog.Criteria) { c.Sort = catalog.Newest },
		"oldest":                    func(c *catalog.Criteria) { c.Sort = catalog.Oldest },
		"popular":                   func(c *catalog.Criteria) { c.Sort = catalog.Popular },
		"relevance, of a language":  func(c *catalog.Criteria) { c.Language = "en" },
		"relevance, from a year on": func(c *catalog.Criteria) { c.YearFrom = ptr(1910) },
	} {
		for _, text := range []string{"common", "common "} {
			c := catalog.Criteria{Sort: catalog.ByRelevance, Limit: 7, Reader: "vi"}
			c.Query, _ = catalog.ParseQuery(text, catalog.DefaultQueryLimits)
			change(&c)
			want := map[string]int{}
			rows, err := db.Pool().Query(t.Context(), `SELECT title || id FROM catalog.books WHERE deleted_at IS NULL
AND ($1 OR title NOT LIKE '%commonest%') AND ($2 = '' OR language = $2) AND published_year >= coalesce($3, 0)`, text == "common", c.Language, c.YearFrom)
			if err != nil {
				t.Fatal(err)
			}
			for rows.Next() {
				var key string
				if err := rows.Scan(&key); err != nil {
					t.Fatal(err)
				}
				want[key] = 1
			}
			seen, first := map[string]int{}, []string(nil)
			for {
				page, err := s.Search(t.Context(), c)
				if err != nil {
					t.Fatal(err)
				}
				for _, b := range page.Books {
					seen[fmt.Sprint(b.Title, b.ID)]++
					first = append(first, b.Title)
				}
				if page.Total != (catalog.Total{Value: 20, Relation: "gte"}) {
					t.Errorf("%s, %q: total %+v", name, text, page.Total)
				}
				if page.Next == nil {
					break
				}
				if !page.Next.Valid() {
					t.Fatalf("%s, %q: %+v is no place", name, text, page.Next)
				}
				c.After = page.Next
			}
			for key := range want {
				if seen[key] != 1 {
					t.Errorf("%s, %q: %s was shown %d times", name, text, key, seen[key])
				}
			}
			if len(seen) != len(want) {
				t.Errorf("%s, %q: %d titles of %d", name, text, len(seen), len(want))
			}
			if name == "relevance" && !strings.HasPrefix(strings.Join(first[:15], "|"), "Common sense 0|Common sense 0|Common sense 1") {
				t.Errorf("%q does not begin with what begins so: %q", text, first[:15])
			}
		}
	}
}

// What is written is found at once, although nobody has counted its words.
func TestACountedCatalogueFindsWhatIsNew(t *testing.T) {
	s, db := newService(t, func(c *catalog.Settings) { c.Search.Candidates = 10 })
	fill(t, s, many(40))
	counted(t, db)
	for _, c := range []struct{ title, text string }{
		{"Quagga stories", "quagga"}, {"Uncommon quaggas", "uncomm"}, {"The common quagga", "common qua"}, {"Zebras in common", "common zebras "},
		{"Communes 2", "communes 2"},
	} {
		fill(t, s, []catalog.Book{book(c.title, "en", 2001, "Nature", "Somebody Else")})
		if got := titles(search(t, s, c.text, nil)); len(got) == 0 || got[0] != c.title {
			t.Errorf("%q finds %q first, want %q", c.text, got, c.title)
		}
	}
	if got := titles(search(t, s, "common", func(c *catalog.Criteria) { c.Sort = catalog.Newest })); got[0] != "Zebras in common" {
		t.Errorf("the newest is %q", got[0])
	}
}
