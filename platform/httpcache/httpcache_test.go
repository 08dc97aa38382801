package httpcache

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// bed is a cache before a handler that a test writes, with a clock of its own.
type bed struct {
	*Cache
	t     *testing.T
	calls atomic.Int64
	lock  sync.Mutex
	now   time.Time
}

func laid(t *testing.T, s Settings, handler http.HandlerFunc) *bed {
	t.Helper()
	b := &bed{t: t, now: time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)}
	s.Clock, s.Name = b.read, "test"
	b.Cache = New(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.calls.Add(1)
		handler(w, r)
	}), s)
	return b
}

func (b *bed) read() time.Time { b.lock.Lock(); defer b.lock.Unlock(); return b.now }
func (b *bed) wait(d time.Duration) {
	b.lock.Lock()
	defer b.lock.Unlock()
	b.now = b.now.Add(d)
}

// ask sends a request; header is name, value, name, value …
func (b *bed) ask(method, target string, header ...string) *httptest.ResponseRecorder {
	b.t.Helper()
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	return w
}

func (b *bed) called(times int64) {
	b.t.Helper()
	if n := b.calls.Load(); n != times {
		b.t.Errorf("the handler was asked %d times, not %d", n, times)
	}
}

func text(body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		_, _ = io.WriteString(w, body)
	}
}

func TestAFreshAnswerIsGivenAgainWithItsAge(t *testing.T) {
	b := laid(t, Settings{}, text("hello", "Cache-Control", "max-age=60", "Content-Type", "text/plain"))
	first := b.ask("GET", "/x")
	b.wait(10 * time.Second)
	again := b.ask("GET", "/x")
	b.called(1)
	if first.Header().Get("Cache-Status") != "test; fwd=uri-miss; stored" || again.Header().Get("Cache-Status") != "test; hit; ttl=50" {
		t.Errorf("Cache-Status %q, then %q", first.Header().Get("Cache-Status"), again.Header().Get("Cache-Status"))
	}
	if again.Body.String() != "hello" || again.Header().Get("Age") != "10" || again.Header().Get("Content-Type") != "text/plain" {
		t.Errorf("%v %q", again.Header(), again.Body)
	}
	b.wait(time.Minute)
	b.ask("GET", "/x")
	b.called(2)
}

func TestWhatIsNotForSharingIsNotShared(t *testing.T) {
	for name, c := range map[string]struct{ header, request []string }{
		"private":             {header: []string{"Cache-Control", "private, max-age=60"}},
		"no-store":            {header: []string{"Cache-Control", "max-age=60, no-store"}},
		"no-store for CDNs":   {header: []string{"Cache-Control", "max-age=60", "CDN-Cache-Control", "no-store"}},
		"Set-Cookie":          {header: []string{"Cache-Control", "public, max-age=60", "Set-Cookie", "a=b"}},
		"Vary: *":             {header: []string{"Cache-Control", "max-age=60", "Vary", "Accept, *"}},
		"Authorization":       {header: []string{"Cache-Control", "max-age=60"}, request: []string{"Authorization", "Bearer x"}},
		"the client's wish":   {header: []string{"Cache-Control", "max-age=60"}, request: []string{"Cache-Control", "no-store"}},
		"nothing said at all": {},
		"a range":             {header: []string{"Cache-Control", "max-age=60"}, request: []string{"Range", "bytes=0-1"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := laid(t, Settings{}, text("mine", c.header...))
			b.ask("GET", "/x", c.request...)
			b.ask("GET", "/x")
			b.called(2)
		})
	}
}

func TestASignedInMemberGoesAroundTheCacheAndLeavesNothingInIt(t *testing.T) {
	b := laid(t, Settings{Bypass: func(r *http.Request) bool { return r.Header.Get("Cookie") != "" }}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=60")
		_, _ = io.WriteString(w, "for "+r.Header.Get("Cookie"))
	})
	b.ask("GET", "/x", "Cookie", "anna")
	if got := b.ask("GET", "/x"); got.Body.String() != "for " {
		t.Errorf("somebody else's answer: %q", got.Body)
	}
	if got := b.ask("GET", "/x", "Cookie", "ben"); got.Body.String() != "for ben" || got.Header().Get("Cache-Status") != "test; fwd=bypass" {
		t.Errorf("%q %q", got.Body, got.Header().Get("Cache-Status"))
	}
}

