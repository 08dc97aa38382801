package importing

import (
	"strings"
)

// goodbooks reads books.csv of goodbooks-10k: several authors with commas between them, the year as 2008.0, an ISBN-10
// that lost its leading zeros, an ISBN-13 that was rounded, the series at the end of the title. Covers and readers' ratings
// belong to that site and are not taken.
type goodbooks struct{}

func (goodbooks) Name() string { return "goodbooks" }

func (goodbooks) Columns() []string {
	return []string{"book_id", "goodreads_book_id", "isbn", "isbn13", "authors", "original_publication_year", "title", "language_code"}
}

func (goodbooks) Read(row *Fields) (Entry, bool) {
	key := row.Text("goodreads_book_id")
	if key == "" {
		return row.Refuse("goodreads_book_id", "it is empty")
	}
	e := row.entry(key)
	b := &e.Book
	b.Title, b.Series, b.SeriesPosition = series(row.Text("title"))
	b.Authors = named(peopleList(row.Text("authors")))
	b.PublishedYear = row.year("original_publication_year")
	b.Language = row.language("language_code")
	b.ISBN13 = row.isbn("isbn13", "isbn")
	return e, row.check(&e)
}

// peopleList splits "Neil Gaiman, Malcolm Jones III, Robert DeMaria, Jr." at the commas between people.
func peopleList(s string) []string {
	var people []string
	for _, part := range strings.Split(s, ",") {
		part = oneLine(part)
		if len(people) > 0 && isSuffix(part) {
			people[len(people)-1] += ", " + part
			continue
		}
		if part != "" {
			people = append(people, part)
		}
	}
	return people
}

// goodreads reads the file that a reader exports there ("goodreads_library_export.csv").
type goodreads struct{}

func (goodreads) Name() string { return "goodreads" }

func (goodreads) Columns() []string {
	return []string{"book id", "title", "author", "isbn", "isbn13"}
}

func (goodreads) Read(row *Fields) (Entry, bool) {
	key := row.Text("book id")
	if key == "" {
		return row.Refuse("book id", "it is empty")
	}
	e := row.entry(key)
	b := &e.Book
	b.Title, b.Series, b.SeriesPosition = series(row.Text("title"))
	b.Authors = named(append([]string{row.Text("author")}, peopleList(row.Text("additional authors"))...))
	b.Publisher = row.Text("publisher")
	b.Pages = row.pages("number of pages")
	// The year of the work, as everywhere else in the catalogue; the edition's when the file has no other.
	if b.PublishedYear = row.year("original publication year"); b.PublishedYear == nil {
		b.PublishedYear = row.year("year published")
	}
	b.ISBN13 = row.isbn("isbn13", "isbn")
	// "Bookshelves" hold a reader's own order ("to-read", "summer-2019") and are not subjects of the title.
	return e, row.check(&e)
}
