package gateway

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/telemetry"
)

func TestARequestIsPartOfItsCallersTrace(t *testing.T) {
	sent := make(chan string, 1)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		sent <- string(text)
	}))
	defer collector.Close()
	closeTraces := telemetry.OpenTraces(telemetry.TraceSettings{Endpoint: collector.URL, Share: 1, Logger: slog.New(slog.DiscardHandler)})
	registry := prometheus.NewRegistry()
	r := httptest.NewRequest("GET", "/api/members/v1/members/C-1001?q=wish", nil)
	r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	w, _ := through(t, r, func(w http.ResponseWriter, r *http.Request) {
		_, end := telemetry.Span(r.Context(), "inside")
		end(nil)
		ok(w, r)
	}, func(s *Settings) { s.Registry = registry })
	if err := closeTraces(t.Context()); err != nil {
		t.Fatal(err)
	}
	if told := w.Header().Get("Traceresponse"); !strings.HasPrefix(told, "00-4bf92f3577b34da6a3ce929d0e0e4736-") {
		t.Errorf("told %q", told)
	}
	exemplars := 0
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			for _, bucket := range m.GetHistogram().GetBucket() {
				if e := bucket.GetExemplar(); e != nil && e.GetLabel()[0].GetValue() == "4bf92f3577b34da6a3ce929d0e0e4736" {
					exemplars++
				}
			}
		}
	}
	if exemplars != 1 {
		t.Errorf("%d buckets remember the trace", exemplars)
	}
	text := <-sent
	for _, must := range []string{`"name":"inside"`, `GET /api/members/v1/members/-`, `"parentSpanId":"00f067aa0ba902b7"`} {
		if !strings.Contains(text, must) {
			t.Errorf("no %s in %s", must, text)
		}
	}
	for _, secret := range []string{"C-1001", "wish"} {
		if strings.Contains(text, secret) {
			t.Errorf("a trace says %s: %s", secret, text)
		}
	}
	w, _ = through(t, r, ok)
	if told := w.Header().Get("Traceresponse"); told != "" {
		t.Errorf("off, and told %q", told)
	}
}
