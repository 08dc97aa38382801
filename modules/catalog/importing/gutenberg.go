package importing

import (
	"slices"
	"strings"
)

// gutenberg reads the metadata of Project Gutenberg as the R package gutenbergr ships it: authors in inverted form, one row
// an author of a work, line breaks and MARC subfields in titles, bookshelves parted by slashes. A work without text (a
// recording) is a title too.
type gutenberg struct{}

func (gutenberg) Name() string { return "gutenberg" }

func (gutenberg) Columns() []string {
	return []string{"gutenberg_id", "title", "author", "language", "gutenberg_bookshelf"}
}

func (gutenberg) Read(row *Fields) (Entry, bool) {
	key := row.Text("gutenberg_id")
	if key == "" {
		return row.Refuse("gutenberg_id", "it is empty")
	}
	e := row.entry(key)
	b := &e.Book
	b.Title, b.Subtitle = titleLines(row.Value("title"))
	if author := row.Text("author"); author != "" {
		b.Authors = named([]string{DirectName(author)})
	}
	b.Language = row.language("language")
	b.Genres, b.Subjects = bookshelves(row.Value("gutenberg_bookshelf"))
	return e, row.check(&e)
}

const maxMerged = 100 // authors that rows of one work may add up to

// Merge takes the author of the next row of the same work.
func (gutenberg) Merge(into *Entry, next Entry) {
	if authors := into.Book.Authors; len(authors) == 1 && authors[0].Name == noAuthor {
		into.Book.Authors = nil
	}
	for _, a := range next.Book.Authors {
		if !slices.Contains(into.Book.Authors, a) && len(into.Book.Authors) < maxMerged {
			into.Book.Authors = append(into.Book.Authors, a)
		}
	}
	into.LastLine = next.LastLine
}

// titleLines parts a title from its subtitle: at the first line break, or at the MARC subfield mark " : $b ". Other MARC
// marks ($c, $n …) are only marks.
func titleLines(s string) (title, subtitle string) {
	s = strings.TrimSpace(strings.ReplaceAll(s, "\r\n", "\n"))
	if before, after, ok := strings.Cut(s, " : $b "); ok && !strings.Contains(before, "\n") {
		s = before + "\n" + after
	}
	title, subtitle, _ = strings.Cut(s, "\n")
	return withoutMarks(title), withoutMarks(subtitle)
}

func withoutMarks(s string) string {
	words := strings.Fields(visible(s))
	kept := words[:0]
	for i, w := range words {
		if len(w) >= 2 && w[0] == '$' && w[1] >= 'a' && w[1] <= 'z' && len(strings.TrimRight(w, ":;,.")) == 2 {
			if len(kept) > 0 { // "design $b: an account"
				kept[len(kept)-1] += w[2:]
			}
			continue
		}
		if w == ":" && (i == 0 || i == len(words)-1) {
			continue
		}
		kept = append(kept, w)
	}
	return strings.Join(kept, " ")
}

// shelvesWithSlashes are names that hold the very slash that parts the names: the parts that may follow each.
var shelvesWithSlashes = map[string][]string{
	"Religion":            {"Spirituality"},
	"Plays":               {"Films", "Dramas"},
	"Nature":              {"Gardening", "Animals"},
	"Encyclopedias":       {"Dictionaries", "Reference"},
	"Science - Earth":     {"Agricultural", "Farming"},
	"Science - Chemistry": {"Biochemistry"},
	"History - Medieval":  {"Middle Ages"},
	"Journalism":          {"Media", "Writing"},
	"Sports":              {"Hobbies"},
	"Psychiatry":          {"Psychology"},
	"Business":            {"Management"},
	"Drugs":               {"Alcohol", "Pharmacology"},
	"Research Methods":    {"Statistics", "Information Sys"},
}

// bookshelves parts "Politics/Category: Religion/Spirituality" into genres (the categories) and subjects (the rest).
func bookshelves(s string) (genres, subjects []string) {
	var category string  // the category being put together
	var follows []string // what may still belong to its name
	for _, part := range strings.Split(s, "/") {
		part = oneLine(part)
		if name, ok := strings.CutPrefix(part, "Category: "); ok {
			genres = addOnce(genres, category)
			category, follows = name, shelvesWithSlashes[name]
			continue
		}
		if i := slices.Index(follows, part); i >= 0 {
			category, follows = category+"/"+part, follows[i+1:]
			continue
		}
		subjects = addOnce(subjects, part)
	}
	return addOnce(genres, category), subjects
}
