package web

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"bookvault/platform/cdn"
)

// Title is what the head of a title's page is made of: what its script shows later, for whoever runs no scripts.
type Title struct {
	ID          int64
	Name        string
	Subtitle    string
	Authors     []string
	Description string
	Genres      []string
	Language    string // BCP 47
	Publisher   string
	ISBN13      string
	Year        *int // negative before our era
	Pages       *int
	Cover       string // address of the uploaded one; empty: none was
}

// ErrNoTitle says that no title has an id.
var ErrNoTitle = errors.New("no such title")

// Titles finds titles for the heads of their pages.
type Titles interface {
	// Title gives a title. One that was made one with another is answered by that, which has another id. The error is
	// ErrNoTitle, or that of whatever does not answer.
	Title(ctx context.Context, id int64) (Title, error)
	// Found gives the first titles that a search for words finds, at most limit.
	Found(ctx context.Context, words string, limit int) ([]Title, error)
}

const (
	headWithin  = 400 * time.Millisecond // to find a title; after that the page goes out with the head that all pages have
	foundWithin = 200 * time.Millisecond // to find titles for the first picture of results; after that their script asks alone
	resultsPage = 24                     // titles of a page of results, as in results.js: its own question is the same, and answered from memory
	rowsFirst   = 8                      // of which so many are in sight before the script has come
	wordsMost   = 240                    // characters of a description, as much as results of a search show
)

// What index.html says of every page, and titleHead says anew of one.
const plainTitle = "<title>BookVault</title>"

var plainWords = regexp.MustCompile(`\n    <meta name="description" content="[^"]*">`)

// The script is a block of data, which browsers never run: the policy lets no other script in.
var titleHead = template.Must(template.New("head").Parse(`<title>{{.Title.Name}} · BookVault</title>
    <meta name="description" content="{{.Words}}">
    <link rel="canonical" href="{{.Origin}}/books/{{.Title.ID}}">
    <meta property="og:type" content="book">
    <meta property="og:site_name" content="BookVault">
    <meta property="og:url" content="{{.Origin}}/books/{{.Title.ID}}">
    <meta property="og:title" content="{{.Title.Name}}">
    <meta property="og:description" content="{{.Words}}">
{{- with .Title.Cover}}
    <meta property="og:image" content="{{$.Origin}}{{.}}">
{{- end}}
{{- range .Title.Authors}}
    <meta property="book:author" content="{{.}}">
{{- end}}
{{- with .Title.ISBN13}}
    <meta property="book:isbn" content="{{.}}">
{{- end}}
    <script type="application/ld+json">{{.Schema}}</script>`))

// schema is a title in the words of schema.org, as far as it is known.
type schema struct {
	Context   string   `json:"@context"`
	Type      string   `json:"@type"`
	Name      string   `json:"name"`
	Alternate string   `json:"alternativeHeadline,omitempty"`
	Authors   []person `json:"author,omitempty"`
	Words     string   `json:"description,omitempty"`
	Genres    []string `json:"genre,omitempty"`
	Language  string   `json:"inLanguage,omitempty"`
	ISBN      string   `json:"isbn,omitempty"`
	Pages     *int     `json:"numberOfPages,omitempty"`
	Publisher *person  `json:"publisher,omitempty"`
	Published string   `json:"datePublished,omitempty"`
	Image     string   `json:"image,omitempty"`
}

type person struct {
	Type string `json:"@type"`
	Name string `json:"name"`
}

// documents answers the pages: those of titles with heads of their own, those of searches with the first rows.
type documents struct {
	first  *firsts
	titles Titles // nil: titles' pages have the head of every page, and searches no rows
}

// page answers with the document of an address. What the search was for stands in it, so that one goes through write.
func (d *documents) page(w http.ResponseWriter, r *http.Request, status int) {
	w.Header()["Vary"] = byLanguage
	document, main, p := d.first.of(r)
	if status != http.StatusOK || main == nil {
		document.Serve(w, r, status)
		return
	}
	if p.Query != "" && d.titles != nil && len(r.URL.Query()) == 1 { // filters are the script's
		ctx, cancel := context.WithTimeout(r.Context(), foundWithin)
		defer cancel()
		p.Rows, _ = d.titles.Found(ctx, p.Query, resultsPage)
		p.Rows = p.Rows[:min(len(p.Rows), rowsFirst)]
	}
	d.write(w, r, document, func(page string) string { return drawn(page, main, p) })
}

var byLanguage = []string{"Accept-Language"}