func TestTheDirectivesForCDNsWin(t *testing.T) {
	b := laid(t, Settings{TakeTargeted: true}, text("x", "Cache-Control", "no-store", "CDN-Cache-Control", "max-age=60", "Expires", "0"))
	b.ask("GET", "/x")
	got := b.ask("GET", "/x")
	b.called(1)
	if got.Header().Get("CDN-Cache-Control") != "" || got.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%v", got.Header())
	}
}

func TestVariantsAreKeptApart(t *testing.T) {
	b := laid(t, Settings{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		w.Header().Set("Vary", "Accept-Language")
		_, _ = io.WriteString(w, "in "+r.Header.Get("Accept-Language"))
	})
	for range 2 {
		for _, language := range []string{"vi", "en", ""} {
			var header []string
			if language != "" {
				header = []string{"Accept-Language", language}
			}
			if got := b.ask("GET", "/x", header...); got.Body.String() != "in "+language {
				t.Errorf("%q got %q", language, got.Body)
			}
		}
	}
	b.called(3)
	if got := b.ask("GET", "/x", "Accept-Language", "fr"); got.Header().Get("Cache-Status") != "test; fwd=vary-miss; stored" {
		t.Errorf("%q", got.Header().Get("Cache-Status"))
	}
}

func TestAStaleAnswerIsAskedForByItsValidatorAndUpdated(t *testing.T) {
	b := laid(t, Settings{}, nil)
	b.Cache.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=10")
		w.Header().Set("Etag", `"1"`)
		w.Header().Set("X-Count", fmt.Sprint(b.calls.Add(1)))
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = io.WriteString(w, "body")
	})
	b.ask("GET", "/x")
	b.wait(20 * time.Second)
	got := b.ask("GET", "/x")
	if got.Code != 200 || got.Body.String() != "body" || got.Header().Get("X-Count") != "2" || got.Header().Get("Cache-Status") != "test; fwd=stale; fwd-status=304; stored" {
		t.Errorf("%d %q %v", got.Code, got.Body, got.Header())
	}
	b.ask("GET", "/x")
	b.called(2)
}

func TestAClientThatHasItGets304(t *testing.T) {
	b := laid(t, Settings{Compress: true, MinCompress: 1}, text(strings.Repeat("text ", 100), "Cache-Control", "max-age=60", "Etag", `"1"`, "Content-Type", "text/plain"))
	for range 2 { // from the handler, then from the store
		got := b.ask("GET", "/x", "If-None-Match", `"0", W/"1"`)
		if got.Code != http.StatusNotModified || got.Body.Len() != 0 || got.Header().Get("Etag") != `"1"` {
			t.Errorf("%d %q %v", got.Code, got.Body, got.Header())
		}
	}
	// Another encoding is another representation.
	if got := b.ask("GET", "/x", "If-None-Match", `"1"`, "Accept-Encoding", "gzip"); got.Code != 200 || got.Header().Get("Etag") != `"1-gzip"` {
		t.Errorf("%d %v", got.Code, got.Header())
	}
	if got := b.ask("GET", "/x", "If-None-Match", `"1-gzip"`, "Accept-Encoding", "gzip"); got.Code != http.StatusNotModified {
		t.Errorf("%d %v", got.Code, got.Header())
	}
}

func TestEachBodyIsCompressedOnceAndReadsTheSame(t *testing.T) {
	long := strings.Repeat("một hai ba ", 500)
	b := laid(t, Settings{Compress: true}, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "" {
			t.Error("the handler was asked for an encoding")
		}
		text(long, "Cache-Control", "max-age=60", "Content-Type", "text/plain; charset=utf-8", "Vary", "Origin")(w, r)
	})
	for accept, name := range map[string]string{"gzip": "gzip", "gzip, zstd": "zstd", "": "", "br": "", "zstd;q=0, gzip;q=0.1": "gzip", "identity;q=1, gzip;q=0.5": "", "*": "zstd", "*;q=0": ""} {
		got := b.ask("GET", "/x", "Accept-Encoding", accept)
		if got.Header().Get("Content-Encoding") != name || strings.Join(got.Header().Values("Vary"), ", ") != "Origin, Accept-Encoding" || got.Header().Get("Content-Length") != fmt.Sprint(got.Body.Len()) {
			t.Errorf("%q: %v", accept, got.Header())
		}
		var plain []byte
		switch name {
		case "gzip":
			r, err := gzip.NewReader(got.Body)
			if err != nil {
				t.Fatal(err)
			}
			plain, _ = io.ReadAll(r)
		case "zstd":
			r, _ := zstd.NewReader(got.Body)
			plain, _ = io.ReadAll(r)
		default:
			plain = got.Body.Bytes()
		}
		if string(plain) != long {
			t.Errorf("%q: %d bytes", accept, len(plain))
		}
	}
	b.called(1)
	for name, handler := range map[string]http.HandlerFunc{
		"no-transform": text(long, "Cache-Control", "max-age=60, no-transform", "Content-Type", "text/plain"),
		"image":        text(long, "Cache-Control", "max-age=60", "Content-Type", "image/png"),
		"encoded":      text(long, "Cache-Control", "max-age=60", "Content-Type", "text/plain", "Content-Encoding", "br"),
		"short":        text("short", "Cache-Control", "max-age=60", "Content-Type", "text/plain"),
	} {
		if got := laid(t, Settings{Compress: true}, handler).ask("GET", "/x", "Accept-Encoding", "gzip"); got.Header().Get("Content-Encoding") == "gzip" {
			t.Errorf("%s was compressed", name)
		}
	}
}

