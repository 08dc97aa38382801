package postgres

import (
	"strconv"
	"strings"
	"time"

	"bookvault/modules/catalog"
)

// What is searched for, in the words of the document (document.go): facts and terms, each a query of its own.

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
func tsquery(terms []catalog.QueryTerm) string { return strings.Join(tsqueries(terms), " & ") }

// tsqueries writes each term by itself.
func tsqueries(terms []catalog.QueryTerm) []string {
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
	return all
}

var lexemeQuoter = strings.NewReplacer(`\`, `\\`, `'`, `''`)

func lexeme(s string) string { return "'" + lexemeQuoter.Replace(s) + "'" }
