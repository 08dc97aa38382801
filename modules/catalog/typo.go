package catalog

import "unicode"

// shortestLexeme is how many letters a word needs to be offered in place of a mistyped one, shortestTypo how many a word
// needs to be taken for mistyped: among three letters, everything is one letter from something.
const (
	shortestLexeme = 3
	shortestTypo   = 4
)

// CanBeMistyped tells whether a folded word is worth keeping to mend typos by: letters only, and enough of them.
func CanBeMistyped(word string) bool { return lettersOnly(word) >= shortestLexeme }

// lettersOnly counts the letters of a word that is nothing but letters of a script with spaces; 0 for any other.
func lettersOnly(word string) int {
	n := 0
	for _, r := range word {
		if !unicode.IsLetter(r) || isUnspaced(r) {
			return 0
		}
		n++
	}
	return n
}

// alphabets holds, by script, the letters that folded words are made of.
var alphabets = []struct {
	script  *unicode.RangeTable
	letters []rune
}{
	{unicode.Latin, []rune("abcdefghijklmnopqrstuvwxyz")},
	{unicode.Cyrillic, []rune("абвгдежзиклмнопрстуфхцчшщъыьэюя")},
	{unicode.Greek, []rune("αβγδεζηθικλμνξοπρσςτυφχψω")},
}

// Typos gives every word that is one slip away from a folded word (one letter left out, put in, changed, or two neighbours
// swapped: Damerau's distance of one), without the word itself. It gives none for words too short to judge, numbers, and
// scripts whose alphabet is not known here. They are then looked up among the words that exist: some hundred exact look-ups
// find every neighbour, where an index on trigrams misses those that share no three letters (dnue, dune).
func Typos(word string) []string {
	if lettersOnly(word) < shortestTypo {
		return nil
	}
	letters := []rune(word)
	var alphabet []rune
	for _, a := range alphabets {
		if unicode.Is(a.script, letters[0]) {
			alphabet = a.letters
		}
	}
	seen := map[string]bool{word: true}
	var out []string
	add := func(parts ...[]rune) {
		var w []rune
		for _, p := range parts {
			w = append(w, p...)
		}
		if s := string(w); !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	for i := 0; i <= len(letters); i++ {
		head, tail := letters[:i], letters[i:]
		if len(tail) > 0 {
			add(head, tail[1:])
		}
		if len(tail) > 1 {
			add(head, []rune{tail[1], tail[0]}, tail[2:])
		}
		for _, letter := range alphabet {
			if len(tail) > 0 {
				add(head, []rune{letter}, tail[1:])
			}
			add(head, []rune{letter}, tail)
		}
	}
	return out
}
