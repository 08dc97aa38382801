package postgres_test

import (
	"context"
	"testing"
	"time"

	"bookvault/modules/catalog"
	"bookvault/modules/catalog/postgres"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// today is when the tests happen.
var today = time.Date(2026, 11, 22, 10, 0, 0, 0, time.UTC)

// freeHoldings let every title be deleted.
type freeHoldings struct{}

// CloseTitle has nothing against it.
func (freeHoldings) CloseTitle(context.Context, int64) error { return nil }

// MergeTitle has nothing to move.
func (freeHoldings) MergeTitle(context.Context, int64, int64) error { return nil }

func newService(t testing.TB, change func(*catalog.Settings), opts ...dbtest.Option) (*catalog.Service, *database.DB) {
	t.Helper()
	db := dbtest.New(t, opts...)
	settings := catalog.DefaultSettings()
	settings.Search.Budget = time.Minute // what is tested is what is found, on however busy a machine
	if change != nil {
		change(&settings)
	}
	s := catalog.New(postgres.New(db, settings.Search).Stores(), settings, func() time.Time { return today })
	s.SetHoldings(freeHoldings{})
	return s, db
}

func ptr[T any](v T) *T { return &v }

// shelf is a small library: Vietnamese, English, and whatever makes searching hard.
var shelf = []catalog.Book{
	book("Truyện Kiều", "vi", 1820, "Poetry", "Nguyễn Du"),
	book("Văn tế thập loại chúng sinh", "vi", 1820, "Poetry", "Nguyễn Du"),
	book("Số đỏ", "vi", 1936, "Satire", "Vũ Trọng Phụng"),
	book("Đất rừng phương Nam", "vi", 1957, "Novel", "Đoàn Giỏi"),
	book("Chí Phèo", "vi", 1941, "Short stories", "Nam Cao"),
	book("Tale of Kieu: a study", "en", 1983, "Criticism", "Huỳnh Sanh Thông"),
	book("The Hobbit", "en", 1937, "Fantasy", "J.R.R. Tolkien"),
	book("The Lord of the Rings", "en", 1954, "Fantasy", "J.R.R. Tolkien"),
	book("Tolkien: A Biography", "en", 1977, "Biography", "Humphrey Carpenter"),
	book("Dune", "en", 1965, "Science fiction", "Frank Herbert"),
	book("Dune Messiah", "en", 1969, "Science fiction", "Frank Herbert"),
	book("War and Peace", "ru", 1869, "Novel", "Leo Tolstoy"),
	book("Peace and War in Byzantium", "en", 1995, "History", "Timothy S. Miller"),
	book("Anna Karenina", "ru", 1878, "Novel", "Leo Tolstoy"),
	book("L'Étranger", "fr", 1942, "Novel", "Albert Camus"),
	book("Spider-Man: Blue", "en", 2002, "Comics", "Jeph Loeb", "Tim Sale"),
	book("R.U.R.", "cs", 1920, "Drama", "Karel Čapek"),
	book("紅樓夢", "zh", 1791, "Novel", "曹雪芹"),
	book("Война и мир", "ru", 1869, "Novel", "Лев Толстой"),
	book("The Odyssey", "grc", -700, "Poetry", "Homer"),
	book("Nineteen Eighty-Four", "en", 1949, "Dystopia", "George Orwell"),
	book("The Potter's Field", "en", 1989, "Crime", "Ellis Peters"),
	book("Harry Potter and the Goblet of Fire", "en", 2000, "Fantasy", "J.K. Rowling"),
}

func book(title, language string, year int, genre string, authors ...string) catalog.Book {
	b := catalog.Book{Title: title, Language: language, PublishedYear: ptr(year), Genres: []string{genre}}
	for _, a := range authors {
		b.Authors = append(b.Authors, catalog.Author{Name: a})
	}
	return b
}

func fill(t testing.TB, s *catalog.Service, books []catalog.Book) []catalog.Book {
	t.Helper()
	out := make([]catalog.Book, len(books))
	for i, b := range books {
		created, err := s.Create(t.Context(), b)
		if err != nil {
			t.Fatalf("create %q: %v", b.Title, err)
		}
		out[i] = created
	}
	return out
}

func search(t testing.TB, s *catalog.Service, q string, change func(*catalog.Criteria)) catalog.Page {
	t.Helper()
	query, err := catalog.ParseQuery(q, catalog.DefaultQueryLimits)
	if err != nil {
		t.Fatalf("parse %q: %v", q, err)
	}
	c := catalog.Criteria{Query: query, Sort: catalog.ByRelevance, Limit: 20}
	if change != nil {
		change(&c)
	}
	page, err := s.Search(t.Context(), c)
	if err != nil {
		t.Fatalf("search %q: %v", q, err)
	}
	return page
}

func titles(p catalog.Page) []string {
	out := []string{}
	for _, b := range p.Books {
		out = append(out, b.Title)
	}
	return out
}
