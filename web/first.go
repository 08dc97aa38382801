package web

import (
	"bytes"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"bookvault/platform/cdn"
)

// The first picture of a page: before its script has come, a reader sees its heading in their language where it will stand, and the browser
// already fetches all that the page is made of, its scripts after what this picture needs, and what draws covers after them (parts/cover.js). The
// script draws the same again, with the rest.

// kind is a sort of page whose first picture is drawn here, by what its script loads: router.js loads the rest by itself.
type kind struct {
	address *regexp.Regexp
	styles  []string
	modules []string // of the page and all that it imports, but for what every page loads
	main    *template.Template
}

// kinds are the pages that people come to first.
var kinds = map[string]kind{
	"home": {regexp.MustCompile(`^/$`), []string{"/home/home.css"}, []string{"/home/home.js", "/parts/cover.js", "/parts/cover-palette.js"},
		drawing(`<section class="hero"><h1>{{.Word "home.heading"}}</h1><div class="input first-box"></div><p class="quiet" id="size"></p></section><div id="shelves"></div>`)},
	"results": {regexp.MustCompile(`^/search$`), []string{"/results/results.css"},
		[]string{"/results/results.js", "/results/facets.js", "/results/marks.js", "/results/row.js", "/parts/availability.js", "/parts/cover.js"},
		drawing(`<div class="input in-page first-box"></div><div class="results"><aside><details class="facet-panel"><summary>{{.Word "facet.heading"}}</summary></details></aside>` +
			`<section><div class="results-head"><div><h1>{{with .Query}}{{$.Results .}}{{end}}</h1><p class="quiet numbers">&nbsp;</p></div>` +
			`<label class="sort"><span>{{.Word "results.sort"}}</span> <select class="input" disabled><option>{{if .Query}}{{.Word "sort.relevance"}}{{else}}{{.Word "sort.newest"}}{{end}}</option></select></label></div>` +
			`{{with .Rows}}<ol class="rows">{{range .}}<li class="row"><div class="bone book"></div><div class="row-words"><h2><a href="/books/{{.ID}}" lang="{{.Language}}" dir="auto">{{.Name}}</a></h2>` +
			`{{with .Subtitle}}<p class="subtitle" dir="auto">{{.}}</p>{{end}}` + byAuthors + `<p class="quiet small">&nbsp;</p></div></li>{{end}}</ol>{{end}}</section></div>`)},
	"title": {titlePage, []string{"/title/title.css"},
		[]string{"/title/title.js", "/title/copies.js", "/title/opinion.js", "/results/row.js", "/parts/availability.js", "/lib/branches.js", "/parts/cover.js"},
		drawing(`{{with .Title}}<article class="title"><div class="title-cover"><div class="bone book"></div></div><div class="title-words">` +
			`<h1{{if .Long}} class="long"{{end}} lang="{{.Language}}" dir="auto">{{.Name}}</h1>{{with .Subtitle}}<p class="subtitle" dir="auto">{{.}}</p>{{end}}` +
			byAuthors + `<div class="lend"></div>` +
			`<div class="opinion"><p class="average"></p></div>{{with .Description}}<section><h2>{{$.Word "title.about"}}</h2><p class="description" dir="auto">{{.}}</p></section>{{end}}` +
			`</div></article>{{end}}`)},
}

const byAuthors = `<p class="by">{{range $i, $name := .Authors}}{{if $i}}, {{end}}<span dir="auto">{{$name}}</span>{{end}}</p>`

func drawing(text string) *template.Template { return template.Must(template.New("first").Parse(text)) }

// picture is what the drawings are made of.
type picture struct {
	words map[string]string
	Query string  // what was searched
	Rows  []Title // what that found first
	Title *drawnTitle
}

type drawnTitle struct {
	Title
	Long bool
}

// Word gives the words of a key of the pages' messages.
func (p picture) Word(key string) string { return p.words[key] }

// Results is the heading of a search.
func (p picture) Results(q string) string {
	return strings.ReplaceAll(p.words["results.for"], "{q}", q)
}

