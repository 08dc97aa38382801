package postgres

import (
	"strconv"
	"strings"

	"bookvault/modules/catalog"
)

// match is the part of a search that decides which titles it finds: SQL conditions on catalog.books b, with their parameters
// in order.
type match struct {
	conditions []string
	args       []any
	words      string // the tsquery of the words alone, for ranking; empty when there are none
	keyFrom    string // titles whose key is from keyFrom up to keyTo begin with what was typed; empty for none
	keyTo      string
}

// lastRune sorts after everything that stands in a key.
const lastRune = "\U0010FFFF"

func matchOf(c catalog.Criteria) match {
	m := match{conditions: []string{"b.deleted_at IS NULL"}}
	m.words = tsquery(c.Query.Terms)
	m.keyFrom, m.keyTo = beginnings(c.Query)
	all := facts(c)
	if m.words != "" {
		all = append(all, m.words)
	}
	if len(all) > 0 {
		m.and("b.doc @@ CAST(? AS tsquery)", strings.Join(all, " & "))
	}
	if len(c.Query.Terms) == 0 && m.keyFrom != "" {
		m.and("b.title_key >= ? AND b.title_key < ?", m.keyFrom, m.keyTo)
	}
	if c.YearFrom != nil {
		m.and("b.published_year >= ?", *c.YearFrom)
	}
	if c.YearTo != nil {
		m.and("b.published_year <= ?", *c.YearTo)
	}
	if c.Available {
		m.and("EXISTS (SELECT FROM catalog.availability a WHERE a.book_id = b.id AND a.available_items > 0)")
	}
	return m
}

func (m *match) and(condition string, args ...any) {
	m.conditions = append(m.conditions, condition)
	m.args = append(m.args, args...)
}

// where gives the conditions and more of them, as SQL and parameters.
func (m match) where(more ...condition) (string, []any) {
	all, args := append([]string{}, m.conditions...), append([]any{}, m.args...)
	for _, c := range more {
		if c.sql != "" {
			all, args = append(all, c.sql), append(args, c.args...)
		}
	}
	return strings.Join(all, " AND "), args
}

// condition is one more condition; the zero value is none.
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

// facts are the filters that stand in the document (see document.go).
func facts(c catalog.Criteria) []string {
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
