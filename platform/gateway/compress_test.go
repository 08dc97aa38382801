package gateway

import (
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/prometheus/client_golang/prometheus"
)

func switchedOn() *atomic.Bool {
	on := &atomic.Bool{}
	on.Store(true)
	return on
}

// page is text of n bytes.
func page(n int) string { return strings.Repeat("Truyện Kiều, ", n/16+1)[:n] }

// behind serves a handler on a real connection behind the whole chain with compression, so that net/http has its say too.
func behind(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(Chain(handler, Settings{Logger: slog.New(slog.DiscardHandler), AccessLog: "off", MaxBody: 1 << 20, RequestTimeout: 10 * time.Second,
		Compression: Compression{Enabled: switchedOn(), MinSize: 1024}, Registry: prometheus.NewRegistry()}))
	t.Cleanup(server.Close)
	return server
}

// fetch sends a request with headers given as pairs, and gives the answer with its body as it was sent.
func fetch(t *testing.T, server *httptest.Server, method string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, server.URL+"/api/catalog/v1/books", nil)
	if err != nil {
		t.Fatal(err)
	}
	server.Client().Transport.(*http.Transport).DisableCompression = true // or it would ask for gzip, and unpack it behind our back
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer, string(body)
}

// unpacked decodes a body by its Content-Encoding.
func unpacked(t *testing.T, encoding, body string) string {
	t.Helper()
	var reader io.Reader = strings.NewReader(body)
	switch encoding {
	case "":
		return body
	case "gzip":
		unzip, err := gzip.NewReader(reader)
		if err != nil {
			t.Fatal(err)
		}
		reader = unzip
	case "zstd":
		decoder, err := zstd.NewReader(reader, zstd.WithDecoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		defer decoder.Close()
		reader = decoder
	default:
		t.Fatalf("nobody asked for %q", encoding)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		t.Fatalf("what was sent as %s cannot be decoded: %v", encoding, err)
	}
	return string(text)
}

const chromium = "gzip, deflate, br, zstd"

func TestWhatIsSentCompressed(t *testing.T) {
	for _, test := range []struct {
		name, accept, contentType string
		size, status              int
		header                    [2]string
		encoding                  string
		vary                      bool
	}{
		{"JSON", chromium, "application/json", 4000, 200, [2]string{}, "zstd", true},
		{"JSON for who knows gzip only", "gzip", "application/json", 4000, 200, [2]string{}, "gzip", true},
		{"a problem", chromium, "application/problem+json", 4000, 409, [2]string{}, "zstd", true},
		{"HTML", chromium, "text/html; charset=utf-8", 4000, 200, [2]string{}, "zstd", true},
		{"XML", chromium, "application/xml", 4000, 200, [2]string{}, "zstd", true},
		{"SVG", chromium, "image/svg+xml", 4000, 200, [2]string{}, "zstd", true},
		{"JavaScript", chromium, "text/javascript", 4000, 200, [2]string{}, "zstd", true},
		{"CSS", chromium, "text/css", 4000, 404, [2]string{}, "zstd", true},
		{"what is longer than waits for its end", chromium, "application/json", 5 << 20, 200, [2]string{}, "zstd", true},
		{"what says no type and is text", chromium, "", 4000, 200, [2]string{}, "zstd", true},
		{"the smallest", chromium, "application/json", 1024, 200, [2]string{}, "zstd", true},
		{"one byte less", chromium, "application/json", 1023, 200, [2]string{}, "", true},
		{"one byte less, for who refuses it plain", "gzip, identity;q=0", "application/json", 1023, 200, [2]string{}, "gzip", true},
		{"for who takes nothing", "identity;q=0, br", "application/json", 4000, 200, [2]string{}, "", true},
		{"for who says nothing", "", "application/json", 4000, 200, [2]string{}, "", true},
		{"for who refuses codings", "gzip;q=0, zstd;q=0", "application/json", 4000, 200, [2]string{}, "", true},
		{"a picture", chromium, "image/jpeg", 4000, 200, [2]string{}, "", false},
		{"an event stream", chromium, "text/event-stream", 4000, 200, [2]string{}, "", false},
		{"what is coded already", chromium, "text/css", 4000, 200, [2]string{"Content-Encoding", "br"}, "br", false},
		{"a part", chromium, "text/css", 4000, 206, [2]string{"Content-Range", "bytes 0-3999/9000"}, "", false},
		{"a secret", chromium, "application/json", 4000, 200, [2]string{"Cache-Control", "no-store, no-transform"}, "", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			body := page(test.size)
			server := behind(t, func(w http.ResponseWriter, r *http.Request) {
				h := w.Header()
				h.Set("Vary", "Accept")
				h.Set("ETag", `"7"`)
				if test.contentType != "" {
					h.Set("Content-Type", test.contentType)
				}
				if test.header[0] != "" {
					h.Set(test.header[0], test.header[1])
				}
				w.WriteHeader(test.status)
				for part := body; part != ""; { // in pieces, none of which is enough to decide by
					n := min(len(part), 700)
					_, _ = io.WriteString(w, part[:n])
					part = part[n:]
				}
			})
			answer, sent := fetch(t, server, "GET", "Accept-Encoding", test.accept)
			if answer.StatusCode != test.status {
				t.Errorf("status %d, want %d", answer.StatusCode, test.status)
			}
			if got := answer.Header.Get("Content-Encoding"); got != test.encoding {
				t.Fatalf("sent as %q, want %q", got, test.encoding)
			}
			tag, own := `"7"`, test.header[0] == "Content-Encoding"
			if test.encoding != "" && !own {
				tag = `"7-` + test.encoding + `"`
				if len(sent) >= len(body) {
					t.Errorf("%d bytes were sent for %d", len(sent), len(body))
				}
				if unpacked(t, test.encoding, sent) != body {
					t.Error("what was sent is not what was answered")
				}
			} else if sent != body {
				t.Error("what was sent is not what was answered")
			}
			if got := answer.Header.Get("ETag"); got != tag {
				t.Errorf("ETag %s, want %s", got, tag)
			}
			if got := strings.Join(answer.Header.Values("Vary"), ", "); got != map[bool]string{true: "Accept, Accept-Encoding", false: "Accept"}[test.vary] {
				t.Errorf("Vary: %s", got)
			}
			if length := answer.Header.Get("Content-Length"); length != "" && length != strconv.Itoa(len(sent)) {
				t.Errorf("Content-Length %s for %d bytes", length, len(sent))
			} else if length == "" && test.encoding != "" && len(sent) < wholeAnswer && !own {
				t.Error("the length of a short answer is not said")
			}
		})
	}
}

