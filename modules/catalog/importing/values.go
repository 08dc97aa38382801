package importing

import (
	"math"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/text/language"

	"bookvault/modules/catalog"
)

// number reads a whole number as spreadsheets write them: "2008", "2008.0", "1,204".
func (f *Fields) number(column string, least, most int) *int {
	text := strings.ReplaceAll(f.Text(column), ",", "")
	if text == "" {
		return nil
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v != math.Trunc(v) {
		f.LeaveOut(column, "it is not a whole number")
		return nil
	}
	if v < float64(least) || v > float64(most) {
		f.LeaveOut(column, "it is out of bounds")
		return nil
	}
	n := int(v)
	return &n
}

// year reads a year, negative before our era.
func (f *Fields) year(column string) *int {
	n := f.number(column, math.MinInt32, math.MaxInt32)
	if n != nil && !f.limits.IsYear(*n, f.now) {
		f.LeaveOut(column, f.limits.YearWords(f.now))
		return nil
	}
	return n
}

// pages reads a number of pages; 0 means that it is not known.
func (f *Fields) pages(column string) *int {
	if n := f.number(column, 0, f.limits.Pages); n != nil && *n > 0 {
		return n
	}
	return nil
}

// isbn reads the first of the columns that holds an ISBN, and gives it as ISBN-13. A wrong one is left out and reported;
// one that a spreadsheet rounded (9.78043902348e+12) has lost its digits and is dropped without a word, since files have
// it on every row.
func (f *Fields) isbn(columns ...string) string {
	type wrong struct{ column, reason string }
	var found []wrong
	for _, column := range columns {
		text := unquoteFormula(f.Text(column))
		if text == "" || rounded(text) {
			continue
		}
		number, err := catalog.ParseISBN(restoreZeros(text))
		if err == nil {
			return string(number)
		}
		found = append(found, wrong{column, err.Error()})
	}
	for _, w := range found {
		f.LeaveOut(w.column, w.reason)
	}
	return ""
}

// unquoteFormula takes off what keeps a spreadsheet from reading an ISBN as a number: ="0441013597".
func unquoteFormula(s string) string {
	return strings.Trim(strings.TrimPrefix(s, "="), `"'`)
}

func rounded(s string) bool { return strings.Contains(s, "e+") || strings.Contains(s, "E+") }

var lostZeros = regexp.MustCompile(`^[0-9]{6,8}[0-9Xx]$|^[0-9]{9}$`)

// restoreZeros gives an ISBN-10 back the zeros in front that it lost by being read as a number. Its check digit is verified
// like any other, so that nothing else becomes an ISBN by it.
func restoreZeros(s string) string {
	s = strings.TrimSuffix(s, ".0")
	if lostZeros.MatchString(s) {
		return strings.Repeat("0", 10-len(s)) + s
	}
	return s
}

// language reads a language code as libraries and shops write them ("eng", "fre", "en_US", "en/de") and gives it in BCP 47
// ("en", "fr", "en-US"). Of several, the first counts: a title has one language, the one that it is listed under.
func (f *Fields) language(column string) string {
	text := f.Text(column)
	first, _, _ := strings.Cut(text, "/")
	first, _, _ = strings.Cut(first, ",")
	first = strings.TrimSpace(first)
	if first == "" {
		return ""
	}
	tag, err := language.Parse(first)
	if err != nil {
		if code, ok := languageNames[strings.ToLower(first)]; ok {
			return code
		}
		f.LeaveOut(column, "it is not a language code")
		return ""
	}
	if tag == language.Und {
		return ""
	}
	return tag.String()
}

// languageNames are words that stand in language columns of lists made by hand.
var languageNames = map[string]string{
	"english": "en", "vietnamese": "vi", "tiếng việt": "vi", "french": "fr", "français": "fr", "german": "de", "deutsch": "de",
	"spanish": "es", "español": "es", "italian": "it", "italiano": "it", "portuguese": "pt", "dutch": "nl", "russian": "ru",
	"chinese": "zh", "japanese": "ja", "korean": "ko", "arabic": "ar", "latin": "la", "greek": "el", "polish": "pl",
}

var seriesAtEnd = regexp.MustCompile(`^(.*\S)\s*\(([^()]*?),?\s*#([^()]+)\)$`)

// series takes a series off the end of a title: "The Hunger Games (The Hunger Games, #1)". Of several, parted by
// semicolons, the first counts.
func series(title string) (rest, name, position string) {
	m := seriesAtEnd.FindStringSubmatch(title)
	if m == nil {
		return title, "", ""
	}
	inside := m[2] + ", #" + m[3]
	first, _, several := strings.Cut(inside, ";")
	if !several {
		return m[1], strings.TrimSpace(m[2]), strings.TrimSpace(m[3])
	}
	cut := strings.LastIndex(first, "#")
	if cut < 0 {
		return m[1], strings.TrimSpace(m[2]), strings.TrimSpace(m[3])
	}
	return m[1], strings.TrimRight(first[:cut], ", "), strings.TrimSpace(first[cut+1:])
}
