package importing

import (
	"strings"
	"unicode"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// oneLine makes a value fit for a title or a name: NFC, one line, single spaces, nothing invisible.
func oneLine(s string) string { return strings.Join(strings.Fields(visible(s)), " ") }

// manyLines does the same for a description, whose line breaks mean something. More than one empty line becomes one.
func manyLines(s string) string {
	lines := strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n")
	kept := lines[:0]
	for _, line := range lines {
		line = oneLine(line)
		if line == "" && (len(kept) == 0 || kept[len(kept)-1] == "") {
			continue
		}
		kept = append(kept, line)
	}
	return strings.TrimSpace(strings.Join(kept, "\n"))
}

// visible takes out what is not to be seen (soft hyphens, zero-width spaces, control characters) and mends one kind of old
// damage: U+0080 to U+009F are control characters that no title holds, but the same numbers are quotes and dashes in
// cp1252, and stand in Unicode text where somebody once read cp1252 as Latin-1.
func visible(s string) string {
	if isPlain(s) {
		return s
	}
	return norm.NFC.String(strings.Map(func(r rune) rune {
		switch {
		case r >= 0x80 && r < 0xa0:
			if r = charmap.Windows1252.DecodeByte(byte(r)); r == unicode.ReplacementChar || (r >= 0x80 && r < 0xa0) {
				return ' '
			}
			return r
		case r == '\u00ad' || r == '\u200b' || r == '\u2060' || r == '\ufeff':
			return -1
		case r == '\u2028' || r == '\u2029':
			return '\n'
		case r != '\n' && unicode.IsControl(r):
			return ' '
		}
		return r
	}, s))
}

func isPlain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= 0x7f || c < ' ' {
			return false
		}
	}
	return true
}

// printable makes anything safe to print and to store: valid UTF-8, one line, no control characters.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// list splits a value at a separator and gives what is not empty, each once.
func list(s, separator string) []string {
	var out []string
	for _, part := range strings.Split(s, separator) {
		out = addOnce(out, oneLine(part))
	}
	return out
}

func addOnce(list []string, s string) []string {
	if s == "" {
		return list
	}
	for _, have := range list {
		if have == s {
			return list
		}
	}
	return append(list, s)
}
