package modules_test

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/gateway"
)

// compressing is the library behind a gateway that compresses whatever is text, from the first byte on.
func compressing(t *testing.T, h house) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(gateway.Chain(h.library.Handler, gateway.Settings{Logger: slog.New(slog.DiscardHandler), AccessLog: "off", MaxBody: 1 << 20,
		RequestTimeout: 15 * time.Second, UploadTimeout: time.Minute, Registry: prometheus.NewRegistry(),
		Compression: gateway.Compression{Enabled: &h.library.Patterns.Compression, MinSize: 1}}))
	server.Client().Transport.(*http.Transport).DisableCompression = true
	t.Cleanup(server.Close)
	return server
}

// sent asks as somebody, and gives the answer with its body as it means.
func sent(t *testing.T, server *httptest.Server, method, path, body string, p proof, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, server.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if p.header != "" {
		r.Header.Set(p.header, p.value)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	reader := io.Reader(answer.Body)
	if method == "HEAD" {
		return answer, ""
	}
	switch answer.Header.Get("Content-Encoding") {
	case "gzip":
		if reader, err = gzip.NewReader(answer.Body); err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
	case "zstd":
		decoder, err := zstd.NewReader(answer.Body, zstd.WithDecoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		defer decoder.Close()
		reader = decoder
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer, string(text)
}

// Every route that reads means the same in every coding, and is coded when it is text.
func TestEveryRouteMeansTheSameCompressed(t *testing.T) {
	h := openHouse(t)
	if err := h.library.RefreshFigures(t.Context()); err != nil { // reckoned live they would be as of each answer
		t.Fatal(err)
	}
	server := compressing(t, h)
	paths := []string{"/", "/app.js", "/base.css", "/favicon.svg", "/robots.txt", "/openapi.json", "/docs/", "/docs/swagger-ui.css", "/nothing"}
	for _, route := range h.library.Routes {
		if route.Method == "GET" && route.Path != "/api/events" { // that one has no end, and is never coded (events_test.go)
			paths = append(paths, parameter.ReplaceAllString(route.Path, "999999999"))
		}
	}
	p := h.proofs["administrator's token"]
	for _, path := range paths {
		plain, meant := sent(t, server, "GET", path, "", p)
		if plain.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: compressed for who did not ask", path)
		}
		for _, encoding := range []string{"gzip", "zstd"} {
			answer, text := sent(t, server, "GET", path, "", p, "Accept-Encoding", encoding)
			text = strings.ReplaceAll(text, answer.Header.Get("X-Request-Id"), plain.Header.Get("X-Request-Id"))
			if answer.StatusCode != plain.StatusCode || !same(text, meant) {
				t.Errorf("%s in %s: %d %.80s, and plain %d %.80s", path, encoding, answer.StatusCode, text, plain.StatusCode, meant)
			}
			want := encoding
			if meant == "" || strings.HasPrefix(plain.Header.Get("Content-Type"), "image/png") {
				want = ""
			}
			if got := answer.Header.Get("Content-Encoding"); got != want {
				t.Errorf("%s in %s: sent as %q", path, encoding, got)
			}
			if want != "" && !strings.Contains(strings.Join(answer.Header.Values("Vary"), ","), "Accept-Encoding") {
				t.Errorf("%s: Vary is %q", path, answer.Header.Values("Vary"))
			}
			head, _ := sent(t, server, "HEAD", path, "", p, "Accept-Encoding", encoding)
			for _, name := range []string{"Content-Type", "Content-Encoding", "Etag", "Vary", "Cache-Control"} {
				if !reflect.DeepEqual(head.Header[name], answer.Header[name]) {
					t.Errorf("%s in %s: %s is %q to HEAD, %q to GET", path, encoding, name, head.Header[name], answer.Header[name])
				}
			}
		}
	}
}

// same compares JSON by what it means, since times of day may move between two answers; other text by its letters.
func same(a, b string) bool {
	var left, right any
	if json.Unmarshal([]byte(a), &left) != nil || json.Unmarshal([]byte(b), &right) != nil {
		return a == b
	}
	return reflect.DeepEqual(left, right)
}

// The tag of a compressed answer is good for asking whether it is fresh, and for an edit.
func TestATitleIsEditedByTheTagOfACompressedAnswer(t *testing.T) {
	h := openHouse(t)
	server, librarian := compressing(t, h), h.proofs["librarian's token"]
	made, body := sent(t, server, "POST", "/api/catalog/v1/books", `{"title":"Truyện Kiều","authors":[{"name":"Nguyễn Du"}]}`, librarian, "Idempotency-Key", "compressed-tags-1")
	path := made.Header.Get("Location")
	if made.StatusCode != 201 || path == "" {
		t.Fatalf("%d %s", made.StatusCode, body)
	}
	read, _ := sent(t, server, "GET", path, "", proof{}, "Accept-Encoding", "zstd")
	tag := read.Header.Get("ETag")
	if !strings.HasSuffix(tag, `-zstd"`) {
		t.Fatalf("ETag %s", tag)
	}
	if again, _ := sent(t, server, "GET", path, "", proof{}, "Accept-Encoding", "zstd", "If-None-Match", tag); again.StatusCode != 304 || again.Header.Get("ETag") != tag {
		t.Errorf("asked again: %d %s", again.StatusCode, again.Header.Get("ETag"))
	}
	edited, body := sent(t, server, "PUT", path, `{"title":"Đoạn trường tân thanh","authors":[{"name":"Nguyễn Du"}]}`, librarian, "If-Match", tag)
	if edited.StatusCode != 200 {
		t.Errorf("%d %s", edited.StatusCode, body)
	}
	if late, _ := sent(t, server, "PUT", path, `{"title":"Kim Vân Kiều","authors":[{"name":"Nguyễn Du"}]}`, librarian, "If-Match", tag); late.StatusCode != 412 {
		t.Errorf("an edit of what is gone answers %d", late.StatusCode)
	}
}

// A token is a secret, and its answer repeats what the caller wrote: it is never compressed.
func TestATokenIsNeverCompressed(t *testing.T) {
	h := openHouse(t)
	server := compressing(t, h)
	for _, who := range []string{"administrator's token", "administrator's session"} {
		answer, body := sent(t, server, "POST", "/api/members/v1/tokens", `{"name":"a script"}`, h.proofs[who], "Accept-Encoding", "gzip, zstd")
		if answer.StatusCode >= 300 || !strings.Contains(body, `"token":"bv_`) {
			t.Fatalf("%s: %d %s", who, answer.StatusCode, body)
		}
		if answer.Header.Get("Content-Encoding") != "" || answer.Header.Get("Cache-Control") != "no-store, no-transform" {
			t.Errorf("%s: %v", who, answer.Header)
		}
	}
}
