package postgres_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"

	"bookvault/modules/catalog"
	"bookvault/platform/database"
	"bookvault/platform/problem"
)

func TestSearch(t *testing.T) {
	s, _ := newService(t, nil)
	books := fill(t, s, append(shelf, catalog.Book{Title: "The Hunger Games", Language: "en", ISBN13: "0439023483",
		Authors: []catalog.Author{{Name: "Suzanne Collins"}}, Genres: []string{"Young adult"}, Subjects: []string{"Reality television", "Dystopias"}, Series: "The Hunger Games"}))
	tolkien := books[6].Authors[0].ID

	for name, c := range map[string]struct {
		q         string
		change    func(*catalog.Criteria)
		want      string // titles, in order
		corrected string
	}{
		"without marks":                    {q: "truyen kieu", want: "Truyện Kiều"},
		"with marks":                       {q: "Truyện Kiều", want: "Truyện Kiều"},
		"marks in the query alone":         {q: "Tàle öf kiều", want: "Tale of Kieu: a study"},
		"decomposed":                       {q: norm.NFD.String("Truyện Kiều"), want: "Truyện Kiều"},
		"the crossed d":                    {q: "so do", want: "Số đỏ"},
		"the crossed d, typed":             {q: "ĐẤT rừng", want: "Đất rừng phương Nam"},
		"the crossed d in a name":          {q: "doan gioi", want: "Đất rừng phương Nam"},
		"words in any order":               {q: "peace war", want: "Peace and War in Byzantium|War and Peace"},
		"a phrase":                         {q: `"war and peace"`, want: "War and Peace"},
		"a phrase that is nowhere":         {q: `"war peace"`, want: ""},
		"a prefix while typing":            {q: "truy", want: "Truyện Kiều"},
		"a prefix after a word":            {q: "lord of the ri", want: "The Lord of the Rings"},
		"a whole word is no prefix":        {q: "truy ", want: ""},
		"one letter":                       {q: "d", want: "Đất rừng phương Nam|Dune|Dune Messiah"},
		"one letter after a word":          {q: "dune m", want: "Dune Messiah|Dune"},
		"the exact title first":            {q: "dune", want: "Dune|Dune Messiah"},
		"the title before the author":      {q: "tolkien", want: "Tolkien: A Biography|The Lord of the Rings|The Hobbit"},
		"the article does not matter":      {q: "hobbit", want: "The Hobbit"},
		"nor when it is typed":             {q: "the hobbit", want: "The Hobbit"},
		"title and author together":        {q: "tolkien ring", want: "The Lord of the Rings"},
		"an elided article":                {q: "etranger", want: "L'Étranger"},
		"and with it":                      {q: "l'étranger", want: "L'Étranger"},
		"a compound in one":                {q: "spiderman", want: "Spider-Man: Blue"},
		"a compound in two":                {q: "spider man", want: "Spider-Man: Blue"},
		"initials in one":                  {q: "jrr tolkien hobbit", want: "The Hobbit"},
		"initials with dots":               {q: "R.U.R.", want: "R.U.R."},
		"initials without":                 {q: "rur", want: "R.U.R."},
		"characters from within":           {q: "樓夢", want: "紅樓夢"},
		"Cyrillic":                         {q: "воина", want: "Война и мир"},
		"an ISBN-13":                       {q: "978-0-439-02348-1", want: "The Hunger Games"},
		"an ISBN-10":                       {q: "0439023483", want: "The Hunger Games"},
		"an ISBN that no title has":        {q: "9780804429573", want: ""},
		"a subject":                        {q: "reality television", want: "The Hunger Games"},
		"a genre as a word":                {q: "dystopia", want: "The Hunger Games|Nineteen Eighty-Four"},
		"nothing but signs":                {q: "?!", want: ""},
		"syntax is only text":              {q: "war & peace | !x:* '", change: nil, want: ""},
		"a letter left out":                {q: "tolkein hobit", want: "The Hobbit", corrected: "tolkien hobbit"},
		"a letter too many":                {q: "duune", want: "Dune|Dune Messiah", corrected: "dune"},
		"two swapped, short":               {q: "dnue", want: "Dune|Dune Messiah", corrected: "dune"},
		"a wrong letter":                   {q: "anna karanina", want: "Anna Karenina", corrected: "anna karenina"},
		"a typo with marks":                {q: "Truyệm Kiều", want: "Truyện Kiều", corrected: "truyen kieu"},
		"a typo in the middle of typing":   {q: "karemi", want: "Anna Karenina", corrected: "kareni"},
		"a word that exists, misplaced":    {q: "harry patter", want: "Harry Potter and the Goblet of Fire", corrected: "harry potter"},
		"two typos in a word are too many": {q: "tulkein", want: ""},
		"a wrong letter in Cyrillic":       {q: "воима", want: "Война и мир", corrected: "воина"},
		"genre":                            {change: func(c *catalog.Criteria) { c.Genre = "Poetry" }, want: "The Odyssey|Văn tế thập loại chúng sinh|Truyện Kiều"},
		"genre, however it is written":     {change: func(c *catalog.Criteria) { c.Genre = "SCIENCE  fiction" }, want: "Dune Messiah|Dune"},
		"a genre is whole":                 {change: func(c *catalog.Criteria) { c.Genre = "science" }, want: ""},
		"language":                         {q: "peace", change: func(c *catalog.Criteria) { c.Language = "ru" }, want: "War and Peace"},
		"author by id":                     {change: func(c *catalog.Criteria) { c.AuthorID = tolkien }, want: "The Lord of the Rings|The Hobbit"},
		"author by name":                   {change: func(c *catalog.Criteria) { c.AuthorName = "nguyen du" }, want: "Văn tế thập loại chúng sinh|Truyện Kiều"},
		"author by name, inverted":         {change: func(c *catalog.Criteria) { c.AuthorName = "Tolstoy, Leo" }, want: "Anna Karenina|War and Peace"},
		"years":                            {change: func(c *catalog.Criteria) { c.YearFrom, c.YearTo = ptr(1949), ptr(1957) }, want: "Nineteen Eighty-Four|The Lord of the Rings|Đất rừng phương Nam"},
		"before our era":                   {change: func(c *catalog.Criteria) { c.YearTo = ptr(-1) }, want: "The Odyssey"},
		"words and filters":                {q: "dune", change: func(c *catalog.Criteria) { c.Genre, c.YearFrom = "Science fiction", ptr(1966) }, want: "Dune Messiah"},
		"a typo and a filter":              {q: "duune", change: func(c *catalog.Criteria) { c.YearFrom = ptr(1966) }, want: "Dune Messiah", corrected: "dune"},
		"newest":                           {q: "dune", change: func(c *catalog.Criteria) { c.Sort = catalog.Newest }, want: "Dune Messiah|Dune"},
		"oldest":                           {q: "dune", change: func(c *catalog.Criteria) { c.Sort = catalog.Oldest }, want: "Dune|Dune Messiah"},
	} {
		t.Run(name, func(t *testing.T) {
			page := search(t, s, c.q, c.change)
			if got := strings.Join(titles(page), "|"); got != c.want {
				t.Errorf("%q finds\n     %s\nwant %s", c.q, got, c.want)
			}
			if page.Corrected != c.corrected {
				t.Errorf("corrected to %q, want %q", page.Corrected, c.corrected)
			}
			if page.Total.Value != len(page.Books) || page.Total.Relation != "eq" {
				t.Errorf("total %+v of %d titles", page.Total, len(page.Books))
			}
		})
	}
}

