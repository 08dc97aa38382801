package catalog

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// letters that no decomposition takes apart, and what a reader without them on the keyboard types instead.
var plain = map[rune]string{
	'đ': "d", 'ð': "d", 'ł': "l", 'ø': "o", 'ß': "ss", 'æ': "ae", 'œ': "oe", 'þ': "th", 'ı': "i", 'ħ': "h", 'ŋ': "ng",
}

// Fold is the one rule by which texts meet in search: documents, queries, suggestions and the look-up of authors all go
// through it. It lower-cases, takes off every mark (Truyện Kiều becomes truyen kieu, whether it came as NFC or NFD), turns
// what is neither letter nor digit into a single space, and joins what an apostrophe parts (l'étranger becomes letranger).
func Fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	space := false
	if isASCII(s) { // most text, and nothing in it is to be taken apart
		for i := range len(s) {
			switch c := s[i]; {
			case c == '\'':
			case c >= 'a' && c <= 'z', c >= '0' && c <= '9', c >= 'A' && c <= 'Z':
				if space && b.Len() > 0 {
					b.WriteByte(' ')
				}
				space = false
				if c <= 'Z' && c >= 'A' {
					c += 'a' - 'A'
				}
				b.WriteByte(c)
			default:
				space = true
			}
		}
		return b.String()
	}
	// A broken byte parts words; left in, it would keep what follows from being decomposed.
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(s, " ")) {
		switch {
		case r == '\'' || r == '’' || r == 'ʼ' || unicode.Is(unicode.Mn, r):
			continue
		case unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.Is(unicode.Mc, r):
			if space && b.Len() > 0 {
				b.WriteByte(' ')
			}
			space = false
			r = unicode.ToLower(r)
			if p, ok := plain[r]; ok {
				b.WriteString(p)
			} else {
				b.WriteRune(r)
			}
		default:
			space = true
		}
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