// title answers /books/{id}. A title that was merged leads to the other; one that is not there is 404, with the page that says
// so. Where titles do not answer, the page goes out as every other: its script asks again.
func (d *documents) title(w http.ResponseWriter, r *http.Request) {
	w.Header()["Vary"] = byLanguage
	document, main, p := d.first.of(r)
	id, err := strconv.ParseInt(strings.TrimPrefix(r.URL.Path, "/books/"), 10, 64)
	if err != nil {
		document.Serve(w, r, http.StatusNotFound)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), headWithin)
	defer cancel()
	title, err := d.titles.Title(ctx, id)
	switch {
	case errors.Is(err, ErrNoTitle):
		document.Serve(w, r, http.StatusNotFound)
	case err != nil:
		document.Serve(w, r, http.StatusOK)
	case title.ID != id:
		http.Redirect(w, r, fmt.Sprintf("/books/%d", title.ID), http.StatusMovedPermanently)
	default:
		p.Title = &drawnTitle{title, utf8.RuneCountInString(title.Name) > longTitle}
		d.write(w, r, document, func(page string) string {
			var head bytes.Buffer
			if err := titleHead.Execute(&head, headOf(title, origin(r))); err != nil {
				return page // the template's own tests would have found it; readers need not
			}
			return drawn(strings.Replace(plainWords.ReplaceAllLiteralString(page, ""), plainTitle, head.String(), 1), main, p)
		})
	}
}

// origin is how the reader called this server, for addresses that must be whole.
func origin(r *http.Request) string {
	scheme := "http"
	if r.TLS != nil || r.Header.Get("X-Forwarded-Proto") == "https" {
		scheme = "https"
	}
	return scheme + "://" + r.Host
}

// write sends a document with what belongs to this request alone.
func (d *documents) write(w http.ResponseWriter, r *http.Request, document *cdn.Document, change func(page string) string) {
	plain := &kept{header: http.Header{"Vary": byLanguage}}
	asked := r.Clone(r.Context())
	asked.Method, asked.Header = http.MethodGet, http.Header{}
	document.Serve(plain, asked, http.StatusOK)
	page := change(plain.body.String())
	sum := sha256.Sum256([]byte(page))
	h := w.Header()
	maps.Copy(h, plain.header)
	h.Del("Accept-Ranges")
	tag := `"` + hex.EncodeToString(sum[:8]) + `"`
	h.Set("Etag", tag)
	if holds(r.Header["If-None-Match"], tag) {
		h.Del("Content-Length")
		h.Del("Content-Type")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(page)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		_, _ = w.Write([]byte(page)) // a client that went away is not our error
	}
}

// headOf gives the head's template what it asks for.
func headOf(t Title, origin string) any {
	s := schema{Context: "https://schema.org", Type: "Book", Name: t.Name, Alternate: t.Subtitle, Words: shortened(t.Description), Genres: t.Genres,
		Language: t.Language, ISBN: t.ISBN13, Pages: t.Pages, Image: t.Cover}
	for _, name := range t.Authors {
		s.Authors = append(s.Authors, person{"Person", name})
	}
	if t.Publisher != "" {
		s.Publisher = &person{"Organization", t.Publisher}
	}
	if t.Year != nil && *t.Year > 0 {
		s.Published = fmt.Sprintf("%04d", *t.Year)
	}
	words := shortened(t.Description)
	if words == "" {
		words = strings.Join(append([]string{t.Name}, t.Authors...), " · ")
	}
	return struct {
		Title         Title
		Origin, Words string
		Schema        schema
	}{t, origin, words, s}
}

// shortened ends a text after wordsMost characters, at a space where there is one near.
func shortened(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if utf8.RuneCountInString(text) <= wordsMost {
		return text
	}
	cut := string([]rune(text)[:wordsMost])
	if space := strings.LastIndex(cut, " "); space > len(cut)/2 {
		cut = cut[:space]
	}
	return cut + "…"
}

// holds reports whether a list of entity tags has this one, compared weakly (RFC 9110, 13.1.2).
func holds(fields []string, etag string) bool {
	for _, field := range fields {
		for tag := range strings.SplitSeq(field, ",") {
			if tag = strings.TrimSpace(tag); tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
				return true
			}
		}
	}
	return false
}

// kept is an answer that is changed before it goes out.
type kept struct {
	header http.Header
	body   bytes.Buffer
}

func (k *kept) Header() http.Header         { return k.header }
func (k *kept) WriteHeader(int)             {}
func (k *kept) Write(b []byte) (int, error) { return k.body.Write(b) }