func TestOrderByTitleIsTheReadersOwn(t *testing.T) {
	s, _ := newService(t, nil)
	for _, title := range []string{"Đảo", "Dế", "The Em", "Ấm", "An", "Ăn", "Zebra", "Da"} {
		fill(t, s, []catalog.Book{book(title, "", 2000, "Novel", "Somebody")})
	}
	for _, c := range []struct {
		sort   catalog.Sort
		reader string
		want   string
	}{
		{catalog.ByTitle, "vi", "An|Ăn|Ấm|Da|Dế|Đảo|The Em|Zebra"}, // a ă â … d đ: letters of their own
		{catalog.ByTitleDesc, "vi", "Zebra|The Em|Đảo|Dế|Da|Ấm|Ăn|An"},
		{catalog.ByTitle, "en", "Ấm|An|Ăn|Da|Đảo|Dế|The Em|Zebra"}, // marks decide last, and Đ is a kind of D
	} {
		page := search(t, s, "", func(cr *catalog.Criteria) { cr.Sort, cr.Reader = c.sort, c.reader })
		if got := strings.Join(titles(page), "|"); got != c.want {
			t.Errorf("%s for %s: %s, want %s", c.sort, c.reader, got, c.want)
		}
	}
}

func TestFacetsAndTotal(t *testing.T) {
	s, _ := newService(t, func(c *catalog.Settings) { c.Search.Candidates = 10 })
	fill(t, s, shelf)
	page := search(t, s, "dune", nil)
	f := page.Facets
	if len(f.Genre) != 1 || f.Genre[0] != (catalog.FacetValue{Value: "Science fiction", Count: 2}) {
		t.Errorf("genres %+v", f.Genre)
	}
	if len(f.Author) != 1 || f.Author[0].Label != "Frank Herbert" || f.Author[0].Count != 2 {
		t.Errorf("authors %+v", f.Author)
	}
	if len(f.Decade) != 1 || f.Decade[0] != (catalog.FacetValue{Value: "1960", Count: 2}) {
		t.Errorf("decades %+v", f.Decade)
	}
	all := search(t, s, "", nil)
	if all.Total != (catalog.Total{Value: 10, Relation: "gte"}) {
		t.Errorf("more than are counted: %+v", all.Total)
	}
	counted := 0
	for _, d := range all.Facets.Decade {
		counted += d.Count
	}
	if counted != 10 {
		t.Errorf("facets of %d titles: %+v", counted, all.Facets.Decade)
	}
	homer := search(t, s, "homer", nil)
	if len(homer.Facets.Decade) != 1 || homer.Facets.Decade[0] != (catalog.FacetValue{Value: "-700", Count: 1}) {
		t.Errorf("decades %+v", homer.Facets.Decade)
	}
}

