package importing

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"bookvault/modules/catalog"
)

// Shape is what a kind of file means: which columns it has and how a row becomes a title. The known ones recognise
// themselves by the header; docs/IMPORT.md lists their columns.
type Shape interface {
	// Name is the source under which the keys of its rows are remembered.
	Name() string
	// Columns are those that a header must have to be of this shape, in lower case.
	Columns() []string
	// Read turns a row into an entry. It reports facts that it leaves out; when ok is false it reported a refusal.
	Read(row *Fields) (entry Entry, ok bool)
}

// Merging is a Shape in which rows that follow each other with the same key are one title.
type Merging interface {
	Merge(into *Entry, next Entry)
}

// shapes in the order in which they are tried: those that ask for more columns first.
var shapes = []Shape{goodbooks{}, gutenberg{}, goodreads{}, own{}}

// Shapes gives the names of the known shapes.
func Shapes() []string {
	names := make([]string, len(shapes))
	for i, s := range shapes {
		names[i] = s.Name()
	}
	return names
}

// Recognise finds the shape of a file from its header, or makes one from a mapping of our columns to theirs. source names
// whose file it is when there is a mapping; empty means "mapped".
func Recognise(header []string, mapping map[string]string, source string) (Shape, error) {
	names := make([]string, len(header))
	for i, h := range header {
		names[i] = columnName(h)
	}
	if len(mapping) > 0 {
		return newMapped(names, mapping, source)
	}
	for _, shape := range shapes {
		if subset(shape.Columns(), names) {
			return shape, nil
		}
	}
	return nil, unreadable("its columns are not of a known kind (%s): %s. Say which is which with a mapping such as title=%s",
		strings.Join(Shapes(), ", "), shorten(strings.Join(header, ", ")), printable(header[0]))
}

func subset(needed, have []string) bool {
	for _, n := range needed {
		if !slices.Contains(have, n) {
			return false
		}
	}
	return true
}

func columnName(s string) string { return strings.ToLower(oneLine(s)) }

// Fields gives a shape the values of a row by the names of their columns, and takes what it has to say about them.
type Fields struct {
	row     Row
	index   map[string]int
	header  []string
	limits  catalog.Limits
	now     time.Time
	found   []Finding
	refused bool
}

func newFields(header []string, limits catalog.Limits) *Fields {
	f := &Fields{header: header, index: make(map[string]int, len(header)), limits: limits, now: time.Now()}
	for i, h := range header {
		if name := columnName(h); name != "" {
			if _, twice := f.index[name]; !twice {
				f.index[name] = i
			}
		}
	}
	return f
}

func (f *Fields) take(row Row) {
	f.row, f.found, f.refused = row, nil, false
}

// Value gives the value under a column as it stands in the file, empty when the file has no such column.
func (f *Fields) Value(column string) string {
	if i, ok := f.index[column]; ok {
		return f.row.Values[i]
	}
	return ""
}

// Text gives the value as one clean line.
func (f *Fields) Text(column string) string { return oneLine(f.Value(column)) }

// Refuse says why the row cannot go in.
func (f *Fields) Refuse(column, reason string) (Entry, bool) {
	f.found = append(f.found, *refuse(f.row.Line, column, reason, f.Value(column)))
	f.refused = true
	return Entry{}, false
}

// LeaveOut says why one fact of the row does not go in.
func (f *Fields) LeaveOut(column, reason string) {
	finding := refuse(f.row.Line, column, reason, f.Value(column))
	finding.Refused = false
	f.found = append(f.found, *finding)
}

// entry begins an entry for the row.
func (f *Fields) entry(key string) Entry {
	return Entry{Line: f.row.Line, LastLine: f.row.LastLine, Key: key}
}

// named makes authors of names, each once.
func named(names []string) []catalog.Author {
	var authors []catalog.Author
	for _, name := range names {
		if name != "" && !slices.ContainsFunc(authors, func(a catalog.Author) bool { return a.Name == name }) {
			authors = append(authors, catalog.Author{Name: name})
		}
	}
	return authors
}

const (
	maxKey         = 200 // bytes of a key
	maxSeriesPlace = 30  // characters of a place in a series
	// noAuthor stands for the author of a work that has none, as it does everywhere in the catalogue.
	noAuthor = "Anonymous"
)

// check holds an entry against the bounds; too much of one thing is left out, a title that cannot be is refused.
func (f *Fields) check(e *Entry) bool {
	b := &e.Book
	if e.Key == "" || len(e.Key) > maxKey {
		f.Refuse("", fmt.Sprintf("its key is empty or longer than %d bytes", maxKey))
		return false
	}
	if b.Title == "" {
		f.Refuse("title", "it is empty")
		return false
	}
	if n := utf8.RuneCountInString(b.Title); n > f.limits.Title {
		f.Refuse("title", fmt.Sprintf("it has %d characters; the bound is %d", n, f.limits.Title))
		return false
	}
	for _, a := range b.Authors {
		if n := utf8.RuneCountInString(a.Name); n > f.limits.Name {
			f.Refuse("authors", fmt.Sprintf("a name has %d characters; the bound is %d", n, f.limits.Name))
			return false
		}
	}
	if len(b.Authors) > f.limits.Authors {
		f.LeaveOut("authors", fmt.Sprintf("only the first %d of %d were kept", f.limits.Authors, len(b.Authors)))
		b.Authors = b.Authors[:f.limits.Authors]
	}
	if len(b.Authors) == 0 {
		b.Authors = named([]string{noAuthor})
	}
	f.bound(&b.Subtitle, "subtitle", f.limits.Title)
	f.bound(&b.Publisher, "publisher", f.limits.Name)
	f.bound(&b.Series, "series", f.limits.Name)
	f.bound(&b.SeriesPosition, "series", maxSeriesPlace)
	f.bound(&b.Description, "description", f.limits.Description)
	f.boundList(&b.Genres, "genres")
	f.boundList(&b.Subjects, "subjects")
	return true
}

func (f *Fields) bound(s *string, column string, most int) {
	if len(*s) > most && utf8.RuneCountInString(*s) > most {
		f.LeaveOut(column, fmt.Sprintf("it is longer than %d characters", most))
		*s = ""
	}
}

func (f *Fields) boundList(l *[]string, column string) {
	fits := slices.DeleteFunc(*l, func(s string) bool { return utf8.RuneCountInString(s) > f.limits.Name })
	if len(fits) < len(*l) || len(fits) > f.limits.Genres {
		f.LeaveOut(column, fmt.Sprintf("only entries of up to %d characters and only the first %d are kept", f.limits.Name, f.limits.Genres))
	}
	*l = fits[:min(len(fits), f.limits.Genres)]
}
