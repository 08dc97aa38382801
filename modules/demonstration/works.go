package demonstration

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// worksFile is one work a line, tab-separated, in the order of the years; authors and genres are separated by semicolons.
//
//go:embed works.tsv
var worksFile string

const worksHeader = "title\tparallel_title\tauthors\tyear\tlanguage\tgenres\tpublisher\tseries\tdescription"

// genres is every genre that a work here may have. A short list, so that the facets of a fresh library say something.
var genres = map[string]bool{
	"Adventure": true, "Biography": true, "Children": true, "Crime": true, "Criticism": true, "Drama": true, "Economics": true,
	"Epic": true, "Essays": true, "Fantasy": true, "Folklore": true, "Food": true, "Historical fiction": true, "History": true,
	"Horror": true, "Memoir": true, "Novel": true, "Philosophy": true, "Poetry": true, "Politics": true, "Psychology": true,
	"Reference": true, "Religion": true, "Reportage": true, "Romance": true, "Satire": true, "Science": true,
	"Science fiction": true, "Short stories": true, "Society": true, "Travel": true, "War": true, "Young adult": true,
}

// The years between which a work of this library appeared: from Homer to the newest one that is listed.
const firstYear, lastYear = -800, 2025

// Works gives all works of the demonstration library, checked: a slip in the file is an error that names the line.
func Works() ([]Work, error) { return parseWorks(worksFile) }

func parseWorks(file string) ([]Work, error) {
	lines := strings.Split(strings.TrimSuffix(file, "\n"), "\n")
	if lines[0] != worksHeader {
		return nil, fmt.Errorf("works.tsv: line 1 is not the header %q", worksHeader)
	}
	works, seen := make([]Work, 0, len(lines)-1), make(map[string]int, len(lines))
	for i, line := range lines[1:] {
		w, err := parseWork(line)
		if err != nil {
			return nil, fmt.Errorf("works.tsv: line %d: %w", i+2, err)
		}
		if before, twice := seen[w.Key()]; twice {
			return nil, fmt.Errorf("works.tsv: line %d: %s stands in line %d already", i+2, w.Title, before)
		}
		seen[w.Key()] = i + 2
		works = append(works, w)
	}
	return works, nil
}

func parseWork(line string) (Work, error) {
	if !utf8.ValidString(line) || !norm.NFC.IsNormalString(line) {
		return Work{}, fmt.Errorf("is not UTF-8 in NFC")
	}
	f := strings.Split(line, "\t")
	if want := strings.Count(worksHeader, "\t") + 1; len(f) != want {
		return Work{}, fmt.Errorf("has %d fields, not %d", len(f), want)
	}
	for _, field := range f {
		if field != strings.Join(strings.Fields(field), " ") {
			return Work{}, fmt.Errorf("has stray spaces in %q", field)
		}
	}
	year, err := strconv.Atoi(f[3])
	if err != nil || year == 0 || year < firstYear || year > lastYear {
		return Work{}, fmt.Errorf("year %q is not one of %d to %d", f[3], firstYear, lastYear)
	}
	if tag, err := language.Parse(f[4]); err != nil || tag.String() != f[4] {
		return Work{}, fmt.Errorf("language %q is not a BCP 47 tag in its usual form", f[4])
	}
	w := Work{
		Title: f[0], ParallelTitle: f[1], Authors: strings.Split(f[2], ";"), Year: year, Language: f[4],
		Genres: strings.Split(f[5], ";"), Publisher: f[6], Series: f[7], Description: f[8],
	}
	if w.Title == "" || w.Title == w.ParallelTitle {
		return Work{}, fmt.Errorf("title %q is empty or the same as the parallel title", w.Title)
	}
	for _, author := range w.Authors {
		if author == "" {
			return Work{}, fmt.Errorf("has an empty author")
		}
	}
	for _, genre := range w.Genres {
		if !genres[genre] {
			return Work{}, fmt.Errorf("genre %q is not on the list of genres", genre)
		}
	}
	return w, nil
}

// Key tells works apart: title and first author in lower case. Two books may share a title (Con trâu), not an author too.
func (w Work) Key() string { return strings.ToLower(w.Title + "\t" + w.Authors[0]) }
