package gateway

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dunglas/httpsfv"
	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/identity"
)

// limited is a chain with a limit of ten requests a second and twenty saved up, before a handler that vouches for who is named in the
// header Vouch.
func limited(adjust ...func(*RateLimit)) http.Handler {
	on := &atomic.Bool{}
	on.Store(true)
	s := RateLimit{Enabled: on, Rate: 10, Burst: 20, SearchCost: 5, SignInRate: 1, SignInBurst: 3, CrawlRate: 1, CrawlBurst: 2, Clients: 1000}
	for _, change := range adjust {
		change(&s)
	}
	inner := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Vouch") != "" {
			Vouch(r.Context(), identity.Patron, 17)
		}
	})
	return requestID(client(nil, 0)(rateLimit(s, newProofs(s.Clients, "bv_session"), prometheus.NewRegistry())(inner)))
}

// asked sends a request; headers are name and value.
func asked(h http.Handler, from, target string, headers ...string) *httptest.ResponseRecorder {
	method, path, _ := strings.Cut(target, " ")
	r := httptest.NewRequest(method, path, nil)
	r.RemoteAddr = from
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// passed counts how many of so many requests were let through.
func passed(h http.Handler, n int, from func(int) string, target string, headers func(int) []string) int {
	through := 0
	for i := range n {
		var more []string
		if headers != nil {
			more = headers(i)
		}
		if asked(h, from(i), target, more...).Code != http.StatusTooManyRequests {
			through++
		}
	}
	return through
}

func always(from string) func(int) string { return func(int) string { return from } }

func TestABucketEmptiesAndFillsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := limited()
		title := "GET /api/catalog/v1/books/1"
		if n := passed(h, 50, always("192.0.2.1:1"), title, nil); n != 20 {
			t.Errorf("%d of 50 at once", n)
		}
		w := asked(h, "192.0.2.1:2", title)
		if w.Code != 429 || w.Header().Get("Retry-After") != "1" || problemOf(t, w).Code != "rate_limited" {
			t.Errorf("%d %v %s", w.Code, w.Header(), w.Body)
		}
		if n := passed(h, 5, always("192.0.2.2:1"), title, nil); n != 5 {
			t.Error("another address pays for it")
		}
		time.Sleep(time.Second)
		if n := passed(h, 50, always("192.0.2.1:1"), title, nil); n != 10 {
			t.Errorf("%d after a second", n)
		}
		time.Sleep(time.Hour)
		if n := passed(h, 50, always("192.0.2.1:1"), title, nil); n != 20 {
			t.Errorf("%d after an hour", n)
		}
	})
}

func TestWhoCountsAsOneClient(t *testing.T) {
	token := func(i int) []string { return []string{"Authorization", "Bearer " + strconv.Itoa(i)} }
	tests := []struct {
		name    string
		from    func(int) string
		headers func(int) []string
		passed  int
	}{
		{"an address, whatever its port", func(i int) string { return fmt.Sprintf("192.0.2.1:%d", 1000+i) }, nil, 20},
		{"a /64 of IPv6", func(i int) string { return fmt.Sprintf("[2001:db8::%x]:1", i+1) }, nil, 20},
		{"but not two of them", func(i int) string { return fmt.Sprintf("[2001:db8:0:%x::1]:1", i+1) }, nil, 60},
		{"tokens that are made up", always("192.0.2.1:1"), token, 20},
		{"cookies that are made up", always("192.0.2.1:1"), func(i int) []string { return []string{"Cookie", "a=b; bv_session=" + strconv.Itoa(i)} }, 20},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				if n := passed(limited(), 60, test.from, "GET /api/catalog/v1/books/1", test.headers); n != test.passed {
					t.Errorf("%d of 60", n)
				}
			})
		})
	}
}

func TestWhoIsVouchedForHasAShareOfTheirOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, title := limited(), "GET /api/catalog/v1/books/1"
		asked(h, "192.0.2.1:1", title, "Authorization", "Bearer true", "Vouch", "yes")
		asked(h, "192.0.2.1:1", title, "Cookie", "x=y; bv_session=s", "Vouch", "yes")
		passed(h, 50, always("192.0.2.1:1"), title, nil)
		for _, proof := range [][]string{{"Authorization", "Bearer true"}, {"Cookie", "bv_session=s; x=z"}} {
			// From several addresses: the share is theirs.
			if n := passed(h, 50, func(i int) string { return fmt.Sprintf("192.0.2.%d:1", i) }, title, func(int) []string { return proof }); n != 20 {
				t.Errorf("%v: %d of 50", proof, n)
			}
		}
		time.Sleep(provenFor + time.Microsecond)
		passed(h, 50, always("192.0.2.1:1"), title, nil)
		if n := passed(h, 50, always("192.0.2.1:1"), title, func(int) []string { return []string{"Authorization", "Bearer true"} }); n != 0 {
			t.Errorf("a proof that was long not confirmed still counts: %d", n)
		}
	})
}

