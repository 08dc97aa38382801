package postgres

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgtype"

	"bookvault/modules/catalog"
)

// A document (column doc) holds two sorts of lexemes. Words are folded text with positions and weights: A for the title, B
// for its people, C for what it is about. Facts are what searches filter by; they begin with a mark that no word can hold,
// and have no position, so they count for nothing in ranking. One GIN index answers both, together.
const (
	factAuthor   = "=a" // + id
	factName     = "=n" // + key of the author's name, its words in order of the alphabet: "Tolstoy, Leo" is "Leo Tolstoy"
	factGenre    = "=g" // + key of the genre
	factLanguage = "=l" // + tag in lower case, and its first part alone: pt-br is found by pt
	factISBN     = "=i" // + thirteen digits
	factDecade   = "=d" // + first year of the decade it was published in
	factEpoch    = "=e" // + number of the id, in epochs (epochShift): titles that came in about the same time
)

// epochShift makes epochs of ids: 10 bits of shard, and titlesShift of the sequence's number, so that an epoch has 4096 titles.
const (
	titlesShift = 12
	epochShift  = 10 + titlesShift
)

// Bounds of PostgreSQL's tsvector: positions beyond the last are not told apart, and a lexeme has at most 255. A lexeme may have
// 2046 bytes, which no word and no key reaches.
const (
	lastPosition    = 16383
	positionsOfWord = 255
	lexemesOfMost   = 40 // so that the map of a document seldom grows
	sectionGap      = 8  // so that a phrase never runs from a title into a name
)

// document builds the search document of a title, whose title was taken apart already. The wordbook may be nil.
func document(b *catalog.Book, title []catalog.Term, w *catalog.Wordbook) pgtype.TSVector {
	d := documentBuilder{words: w, at: make(map[string][]pgtype.TSVectorPosition, lexemesOfMost)}
	d.terms(title, pgtype.TSVectorWeightA)
	d.text(b.Subtitle, pgtype.TSVectorWeightA)
	for _, a := range b.Authors {
		d.text(a.Name, pgtype.TSVectorWeightB)
		d.fact(factAuthor + strconv.FormatInt(a.ID, 10))
		d.fact(factName + nameFactBy(a.Name, w))
	}
	d.text(b.Series, pgtype.TSVectorWeightC)
	for _, genre := range b.Genres {
		d.text(genre, pgtype.TSVectorWeightC)
		d.fact(factGenre + catalog.KeyOf(w.Terms(genre)))
	}
	for _, subject := range b.Subjects {
		d.text(subject, pgtype.TSVectorWeightC)
	}
	for _, language := range languageFacts(b.Language) {
		d.fact(factLanguage + language)
	}
	if b.ISBN13 != "" {
		d.fact(factISBN + b.ISBN13)
	}
	if b.PublishedYear != nil {
		d.fact(factDecade + strconv.Itoa(decade(*b.PublishedYear)))
	}
	d.fact(factEpoch + strconv.FormatInt(b.ID>>epochShift, 10))
	return d.vector()
}

// words are the words of a document that can be mistyped: no facts, no numbers, nothing of a few letters.
func words(doc pgtype.TSVector) []string {
	var out []string
	for _, l := range doc.Lexemes {
		if catalog.CanBeMistyped(l.Word) {
			out = append(out, l.Word)
		}
	}
	return out
}

// decade is the first year of the decade of a year, also before our era: -44 is of the decade that begins with -50.
func decade(year int) int { return year - ((year%10)+10)%10 }

func nameFact(name string) string { return nameFactBy(name, nil) }

func nameFactBy(name string, w *catalog.Wordbook) string {
	parts := catalog.WordsOf(w.Terms(name))
	sort.Strings(parts)
	return catalog.KeyOf(w.Terms(strings.Join(parts, " ")))
}

func languageFacts(tag string) []string {
	tag = strings.ToLower(tag)
	primary, _, more := strings.Cut(tag, "-")
	switch {
	case tag == "":
		return nil
	case more:
		return []string{primary, tag}
	default:
		return []string{tag}
	}
}

type documentBuilder struct {
	words *catalog.Wordbook
	at    map[string][]pgtype.TSVectorPosition
	next  uint16
}

func (d *documentBuilder) fact(lexeme string) {
	if _, there := d.at[lexeme]; !there {
		d.at[lexeme] = nil
	}
}

func (d *documentBuilder) text(text string, weight pgtype.TSVectorWeight) {
	d.terms(d.words.Terms(text), weight)
}

func (d *documentBuilder) terms(terms []catalog.Term, weight pgtype.TSVectorWeight) {
	for _, term := range terms {
		if d.next > lastPosition-sectionGap-uint16(len(term[0])) {
			return
		}
		for _, form := range term {
			for i, word := range form {
				d.word(word, pgtype.TSVectorPosition{Position: d.next + 1 + uint16(i), Weight: weight})
			}
		}
		d.next += uint16(len(term[0]))
	}
	d.next = min(d.next+sectionGap, lastPosition)
}

func (d *documentBuilder) word(word string, at pgtype.TSVectorPosition) {
	places := d.at[word]
	for _, p := range places {
		if p.Position == at.Position {
			return
		}
	}
	if len(places) < positionsOfWord {
		d.at[word] = append(places, at)
	}
}

func (d *documentBuilder) vector() pgtype.TSVector {
	v := pgtype.TSVector{Valid: true, Lexemes: make([]pgtype.TSVectorLexeme, 0, len(d.at))}
	for word, places := range d.at {
		if len(places) > 1 {
			slices.SortFunc(places, func(a, b pgtype.TSVectorPosition) int { return int(a.Position) - int(b.Position) })
		}
		v.Lexemes = append(v.Lexemes, pgtype.TSVectorLexeme{Word: word, Positions: places})
	}
	slices.SortFunc(v.Lexemes, func(a, b pgtype.TSVectorLexeme) int { return strings.Compare(a.Word, b.Word) })
	return v
}
