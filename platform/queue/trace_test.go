package queue

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"sync"
	"testing"

	"bookvault/platform/telemetry"
)

// collected is what a collector was sent of a span.
type collected struct {
	TraceID, SpanID, ParentSpanID, Name string
	Kind                                int
	Links                               []struct{ TraceID, SpanID string }
}

// collecting runs a collector of traces; close ends the traces, and gives what they were.
func collecting(t *testing.T) (close func() map[string][]collected) {
	t.Helper()
	var lock sync.Mutex
	spans := map[string][]collected{} // by name
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var sent struct {
			ResourceSpans []struct{ ScopeSpans []struct{ Spans []collected } }
		}
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			t.Error(err)
			return
		}
		lock.Lock()
		defer lock.Unlock()
		for _, s := range sent.ResourceSpans[0].ScopeSpans[0].Spans {
			spans[s.Name] = append(spans[s.Name], s)
		}
	}))
	end := telemetry.OpenTraces(telemetry.TraceSettings{Endpoint: collector.URL, Share: 0, Logger: slog.New(slog.DiscardHandler)})
	return func() map[string][]collected {
		if err := end(t.Context()); err != nil {
			t.Error(err)
		}
		collector.Close()
		return spans
	}
}

// A request's trace goes with its record through the queue, in this process or through NATS to another one: what writes the record is linked to
// the request that published it. Requests that nobody traces leave nothing in the message.
func TestWhatIsWrittenBehindIsLinkedToWhoPublishedIt(t *testing.T) {
	for _, where := range []string{"in this process", "through NATS"} {
		t.Run(where, func(t *testing.T) {
			var url string
			if where == "through NATS" {
				_, url = external(t, t.TempDir(), -1)
			}
			closeTraces := collecting(t)
			s := &sink{}
			s.failing(func([]Record) error { return errDown }) // until all are published
			settings := func(c *Settings) { c.URL = url }
			publisher := open(t, t.TempDir(), s, settings)
			requests := map[string]string{} // flags of the caller, and the trace
			for n, flags := range []string{"01", "01", "00"} {
				trace := fmt.Sprintf("%032x", 0xabc0+n)
				r := httptest.NewRequest("PUT", "/", nil)
				r.Header.Set("Traceparent", "00-"+trace+"-00f067aa0ba902b7-"+flags)
				ctx, _, _, end := telemetry.Exchange(t.Context(), r)
				if err := publisher.Publish(ctx, record(uint64(n), 1)); err != nil {
					t.Fatal(err)
				}
				end("/rating", 202)
				requests[trace] = flags
			}
			writer := publisher
			if url != "" {
				stop(t, publisher)
				writer = open(t, "", s, settings)
			}
			s.failing(nil)
			drained(t, writer)
			stop(t, writer) // now the flush is over, and its span
			spans := closeTraces()

			linked := map[string]string{}
			for _, flush := range spans["flush the queue"] {
				if flush.ParentSpanID != "" || requests[flush.TraceID] != "" || flush.Kind != 5 {
					t.Errorf("a flush is part of a request: %+v", flush)
				}
				for _, l := range flush.Links {
					linked[l.TraceID] = l.SpanID
				}
			}
			for trace, flags := range requests {
				var published collected
				for _, p := range spans["publish numbers"] {
					if p.TraceID == trace {
						published = p
					}
				}
				if flags == "00" && (published.SpanID != "" || linked[trace] != "") {
					t.Errorf("%s is not to be traced: %+v, linked to %q", trace, published, linked[trace])
				}
				if flags == "01" && (published.Kind != 4 || linked[trace] != published.SpanID) {
					t.Errorf("%s: published by %+v, and the flush is linked to %q", trace, published, linked[trace])
				}
			}
			if len(spans["write numbers"]) == 0 || spans["write numbers"][0].ParentSpanID == "" {
				t.Errorf("the writing: %+v", spans["write numbers"])
			}
		})
	}
}

// What lies in the queue of a program of before is read by today's: this is a batch as it was written when the format was made.
func TestABatchThatAnEarlierProgramWroteIsRead(t *testing.T) {
	old, err := hex.DecodeString("01" + "066c6f6f6b6564" + "000000000000002a" + "00" + "026869" + "0572617465" + "64" + "ffffffffffffffff" + "e807" + "03010203")
	if err != nil {
		t.Fatal(err)
	}
	want := []Record{{Topic: "looked", Key: 42, Body: []byte("hi")}, {Topic: "rated", Key: 1<<64 - 1, Subject: 500, Body: []byte{1, 2, 3}}}
	if got, err := decode(old); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("read %+v, %v", got, err)
	}
	if now := encode([]*Record{&want[0], &want[1]}); hex.EncodeToString(now) != hex.EncodeToString(old) {
		t.Errorf("today's program writes %x: give it another format byte, and read both", now)
	}
}
