package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"gorm.io/gorm"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/httpcache"
	"bookvault/platform/wal"
)

// news is what a feed says, by hand.
type news struct {
	silent atomic.Bool
	heard  wal.Position
	looks  atomic.Int64
}

// Await tells whether a position was heard of.
func (n *news) Await(_ context.Context, needs wal.Position) bool {
	return !n.silent.Load() && n.heard.Includes(needs)
}

// Now gives the position of what was heard.
func (n *news) Now(context.Context, time.Time) wal.Position {
	n.looks.Add(1)
	return n.heard
}

// keeping is a chain with a response cache in front of a handler, and the cache.
func keeping(t testing.TB, n News, handler http.HandlerFunc) (http.Handler, *httpcache.Cache) {
	t.Helper()
	var kept *httpcache.Cache
	chain := Chain(handler, Settings{
		Logger: slog.New(slog.DiscardHandler), AccessLog: "sampled", AccessLogRate: 1, MaxBody: 1 << 20, RequestTimeout: time.Second, UploadTimeout: time.Second,
		Registry:    prometheus.NewRegistry(),
		Consistency: Consistency{News: n, SessionCookie: "bv_session"},
		Cache:       Cache{Made: func(c *httpcache.Cache) { kept = c }, Settings: httpcache.Settings{Name: "bookvault", Compress: true, TakeTargeted: true, IgnoreReload: true}},
	})
	return chain, kept
}

func TestWhoIsAnsweredFromTheCache(t *testing.T) {
	n := &news{heard: wal.Position{Timeline: 1, LSN: 100}}
	var made atomic.Int64
	chain, kept := keeping(t, n, func(w http.ResponseWriter, r *http.Request) {
		made.Add(1)
		w.Header().Set("CDN-Cache-Control", "max-age=60")
		w.Header().Set("Surrogate-Key", "title-1")
		database.UsedFrom(r.Context(), time.Now())
		_, _ = w.Write([]byte(`{"title":"x"}`))
	})
	get := func(path string, headers ...string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		w := httptest.NewRecorder()
		chain.ServeHTTP(w, r)
		return w
	}
	token := func(lsn uint64) string { return wal.Position{Timeline: 1, LSN: lsn}.Token() }
	for _, c := range []struct {
		name    string
		path    string
		headers []string
		made    int64 // answers that were made anew
		token   string
	}{
		{"the first", "/api/x", nil, 1, ""},
		{"everybody after", "/api/x", nil, 0, ""},
		{"who must see what was heard of, and is told what they saw", "/api/x", []string{"BookVault-Consistency", token(50)}, 0, token(100)},
		{"who must see what was not", "/api/x", []string{"BookVault-Consistency", token(101)}, 1, ""},
		{"whose token is from a time of which nothing is known: it is good for anything that was before they asked", "/api/x", []string{"BookVault-Consistency", wal.Beyond.Token()}, 0, token(100)},
		{"who shows a token of a member", "/api/x", []string{"Authorization", "Bearer x"}, 1, ""},
		{"who is signed in", "/api/x", []string{"Cookie", "bv_session=x"}, 1, token(100)},
		{"another cookie", "/api/x", []string{"Cookie", "theme=dark"}, 0, ""},
		{"a page", "/x", nil, 1, ""},
		{"the page again", "/x", nil, 1, ""},
	} {
		before := made.Load()
		w := get(c.path, c.headers...)
		if n := made.Load() - before; n != c.made || w.Code != 200 || w.Body.String() != `{"title":"x"}` {
			t.Errorf("%s: made %d times, want %d (%d %q, %s)", c.name, n, c.made, w.Code, w.Body, w.Header().Get("Cache-Status"))
		}
		if got := w.Header().Get("BookVault-Consistency"); c.token != "" && got != c.token {
			t.Errorf("%s: the token is %q", c.name, got)
		}
		if c.path == "/api/x" && (w.Header().Get("CDN-Cache-Control") != "" || w.Header().Get("Surrogate-Key") != "") {
			t.Errorf("%s: what is meant for the cache is sent on: %v", c.name, w.Header())
		}
	}
	kept.Purge("title-1")
	if get("/api/x"); made.Load() != 7 {
		t.Errorf("after a purge it was made %d times in all", made.Load())
	}
	n.silent.Store(true)
	if w := get("/api/x"); made.Load() != 8 {
		t.Errorf("while nothing is heard copies are used: %s", w.Header().Get("Cache-Status"))
	}
}

// Who writes is told a token, also while nothing is heard.
func TestWritersAreToldATokenWhateverIsHeard(t *testing.T) {
	db := dbtest.New(t)
	for _, silent := range []bool{false, true} {
		n := &news{}
		n.silent.Store(silent)
		chain, _ := keeping(t, n, func(w http.ResponseWriter, r *http.Request) {
			if err := db.InTx(r.Context(), func(*gorm.DB) error { return nil }); err != nil {
				t.Error(err)
			}
		})
		w := httptest.NewRecorder()
		chain.ServeHTTP(w, httptest.NewRequest("PUT", "/api/x", nil))
		if _, err := wal.ParseToken(w.Header().Get("BookVault-Consistency")); err != nil {
			t.Errorf("silent %v: the token is %q", silent, w.Header().Get("BookVault-Consistency"))
		}
	}
}

// BenchmarkHit is an answer from the cache through the whole chain, without the network.
func BenchmarkHit(b *testing.B) {
	chain, _ := keeping(b, &news{}, func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		h.Set("Cdn-Cache-Control", "max-age=600")
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "no-cache")
		h.Set("Etag", `"1"`)
		_, _ = w.Write(make([]byte, 1000))
	})
	r := httptest.NewRequest("GET", "/api/catalog/v1/books/1", nil)
	w := &nothing{h: http.Header{}}
	chain.ServeHTTP(w, r)
	b.ReportAllocs()
	for b.Loop() {
		clear(w.h)
		delete(r.Header, "X-Request-Id")
		chain.ServeHTTP(w, r)
	}
}

// nothing is a client that takes no notice.
type nothing struct{ h http.Header }

func (n *nothing) Header() http.Header         { return n.h }
func (n *nothing) Write(b []byte) (int, error) { return len(b), nil }
func (n *nothing) WriteHeader(int)             {}