func TestClassesOfRequests(t *testing.T) {
	agent := func(a string) func(int) []string { return func(int) []string { return []string{"User-Agent", a} } }
	tests := []struct {
		name, target string
		headers      func(int) []string
		passed       int
		policy       string
	}{
		{"a title", "GET /api/catalog/v1/books/1", nil, 20, `"default";q=20;w=2`},
		{"a page", "GET /books", nil, 60, `"pages";q=100;w=2`},
		{"a search is dearer", "GET /api/catalog/v1/books?q=emma", nil, 4, `"search";q=4;w=2`},
		{"signing in", "POST /api/members/v1/sessions", nil, 3, `"sign-in";q=3;w=3`},
		{"a robot", "GET /api/catalog/v1/books/1", agent("Mozilla/5.0 (compatible; Googlebot/2.1)"), 2, `"crawl";q=2;w=2`},
		{"another robot", "GET /", agent("Some-Crawler/1"), 2, `"crawl";q=2;w=2`},
		{"a third", "GET /", agent("Mozilla/5.0 Not a foot; Bot"), 2, `"crawl";q=2;w=2`},
		{"a browser", "GET /", agent("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"), 60, `"pages";q=100;w=2`},
		{"health", "GET /readyz", nil, 60, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := limited()
				if n := passed(h, 60, always("192.0.2.1:1"), test.target, test.headers); n != test.passed {
					t.Errorf("%d of 60", n)
				}
				var headers []string
				if test.headers != nil {
					headers = test.headers(0)
				}
				if policy := asked(h, "192.0.2.9:1", test.target, headers...).Header().Get("RateLimit-Policy"); policy != test.policy {
					t.Errorf("policy %s", policy)
				}
			})
		})
	}
}

// The headers are structured fields (RFC 9651): a list of strings with integer parameters.
func TestRateLimitHeadersAreStructuredFields(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := limited()
		for i := range 25 {
			w := asked(h, "192.0.2.1:1", "GET /api/catalog/v1/books/1")
			for name, want := range map[string]map[string]int64{
				"RateLimit-Policy": {"q": 20, "w": 2},
				"RateLimit":        {"r": int64(max(0, 19-i)), "t": int64((min(20, i+1) + 9) / 10)},
			} {
				list, err := httpsfv.UnmarshalList(w.Header()[http.CanonicalHeaderKey(name)])
				if err != nil || len(list) != 1 {
					t.Fatalf("%s: %v %v", name, w.Header(), err)
				}
				item := list[0].(httpsfv.Item)
				for key, n := range want {
					if got, _ := item.Params.Get(key); item.Value != "default" || got != n {
						t.Errorf("request %d: %s is %q; %s should be %d", i, name, w.Header().Get(name), key, n)
					}
				}
			}
		}
	})
}

func TestWhoIsNotLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := limited(func(s *RateLimit) { s.Exempt = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
		if n := passed(h, 60, always("127.0.0.1:1"), "GET /", nil); n != 60 {
			t.Errorf("%d of 60 from an exempt network", n)
		}
		off := &atomic.Bool{}
		h = limited(func(s *RateLimit) { s.Enabled = off })
		if n := passed(h, 60, always("192.0.2.1:1"), "GET /", nil); n != 60 {
			t.Errorf("%d of 60, switched off", n)
		}
		if w := asked(h, "192.0.2.1:1", "GET /"); w.Header().Get("RateLimit") != "" {
			t.Error("switched off, and headers are sent")
		}
	})
}

// A million addresses make no more buckets than there is room for, and whoever had used most of theirs is remembered.
func TestAMillionAddressesTakeNoMoreMemory(t *testing.T) {
	s := newSlots(131072)
	c := newRateClass("default", 0, 100, 200, 1)
	now := time.Now().UnixNano()
	for range 150 {
		c.take(s, 42, now)
	}
	size := len(s.sets)
	for i := range uint64(1_000_000) {
		c.take(s, 1+i*0x9E3779B97F4A7C15, now)
	}
	if len(s.sets) != size || size*slotsOfASet != 131072 {
		t.Errorf("%d places", len(s.sets)*slotsOfASet)
	}
	if left, _ := c.take(s, 42, now); left != 49 {
		t.Errorf("the greedy one has %d left, not 49", left)
	}
}

func BenchmarkRateLimit(b *testing.B) {
	on := &atomic.Bool{}
	on.Store(true)
	s := RateLimit{Enabled: on, Rate: 1e8, Burst: 10000, SearchCost: 5, SignInRate: 1, SignInBurst: 3, CrawlRate: 1, CrawlBurst: 2, Clients: 131072}
	h := rateLimit(s, newProofs(s.Clients, "bv_session"), prometheus.NewRegistry())(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	for name, headers := range map[string]http.Header{
		"address": {"User-Agent": {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"}},
		"token":   {"Authorization": {"Bearer bv_" + strings.Repeat("x", 43)}},
	} {
		b.Run(name, func(b *testing.B) {
			w, r := httptest.NewRecorder(), httptest.NewRequest("GET", "/api/catalog/v1/books/1", nil)
			r.Header = headers
			e := &exchange{Context: context.Background(), client: netip.MustParseAddr("192.0.2.1")}
			r = r.WithContext(e)
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
			if w.Code != 200 {
				b.Fatal(w.Code)
			}
		})
	}
}
