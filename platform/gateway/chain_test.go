package gateway

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/database/dbtest"
	"bookvault/platform/problem"
)

func TestMain(m *testing.M) { dbtest.MainNoLeaks(m) }

// through sends one request through the whole chain to a handler and gives the answer and the log's lines.
func through(t *testing.T, r *http.Request, handler http.HandlerFunc, adjust ...func(*Settings)) (*httptest.ResponseRecorder, []map[string]any) {
	t.Helper()
	var log bytes.Buffer
	settings := chainSettings(append([]func(*Settings){func(s *Settings) { s.Logger = slog.New(telemetryHandler{slog.NewJSONHandler(&log, nil)}) }}, adjust...)...)
	w := httptest.NewRecorder()
	Chain(handler, settings).ServeHTTP(w, r)
	var lines []map[string]any
	for line := range bytes.Lines(log.Bytes()) {
		var fields map[string]any
		if err := json.Unmarshal(line, &fields); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		if bytes.Count(line, []byte(`"request_id":`)) > 1 {
			t.Errorf("a line says twice whose it is: %s", line)
		}
		lines = append(lines, fields)
	}
	return w, lines
}

var discard = slog.New(slog.DiscardHandler)

// chainSettings are those of the chain under test.
func chainSettings(adjust ...func(*Settings)) Settings {
	settings := Settings{
		Logger: discard, AccessLog: "all", MaxBody: 1 << 20, RequestTimeout: time.Second, UploadTimeout: time.Minute,
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		Registry:       prometheus.NewRegistry(),
	}
	for _, change := range adjust {
		change(&settings)
	}
	return settings
}

// problemOf reads the problem that was answered.
func problemOf(t *testing.T, w *httptest.ResponseRecorder) problem.Details {
	t.Helper()
	var d problem.Details
	if err := json.Unmarshal(w.Body.Bytes(), &d); err != nil {
		t.Fatalf("answer %d %q is no problem: %v", w.Code, w.Body, err)
	}
	return d
}

func ok(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) }

func TestTheOrderOfTheChain(t *testing.T) {
	var names []string
	for _, stage := range Stages(Settings{Registry: prometheus.NewRegistry()}) {
		names = append(names, stage.Name)
	}
	want := []string{"request_id", "trace", "recover", "measure", "access_log", "secure_headers", "client", "rate_limit", "cross_origin", "promises", "cache", "overload", "body_limit", "compress", "deadline", "readers"}
	if !slices.Equal(names, want) {
		t.Errorf("the chain is %v, want %v", names, want)
	}
}

// The chain is what Stages says: wrapped from the last to the first, so that the first sees a request first.
func TestTheChainIsItsStages(t *testing.T) {
	handler := http.Handler(okHandler)
	stages := Stages(Settings{Logger: slog.New(slog.DiscardHandler), AccessLog: "off", MaxBody: 10, RequestTimeout: time.Second, Registry: prometheus.NewRegistry()})
	for _, stage := range slices.Backward(stages) {
		handler = stage.Wrap(handler)
	}
	byHand := httptest.NewRecorder()
	handler.ServeHTTP(byHand, httptest.NewRequest("GET", "/", nil))
	byChain, _ := through(t, httptest.NewRequest("GET", "/", nil), ok)
	for name := range byHand.Header() {
		if byChain.Header()[name] == nil {
			t.Errorf("the chain's answer has no %s", name)
		}
	}
}

// A refusal inside carries what the stages outside of it promise for every answer: the order seen from the client.
func TestARefusalHasIdHeadersAndALogLine(t *testing.T) {
	r := httptest.NewRequest("POST", "/api/borrowing/v1/loans", strings.NewReader("{}"))
	r.Header.Set("Sec-Fetch-Site", "cross-site")
	w, lines := through(t, r, func(http.ResponseWriter, *http.Request) { t.Error("the handler ran") })
	if d := problemOf(t, w); w.Code != 403 || d.Code != "cross_origin_refused" || d.RequestID == "" || d.RequestID != w.Header().Get("X-Request-Id") {
		t.Errorf("%d %+v", w.Code, d)
	}
	if w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Error("no secure headers")
	}
	if len(lines) != 1 || lines[0]["status"] != 403.0 || lines[0]["request_id"] != w.Header().Get("X-Request-Id") {
		t.Errorf("log %v", lines)
	}
}