// longTitle is from how many characters on a title is set smaller, as in title.js.
const longTitle = 90

// What index.html has where the first picture goes, and before which a page's own files are named.
const (
	place       = "<!-- first -->"
	beforeFiles = `<link rel="modulepreload" href="/lib/api.js" fetchpriority="low">`
)

// languages are those of the pages, the first where a browser wants none of them.
var (
	languages = []string{"en", "vi"}
	matcher   = language.NewMatcher([]language.Tag{language.English, language.Vietnamese})
	message   = regexp.MustCompile(`(?m)^\s*"?([a-zA-Z.]+)"?: ("(?:[^"\\]|\\.)*"),?$`)
)

// firsts are the documents by kind and language; the kind "" is every other page.
type firsts struct {
	documents map[string]*cdn.Document
	words     map[string]map[string]string
}

func newFirsts(files *cdn.Files, root fs.FS, policy string) (*firsts, error) {
	f := &firsts{map[string]*cdn.Document{}, map[string]map[string]string{}}
	for _, lang := range languages {
		words, err := messagesOf(root, lang)
		if err != nil {
			return nil, err
		}
		f.words[lang] = words
		for _, name := range append(slices.Sorted(maps.Keys(kinds)), "") {
			document, err := files.Document("/index.html", policy, func(text string) string { return prepared(text, lang, words, f.words[languages[0]], kinds[name]) })
			if err != nil {
				return nil, err
			}
			f.documents[name+" "+lang] = document
		}
	}
	return f, nil
}

// spoken are the words of index.html itself, by the keys of the pages' messages.
var spoken = []string{"skip", "document.words", "document.scripts"}

// prepared is index.html in a language, with the files of a kind of page.
func prepared(text, lang string, words, english map[string]string, k kind) string {
	for _, key := range spoken {
		text = strings.Replace(text, english[key], words[key], 1)
	}
	var files strings.Builder
	for _, style := range k.styles {
		fmt.Fprintf(&files, "<link rel=\"stylesheet\" href=\"%s\">\n    ", style)
	}
	after := beforeFiles
	for _, module := range append([]string{"/i18n/" + lang + ".js"}, k.modules...) {
		after += fmt.Sprintf("\n    <link rel=\"modulepreload\" href=\"%s\" fetchpriority=\"low\">", module)
	}
	text = strings.Replace(text, beforeFiles, files.String()+after, 1)
	return strings.Replace(text, `<html lang="en">`, `<html lang="`+lang+`">`, 1)
}

// messagesOf reads the words of a language that have no plural.
func messagesOf(root fs.FS, lang string) (map[string]string, error) {
	source, err := fs.ReadFile(root, "i18n/"+lang+".js")
	if err != nil {
		return nil, fmt.Errorf("words of %s: %w", lang, err)
	}
	words := map[string]string{}
	for _, m := range message.FindAllStringSubmatch(string(source), -1) {
		words[m[1]] = strings.Trim(m[2], `"`)
	}
	return words, nil
}

// languageOf is the language that a browser asks for, of those that the pages speak.
func languageOf(r *http.Request) string {
	wishes, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil {
		return languages[0]
	}
	_, i, _ := matcher.Match(wishes...)
	return languages[i]
}

// of gives the document for a request, and how its main part is drawn.
func (f *firsts) of(r *http.Request) (*cdn.Document, *template.Template, picture) {
	lang := languageOf(r)
	for name, k := range kinds {
		if k.address.MatchString(r.URL.Path) {
			query := r.URL.Query()
			return f.documents[name+" "+lang], k.main, picture{words: f.words[lang], Query: strings.TrimSpace(query.Get("q"))}
		}
	}
	return f.documents[" "+lang], nil, picture{}
}

// drawn is the document's text with its first picture.
func drawn(page string, main *template.Template, p picture) string {
	if main == nil {
		return page
	}
	var text bytes.Buffer
	if err := main.Execute(&text, p); err != nil || text.Len() == 0 {
		return page // the templates' own tests would have found it; readers need not
	}
	return strings.Replace(page, place, text.String(), 1)
}
