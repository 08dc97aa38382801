package catalog

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"bookvault/platform/problem"
)

// QueryLimits bound what is searched for.
type QueryLimits struct {
	Length int // characters
	Terms  int // words and phrases
}

// DefaultQueryLimits take any title that is pasted whole, within reason.
var DefaultQueryLimits = QueryLimits{Length: 300, Terms: 32}

// Query is what a reader searches for, taken apart: every term must be found.
type Query struct {
	Terms []QueryTerm
	// Key is the whole query as a TitleKey: titles that are it, or begin with it, come first. Open tells that its last word
	// may go on. A query with a Key and no Terms (one letter) looks at the beginnings of titles only.
	Key  string
	Open bool
	// Nothing tells that something was asked for in which there is no word (a lone question mark): it finds nothing.
	Nothing bool
}

// QueryTerm is a word or a phrase in the forms in which it can be met, or an ISBN.
type QueryTerm struct {
	Forms Term
	Open  bool // the last word of each form may go on
	ISBN  ISBN
}

// IsEmpty tells whether nothing is searched for, so that all titles match.
func (q Query) IsEmpty() bool { return len(q.Terms) == 0 && q.Key == "" && !q.Nothing }

// quotes open and close a phrase, in whatever pairs a language has.
const quotes = "\"“”„«»「」"

// ParseQuery reads a query: words in any order, "phrases in quotes", ISBNs with or without hyphens. The last word may be the
// beginning of one, as it is while somebody types; a space or a closing quote after it says that it is whole. The error is a
// problem that names query.q.
func ParseQuery(text string, limits QueryLimits) (Query, error) {
	if utf8.RuneCountInString(text) > limits.Length {
		return Query{}, problem.InvalidField("query.q", "at most %d characters", limits.Length)
	}
	if isbn, err := ParseISBN(text); err == nil {
		return Query{Terms: []QueryTerm{{ISBN: isbn}}}, nil
	}
	q := Query{Key: TitleKey(text), Open: isOpen(text)}
	q.Nothing = q.Key == "" && strings.TrimSpace(text) != ""
	quoted := false
	for text != "" {
		part, rest := text, ""
		if i := strings.IndexAny(text, quotes); i >= 0 {
			part, rest = text[:i], text[i+utf8.RuneLen(firstRune(text[i:])):]
		}
		if quoted {
			q.addPhrase(part)
		} else {
			q.addWords(part)
		}
		text, quoted = rest, !quoted
	}
	if len(q.Terms) > limits.Terms {
		return Query{}, problem.InvalidField("query.q", "at most %d words and phrases", limits.Terms)
	}
	q.openLast()
	return q, nil
}

// isOpen tells whether a text ends within a word.
func isOpen(text string) bool {
	last, _ := utf8.DecodeLastRuneInString(text)
	return isWordRune(last) && !isUnspaced(last)
}

func (q *Query) addPhrase(text string) {
	if words := Words(text); len(words) > 0 {
		q.Terms = append(q.Terms, QueryTerm{Forms: Term{words}})
	}
}

func (q *Query) addWords(text string) {
	for _, term := range Terms(text) {
		t := QueryTerm{Forms: term}
		if isbn, err := ParseISBN(strings.Join(term[0], "")); err == nil {
			t = QueryTerm{ISBN: isbn}
		}
		q.Terms = append(q.Terms, t)
	}
}

// openLast lets the last word go on. A single letter would match a good part of all words: it is left to the beginnings of
// titles (Key) where it stands alone, and for the next key stroke where other words say more.
func (q *Query) openLast() {
	if !q.Open || len(q.Terms) == 0 {
		return
	}
	last := &q.Terms[len(q.Terms)-1]
	if last.ISBN != "" {
		return
	}
	words := last.Forms[0]
	if word := words[len(words)-1]; utf8.RuneCountInString(word) == 1 && unicode.IsLetter(firstRune(word)) && len(words) == 1 {
		q.Terms = q.Terms[:len(q.Terms)-1]
		return
	}
	last.Open = true
}