func TestHeadIsAnsweredFromTheGet(t *testing.T) {
	b := laid(t, Settings{}, text("hello", "Cache-Control", "max-age=60"))
	b.ask("HEAD", "/x")
	b.ask("GET", "/x")
	got := b.ask("HEAD", "/x")
	b.called(2) // a HEAD alone is not stored
	if got.Body.Len() != 0 || got.Header().Get("Content-Length") != "5" {
		t.Errorf("%q %v", got.Body, got.Header())
	}
}

func TestRangesOfWhatIsStored(t *testing.T) {
	b := laid(t, Settings{}, text("0123456789", "Cache-Control", "max-age=60", "Etag", `"1"`))
	b.ask("GET", "/x")
	for ask, want := range map[string]string{
		"bytes=0-1": "206 01 bytes 0-1/10", "bytes=8-": "206 89 bytes 8-9/10", "bytes=-3": "206 789 bytes 7-9/10", "bytes=5-99": "206 56789 bytes 5-9/10",
		"bytes=10-": "416  bytes */10", "bytes=-0": "416  bytes */10", "bytes=3-2": "200 0123456789 ", "bytes=a-": "200 0123456789 ", "bytes=0-1,3-4": "200 0123456789 ",
		"lines=0-1": "200 0123456789 ",
	} {
		got := b.ask("GET", "/x", "Range", ask)
		if have := fmt.Sprintf("%d %s %s", got.Code, got.Body, got.Header().Get("Content-Range")); have != want {
			t.Errorf("%s: %q, not %q", ask, have, want)
		}
	}
	if got := b.ask("GET", "/x", "Range", "bytes=0-1", "If-Range", `"0"`); got.Code != 200 {
		t.Errorf("a range of another version: %d", got.Code)
	}
	if got := b.ask("GET", "/x", "Range", "bytes=0-1", "If-Range", `"1"`); got.Code != 206 {
		t.Errorf("a range of this version: %d", got.Code)
	}
	b.called(1)
}

func TestAChangeMakesWhatIsStoredUnusable(t *testing.T) {
	for _, c := range []struct {
		name, method, target string
		status               int
		answer               []string
		calls                int64
	}{
		{"a POST", "POST", "/x", 200, nil, 3},
		{"one that failed", "POST", "/x", 409, nil, 2},
		{"one elsewhere", "DELETE", "/y", 204, nil, 2},
		{"one elsewhere that names it", "POST", "/y", 201, []string{"Location", "/x"}, 3},
		{"one that names it on another host", "POST", "/y", 201, []string{"Location", "http://elsewhere.example/x"}, 2},
		{"OPTIONS", "OPTIONS", "/x", 200, nil, 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := laid(t, Settings{}, nil)
			b.Cache.next = headerFirst(c.status, c.answer, b)
			b.ask("GET", "/x")
			b.ask(c.method, c.target)
			b.ask("GET", "/x")
			b.called(c.calls)
		})
	}
}

// headerFirst answers other methods than GET with a status and header fields.
func headerFirst(status int, header []string, b *bed) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.calls.Add(1)
		if r.Method == "GET" {
			text("x", "Cache-Control", "max-age=60")(w, r)
			return
		}
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
	})
}

