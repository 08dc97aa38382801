package postgres

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bookvault/modules/catalog"
)

// facts are what the candidates of a search have: a line a candidate, of each kind. Lists are JSON as PostgreSQL writes it, which holds no
// line break. Counting them here costs a third of what it costs in SQL, where every candidate's lists are taken apart by a call of their own.
type facts struct {
	count                             int // of candidates
	languages, years, genres, authors string
}

// facets counts the facts and keeps the commonest values, at most so many of each kind. Values are what the filters of the same
// names take.
func (f facts) facets(most int) (catalog.Facets, error) {
	languages, genres, authors, decades := counts{}, counts{}, counts{}, counts{}
	for language, n := range f.lines(f.languages) {
		languages.add(language, "", n)
	}
	for text, n := range f.lines(f.genres) {
		list, err := plainList(text)
		if err != nil {
			return catalog.Facets{}, fmt.Errorf("read genres: %w", err)
		}
		for _, genre := range list {
			genres.add(genre, "", n)
		}
	}
	written := make(map[int64]*writer, f.count)
	if f.count > 0 {
		for text := range strings.SplitSeq(f.authors, "\n") {
			if err := countAuthors(written, text); err != nil {
				return catalog.Facets{}, err
			}
		}
	}
	several := 0
	for _, w := range written {
		if w.titles > 1 {
			several++
		}
	}
	for id, w := range written {
		if w.titles == 1 && several >= most {
			continue // most have written one, and none of these is among the first
		}
		authors.add(strconv.FormatInt(id, 10), w.name, w.titles)
	}
	for text, n := range f.lines(f.years) {
		if year, err := strconv.Atoi(text); err == nil { // empty: not known
			decades.add(strconv.Itoa(decade(year)), "", n)
		}
	}
	facets := catalog.Facets{Genre: genres.top(most), Language: languages.top(most), Author: authors.top(most), Decade: decades.top(most)}
	slices.SortFunc(facets.Decade, func(a, b catalog.FacetValue) int {
		x, _ := strconv.Atoi(a.Value)
		y, _ := strconv.Atoi(b.Value)
		return cmp.Compare(x, y)
	})
	return facets, nil
}

// lines counts equal lines: genres and languages are few.
func (f facts) lines(lines string) map[string]int {
	out := map[string]int{}
	if f.count == 0 {
		return out
	}
	for line := range strings.SplitSeq(lines, "\n") {
		out[line]++
	}
	return out
}

// plainList reads a list of texts; without escapes it needs no reader of JSON.
func plainList(text string) (list []string, err error) {
	inner, ok := strings.CutPrefix(text, `["`)
	inner, end := strings.CutSuffix(inner, `"]`)
	if !ok || !end || strings.Contains(text, `\`) {
		return list, listOf(text, &list)
	}
	return strings.Split(inner, `", "`), nil
}

type writer struct {
	name   string
	titles int
}

// countAuthors adds a list of authors. Such lists make up most of what candidates have, and all are written alike: an id, a name. One that
// is not, or whose name has a sign that JSON escapes, is read as JSON.
func countAuthors(written map[int64]*writer, text string) error {
	count := func(id int64, name string) {
		w := written[id]
		if w == nil {
			w = &writer{name: name}
			written[id] = w
		}
		w.titles++
	}
	if !strings.Contains(text, `\`) && eachAuthor(text, count, false) {
		eachAuthor(text, count, true)
		return nil
	}
	var list []catalog.Author
	if err := listOf(text, &list); err != nil {
		return fmt.Errorf("read authors: %w", err)
	}
	for _, a := range list {
		count(a.ID, a.Name)
	}
	return nil
}

// eachAuthor tells whether a list without escapes is of the usual form, and calls count for each author if asked to.
func eachAuthor(text string, count func(int64, string), call bool) bool {
	const begin, middle, end = `{"id": `, `, "name": "`, `"}`
	rest, ok := strings.CutPrefix(text, "[")
	for ok && rest != "]" {
		rest = strings.TrimPrefix(rest, ", ")
		var number, name string
		if rest, ok = strings.CutPrefix(rest, begin); !ok {
			return false
		}
		if number, rest, ok = strings.Cut(rest, middle); !ok {
			return false
		}
		if name, rest, ok = strings.Cut(rest, end); !ok || strings.Contains(name, `"`) {
			return false
		}
		id, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return false
		}
		if call {
			count(id, name)
		}
	}
	return ok
}

type counts map[string]*catalog.FacetValue

func (c counts) add(value, label string, n int) {
	if value == "" {
		return
	}
	v, there := c[value]
	if !there {
		v = &catalog.FacetValue{Value: value, Label: label}
		c[value] = v
	}
	v.Count += n
}

// top gives the commonest values in order. They are kept in order while all are gone through: most are as rare as many others, and sorting
// those would cost more than counting.
func (c counts) top(most int) []catalog.FacetValue {
	first := make([]catalog.FacetValue, 0, most+1)
	for _, v := range c {
		if len(first) == most && (most == 0 || byCount(*v, first[most-1]) > 0) {
			continue
		}
		at, _ := slices.BinarySearchFunc(first, *v, byCount)
		first = slices.Insert(first, at, *v)
		first = first[:min(len(first), most)]
	}
	return first
}

func byCount(a, b catalog.FacetValue) int {
	return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(a.Label, b.Label), strings.Compare(a.Value, b.Value))
}
