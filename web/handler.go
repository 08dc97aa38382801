package web

import (
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/cdn"
)

// pages are the addresses that app.js knows; each answers index.html. handler_test.go holds the two lists together.
var pages = regexp.MustCompile(`^(/|/search|/books/[0-9]+|/sign-in|/loans|/charges|/history|/reading-lists|/ratings|/profile` +
	`|/desk|/desk/pull-list|/desk/hold-shelf|/desk/transit|/desk/claims|/desk/notices|/desk/exceptions|/desk/reports` +
	`|/members|/members/new|/members/[^/]+` +
	`|/catalogue/new|/books/[0-9]+/edit|/catalogue/import|/rules|/calendar|/house|/audit|/ops)$`)

// contentTypes by extension. A file of another kind is refused at start.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".txt":  "text/plain; charset=utf-8",
}

// Settings say how the files of the pages reach readers.
type Settings struct {
	Policy   string                // Content-Security-Policy of the pages, to which what platform/cdn needs is added
	BaseURL  string                // of a content delivery network; empty: this server
	Minify   bool                  // whether scripts and styles are sent without remarks
	Hashed   *atomic.Bool          // whether pages name files by their hashes; read for each request, nil is always
	Registry prometheus.Registerer // nil for no metrics
	Titles   Titles                // for the heads of titles' pages; nil: they have the head of every page
}

// titlePage is the address of one title.
var titlePage = regexp.MustCompile(`^/books/[0-9]+$`)

// Handler serves the pages and their files. Browsers ask for a page again each time, so that a new version is seen at once, and
// for its files once. A path that is neither a file nor a page answers index.html with status 404 to whoever takes HTML, and a
// line of text to the rest. Folders are never listed. An error is of the base URL, or of an embedded file, which a test would
// find first.
func Handler(s Settings) (http.Handler, error) {
	root, err := fs.Sub(static, "static")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	files, err := cdn.New(root, cdn.Settings{Types: contentTypes, BaseURL: s.BaseURL, Enabled: s.Hashed, Minify: s.Minify, Registry: s.Registry})
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	first, err := newFirsts(files, root, s.Policy)
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	return serve(files, &documents{first: first, titles: s.Titles}), nil
}

func serve(files *cdn.Files, documents *documents) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "The pages are only read: GET or HEAD.", http.StatusMethodNotAllowed)
			return
		}
		switch {
		case r.URL.Path == "/index.html": // its address is "/"; the name of the file is nobody's business
			http.Redirect(w, r, "/", http.StatusMovedPermanently)
		case files.Has(r.URL.Path):
			slim(w.Header(), r.URL.Path)
			files.ServeHTTP(w, r)
		case documents.titles != nil && titlePage.MatchString(r.URL.Path):
			documents.title(w, r)
		case pages.MatchString(r.URL.Path):
			documents.page(w, r, http.StatusOK)
		case takesHTML(r):
			documents.page(w, r, http.StatusNotFound)
		default:
			w.Header().Set("Cache-Control", "no-cache")
			http.Error(w, "There is nothing at this address.", http.StatusNotFound)
		}
	})
}

// slim takes away what only documents are judged by, or answers that differ: a first visit loads some thirty files, and their headers
// weighed a fifth of it. A picture, which somebody may open by itself, keeps a policy by which nothing in it runs.
func slim(h http.Header, path string) {
	for _, name := range []string{"Content-Security-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Permissions-Policy", "Referrer-Policy",
		"Ratelimit", "Ratelimit-Policy", "X-Request-Id"} {
		delete(h, name)
	}
	if !strings.HasSuffix(path, ".js") && !strings.HasSuffix(path, ".css") {
		h["Content-Security-Policy"] = filePolicy
	}
}

var filePolicy = []string{"default-src 'none'"}

// takesHTML reports whether the client asks for a document: browsers name text/html; scripts, images and curl do not.
func takesHTML(r *http.Request) bool {
	for _, field := range r.Header.Values("Accept") {
		for media := range strings.SplitSeq(field, ",") {
			name, params, _ := strings.Cut(media, ";")
			if strings.EqualFold(strings.TrimSpace(name), "text/html") {
				return strings.TrimSpace(params) != "q=0"
			}
		}
	}
	return false
}