func TestAPurgeHoldsAlsoForWhatIsBeingLoaded(t *testing.T) {
	var version atomic.Int64
	inside, leave := make(chan bool), make(chan bool)
	slow := atomic.Bool{}
	b := laid(t, Settings{}, func(w http.ResponseWriter, r *http.Request) {
		read := version.Load()
		if slow.Load() {
			inside <- true
			<-leave
		}
		text(fmt.Sprint("version ", read), "Cache-Control", "max-age=60", "Surrogate-Key", "book-1 books")(w, r)
	})
	if got := b.ask("GET", "/x"); got.Header().Get("Surrogate-Key") != "" {
		t.Error("the tags were sent on")
	}
	b.Purge("book-2")
	b.ask("GET", "/x")
	b.called(1)
	b.Purge("book-1")
	slow.Store(true)
	done := make(chan string)
	go func() { done <- b.ask("GET", "/x").Body.String() }()
	<-inside
	version.Store(1) // the write comes while the old value is on its way
	b.Purge("books")
	slow.Store(false)
	leave <- true
	if got := <-done; got != "version 0" {
		t.Errorf("who asked before the write got %q", got)
	}
	if got := b.ask("GET", "/x"); got.Body.String() != "version 1" {
		t.Errorf("after the purge: %q", got.Body)
	}
	b.PurgeAll()
	b.ask("GET", "/x")
	b.called(4)
}

func TestEqualRequestsAskOnce(t *testing.T) {
	const clients = 50
	var waiting sync.WaitGroup
	leave := make(chan bool)
	b := laid(t, Settings{}, nil)
	b.Cache.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.calls.Add(1)
		<-leave
		text("shared", "Cache-Control", "max-age=60")(w, r)
	})
	answers := make([]*httptest.ResponseRecorder, clients)
	for i := range clients {
		waiting.Go(func() { answers[i] = b.ask("GET", "/x") })
	}
	for b.calls.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	close(leave)
	waiting.Wait()
	b.called(1)
	for _, a := range answers {
		if a.Body.String() != "shared" {
			t.Fatalf("%q %v", a.Body, a.Header())
		}
	}
}

func TestWhatIsNotStoredIsNotWaitedFor(t *testing.T) {
	var inside atomic.Int64
	leave := make(chan bool)
	b := laid(t, Settings{}, nil)
	b.Cache.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(200)
		inside.Add(1)
		<-leave
		_, _ = io.WriteString(w, r.Header.Get("X-Who"))
	})
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			if got := b.ask("GET", "/x", "X-Who", fmt.Sprint(i)); got.Body.String() != fmt.Sprint(i) {
				t.Errorf("%d got %q", i, got.Body)
			}
		})
	}
	deadline := time.Now().Add(10 * time.Second)
	for inside.Load() < 10 && time.Now().Before(deadline) {
		time.Sleep(time.Millisecond)
	}
	if inside.Load() != 10 {
		t.Errorf("only %d were let through while the first was answered", inside.Load())
	}
	close(leave)
	all.Wait()
}

func TestStaleAnswersWithinWhatTheyAllow(t *testing.T) {
	fail := atomic.Bool{}
	b := laid(t, Settings{}, nil)
	b.Cache.next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := b.calls.Add(1)
		if fail.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		text(fmt.Sprint(n), "Cache-Control", "max-age=10, stale-while-revalidate=20, stale-if-error=100")(w, r)
	})
	b.ask("GET", "/x")
	b.wait(15 * time.Second)
	if got := b.ask("GET", "/x"); got.Body.String() != "1" || !strings.Contains(got.Header().Get("Cache-Status"), "hit") {
		t.Errorf("within stale-while-revalidate: %q %v", got.Body, got.Header())
	}
	deadline := time.Now().Add(10 * time.Second)
	for got := ""; got != "2" && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		got = b.ask("GET", "/x").Body.String()
	}
	b.called(2)
	b.wait(50 * time.Second)
	fail.Store(true)
	if got := b.ask("GET", "/x"); got.Code != 200 || got.Body.String() != "2" || !strings.Contains(got.Header().Get("Cache-Status"), "fwd-status=503") {
		t.Errorf("within stale-if-error: %d %q %v", got.Code, got.Body, got.Header())
	}
	b.wait(100 * time.Second)
	if got := b.ask("GET", "/x"); got.Code != 503 {
		t.Errorf("after it: %d", got.Code)
	}
}

func TestAnAnswerThatIsCutOffIsNotStored(t *testing.T) {
	b := laid(t, Settings{}, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", "10")
		text("half", "Cache-Control", "max-age=60")(w, r)
	})
	for range 2 {
		func() {
			defer func() {
				if recover() != http.ErrAbortHandler {
					t.Error("the client was not told")
				}
			}()
			b.ask("GET", "/x")
		}()
	}
	b.called(2)
}

func TestLargeAndStreamedAnswersPassThrough(t *testing.T) {
	b := laid(t, Settings{MaxObject: 100}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		for range 30 {
			_, _ = w.Write(bytes.Repeat([]byte("x"), 10))
		}
	})
	for range 2 {
		if got := b.ask("GET", "/x"); got.Body.Len() != 300 {
			t.Errorf("%d bytes", got.Body.Len())
		}
	}
	b.called(2)
}