func TestAvailableNowFollowsBorrowing(t *testing.T) {
	s, _ := newService(t, nil)
	books := fill(t, s, shelf[:3])
	available := func() string {
		return strings.Join(titles(search(t, s, "", func(c *catalog.Criteria) { c.Available = true })), "|")
	}
	set := func(list ...catalog.Availability) {
		t.Helper()
		if err := s.SetAvailability(t.Context(), list); err != nil {
			t.Fatal(err)
		}
	}
	if got := available(); got != "" {
		t.Errorf("before anything is known: %s", got)
	}
	kieu, so := books[0].ID, books[2].ID
	set(catalog.Availability{BookID: kieu, Items: 2, Available: 1, Position: 5}, catalog.Availability{BookID: so, Items: 1, Available: 1, Position: 6})
	if got := available(); got != "Số đỏ|Truyện Kiều" {
		t.Errorf("two are free: %s", got)
	}
	set(catalog.Availability{BookID: so, Items: 1, Available: 0, Position: 9}, catalog.Availability{BookID: so, Items: 1, Available: 1, Position: 8})
	set(catalog.Availability{BookID: so, Items: 1, Available: 1, Position: 7})
	if got := available(); got != "Truyện Kiều" {
		t.Errorf("an older position overwrote a newer one: %s", got)
	}
	set(catalog.Availability{BookID: kieu, Items: 2, Available: 1, Position: 5})
	if got := available(); got != "Truyện Kiều" {
		t.Errorf("the same again: %s", got)
	}
}

func TestSuggest(t *testing.T) {
	s, _ := newService(t, nil)
	fill(t, s, append(shelf, book("Dune", "fr", 1970, "Novel", "Frank Herbert")))
	for q, want := range map[string]string{
		"dun":        "title Dune|title Dune Messiah",
		"truyện":     "title Truyện Kiều",
		"TRUYEN KIE": "title Truyện Kiều",
		"the hob":    "title The Hobbit",
		"tols":       "author Leo Tolstoy",
		"leo t":      "author Leo Tolstoy",
		"so":         "title Số đỏ",
		"po":         "title The Potter's Field|genre Poetry",
		"đoàn":       "author Đoàn Giỏi",
		"":           "",
		"qqq":        "",
	} {
		found, err := s.Suggest(t.Context(), q, 5)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range found {
			got = append(got, f.Kind+" "+f.Text)
			if (f.ID == nil) != (f.Kind == "genre") {
				t.Errorf("%s %s: id %v", f.Kind, f.Text, f.ID)
			}
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%q: %s, want %s", q, strings.Join(got, "|"), want)
		}
	}
}

// A search that takes its budget before it found anything is no answer: nobody knows whether there is something.
func TestASearchThatTakesItsBudgetSaysSo(t *testing.T) {
	s, _ := newService(t, func(set *catalog.Settings) { set.Search.Budget = time.Nanosecond })
	q, err := catalog.ParseQuery("dune", catalog.DefaultQueryLimits)
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.Search(t.Context(), catalog.Criteria{Query: q, Sort: catalog.ByRelevance, Limit: 10})
	if said := problem.Of(err); said.Code != "too_slow" || said.Kind.Status() != 503 || said.RetryAfter <= 0 || database.Ill(err) {
		t.Errorf("%+v, %v", page, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Search(gone, catalog.Criteria{Query: q, Sort: catalog.ByRelevance, Limit: 10}); err == nil {
		t.Error("a caller who left was answered")
	}
}
