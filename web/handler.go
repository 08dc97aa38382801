package web

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"regexp"
	"strconv"
	"strings"
)

// pages are the addresses that app.js knows; each answers index.html. handler_test.go holds the two lists together.
var pages = regexp.MustCompile(`^(/|/search|/books/[0-9]+|/sign-in|/loans|/desk)$`)

// contentTypes by extension. A file of another kind is refused at start: a guess by the machine's own tables would differ from
// place to place.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
	".txt":  "text/plain; charset=utf-8",
}

// file is one embedded file with its headers ready-made; the slices are shared by all answers and never written to.
type file struct {
	body        []byte
	length      []string
	contentType []string
	etag        []string
}

var revalidate = []string{"no-cache"}

// Handler serves the pages and their files: strong ETags from the content, 304 for who has it, HEAD. Browsers ask again each
// time (no-cache), so that a new version is seen at once. A path that is neither a file nor a page answers index.html with
// status 404 to whoever takes HTML, and a line of text to the rest. Folders are never listed. It panics when an embedded file
// has no known content type, which a test would find first.
func Handler() http.Handler {
	files, err := load(static)
	if err != nil {
		panic(err)
	}
	return serve(files)
}

// load reads the files of static/ by the path that serves each.
func load(from fs.FS) (map[string]*file, error) {
	files := map[string]*file{}
	err := fs.WalkDir(from, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := fs.ReadFile(from, name)
		if err != nil {
			return err
		}
		contentType, known := contentTypes[path.Ext(name)]
		if !known {
			return fmt.Errorf("web: no content type for %s", name)
		}
		sum := sha256.Sum256(body)
		files[strings.TrimPrefix(name, "static")] = &file{
			body:        body,
			length:      []string{strconv.Itoa(len(body))},
			contentType: []string{contentType},
			etag:        []string{`"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`},
		}
		return nil
	})
	return files, err
}

func serve(files map[string]*file) http.Handler {
	index := files["/index.html"]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "The pages are only read: GET or HEAD.", http.StatusMethodNotAllowed)
			return
		}
		switch found := files[r.URL.Path]; {
		case found == index: // its address is "/"; the name of the file is nobody's business
			http.Redirect(w, r, "/", http.StatusMovedPermanently)
		case found != nil:
			found.write(w, r, http.StatusOK)
		case pages.MatchString(r.URL.Path):
			index.write(w, r, http.StatusOK)
		case takesHTML(r):
			index.write(w, r, http.StatusNotFound)
		default:
			w.Header().Set("Cache-Control", "no-cache")
			http.Error(w, "There is nothing at this address.", http.StatusNotFound)
		}
	})
}

// write answers with the file, or with 304 when the client has it. A 404 is always written out.
func (f *file) write(w http.ResponseWriter, r *http.Request, status int) {
	h := w.Header()
	h["Cache-Control"] = revalidate
	if status == http.StatusOK {
		h["Etag"] = f.etag
		if holds(r.Header.Values("If-None-Match"), f.etag[0]) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
	}
	h["Content-Type"] = f.contentType
	h["Content-Length"] = f.length
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(f.body) // a client that went away is not our error
	}
}

// holds reports whether a list of entity tags names this one, compared weakly (RFC 9110, 13.1.2).
func holds(fields []string, etag string) bool {
	for _, field := range fields {
		for tag := range strings.SplitSeq(field, ",") {
			tag = strings.TrimSpace(tag)
			if tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
				return true
			}
		}
	}
	return false
}

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
