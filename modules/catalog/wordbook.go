package catalog

import "strings"

// Wordbook takes texts apart as Terms does and remembers the words, for whoever does so with millions of titles: the same few
// thousand words stand in most of them. A nil Wordbook remembers nothing. It is not for concurrent use.
type Wordbook struct{ terms map[string][]Term }

// wordbookSize bounds what is remembered: some megabytes.
const wordbookSize = 50_000

// NewWordbook makes an empty one.
func NewWordbook() *Wordbook { return &Wordbook{terms: make(map[string][]Term)} }

// Terms gives what the function Terms gives. Nothing ties words together over a space, so they can be taken one by one.
func (w *Wordbook) Terms(text string) []Term {
	if w == nil {
		return Terms(text)
	}
	terms := make([]Term, 0, 1+strings.Count(text, " "))
	for word := range strings.SplitSeq(text, " ") {
		known, ok := w.terms[word]
		if !ok {
			if len(w.terms) >= wordbookSize {
				clear(w.terms)
			}
			known = Terms(word)
			w.terms[strings.Clone(word)] = known
		}
		terms = append(terms, known...)
	}
	return terms
}

// WordsOf gives the words of terms in their plain form.
func WordsOf(terms []Term) []string {
	words := make([]string, 0, len(terms))
	for _, term := range terms {
		words = append(words, term[0]...)
	}
	return words
}

// KeyOf is Key of a text that was taken apart already.
func KeyOf(terms []Term) string { return cut(strings.Join(WordsOf(terms), " "), KeyLength) }

// TitleKeyOf is TitleKey of a title that was taken apart already.
func TitleKeyOf(terms []Term) string {
	words := WordsOf(terms)
	if len(words) > 1 && (words[0] == "the" || words[0] == "a" || words[0] == "an") {
		words = words[1:]
	}
	return cut(strings.Join(words, " "), KeyLength)
}
