package postgres

import (
	"strconv"
	"strings"
	"time"

	"bookvault/modules/catalog"
)

// match is the part of a search that decides which titles it finds.
type match struct {
	conditions []condition // on catalog.books b, but for its document
	doc        string      // tsquery of words and facts on the document; empty when there are none
	words      string      // of the words alone, for ranking
	open       bool        // a word in doc may go on
	filter     string      // of a last word that may go on and is no part of doc, as too many words begin so; empty for none
	available  bool
	newest     bool   // so many match that walking along the ids comes upon enough of them soonest
	keyFrom    string // titles whose key is from keyFrom up to keyTo begin with what was typed; empty for none
	keyTo      string
}

// lastRune sorts after everything that stands in a key.
const lastRune = "\U0010FFFF"

func matchOf(c catalog.Criteria, w *wordCounts) match {
	m := match{words: tsquery(c.Query.Terms), available: c.Available}
	m.keyFrom, m.keyTo = beginnings(c.Query)
	parts, indexed := filters(c), c.Query.Terms
	if last := len(indexed) - 1; last >= 0 && indexed[last].Open && w.tooBroad(parts, indexed[:last], indexed[last]) {
		m.filter, indexed = tsquery(indexed[last:]), indexed[:last]
	}
	if words := tsquery(indexed); words != "" {
		parts = append(parts, words)
	}
	m.doc = strings.Join(parts, " & ")
	for _, t := range indexed {
		m.open = m.open || t.Open
	}
	years := c.YearFrom != nil || c.YearTo != nil
	m.newest = !years && (m.doc == "" && len(c.Query.Terms) == 0 && m.keyFrom == "" || len(parts) == 1 && len(indexed) < 2 && w.isBroad(filters(c), indexed))
	m.conditions = []condition{
		{sql: "b.deleted_at IS NULL"},
		when(len(c.Query.Terms) == 0, m.beginsWith().sql, m.beginsWith().args...),
		whenGiven(c.YearFrom, "b.published_year >= ?"),
		whenGiven(c.YearTo, "b.published_year <= ?"),
	}
	return m
}

// onShelf is the condition of titles that can be borrowed now.
const onShelf = "EXISTS (SELECT FROM catalog.availability a WHERE a.book_id = b.id AND a.available_items > 0)"

// where gives all conditions of the match and some more, as SQL and its parameters.
func (m match) where(more ...condition) (string, []any) {
	return all([]condition{when(m.doc != "", "b.doc @@ CAST(? AS tsquery)", m.doc)}, m.others(), []condition{when(m.available, onShelf)}, more)
}

// others are the conditions that need the title's row, but for its availability.
func (m match) others() []condition {
	// The function that stands behind @@: by it no index is asked.
	return append(m.conditions[:len(m.conditions):len(m.conditions)], when(m.filter != "", "ts_match_vq(b.doc, CAST(? AS tsquery))", m.filter))
}

// rank is how well a title matches, as SQL with its parameters: a word in the title counts more than one in a name, and that
// more than one in a genre or a subject (the weights of PostgreSQL's ts_rank).
func (m match) rank() (string, []any) {
	if m.words == "" {
		return "0::real", nil
	}
	return "ts_rank(b.doc, CAST(? AS tsquery))", []any{m.words}
}

// all joins conditions, leaving out those that are none.
func all(lists ...[]condition) (string, []any) {
	parts, args := []string{"true"}, []any(nil)
	for _, list := range lists {
		for _, c := range list {
			if c.sql != "" {
				parts, args = append(parts, c.sql), append(args, c.args...)
			}
		}
	}
	return strings.Join(parts, " AND "), args
}

// condition is a condition in SQL with its parameters; the zero value is none.
type condition struct {
	sql  string
	args []any
}

func when(is bool, sql string, args ...any) condition {
	if !is {
		return condition{}
	}
	return condition{sql, args}
}

func whenGiven(year *int, sql string) condition {
	if year == nil {
		return condition{}
	}
	return condition{sql, []any{*year}}
}

// beginsWith and notBeginsWith part the titles that begin with what was typed from the others.
func (m match) beginsWith() condition {
	return when(m.keyFrom != "", "b.title_key >= ? AND b.title_key < ?", m.keyFrom, m.keyTo)
}

func (m match) notBeginsWith() condition {
	return when(m.keyFrom != "", "NOT (b.title_key >= ? AND b.title_key < ?)", m.keyFrom, m.keyTo)
}

func beginnings(q catalog.Query) (from, to string) {
	switch {
	case q.Key == "":
		return "", ""
	case q.Open:
		return q.Key, q.Key + lastRune
	default:
		return q.Key, q.Key + " " + lastRune // the key itself, and those that go on with another word
	}
}

// filters are those that stand in the document as facts (see document.go).
func filters(c catalog.Criteria) []string {
	var out []string
	fact := func(is bool, kind, value string) {
		if is {
			out = append(out, lexeme(kind+value))
		}
	}
	fact(c.Genre != "", factGenre, catalog.Key(c.Genre))
	fact(c.Language != "", factLanguage, strings.ToLower(c.Language))
	fact(c.AuthorID != 0, factAuthor, strconv.FormatInt(c.AuthorID, 10))
	fact(c.AuthorName != "", factName, nameFact(c.AuthorName))
	if decades := decadeFacts(c.YearFrom, c.YearTo); len(decades) > 0 {
		out = append(out, "("+strings.Join(decades, " | ")+")")
	}
	return out
}

// mostDecades is how many decades a search may name. Each is looked up in every epoch (see byID), and for a longer time the index
// on the years does better.
const mostDecades = 3

// decadeFacts are the decades of a span of years, none for a span that is open or too long. The years themselves are
// conditions of their own.
func decadeFacts(from, to *int) []string {
	if from == nil {
		return nil
	}
	last := time.Now().Year() + 10
	if to != nil {
		last = *to
	}
	var out []string
	for d := decade(*from); d <= last; d += 10 {
		if out = append(out, lexeme(factDecade+strconv.Itoa(d))); len(out) > mostDecades {
			return nil
		}
	}
	return out
}

// tsquery writes the terms of a query in PostgreSQL's own language; every one must be found.
func tsquery(terms []catalog.QueryTerm) string {
	var all []string
	for _, t := range terms {
		if t.ISBN != "" {
			all = append(all, lexeme(factISBN+string(t.ISBN)))
			continue
		}
		var forms []string
		for _, form := range t.Forms {
			words := make([]string, len(form))
			for i, w := range form {
				words[i] = lexeme(w)
				if t.Open && i == len(form)-1 {
					words[i] += ":*"
				}
			}
			forms = append(forms, strings.Join(words, " <-> "))
		}
		if len(forms) == 1 {
			all = append(all, forms[0])
		} else {
			all = append(all, "("+strings.Join(forms, " | ")+")")
		}
	}
	return strings.Join(all, " & ")
}

var lexemeQuoter = strings.NewReplacer(`\`, `\\`, `'`, `''`)

func lexeme(s string) string { return "'" + lexemeQuoter.Replace(s) + "'" }
