package telemetry

import (
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"go.opentelemetry.io/otel/attribute"
)

func TestTraceparentIsReadAsW3CHasIt(t *testing.T) {
	const id, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	for header, sampled := range map[string]bool{"00-" + id + "-" + span + "-01": true, "00-" + id + "-" + span + "-00": false, "cc-" + id + "-" + span + "-01-more": true} {
		c, ok := ParseTraceparent([]string{header})
		if !ok || c.TraceID().String() != id || c.SpanID().String() != span || c.IsSampled() != sampled {
			t.Errorf("%s: %v %v", header, c, ok)
		}
	}
	for _, header := range []string{"", "00", "00-" + id + "-" + span + "-01-more", "ff-" + id + "-" + span + "-01", "00-00000000000000000000000000000000-" + span + "-01",
		"00-" + id + "-0000000000000000-01", "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + span + "-01", "00-" + id + "-" + span + "-0x", "00_" + id + "-" + span + "-01"} {
		if c, ok := ParseTraceparent([]string{header}); ok {
			t.Errorf("%q was taken: %v", header, c)
		}
	}
	if _, ok := ParseTraceparent(nil); ok {
		t.Error("none was taken")
	}
}

func FuzzParseTraceparent(f *testing.F) {
	f.Add("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	f.Fuzz(func(t *testing.T, header string) {
		if c, ok := ParseTraceparent([]string{header}); ok && (!c.IsValid() || len(header) < 55) {
			t.Errorf("%q gave %v", header, c)
		}
	})
}

// A collector gets the spans of a request: the gateway's with the caller's as its parent, and a layer's within it.
func TestSpansReachACollector(t *testing.T) {
	got := make(chan otlpRequest, 1)
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		var sent otlpRequest
		if err := json.Unmarshal(text, &sent); err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: %v", r.URL.Path, text, err)
		}
		got <- sent
	}))
	defer collector.Close()
	closeTraces := OpenTraces(TraceSettings{Endpoint: collector.URL, Share: 0, Version: "1.2.3", Logger: slog.New(slog.DiscardHandler)})
	r := httptest.NewRequest("GET", "/books/1024", nil)
	r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01") // its caller has decided
	ctx, id, out, end := Exchange(t.Context(), r)
	_, endLayer := Span(ctx, "call catalog", attribute.Int("attempt", 1))
	endLayer(errors.New("with the name of somebody"))
	end("/books/{id}", 200)
	_, endOther := Span(t.Context(), "housekeeping")
	endOther(nil)
	if err := closeTraces(t.Context()); err != nil {
		t.Fatal(err)
	}
	sent := <-got
	spans := sent.ResourceSpans[0].ScopeSpans[0].Spans
	if len(spans) != 2 || spans[0].Name != "call catalog" || spans[1].Name != "GET /books/{id}" || spans[0].Parent != spans[1].SpanID || spans[1].Parent != "00f067aa0ba902b7" {
		t.Fatalf("sent %+v", spans)
	}
	if id != "4bf92f3577b34da6a3ce929d0e0e4736" || spans[0].TraceID != id || out != "00-"+id+"-"+spans[1].SpanID+"-01" {
		t.Errorf("trace %s, told %s, sent %+v", id, out, spans)
	}
	if spans[0].Status.Code != 2 || spans[0].Status.Message != "" || spans[1].Kind != 2 {
		t.Errorf("sent %+v", spans)
	}
	if Tracing() {
		t.Error("still tracing")
	}
	if _, id, out, end := Exchange(t.Context(), r); id == "" || out != "" || end != nil {
		t.Errorf("off: %q %q", id, out)
	}
}

// What a caller's own tracing keeps in tracestate goes with the trace; what is not well formed is left out.
func TestTracestateGoesWithTheTrace(t *testing.T) {
	got := make(chan otlpRequest, 2)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var sent otlpRequest
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			t.Error(err)
		}
		got <- sent
	}))
	defer collector.Close()
	closeTraces := OpenTraces(TraceSettings{Endpoint: collector.URL, Share: 0, Logger: slog.New(slog.DiscardHandler)})
	for _, state := range []string{"congo=t61rcWkgMzE,rojo=00f067", "not well formed"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
		r.Header.Set("Tracestate", state)
		_, _, _, end := Exchange(t.Context(), r)
		end("/", 200)
	}
	if err := closeTraces(t.Context()); err != nil {
		t.Fatal(err)
	}
	spans := (<-got).ResourceSpans[0].ScopeSpans[0].Spans
	if len(spans) != 2 || spans[0].State != "congo=t61rcWkgMzE,rojo=00f067" || spans[1].State != "" || spans[1].Parent != "00f067aa0ba902b7" {
		t.Errorf("sent %+v", spans)
	}
}
