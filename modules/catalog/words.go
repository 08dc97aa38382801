package catalog

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxWordLength is how many characters of a word count in search; documents and queries are cut alike.
const MaxWordLength = 64

// Term is one thing that a text says, in the forms in which it can be met: "Spider-Man" is the words spider and man side by
// side, or the word spiderman. The first form is the plain one. Forms are never empty.
type Term [][]string

// Terms takes a text apart for search. Documents and queries go through it, so that they meet whatever way they are written:
// compounds with and without the hyphen, initials with and without dots, French and Italian words with and without their
// elided article, and scripts that put no spaces between words character by character.
func Terms(text string) []Term {
	var terms []Term
	for _, chunk := range chunks(text) {
		if term := termOf(chunk); term != nil {
			terms = append(terms, term)
		}
	}
	return terms
}

// Words gives the words of a text in their plain form.
func Words(text string) []string { return WordsOf(Terms(text)) }

// KeyLength is how many characters of a key count; it is what an index entry holds of any script.
const KeyLength = 200

// Key is the text as its plain words with single spaces, cut to KeyLength: what titles and names are compared and completed by.
func Key(text string) string { return KeyOf(Terms(text)) }

// TitleKey is the Key of a title without an English article in front, since readers leave it out and put it in at will.
func TitleKey(title string) string { return TitleKeyOf(Terms(title)) }

// chunks parts a text where words part, keeping what ties parts of one word together: apostrophes, hyphens, and dots
// between single letters.
func chunks(text string) []string {
	var out []string
	for _, chunk := range strings.FieldsFunc(text, func(r rune) bool { return !isWordRune(r) && !isApostrophe(r) && !isHyphen(r) && r != '.' }) {
		if strings.IndexByte(chunk, '.') >= 0 && !areInitials(chunk) {
			out = append(out, strings.Split(chunk, ".")...)
			continue
		}
		out = append(out, chunk)
	}
	return out
}

func termOf(chunk string) Term {
	if isPlainWord(chunk) { // most words, and importing millions of titles is mostly this
		return Term{{cut(Fold(chunk), MaxWordLength)}}
	}
	var plain, bare []string // bare: without elided articles
	tied := true             // whether the parts may also be written as one word
	for _, part := range strings.FieldsFunc(chunk, func(r rune) bool { return isHyphen(r) || r == '.' }) {
		words := splitWords(Fold(part))
		plain = append(plain, words...)
		if i := strings.LastIndexFunc(part, isApostrophe); i >= 0 && len(words) == 1 {
			_, size := utf8.DecodeRuneInString(part[i:])
			if rest := splitWords(Fold(part[i+size:])); len(rest) == 1 && len(rest[0]) > 2 {
				words = rest
			}
		}
		bare = append(bare, words...)
		tied = tied && len(words) == 1 && !isUnspaced(firstRune(words[0]))
	}
	if len(plain) == 0 {
		return nil
	}
	term := Term{plain}
	if len(plain) > 1 && tied {
		term = append(term, []string{cut(strings.Join(plain, ""), MaxWordLength)})
	}
	for i := range bare {
		if bare[i] != plain[i] {
			return append(term, bare)
		}
	}
	return term
}

// isPlainWord tells whether a chunk is of ASCII letters and digits alone.
func isPlainWord(chunk string) bool {
	for i := range len(chunk) {
		if c := chunk[i]; (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return chunk != ""
}

// splitWords parts folded text at its spaces, and unspaced scripts at every character. It cuts words that are too long.
func splitWords(folded string) []string {
	var words []string
	for _, field := range strings.Fields(folded) {
		start := 0
		for i, r := range field {
			if !isUnspaced(r) {
				continue
			}
			if start < i {
				words = append(words, cut(field[start:i], MaxWordLength))
			}
			start = i + utf8.RuneLen(r)
			words = append(words, field[i:start])
		}
		if start < len(field) {
			words = append(words, cut(field[start:], MaxWordLength))
		}
	}
	return words
}

// areInitials tells whether dots stand between single letters only, as in R.U.R. or J.R.R.
func areInitials(chunk string) bool {
	for _, part := range strings.Split(strings.Trim(chunk, "."), ".") {
		letters := strings.FieldsFunc(part, func(r rune) bool { return !unicode.IsLetter(r) })
		if len(letters) != 1 || utf8.RuneCountInString(letters[0]) != 1 {
			return false
		}
	}
	return true
}

// cut keeps the first n characters.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for i := range s {
		if n == 0 {
			return strings.TrimRight(s[:i], " ")
		}
		n--
	}
	return s
}

func firstRune(s string) rune { r, _ := utf8.DecodeRuneInString(s); return r }

func isWordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsMark(r) || unicode.IsNumber(r)
}

func isApostrophe(r rune) bool { return r == '\'' || r == '’' || r == 'ʼ' }

func isHyphen(r rune) bool { return r == '-' || r == '\u2010' || r == '\u2011' || r == '\u00ad' }

// isUnspaced tells whether a letter is of a script that is written without spaces between words.
func isUnspaced(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar)
}
