package importing

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"sort"
	"strings"

	"bookvault/modules/catalog"
)

// own reads the catalogue's own format, which docs/IMPORT.md describes: title and authors, and any of the other columns.
type own struct{}

// ownColumns are the columns of our own format, and the names that a mapping gives to somebody else's.
var ownColumns = []string{"key", "title", "subtitle", "authors", "isbn", "language", "publisher", "year", "pages", "series",
	"series_position", "genres", "subjects", "description"}

func (own) Name() string { return "own" }

func (own) Columns() []string { return []string{"title", "authors"} }

func (own) Read(row *Fields) (Entry, bool) { return readOwn(row) }

func readOwn(row *Fields) (Entry, bool) {
	e := row.entry("")
	b := &e.Book
	b.Title, b.Series, b.SeriesPosition = series(row.Text("title"))
	b.Subtitle = row.Text("subtitle")
	b.Authors = named(people(row.Value("authors")))
	b.ISBN13 = row.isbn("isbn", "isbn13")
	b.Language = row.language("language")
	b.Publisher = row.Text("publisher")
	b.PublishedYear = row.year("year")
	b.Pages = row.pages("pages")
	if s := row.Text("series"); s != "" {
		b.Series, b.SeriesPosition = s, row.Text("series_position")
	}
	b.Genres = list(row.Value("genres"), ";")
	b.Subjects = list(row.Value("subjects"), ";")
	b.Description = manyLines(row.Value("description"))
	if e.Key = row.Text("key"); e.Key == "" {
		e.Key = identity(b)
	}
	return e, row.check(&e)
}

// people splits an author column of which nothing is known. Semicolons, bars and line breaks part people. Without them,
// "Karl Marx, Friedrich Engels" is two people, since every part is a whole name, and "Goethe, Johann Wolfgang von" is one
// in inverted form.
func people(s string) []string {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == ';' || r == '|' || r == '\n' })
	var names []string
	for _, part := range parts {
		if part = oneLine(part); part == "" || nobody(part) {
			continue
		}
		if several := peopleList(part); len(parts) == 1 && len(several) > 1 && !slices.ContainsFunc(several, isOneWord) {
			names = append(names, several...)
			continue
		}
		names = append(names, DirectName(part))
	}
	return names
}

func isOneWord(s string) bool { return !strings.Contains(s, " ") }

// identity makes a key for a row that has none: its ISBN, else a hash of what tells one title from another.
func identity(b *catalog.Book) string {
	if b.ISBN13 != "" {
		return "isbn:" + b.ISBN13
	}
	year := 0
	if b.PublishedYear != nil {
		year = *b.PublishedYear
	}
	h := sha256.New()
	_, _ = fmt.Fprintf(h, "%q %q %q %d", catalog.Fold(b.Title), catalog.Fold(b.Subtitle), b.Language, year)
	_, _ = fmt.Fprintf(h, "%q %q %q", catalog.Fold(b.Publisher), catalog.Fold(b.Series), b.SeriesPosition)
	for _, a := range b.Authors {
		_, _ = fmt.Fprintf(h, "%q", catalog.Fold(a.Name))
	}
	return "facts:" + hex.EncodeToString(h.Sum(nil)[:16])
}

// mapped reads a file whose columns a person has named.
type mapped struct {
	source  string
	mapping map[string]string // our column -> theirs, in lower case
}

func newMapped(header []string, mapping map[string]string, source string) (Shape, error) {
	m := mapped{source: source, mapping: make(map[string]string, len(mapping))}
	ours := make([]string, 0, len(mapping))
	for column := range mapping {
		ours = append(ours, column)
	}
	sort.Strings(ours)
	for _, column := range ours {
		theirs := columnName(mapping[column])
		if !slices.Contains(ownColumns, column) {
			return nil, unreadable("the mapping names %q; our columns are %s", column, strings.Join(ownColumns, ", "))
		}
		if !slices.Contains(header, theirs) {
			return nil, unreadable("the mapping says %s=%s, but the file has no such column; it has %s", column, theirs, shorten(strings.Join(header, ", ")))
		}
		m.mapping[column] = theirs
	}
	if m.mapping["title"] == "" {
		return nil, unreadable("the mapping names no column for the title")
	}
	if m.source == "" {
		if m.mapping["key"] != "" {
			return nil, unreadable("with a key column the source needs a name (--source NAME), so that key 17 of this file is not taken for key 17 of another")
		}
		m.source = "mapped"
	}
	return m, nil
}

func (m mapped) Name() string { return m.source }

func (m mapped) Columns() []string { return nil }

func (m mapped) Read(row *Fields) (Entry, bool) {
	renamed := *row
	renamed.index = make(map[string]int, len(m.mapping))
	for ours, theirs := range m.mapping {
		renamed.index[ours] = row.index[theirs]
	}
	e, ok := readOwn(&renamed)
	row.found, row.refused = renamed.found, renamed.refused
	for i, f := range row.found {
		if theirs, ok := m.mapping[f.Field]; ok {
			row.found[i].Field = theirs // a person looks for the name that stands in the file
		}
	}
	return e, ok
}

// ParseMapping reads "title=Titel,authors=Autor". A comma in a column's name is written \, .
func ParseMapping(s string) (map[string]string, error) {
	if strings.TrimSpace(s) == "" {
		return nil, nil
	}
	const hidden = "\x00"
	mapping := make(map[string]string)
	for _, pair := range strings.Split(strings.ReplaceAll(s, `\,`, hidden), ",") {
		ours, theirs, ok := strings.Cut(strings.ReplaceAll(pair, hidden, ","), "=")
		ours = strings.ToLower(strings.TrimSpace(ours))
		if !ok || ours == "" || strings.TrimSpace(theirs) == "" {
			return nil, unreadable("the mapping part %q is not of the form ours=theirs", pair)
		}
		if _, twice := mapping[ours]; twice {
			return nil, unreadable("the mapping names %s twice", ours)
		}
		mapping[ours] = strings.TrimSpace(theirs)
	}
	return mapping, nil
}
