package modules_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/gateway"
	"bookvault/platform/identity"
)

// request asks a route for a thing, with a body where it takes one.
func request(method, url string, p proof) *http.Request {
	body := ""
	if method == "POST" || method == "PUT" || method == "PATCH" {
		body = `{"not":"sensible"}`
	}
	r := httptest.NewRequest(method, url, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if p.header != "" {
		r.Header.Set(p.header, p.value)
	}
	return r
}

// asOf is the moment in an answer that is reckoned anew each time.
var asOf = regexp.MustCompile(`"as_of":"[^"]*"`)

// Whatever is answered to somebody who is signed in is kept by no cache, refusals too; and a public answer is the same for everybody,
// so that a cache may keep it, whoever's cookie came with the question.
func TestAnswersToWhoIsSignedInAreNoStore(t *testing.T) {
	h := openHouse(t)
	for _, route := range h.library.Routes {
		if route.Path == "/api/members/v1/sessions" && route.Method == "DELETE" {
			continue // it would end the session of the others
		}
		for name, p := range h.proofs {
			if p.role == identity.Public || p.refused {
				continue
			}
			url := parameter.ReplaceAllString(route.Path, "999999999")
			w, anybody := httptest.NewRecorder(), httptest.NewRecorder()
			h.handler.ServeHTTP(w, request(route.Method, url, p))
			kept := w.Header().Get("Cache-Control")
			if route.Who > identity.Public || p.header == "Authorization" {
				if kept != "no-store" {
					t.Errorf("%s %s by %s: %d, Cache-Control is %q", route.Method, route.Path, name, w.Code, kept)
				}
				continue
			}
			if route.Method != "GET" {
				continue
			}
			h.handler.ServeHTTP(anybody, request(route.Method, url, proof{}))
			if w.Code != anybody.Code || len(asOf.ReplaceAllString(w.Body.String(), "")) != len(asOf.ReplaceAllString(anybody.Body.String(), "")) || kept != anybody.Header().Get("Cache-Control") || strings.Contains(w.Header().Get("Vary"), "Cookie") {
				t.Errorf("%s %s: public, and another answer to %s", route.Method, route.Path, name)
			}
		}
	}
}

// The log of a whole walk through the library holds neither what was asked for nor who asked.
func TestTheAccessLogHoldsNoCardNoTermNoAddressAndNoMember(t *testing.T) {
	h := openHouse(t)
	var log bytes.Buffer
	logged := gateway.Chain(h.library.Handler, gateway.Settings{Logger: slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug})), AccessLog: "all",
		MaxBody: 1 << 20, RequestTimeout: 15 * time.Second, UploadTimeout: time.Minute, Registry: prometheus.NewRegistry()})
	p := h.proofs["librarian's session"]
	ask := func(method, path string) {
		r := request(method, path+"?q=unmentionable&member_card=2900155501&2900155501", p)
		r.RemoteAddr = "203.0.113.77:4711"
		r.Header.Set("User-Agent", "Curious/1.0")
		logged.ServeHTTP(httptest.NewRecorder(), r)
	}
	for _, route := range h.library.Routes {
		if route.Path != "/api/members/v1/sessions" {
			ask(route.Method, parameter.ReplaceAllString(route.Path, "2900155501"))
		}
	}
	for _, path := range []string{"/api/members/v1/members/2900155501/no-such-thing", "/api/nothing/2900155501", "/books/2900155501", "/2900155501", "/loans"} {
		ask("GET", path)
	}
	lines := 0
	for line := range bytes.Lines(log.Bytes()) {
		lines++
		var fields map[string]any
		if err := json.Unmarshal(line, &fields); err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"2900155501", "unmentionable", "203.0.113.77", "walk-librarian", "Curious", strings.TrimPrefix(p.value, "bv_session=")} {
			if bytes.Contains(line, []byte(word)) {
				t.Errorf("%s is in the log: %s", word, line)
			}
		}
	}
	if lines < len(h.library.Routes) {
		t.Errorf("%d lines for %d routes: this test could not fail", lines, len(h.library.Routes))
	}
}