// HEAD is answered with the header that GET is answered with.
func TestHeadTellsWhatGetWould(t *testing.T) {
	for _, size := range []int{10, 1024, 100 << 10} {
		for _, declared := range []bool{true, false} {
			server := behind(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.Header().Set("ETag", `"7"`)
				if declared {
					w.Header().Set("Content-Length", strconv.Itoa(size))
				}
				if r.Method != http.MethodHead {
					_, _ = io.WriteString(w, page(size))
				}
			})
			for _, accept := range []string{chromium, "gzip", ""} {
				get, _ := fetch(t, server, "GET", "Accept-Encoding", accept)
				head, body := fetch(t, server, "HEAD", "Accept-Encoding", accept)
				if body != "" {
					t.Error("HEAD was answered with a body")
				}
				for _, name := range []string{"Content-Type", "Content-Encoding", "Etag", "Vary", "Content-Length"} {
					if name == "Content-Length" && get.Header.Get(name) == "" {
						continue // a stream; HEAD may know more
					}
					if get.Header.Get(name) != head.Header.Get(name) {
						t.Errorf("%d bytes for %q: %s is %q to GET, %q to HEAD", size, accept, name, get.Header.Get(name), head.Header.Get(name))
					}
				}
			}
		}
	}
}

// Each coding is a variant of its own: who holds one is told that it is fresh, and under the name by which it is held; who holds
// one that this client could not read is answered whole.
func TestAVariantIsRevalidatedByItsOwnTag(t *testing.T) {
	server := behind(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"7"`)
		if strings.Contains(r.Header.Get("If-None-Match"), `"7"`) {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, page(2000))
	})
	for _, test := range []struct {
		accept, held string
		status       int
		tag          string
	}{
		{chromium, `"7-zstd"`, 304, `"7-zstd"`},
		{"gzip", `"7-gzip"`, 304, `"7-gzip"`},
		{chromium, `"6-zstd", "7-zstd"`, 304, `"7-zstd"`},
		{chromium, `W/"7-zstd"`, 304, `"7-zstd"`},
		{chromium, `"7"`, 304, `"7"`}, // a small answer is plain to everybody
		{"", `"7"`, 304, `"7"`},
		{chromium, `"7-gzip"`, 200, `"7-zstd"`},
		{"gzip", `"7-zstd"`, 200, `"7-gzip"`},
		{"", `"7-gzip"`, 200, `"7"`},
		{chromium, `"6-zstd"`, 200, `"7-zstd"`},
	} {
		answer, body := fetch(t, server, "GET", "Accept-Encoding", test.accept, "If-None-Match", test.held)
		if answer.StatusCode != test.status || answer.Header.Get("ETag") != test.tag || (body == "") != (test.status == 304) {
			t.Errorf("%s for %q: %d %s, want %d %s", test.held, test.accept, answer.StatusCode, answer.Header.Get("ETag"), test.status, test.tag)
		}
		if answer.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s for %q: Vary %q", test.held, test.accept, answer.Header.Get("Vary"))
		}
	}
}

func TestAWeakTagStays(t *testing.T) {
	server := behind(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("ETag", `W/"7"`)
		w.Header().Set("Accept-Ranges", "bytes")
		_, _ = io.WriteString(w, page(2000))
	})
	answer, _ := fetch(t, server, "GET", "Accept-Encoding", "gzip")
	if answer.Header.Get("ETag") != `W/"7"` || answer.Header.Get("Content-Encoding") != "gzip" {
		t.Errorf("%v", answer.Header)
	}
	if answer.Header.Get("Accept-Ranges") != "" {
		t.Error("ranges of a coded answer are promised, and nobody keeps the promise")
	}
}

// What another site's page asks for in a reader's name is not compressed: its length must not tell what is inside.
func TestAnotherSiteLearnsNothingByTheLength(t *testing.T) {
	server := behind(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, page(2000))
	})
	for _, test := range []struct {
		site, cookie, encoding string
	}{
		{"cross-site", "bv_session=x", ""}, {"same-site", "bv_session=x", ""}, {"same-origin", "bv_session=x", "gzip"},
		{"none", "bv_session=x", "gzip"}, {"cross-site", "", "gzip"}, {"", "bv_session=x", "gzip"},
	} {
		headers := []string{"Accept-Encoding", "gzip"}
		if test.site != "" {
			headers = append(headers, "Sec-Fetch-Site", test.site)
		}
		if test.cookie != "" {
			headers = append(headers, "Cookie", test.cookie)
		}
		if answer, _ := fetch(t, server, "GET", headers...); answer.Header.Get("Content-Encoding") != test.encoding {
			t.Errorf("%+v: sent as %q", test, answer.Header.Get("Content-Encoding"))
		}
	}
}

// Each part that a handler flushes can be read at once, compressed or not.
func TestWhatIsFlushedArrives(t *testing.T) {
	for _, accept := range []string{"zstd", "gzip", ""} {
		next := make(chan struct{})
		server := behind(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/x-ndjson")
			for line := range 3 {
				fmt.Fprintf(w, "{\"line\":%d}\n", line)
				if err := http.NewResponseController(w).Flush(); err != nil {
					t.Error(err)
				}
				<-next
			}
		})
		r, _ := http.NewRequest("GET", server.URL, nil)
		r.Header.Set("Accept-Encoding", accept)
		answer, err := server.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		var reader io.Reader = answer.Body
		switch accept {
		case "gzip":
			if reader, err = gzip.NewReader(answer.Body); err != nil {
				t.Fatal(err)
			}
		case "zstd":
			decoder, err := zstd.NewReader(answer.Body, zstd.WithDecoderConcurrency(1))
			if err != nil {
				t.Fatal(err)
			}
			defer decoder.Close()
			reader = decoder
		}
		for line := range 3 {
			want := fmt.Sprintf("{\"line\":%d}\n", line)
			got := make([]byte, len(want))
			if _, err := io.ReadFull(reader, got); err != nil || string(got) != want {
				t.Fatalf("%q: line %d is %q (%v)", accept, line, got, err)
			}
			next <- struct{}{}
		}
		if rest, err := io.ReadAll(reader); len(rest) > 0 || err != nil {
			t.Errorf("%q: after the end came %q (%v)", accept, rest, err)
		}
		_ = answer.Body.Close()
	}
}

// A panic before anything left is answered as a problem, plain and whole, as if compression had never looked at the answer.
func TestAPanicInACompressedAnswerIsAProblem(t *testing.T) {
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Accept-Encoding", "gzip")
	w, _ := through(t, r, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, page(5000))
		panic("defect")
	}, func(s *Settings) { s.Compression = Compression{Enabled: switchedOn(), MinSize: 1024} })
	if d := problemOf(t, w); w.Code != 500 || d.Code != "internal" && d.Code != "internal_error" || w.Header().Get("Content-Encoding") != "" {
		t.Errorf("%d %+v %v", w.Code, d, w.Header())
	}
}

func TestCompressionIsSwitchedWhileRunning(t *testing.T) {
	on, registry := &atomic.Bool{}, prometheus.NewRegistry()
	server := httptest.NewServer(compress(Compression{Enabled: on, MinSize: 10}, registry)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, page(5000))
	})))
	defer server.Close()
	for _, want := range []string{"", "gzip", "", "gzip"} {
		on.Store(want != "")
		if answer, _ := fetch(t, server, "GET", "Accept-Encoding", "gzip"); answer.Header.Get("Content-Encoding") != want {
			t.Errorf("sent as %q, want %q", answer.Header.Get("Content-Encoding"), want)
		}
	}
	_, sent := fetch(t, server, "GET", "Accept-Encoding", "zstd")
	_, _ = fetch(t, server, "GET")
	for name, want := range map[string]map[string]float64{
		"bookvault_compression_answers_total":     {"gzip": 2, "identity": 1, "zstd": 1},
		"bookvault_compression_plain_bytes_total": {"gzip": 10000, "identity": 5000, "zstd": 5000},
	} {
		if got := counted(t, registry, name); !maps.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if got := counted(t, registry, "bookvault_compression_sent_bytes_total")["zstd"]; got != float64(len(sent)) {
		t.Errorf("%v bytes counted for %d sent as zstd", got, len(sent))
	}
}
