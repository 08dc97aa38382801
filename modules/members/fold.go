package members

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold makes text comparable: compatibility-decomposed, without marks, in lower case, everything that is neither letter nor
// digit turned into single spaces, apostrophes left out. "Nguyễn Thị Đào" and "nguyen  thi-dao" fold alike.
func fold(text string) string {
	var b strings.Builder
	b.Grow(len(text))
	gap := false
	for _, r := range norm.NFKD.String(text) {
		switch {
		case unicode.Is(unicode.Mn, r), r == '\'', r == '’':
			continue // a mark belongs to the letter before it, and an apostrophe parts no word
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte(' ')
		}
		gap = false
		switch r = unicode.ToLower(r); r {
		case 'đ', 'ð': // a letter of its own, which no decomposition takes apart
			r = 'd'
		case 'ł':
			r = 'l'
		case 'ø':
			r = 'o'
		}
		b.WriteRune(r)
	}
	return b.String()
}

// foldEmail makes e-mail addresses comparable. The part before the @ is folded too: no provider in use tells capitals apart.
func foldEmail(address string) string {
	return strings.ToLower(norm.NFC.String(strings.TrimSpace(address)))
}
