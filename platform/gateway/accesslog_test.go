package gateway

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestALogLineNamesNobody(t *testing.T) {
	tests := []struct{ url, route, path, query string }{
		{"/api/catalog/v1/books?q=secret+wish&limit=20&q=other", "/api/catalog/v1/books", "/api/catalog/v1/books", "limit&q"},
		{"/api/members/v1/members/C-1001", "/api/members/v1/members/{card}", "/api/members/v1/members/{card}", ""},
		{"/api/members/v1/members/C-1001/blocks?token=abc", "", "/api/members/v1/members/-/blocks", "token"},
		{"/api/borrowing/v1/nothing/29001000123", "", "/api/borrowing/v1/nothing/-", ""},
		{"/api/members/v1/members/", "", "/api/members/v1/members/", ""},
		{"/books/1024", "", "/books/-", ""},
		{"/29001000123", "", "/-", ""},
		{"/Minh%20Nguyen", "", "/-", ""},
		{"/i18n/en.js", "", "/i18n/en.js", ""},
		{"/", "", "/", ""},
		{"/search?29001000123&q=x", "", "/search", "-&q"},
	}
	for _, test := range tests {
		answer := func(w http.ResponseWriter, r *http.Request) {
			if test.route != "" {
				w.(*consistencyTeller).ResponseWriter.(*recorder).Route(test.route)
			}
			ok(w, r)
		}
		_, lines := through(t, httptest.NewRequest("GET", test.url, nil), answer)
		if len(lines) != 1 || lines[0]["route"] != test.path || lines[0]["query"] != test.query || lines[0]["bytes"] != 2.0 || lines[0]["method"] != "GET" {
			t.Errorf("%s: logged %v", test.url, lines)
		}
	}
}

// When thousands are refused, a line each would cost more than the refusing.
func TestAFloodOfRefusalsWritesFewLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, which := range []string{"sampled", "notable"} {
			written := &bytes.Buffer{}
			h := accessLog(slog.New(slog.NewJSONHandler(written, nil)), which, 1000)(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }))
			for range 3 {
				for range 100 {
					h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
				}
				time.Sleep(time.Second)
			}
			if lines := strings.Count(written.String(), "\n"); lines != 3*refusalLines || !strings.Contains(written.String(), `"unlogged":90`) {
				t.Errorf("%s: %d lines in three seconds", which, lines)
			}
		}
	})
}

// Under load so many a second are logged as the settings say, and all that is notable; the next line says how many were not.
func TestUnderLoadASampleIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const rate = 20
		written := &bytes.Buffer{}
		h := accessLog(slog.New(slog.NewJSONHandler(written, nil)), "sampled", rate)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/broken" {
				w.WriteHeader(500)
			}
		}))
		ask := func(path string) { h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", path, nil)) }
		time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second)))
		for range 3 {
			for range 500 {
				ask("/")
			}
			ask("/broken")
			time.Sleep(time.Second)
		}
		if all, broken := strings.Count(written.String(), "\n"), strings.Count(written.String(), `"status":500`); all != 3*(rate+1) || broken != 3 {
			t.Errorf("of 1503 requests in three seconds %d were logged, %d of 3 that failed", all, broken)
		}
		if got := strings.Count(written.String(), `"unlogged":480`); got != 2 {
			t.Errorf("%d lines say how many were left out:\n%s", got, written)
		}
	})
}

func TestWhichRequestsAreLogged(t *testing.T) {
	failing := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }
	slow := func(w http.ResponseWriter, _ *http.Request) { time.Sleep(slowRequest + time.Millisecond) }
	refused := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }
	tests := []struct {
		which   string
		handler http.HandlerFunc
		lines   int
		level   string
	}{
		{"all", ok, 1, "INFO"}, {"all", failing, 1, "WARN"},
		{"notable", ok, 0, ""}, {"notable", refused, 0, ""}, {"notable", failing, 1, "WARN"}, {"notable", slow, 1, "INFO"},
		{"off", failing, 0, ""},
	}
	for _, test := range tests {
		_, lines := through(t, httptest.NewRequest("GET", "/", nil), test.handler, func(s *Settings) { s.AccessLog = test.which })
		if len(lines) != test.lines || test.lines == 1 && lines[0]["level"] != test.level {
			t.Errorf("%s: %v, want %d lines of level %s", test.which, lines, test.lines, test.level)
		}
	}
}

func TestALogLineSaysWhereItsAnswerCameFrom(t *testing.T) {
	answer := func(w http.ResponseWriter, r *http.Request) {
		e := exchangeOf(r.Context())
		e.member = 29001
		w.Header()["Cache-Status"] = []string{"bookvault; fwd=uri-miss; stored"}
		ok(w, r)
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	_, lines := through(t, r, answer)
	line := lines[0]
	for _, field := range []string{"time", "level", "msg", "request_id", "trace_id", "route", "status", "duration_ms", "cache", "replica", "member"} {
		if _, there := line[field]; !there {
			t.Errorf("no %s in %v", field, line)
		}
	}
	if line["cache"] != "uri-miss" || line["trace_id"] != "4bf92f3577b34da6a3ce929d0e0e4736" || len(line["member"].(string)) != 12 {
		t.Errorf("logged %v", line)
	}
	for status, want := range map[string]string{"bookvault; hit; ttl=300": "hit", "bookvault; hit; ttl=-3; detail=stale": "stale", "": ""} {
		if got := loggedCache([]string{status}[:min(1, len(status))]); got != want {
			t.Errorf("%q is logged as %q", status, got)
		}
	}
}

// telemetryHandler adds what a request's context says, as telemetry.Logs does.
type telemetryHandler struct{ slog.Handler }

func (h telemetryHandler) Handle(ctx context.Context, r slog.Record) error {
	r.AddAttrs(LogFields(ctx)...)
	return h.Handler.Handle(ctx, r)
}

func TestAMemberHasAPseudonymForADay(t *testing.T) {
	p, now := newPseudonyms(), time.Now()
	one := p.of(17, now)
	if one != p.of(17, now.Add(time.Hour)) || one == p.of(18, now) || p.of(0, now) != "" || one == newPseudonyms().of(17, now) {
		t.Errorf("pseudonym %q", one)
	}
	if one == p.of(17, now.Add(25*time.Hour)) {
		t.Error("the same the day after")
	}
}
