package postgres

import (
	"math"
	"reflect"
	"slices"
	"strings"

	"bookvault/modules/catalog"
)

// match is the part of a search that decides which titles it finds, and by which way.
type match struct {
	conditions []condition // on catalog.books b, but for its document
	doc        string      // tsquery of words and facts on the document; empty when there are none
	words      string      // of the words alone, for ranking
	open       bool        // a word in doc may go on
	filter     string      // of a last word that may go on and is no part of doc, as too many words begin so; empty for none
	available  bool
	newest     bool   // everything matches, so that walking along the ids comes upon enough soonest
	keyFrom    string // titles whose key is from keyFrom up to keyTo begin with what was typed; empty for none
	keyTo      string

	expected float64 // how many titles match, about; 0: nobody knows
	titles   float64 // in all
	// likely are the parts of doc, all of which must hold, with the commonest words that begin so in place of a last word that may go on: what
	// matches them matches, and is found by the index one epoch at a time. There are none where no common word begins so.
	likely   []string
	standing []string // the words that stand in likely for the beginning
	// standingShare is the part of what begins so that has one of those words, about.
	standingShare float64
}

// lastRune sorts after everything that stands in a key.
const lastRune = "\U0010FFFF"

// matchOf reads what is searched for. With standing the words are given that stand for the beginning of one, as they were on the first page
// of a list.
func matchOf(c catalog.Criteria, w *wordCounts, standing []string) match {
	m := match{words: tsquery(c.Query.Terms), available: c.Available, standingShare: 1}
	m.keyFrom, m.keyTo = beginnings(c.Query)
	parts, terms := filters(c), saidOnce(c.Query.Terms)
	indexed, last := terms, len(terms)-1
	if w.known() {
		m.titles, m.expected = w.titles, w.titles*w.facts(c)
		for _, t := range terms {
			m.expected *= w.term(t)
		}
	}
	if last >= 0 && terms[last].Open {
		if m.likely = m.standingFor(parts, terms, w, standing); w.tooBroad(c, terms[:last], terms[last]) {
			m.filter, indexed = tsquery(terms[last:]), terms[:last]
		}
	}
	parts = append(parts, tsqueries(indexed)...)
	m.doc = strings.Join(parts, " & ")
	if last < 0 || !terms[last].Open {
		m.likely = parts
	}
	for _, t := range indexed {
		m.open = m.open || t.Open
	}
	m.newest = m.doc == "" && len(terms) == 0 && m.keyFrom == "" && c.YearFrom == nil && c.YearTo == nil
	year := "b.published_year"
	if m.doc != "" {
		year += " + 0" // words and facts are looked up; the index on the years would find far more
	}
	m.conditions = []condition{
		{sql: "b.deleted_at IS NULL"},
		when(len(c.Query.Terms) == 0, m.beginsWith().sql, m.beginsWith().args...),
		whenGiven(c.YearFrom, year+" >= ?"),
		whenGiven(c.YearTo, year+" <= ?"),
	}
	return m
}

// saidOnce leaves out what another term says as well: "new new york" asks no more than "new york", nor "new new" while it is typed.
func saidOnce(terms []catalog.QueryTerm) []catalog.QueryTerm {
	out := make([]catalog.QueryTerm, 0, len(terms))
	for i, t := range terms {
		said := false
		for j, other := range terms {
			same := i != j && t.ISBN == other.ISBN && reflect.DeepEqual(t.Forms, other.Forms)
			said = said || same && (t.Open && !other.Open || t.Open == other.Open && i < j)
		}
		if !said {
			out = append(out, t)
		}
	}
	return out
}

// goesOn tells whether the last word of the query may.
func (m match) goesOn() bool { return m.open || m.filter != "" }

// epochCost is what looking into one epoch costs, in matches that the index gathers.
const epochCost = 100

// walks tells whether so many matches are found sooner by looking into one epoch after the other than by gathering all that match.
func (m match) walks(want int) bool {
	return len(m.likely) > 0 && m.standingShare*m.expected >= float64(2*want) && m.sparse(want) < m.expected
}

// sparse is the number of matches up to which gathering them all costs less than to go along an order until so many are found, when a step
// leads past an epoch.
func (m match) sparse(want int) float64 {
	return math.Sqrt(epochCost * float64(want) * m.titles / (1 << titlesShift))
}

// gathers tells whether gathering them all costs less than to try each title along an order that an index has until so many are found. Of a
// catalogue that was never counted nobody knows: gathering costs what matches, trying each could cost the whole catalogue.
func (m match) gathers(want int) bool {
	return m.doc != "" && (m.titles == 0 || m.expected < math.Sqrt(float64(want)*m.titles))
}

// epochs is how many epochs are looked into for so many matches: three times what is expected, since titles do not lie evenly.
func (m match) epochs(want int) int {
	return 8 + int(3*float64(want)*m.titles/(1<<titlesShift)/(m.standingShare*m.expected))
}

// standingFor gives the parts of the query with words in place of the beginning that is its last term, and keeps the words.
func (m *match) standingFor(facts []string, terms []catalog.QueryTerm, w *wordCounts, standing []string) []string {
	last := terms[len(terms)-1]
	if standing == nil && w.known() {
		for _, form := range last.Forms {
			sum, commonest, theirs := w.beginning(form[len(form)-1])
			standing = append(standing, commonest...)
			if sum > 0 {
				m.standingShare = min(m.standingShare, theirs/sum)
			}
		}
	}
	var forms []string
	for _, form := range last.Forms {
		var ends []string
		for _, word := range standing {
			if strings.HasPrefix(word, form[len(form)-1]) {
				ends = append(ends, lexeme(word))
			}
		}
		if len(ends) > 0 {
			words := append(make([]string, 0, len(form)), form[:len(form)-1]...)
			for i := range words {
				words[i] = lexeme(words[i])
			}
			forms = append(forms, strings.Join(append(words, "("+strings.Join(ends, " | ")+")"), " <-> "))
		}
	}
	if len(forms) == 0 {
		return nil
	}
	m.standing = standing
	parts := append(slices.Clone(facts), "("+strings.Join(forms, " | ")+")")
	return append(parts, tsqueries(terms[:len(terms)-1])...)
}

// onShelf is the condition of titles that can be borrowed now.
const onShelf = "EXISTS (SELECT FROM catalog.availability a WHERE a.book_id = b.id AND a.available_items > 0)"

// where gives all conditions of the match and some more, as SQL and its parameters.
func (m match) where(more ...condition) (string, []any) {
	return all([]condition{when(m.doc != "", "b.doc @@ CAST(? AS tsquery)", m.doc)}, m.others(), []condition{when(m.available, onShelf)}, more)
}

// tried gives the conditions as where does, but has each title's document tried, so that the index on the documents is not asked.
func (m match) tried(more ...condition) (string, []any) {
	return all([]condition{when(m.doc != "", "ts_match_vq(b.doc, CAST(? AS tsquery))", m.doc)}, m.others(), []condition{when(m.available, onShelf)}, more)
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
