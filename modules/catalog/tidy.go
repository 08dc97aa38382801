package catalog

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"bookvault/platform/problem"
)

// Limits bound what a title can hold. Lengths are in characters.
type Limits struct {
	Title       int // title and subtitle, each
	Name        int // of an author, a genre, a subject, a publisher, a series
	Description int
	Authors     int // how many
	Genres      int // how many; subjects have the same bound
	Pages       int
	FirstYear   int // negative before our era
	YearsAhead  int // how far ahead of the present year a title can be announced
}

// DefaultLimits hold every title of the sources that were tried, and keep each within an index entry's reach.
var DefaultLimits = Limits{Title: 1000, Name: 300, Description: 20_000, Authors: 100, Genres: 100, Pages: 100_000, FirstYear: -4000, YearsAhead: 5}

// Tidy brings the text of a title into its stored form: NFC, no control characters, spaces single, lists without what is
// empty or said twice, the language as a BCP 47 tag in its canonical form, the ISBN as thirteen digits. What it cannot bring
// into form (a made-up language, a wrong ISBN) it leaves as it is, for Check to name.
func (b *Book) Tidy() {
	for _, text := range []*string{&b.Title, &b.Subtitle, &b.Publisher, &b.Series, &b.SeriesPosition} {
		*text = TidyLine(*text)
	}
	b.Description = tidyText(b.Description)
	b.Language = TidyLanguage(b.Language)
	if isbn, err := ParseISBN(b.ISBN13); err == nil {
		b.ISBN13 = string(isbn)
	}
	b.Genres, b.Subjects = tidyList(b.Genres), tidyList(b.Subjects)
	authors := make([]Author, 0, len(b.Authors))
	seen := map[Author]bool{}
	for _, a := range b.Authors {
		a.Name = TidyLine(a.Name)
		if !seen[a] {
			seen[a] = true
			authors = append(authors, a)
		}
	}
	b.Authors = authors
}

// TidyLine is one line of text in NFC, with single spaces and without control characters.
func TidyLine(s string) string {
	return strings.Join(strings.FieldsFunc(norm.NFC.String(s), func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) && r != 0 }), " ")
}

// tidyText is text of several lines in NFC: control characters other than line breaks are taken out.
func tidyText(s string) string {
	s = strings.ReplaceAll(norm.NFC.String(s), "\r\n", "\n")
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != 0 {
			return ' '
		}
		return r
	}, s))
}

// TidyLanguage gives the canonical BCP 47 tag (eng becomes en, EN-us becomes en-US), or the text itself where it is none.
func TidyLanguage(s string) string {
	s = TidyLine(s)
	if tag, err := language.Parse(s); err == nil && s != "" {
		return tag.String()
	}
	return s
}

func tidyList(list []string) []string {
	out := make([]string, 0, len(list))
	seen := map[string]bool{}
	for _, s := range list {
		if s = TidyLine(s); s != "" && !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

// Check names everything in a tidied title that the catalogue does not take, as fields of the request's body; none when all
// is well.
func (l Limits) Check(b *Book, now time.Time) []problem.Field {
	c := checker{}
	c.text("title", b.Title, l.Title)
	c.need("title", b.Title != "", "is required")
	c.text("subtitle", b.Subtitle, l.Title)
	c.need("authors", len(b.Authors) > 0, "at least one is required; a work without a known author is by \"Anonymous\"")
	c.need("authors", len(b.Authors) <= l.Authors, "at most %d", l.Authors)
	for i, a := range b.Authors[:min(len(b.Authors), l.Authors)] {
		c.text(fmt.Sprintf("authors[%d].name", i), a.Name, l.Name)
		c.need(fmt.Sprintf("authors[%d].name", i), a.Name != "" || a.ID != 0, "is required where there is no id")
		c.need(fmt.Sprintf("authors[%d].id", i), a.ID >= 0 && a.ID <= MaxID, "is not an id of an author")
	}
	c.list("genres", b.Genres, l)
	c.list("subjects", b.Subjects, l)
	c.language(b.Language)
	c.text("publisher", b.Publisher, l.Name)
	c.text("series", b.Series, l.Name)
	c.text("series_position", b.SeriesPosition, 30)
	c.text("description", b.Description, l.Description)
	if b.ISBN13 != "" {
		_, err := ParseISBN(b.ISBN13)
		c.need("isbn13", err == nil, "%v", err)
	}
	if b.Pages != nil {
		c.need("pages", *b.Pages >= 1 && *b.Pages <= l.Pages, "must be 1 to %d", l.Pages)
	}
	if b.PublishedYear != nil {
		c.need("published_year", l.IsYear(*b.PublishedYear, now), "%s", l.YearWords(now))
	}
	return c.fields
}

// IsYear tells whether a title can be of that year. There is no year 0: 1 BCE (-1) comes before 1.
func (l Limits) IsYear(year int, now time.Time) bool {
	return year != 0 && year >= l.FirstYear && year <= now.Year()+l.YearsAhead
}

// YearWords say what IsYear takes.
func (l Limits) YearWords(now time.Time) string {
	return fmt.Sprintf("must be a year from %d to %d (negative before our era; there is no year 0)", l.FirstYear, now.Year()+l.YearsAhead)
}

type checker struct{ fields []problem.Field }

func (c *checker) need(field string, ok bool, format string, args ...any) {
	if !ok {
		c.fields = append(c.fields, problem.Field{Field: "body." + field, Detail: fmt.Sprintf(format, args...)})
	}
}

func (c *checker) text(field, s string, most int) {
	c.need(field, utf8.ValidString(s) && strings.IndexByte(s, 0) < 0, "must be UTF-8 text without NUL")
	c.need(field, utf8.RuneCountInString(s) <= most, "at most %d characters", most)
}

func (c *checker) list(field string, list []string, l Limits) {
	c.need(field, len(list) <= l.Genres, "at most %d", l.Genres)
	for i, s := range list[:min(len(list), l.Genres)] {
		c.text(fmt.Sprintf("%s[%d]", field, i), s, l.Name)
	}
}

func (c *checker) language(tag string) {
	if tag == "" {
		return
	}
	_, err := language.Parse(tag)
	c.need("language", err == nil && len(tag) <= 35, "must be a language tag such as vi, en or pt-BR")
}