func TestTheStoreStaysWithinItsBytesAndKeepsWhatIsUsed(t *testing.T) {
	b := laid(t, Settings{MaxBytes: 8 << 20}, text(strings.Repeat("x", 10_000), "Cache-Control", "max-age=600"))
	for i := range 3000 {
		b.ask("GET", fmt.Sprintf("/%d", i))
		b.ask("GET", "/favourite")
	}
	if n, bytes := b.store.size(); bytes > 8<<20 || n < 300 {
		t.Errorf("%d addresses in %d bytes", n, bytes)
	}
	before := b.calls.Load()
	b.ask("GET", "/favourite")
	b.called(before)
}

func TestReloadIsTheClientsRightUnlessTheSettingsSayNo(t *testing.T) {
	for _, ignore := range []bool{false, true} {
		b := laid(t, Settings{IgnoreReload: ignore}, text("x", "Cache-Control", "max-age=60"))
		b.ask("GET", "/x")
		b.ask("GET", "/x", "Cache-Control", "no-cache")
		b.ask("GET", "/x", "Pragma", "no-cache")
		b.ask("GET", "/x", "Cache-Control", "max-age=0")
		if ignore {
			b.called(1)
		} else {
			b.called(3) // max-age=0 is satisfied: the answer is of this very second
		}
	}
}

func TestSwitchedOffItIsNotThere(t *testing.T) {
	on := true
	b := laid(t, Settings{Enabled: func() bool { return on }}, text("x", "Cache-Control", "max-age=60"))
	b.ask("GET", "/x")
	on = false
	if got := b.ask("GET", "/x"); got.Header().Get("Cache-Status") != "" {
		t.Errorf("%v", got.Header())
	}
	b.called(2)
}

func FuzzRequestsAndAnswersNeverBreakTheCache(f *testing.F) {
	f.Add("max-age=60", "gzip;q=0.5, *", "bytes=0-1", `"a"`, "Accept")
	f.Add(`no-cache="a, b", max-age="1"`, "zstd", "bytes=-", `W/"`, "*")
	f.Add("s-maxage=99999999999999999999", ";;;", "bytes=--1", ",", ",,")
	f.Fuzz(func(t *testing.T, control, accept, ranges, tags, vary string) {
		b := laid(t, Settings{Compress: true, MinCompress: 1}, text("body of it", "Cache-Control", control, "CDN-Cache-Control", accept, "Vary", vary, "Etag", tags, "Content-Type", "text/plain",
			"Expires", ranges, "Age", tags))
		for range 3 {
			b.ask("GET", "/x", "Accept-Encoding", accept, "Range", ranges, "If-None-Match", tags, "Cache-Control", control)
			got := b.ask("GET", "/x", "Accept-Encoding", accept)
			if got.Code != 200 && got.Code != 504 {
				t.Fatalf("%d %v", got.Code, got.Header())
			}
		}
	})
}

func BenchmarkHit(b *testing.B) {
	c := New(text(strings.Repeat("x", 1000), "Cache-Control", "max-age=60000", "Content-Type", "application/json", "Etag", `"1"`), Settings{Compress: true})
	r := httptest.NewRequest("GET", "/api/catalog/v1/books/123456?fields=all", nil)
	r.Header.Set("Accept-Encoding", "gzip, zstd")
	w := &nobody{header: http.Header{}}
	c.ServeHTTP(w, r)
	b.ReportAllocs()
	for b.Loop() {
		clear(w.header)
		c.ServeHTTP(w, r)
	}
}

func TestAnAnswerWithoutAValidatorGetsOne(t *testing.T) {
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "max-age=60")
		if r.URL.Path == "/own" {
			w.Header().Set("Etag", `"7"`)
		}
		_, _ = io.WriteString(w, "the same each time")
	})
	c := New(handler, Settings{Validate: true})
	get := func(path, tag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", path, nil)
		if tag != "" {
			r.Header.Set("If-None-Match", tag)
		}
		w := httptest.NewRecorder()
		c.ServeHTTP(w, r)
		return w
	}
	tag := get("/", "").Header().Get("Etag")
	if again := get("/", tag); len(tag) < 10 || again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("%q: %d %s", tag, again.Code, again.Body)
	}
	if own := get("/own", "").Header().Get("Etag"); own != `"7"` {
		t.Errorf("its own is %q", own)
	}
}
