package cdn

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"
)

var types = map[string]string{".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".svg": "image/svg+xml", ".png": "image/png", ".txt": "text/plain; charset=utf-8"}

const document = `<!doctype html>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/look/base.css">
<link rel="modulepreload" href="/lib/api.js">
<script type="module" src="/app.js"></script>
<a href="/app.js">the source</a><img src="/missing.png">
`

var (
	script  = "import { get } from \"./lib/api.js\";\nget();\n" + strings.Repeat("// Truyện Kiều\n", 100)
	library = fstest.MapFS{
		"index.html":    {Data: []byte(document)},
		"app.js":        {Data: []byte(script)},
		"lib/api.js":    {Data: []byte("export const get = () => 0;\n")},
		"look/base.css": {Data: []byte("@import \"./more.css\";\n/* url(nowhere.png) */ p { background: url('../icon.svg#a') } q { background: url(data:,x) url( /pixel.png ) }\n")},
		"look/more.css": {Data: []byte("b { color: red }\n")},
		"icon.svg":      {Data: []byte("<svg xmlns=\"http://www.w3.org/2000/svg\"/>\n")},
		"pixel.png":     {Data: []byte(strings.Repeat("PNG", 1000))},
		"robots.txt":    {Data: []byte("User-agent: *\n")},
	}
)

func open(t *testing.T, s Settings) *Files {
	t.Helper()
	s.Types = types
	files, err := New(library, s)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func ask(handler http.Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	return w
}

func meant(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	var reader io.Reader = bytes.NewReader(w.Body.Bytes())
	var err error
	switch w.Header().Get("Content-Encoding") {
	case "gzip":
		reader, err = gzip.NewReader(reader)
	case "zstd":
		var decoder *zstd.Decoder
		if decoder, err = zstd.NewReader(reader, zstd.WithDecoderConcurrency(1)); err == nil {
			defer decoder.Close()
			reader = decoder
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAFileIsKeptForEverUnderItsHash(t *testing.T) {
	files := open(t, Settings{})
	name := files.URL("/lib/api.js")
	if !regexp.MustCompile(`^/assets/lib/api\.[0-9a-f]{16}\.js$`).MatchString(name) {
		t.Fatalf("/lib/api.js is at %s", name)
	}
	w := ask(files, "GET", name)
	if w.Code != 200 || w.Body.String() != string(library["lib/api.js"].Data) {
		t.Errorf("%d %q", w.Code, w.Body)
	}
	want := map[string]string{"Cache-Control": "public, max-age=31536000, immutable", "Content-Type": "text/javascript; charset=utf-8",
		"Vary": "Accept-Encoding", "Content-Length": "28", "Access-Control-Allow-Origin": "", "Cross-Origin-Resource-Policy": ""}
	for header, value := range want {
		if w.Header().Get(header) != value {
			t.Errorf("%s: %q, want %q", header, w.Header().Get(header), value)
		}
	}
	if plain := ask(files, "GET", "/lib/api.js"); plain.Code != 200 || plain.Header().Get("Cache-Control") != "no-cache" || plain.Body.String() != w.Body.String() {
		t.Errorf("under its plain name: %d %v", plain.Code, plain.Header())
	}
	if missing := files.URL("/missing.js"); missing != "/missing.js" {
		t.Errorf("what is no file is at %s", missing)
	}
}

// A hash that is not this version's may be the next one's: nobody may remember that it was not here.
func TestAnUnknownHashIsNotRemembered(t *testing.T) {
	files := open(t, Settings{})
	for _, path := range []string{"/assets/lib/api.0123456789abcdef.js", "/assets/lib/api.js", "/assets/", "/assets/index.html", strings.Replace(files.URL("/app.js"), "/app", "/App", 1)} {
		if !files.Has(path) {
			t.Errorf("%s is left to somebody else", path)
		}
		if w := ask(files, "GET", path, "If-None-Match", "*"); w.Code != 404 || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("ETag") != "" {
			t.Errorf("%s: %d %v", path, w.Code, w.Header())
		}
	}
	if w := ask(files, "POST", files.URL("/app.js")); w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST: %d %v", w.Code, w.Header())
	}
}

func TestTheCodingIsTheClientsChoice(t *testing.T) {
	files := open(t, Settings{})
	for _, test := range []struct {
		path, accept, encoding string
		status                 int
	}{
		{"/app.js", "gzip, deflate, br, zstd", "zstd", 200},
		{"/app.js", "gzip, deflate", "gzip", 200},
		{"/app.js", "", "", 200},
		{"/app.js", "br", "", 200},
		{"/app.js", "gzip;q=0, zstd;q=0", "", 200},
		{"/app.js", "zstd;q=0.1, gzip;q=0.2", "gzip", 200},
		{"/app.js", "identity;q=0, gzip", "gzip", 200},
		{"/app.js", "identity, gzip;q=0.5", "", 200},
		{"/app.js", "identity;q=0", "", 406},
		{"/app.js", "*;q=0", "", 406},
		{"/lib/api.js", "gzip, zstd", "", 200},             // no smaller
		{"/lib/api.js", "gzip, identity;q=0", "gzip", 200}, // and yet coded, when it is refused as it is
		{"/pixel.png", "gzip, zstd", "", 200},
		{"/pixel.png", "identity;q=0", "", 200}, // there is nothing to choose from
	} {
		for _, name := range []string{test.path, files.URL(test.path)} {
			w := ask(files, "GET", name, "Accept-Encoding", test.accept)
			if w.Code != test.status || w.Header().Get("Content-Encoding") != test.encoding {
				t.Errorf("%s for %q: %d as %q, want %d as %q", name, test.accept, w.Code, w.Header().Get("Content-Encoding"), test.status, test.encoding)
				continue
			}
			if want := map[bool]string{true: "", false: "Accept-Encoding"}[strings.HasSuffix(test.path, "png")]; w.Header().Get("Vary") != want {
				t.Errorf("%s: Vary is %q", name, w.Header().Get("Vary"))
			}
			if w.Code == 406 {
				if w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("ETag") != "" {
					t.Errorf("a refusal is kept: %v", w.Header())
				}
				continue
			}
			if meant(t, w) != string(library[test.path[1:]].Data) || w.Header().Get("Content-Length") != fmt.Sprint(w.Body.Len()) {
				t.Errorf("%s for %q: another file, or another length", name, test.accept)
			}
			head := ask(files, "HEAD", name, "Accept-Encoding", test.accept)
			if head.Body.Len() > 0 || !maps.EqualFunc(head.Header(), w.Header(), func(a, b []string) bool { return strings.Join(a, ",") == strings.Join(b, ",") }) {
				t.Errorf("HEAD of %s: %v, GET: %v", name, head.Header(), w.Header())
			}
		}
	}
}

// Each variant has a strong tag of its own, so that a cache never answers with one that its client cannot read.
func TestEachVariantHasATagOfItsOwn(t *testing.T) {
	files := open(t, Settings{})
	name, tags := files.URL("/app.js"), map[string]string{}
	for _, accept := range []string{"zstd", "gzip", "identity"} {
		tag := ask(files, "GET", name, "Accept-Encoding", accept).Header().Get("ETag")
		if !regexp.MustCompile(`^"[0-9a-f]{16}"$`).MatchString(tag) || tags[tag] != "" {
			t.Errorf("%s has the tag %s, and so has %q", accept, tag, tags[tag])
		}
		tags[tag] = accept
	}
	for tag, of := range tags {
		for _, accept := range []string{"zstd", "gzip", "identity"} {
			w := ask(files, "GET", name, "Accept-Encoding", accept, "If-None-Match", `"other", W/`+tag)
			if want := map[bool]int{true: 304, false: 200}[accept == of]; w.Code != want {
				t.Errorf("the tag of %s for who takes %s: %d, want %d", of, accept, w.Code, want)
			}
			if w.Code == 304 && (w.Body.Len() > 0 || w.Header().Get("ETag") != tag || w.Header().Get("Vary") != "Accept-Encoding" ||
				w.Header().Get("Cache-Control") == "" || w.Header().Get("Content-Encoding") != "") {
				t.Errorf("304: %v", w.Header())
			}
		}
	}
	if w := ask(files, "GET", name, "If-None-Match", "*"); w.Code != 304 {
		t.Errorf("any tag: %d", w.Code)
	}
	if w := ask(files, "GET", name, "If-Match", `"other"`); w.Code != 412 {
		t.Errorf("another's tag: %d", w.Code)
	}
}

func TestAPartIsOfTheVariantThatItsTagNames(t *testing.T) {
	files := open(t, Settings{})
	name := files.URL("/app.js")
	whole := ask(files, "GET", name)
	tag := whole.Header().Get("ETag")
	if whole.Header().Get("Accept-Ranges") != "bytes" {
		t.Error("parts are not offered")
	}
	part := ask(files, "GET", name, "Range", "bytes=7-13")
	if part.Code != 206 || part.Body.String() != script[7:14] || part.Header().Get("Content-Range") != fmt.Sprintf("bytes 7-13/%d", len(script)) || part.Header().Get("ETag") != tag {
		t.Errorf("%d %q %v", part.Code, part.Body, part.Header())
	}
	if w := ask(files, "GET", name, "Range", "bytes=7-13", "If-Range", tag); w.Code != 206 {
		t.Errorf("if it is still this one: %d", w.Code)
	}
	if w := ask(files, "GET", name, "Range", "bytes=7-13", "If-Range", `"other"`); w.Code != 200 || w.Body.String() != script {
		t.Errorf("if it is another: %d", w.Code)
	}
	if w := ask(files, "GET", name, "Range", "bytes=99999-"); w.Code != 416 {
		t.Errorf("beyond the end: %d", w.Code)
	}
	if w := ask(files, "GET", name, "Range", "bytes=7-13", "If-None-Match", tag); w.Code != 304 {
		t.Errorf("of what the client holds whole: %d", w.Code)
	}
	coded := ask(files, "GET", name, "Accept-Encoding", "gzip")
	tail := ask(files, "GET", name, "Accept-Encoding", "gzip", "Range", "bytes=5-", "If-Range", coded.Header().Get("ETag"))
	if tail.Code != 206 || tail.Header().Get("Content-Encoding") != "gzip" || coded.Body.String()[5:] != tail.Body.String() {
		t.Errorf("the rest of a coded variant: %d %v", tail.Code, tail.Header())
	}
}

func TestWhatCannotBeServedIsRefusedAtStart(t *testing.T) {
	for name, files := range map[string]fstest.MapFS{
		"of no known type":           {"notes.docx": {}},
		"with a reference to nobody": {"a.css": {Data: []byte("@import 'b.css';")}},
		"in a circle":                {"a.css": {Data: []byte("@import 'b.css';")}, "b.css": {Data: []byte("@import 'a.css';")}},
	} {
		_, err := New(files, Settings{Types: types})
		if err == nil || name == "in a circle" && !errors.Is(err, errCycle) {
			t.Errorf("a file %s: %v", name, err)
		}
	}
	for _, base := range []string{"cdn.example.org", "ftp://cdn.example.org", "https://", "https://user@cdn.example.org", "https://cdn.example.org?x=1", "https://cdn.example.org/'unsafe-inline'", "https://cdn.example.org;script-src"} {
		if _, err := New(library, Settings{Types: types, BaseURL: base}); err == nil {
			t.Errorf("%q was taken for a network", base)
		}
	}
	if _, err := open(t, Settings{}).Document("/nothing.html", "", nil); err == nil {
		t.Error("a page was made of nothing")
	}
}

// Off, everything is as it was written, and asked for anew; what open pages still name by hashes is there.
func TestThePatternIsSwitchedWhileRunning(t *testing.T) {
	on := &atomic.Bool{}
	files := open(t, Settings{Enabled: on})
	page, err := files.Document("/index.html", "default-src 'self'", nil)
	if err != nil {
		t.Fatal(err)
	}
	on.Store(true)
	name := files.URL("/app.js")
	for _, state := range []bool{false, true, false} {
		on.Store(state)
		w := httptest.NewRecorder()
		page.Serve(w, httptest.NewRequest("GET", "/", nil), 200)
		if (w.Body.String() == document) == state || (w.Header().Get("Content-Security-Policy") == "") == state || (w.Header().Get("Vary") == "") == state {
			t.Errorf("on: %v, the page: %v\n%s", state, w.Header(), w.Body)
		}
		if (files.URL("/app.js") == "/app.js") == state {
			t.Errorf("on: %v, the script is at %s", state, files.URL("/app.js"))
		}
		got := ask(files, "GET", name, "Accept-Encoding", "gzip")
		if got.Code != 200 || meant(t, got) != script || (got.Header().Get("Content-Encoding") == "gzip") != state || (got.Header().Get("Cache-Control") == "no-cache") == state {
			t.Errorf("on: %v, by its hash: %d %v", state, got.Code, got.Header())
		}
		if w := ask(files, "GET", "/app.js", "Accept-Encoding", "gzip"); (w.Header().Get("Content-Encoding") == "gzip") != state || w.Header().Get("Cache-Control") != "no-cache" {
			t.Errorf("on: %v, by its plain name: %v", state, w.Header())
		}
	}
}

func TestAnswersAreCounted(t *testing.T) {
	registry := prometheus.NewRegistry()
	files := open(t, Settings{Registry: registry})
	page, err := files.Document("/index.html", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	name := files.URL("/app.js")
	first := ask(files, "GET", name, "Accept-Encoding", "gzip")
	ask(files, "HEAD", name, "Accept-Encoding", "gzip")
	ask(files, "GET", name, "Accept-Encoding", "gzip", "If-None-Match", first.Header().Get("ETag"))
	ask(files, "GET", name, "Range", "bytes=0-9")
	ask(files, "GET", "/assets/none.js")
	ask(files, "GET", "/robots.txt")
	page.Serve(httptest.NewRecorder(), httptest.NewRequest("HEAD", "/", nil), 200)
	got := map[string]float64{}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			series := strings.TrimPrefix(family.GetName(), "bookvault_cdn_")
			for _, label := range metric.GetLabel() {
				series += " " + label.GetValue()
			}
			if n := metric.GetCounter().GetValue(); n > 0 {
				got[series] = n
			}
		}
	}
	want := map[string]float64{"answers_total hashed sent": 3, "answers_total hashed fresh": 1, "answers_total hashed missing": 1,
		"answers_total plain sent": 1, "answers_total page sent": 1, "sent_bytes_total gzip": float64(first.Body.Len()), "sent_bytes_total identity": 10 + 14}
	if !maps.Equal(got, want) {
		t.Errorf("%v\nwant\n%v", got, want)
	}
}

// A variant that many ask for at once is made once, and all get it whole.
func TestAVariantIsMadeOnce(t *testing.T) {
	files := open(t, Settings{})
	name := files.URL("/app.js")
	var all sync.WaitGroup
	for i := range 32 {
		all.Go(func() {
			w := ask(files, "GET", name, "Accept-Encoding", []string{"zstd", "gzip"}[i%2])
			if w.Code != 200 || w.Header().Get("Content-Encoding") == "" || meant(t, w) != script {
				t.Errorf("%d %v", w.Code, w.Header())
			}
		})
	}
	all.Wait()
	for i := 1; i < len(files.hashed[name].variants); i++ {
		before := &files.hashed[name].variants[i].body[0]
		ask(files, "GET", name, "Accept-Encoding", "zstd, gzip")
		if before != &files.hashed[name].variants[i].body[0] {
			t.Error("a variant was made again")
		}
	}
}

func BenchmarkHit(b *testing.B) {
	files, err := New(library, Settings{Types: types, Registry: prometheus.NewRegistry()})
	if err != nil {
		b.Fatal(err)
	}
	r := httptest.NewRequest("GET", files.URL("/app.js"), nil)
	r.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	tag := ask(files, "GET", files.URL("/app.js"), "Accept-Encoding", "zstd").Header().Get("ETag")
	held := r.Clone(b.Context())
	held.Header.Set("If-None-Match", tag)
	for name, request := range map[string]*http.Request{"200": r, "304": held} {
		b.Run(name, func(b *testing.B) {
			w := &nowhere{header: http.Header{}}
			b.ReportAllocs()
			for b.Loop() {
				clear(w.header)
				files.ServeHTTP(w, request)
			}
		})
	}
}

type nowhere struct{ header http.Header }

func (n *nowhere) Header() http.Header         { return n.header }
func (n *nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n *nowhere) WriteHeader(int)             {}
