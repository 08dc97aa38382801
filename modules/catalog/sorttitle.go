package catalog

import (
	"strings"
	"unicode"
)

// SortTitleLength is how many characters of a title decide its place in a list by title.
const SortTitleLength = 200

// articles that a language puts in front of a title and that librarians leave out of the order (the non-filing characters
// of MARC 21). Elided ones end in an apostrophe and touch the next word.
var articles = map[string][]string{
	"":   {"the", "a", "an"}, // where the language is not known
	"en": {"the", "a", "an"},
	"fr": {"le", "la", "les", "un", "une", "des", "l'"},
	"de": {"der", "die", "das", "ein", "eine"},
	"nl": {"de", "het", "een"},
	"es": {"el", "la", "los", "las", "un", "una"},
	"it": {"il", "lo", "la", "i", "gli", "le", "un", "uno", "una", "l'"},
	"pt": {"o", "a", "os", "as", "um", "uma"},
	"ca": {"el", "la", "els", "les", "un", "una", "l'"},
	"sv": {"en", "ett", "den", "det", "de"},
	"da": {"en", "et", "den", "det", "de"},
	"no": {"en", "et", "den", "det", "de"},
	"hu": {"a", "az", "egy"},
}

// SortTitle is what a title is put in order by: without the quotation marks and the article in front of it. Lower and upper
// case, marks and the language's own alphabet are left to the collation of whoever reads the list.
func SortTitle(title, language string) string {
	title = strings.TrimLeftFunc(title, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	primary, _, _ := strings.Cut(strings.ToLower(language), "-")
	for _, article := range articles[primary] {
		if rest, ok := withoutArticle(title, article); ok {
			title = rest
			break
		}
	}
	return cut(title, SortTitleLength)
}

func withoutArticle(title, article string) (string, bool) {
	elided := strings.HasSuffix(article, "'")
	article = strings.TrimSuffix(article, "'")
	if len(title) <= len(article) || !strings.EqualFold(title[:len(article)], article) {
		return "", false
	}
	rest := title[len(article):]
	if parted := strings.HasPrefix(rest, " ") || elided && isApostrophe(firstRune(rest)); !parted {
		return "", false
	}
	rest = strings.TrimLeftFunc(rest, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
	return rest, rest != ""
}

// SortName is what a person is put in order by: the last word of the name first, as a library shelves it. A name that holds
// a comma is taken to be inverted already.
func SortName(name string) string {
	i := strings.LastIndexByte(name, ' ')
	if i < 0 || strings.IndexByte(name, ',') >= 0 {
		return name
	}
	return name[i+1:] + ", " + name[:i]
}
