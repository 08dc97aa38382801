package web

import (
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
)

// ask sends a request to the pages as they are without hashed names.
func ask(t *testing.T, method, target string, header ...string) *http.Response {
	t.Helper()
	return askOf(t, Settings{Hashed: &atomic.Bool{}}, method, target, header...)
}

func askOf(t *testing.T, s Settings, method, target string, header ...string) *http.Response {
	t.Helper()
	return answerOf(made(t, s), method, target, header...)
}

// made builds the pages, which takes a while: whoever asks often builds them once.
func made(t *testing.T, s Settings) http.Handler {
	t.Helper()
	handler, err := Handler(s)
	if err != nil {
		t.Fatal(err)
	}
	return handler
}

func answerOf(handler http.Handler, method, target string, header ...string) *http.Response {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, answer *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("reading the answer: %v", err)
	}
	return string(text)
}

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

func TestHandlerAnswers(t *testing.T) {
	hashed := &atomic.Bool{}
	for _, test := range []struct {
		method, target, accept string
		status                 int
		contentType            string
		document               bool
	}{
		{"GET", "/", browser, 200, "text/html; charset=utf-8", true},
		{"GET", "/", "", 200, "text/html; charset=utf-8", true},
		{"GET", "/search?q=kieu", browser, 200, "text/html; charset=utf-8", true},
		{"GET", "/books/123456789", browser, 200, "text/html; charset=utf-8", true},
		{"GET", "/desk", browser, 200, "text/html; charset=utf-8", true},
		{"GET", "/app.js", "*/*", 200, "text/javascript; charset=utf-8", false},
		{"GET", "/tokens.css", "text/css,*/*;q=0.1", 200, "text/css; charset=utf-8", false},
		{"GET", "/favicon.svg", "image/*", 200, "image/svg+xml", false},
		{"GET", "/robots.txt", "*/*", 200, "text/plain; charset=utf-8", false},
		{"GET", "/books/abc", browser, 404, "text/html; charset=utf-8", true},
		{"GET", "/nothing", browser, 404, "text/html; charset=utf-8", true},
		{"GET", "/nothing.js", "*/*", 404, "text/plain; charset=utf-8", false},
		{"GET", "/nothing", "text/html;q=0", 404, "text/plain; charset=utf-8", false},
		{"GET", "/lib/", browser, 404, "text/html; charset=utf-8", true}, // a folder is no page, and is never listed
		{"GET", "/lib/", "*/*", 404, "text/plain; charset=utf-8", false},
		{"GET", "/lib/../embed.go", "*/*", 404, "text/plain; charset=utf-8", false},
		{"GET", "/assets/lib/api.0123456789abcdef.js", "*/*", 404, "text/plain; charset=utf-8", false},
		{"GET", "/assets/", browser, 404, "text/plain; charset=utf-8", false}, // a name is never a page: it could be kept as one
		{"GET", "/index.html", browser, 301, "text/html; charset=utf-8", false},
		{"POST", "/", browser, 405, "text/plain; charset=utf-8", false},
	} {
		t.Run(test.method+" "+test.target+" "+test.accept, func(t *testing.T) {
			for _, on := range []bool{true, false} {
				hashed.Store(on)
				answer := askOf(t, Settings{Hashed: hashed}, test.method, test.target, "Accept", test.accept)
				if answer.StatusCode != test.status {
					t.Errorf("status %d, want %d", answer.StatusCode, test.status)
				}
				if got := answer.Header.Get("Content-Type"); got != test.contentType {
					t.Errorf("content type %q, want %q", got, test.contentType)
				}
				if got := strings.Contains(body(t, answer), `id="main"`); got != test.document {
					t.Errorf("is the document: %v, want %v", got, test.document)
				}
			}
		})
	}
}

func TestHandlerRevalidates(t *testing.T) {
	first := ask(t, "GET", "/app.js")
	etag := first.Header.Get("ETag")
	if !regexp.MustCompile(`^"[0-9a-f]{16}"$`).MatchString(etag) {
		t.Fatalf("ETag %q is not strong", etag)
	}
	if got := first.Header.Get("Cache-Control"); got != "no-cache" {
		t.Errorf("Cache-Control %q, want no-cache", got)
	}
	for _, held := range []string{etag, "W/" + etag, `"other", ` + etag, "*"} {
		answer := ask(t, "GET", "/app.js", "If-None-Match", held)
		if answer.StatusCode != http.StatusNotModified || body(t, answer) != "" || answer.Header.Get("ETag") != etag {
			t.Errorf("If-None-Match: %s answered %d", held, answer.StatusCode)
		}
	}
	if answer := ask(t, "GET", "/app.js", "If-None-Match", `"other"`); answer.StatusCode != http.StatusOK {
		t.Errorf("another's ETag answered %d", answer.StatusCode)
	}
	if other := ask(t, "GET", "/base.css").Header.Get("ETag"); other == etag {
		t.Error("two files share an ETag")
	}
	missing := ask(t, "GET", "/nothing", "Accept", browser, "If-None-Match", "*")
	if missing.StatusCode != http.StatusNotFound || missing.Header.Get("ETag") != "" {
		t.Errorf("a missing page answered %d with ETag %q", missing.StatusCode, missing.Header.Get("ETag"))
	}
}

func TestHandlerHead(t *testing.T) {
	get, head := ask(t, "GET", "/base.css"), ask(t, "HEAD", "/base.css")
	if body(t, head) != "" {
		t.Error("HEAD answered with a body")
	}
	for _, name := range []string{"Content-Type", "Content-Length", "ETag", "Cache-Control"} {
		if get.Header.Get(name) != head.Header.Get(name) {
			t.Errorf("%s: GET %q, HEAD %q", name, get.Header.Get(name), head.Header.Get(name))
		}
	}
}

// The table of addresses in app.js and the one here must tell the same: else a page that works by click is 404 by address.
func TestPagesAgreeWithTheRouter(t *testing.T) {
	source, err := fs.ReadFile(static, "static/app.js")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`pattern: /\^(.+)\$/,`).FindAllStringSubmatch(string(source), -1)
	if len(found) < 6 {
		t.Fatalf("only %d addresses found in app.js", len(found))
	}
	for _, match := range found {
		address := strings.NewReplacer(`\/`, "/", `(\d+)`, "42", `([^/]+)`, "D1008").Replace(match[1])
		if !pages.MatchString(address) {
			t.Errorf("app.js knows %s and the server does not", address)
		}
	}
	if got, want := strings.Count(pages.String(), "|")+1, len(found); got != want {
		t.Errorf("the server knows %d pages, app.js %d", got, want)
	}
}

// The content security policy forbids inline script and style; so does this test, before a browser would.
func TestFilesKeepThePolicy(t *testing.T) {
	inline := regexp.MustCompile(`(?i)<script(?:\s[^>]*)?>[^<]|<style[\s>]|\sstyle="|\son[a-z]+="|https?://(?:[^w]|w[^w])`)
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(static, name)
		if found := inline.Find(text); found != nil {
			t.Errorf("%s holds %q", name, found)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{`<script>alert(1)`, `<p style="color:red">`, `<img onerror="x">`, `"https://example.org/a.js"`} {
		if !inline.MatchString(bad) {
			t.Errorf("the check would not see %s", bad)
		}
	}
}
