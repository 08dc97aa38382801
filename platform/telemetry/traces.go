package telemetry

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// TraceSettings say where traces go and how many are made.
type TraceSettings struct {
	Endpoint string  // http(s)://host:port of a collector that takes OTLP over HTTP; empty: there are no traces
	Share    float64 // of requests that come without a decision of their caller, 0 to 1
	Version  string
	Logger   *slog.Logger
}

// tracing makes the spans of this process; nil while there are none. It is one a process, as the log of the standard library is, so that a
// layer that is traced need not be handed it.
var tracing atomic.Pointer[sdk.TracerProvider]

// Spans that wait for the collector at most, and how long one waits for others: beyond that they are dropped, and no request waits.
const (
	spansWaiting = 4096
	spansAtOnce  = 512
	spansEvery   = time.Second
)

// OpenTraces begins to make traces, where settings name a collector. close sends what waits and ends it.
func OpenTraces(s TraceSettings) (close func(context.Context) error) {
	if s.Endpoint == "" {
		return func(context.Context) error { return nil }
	}
	provider := sdk.NewTracerProvider(
		sdk.WithSampler(sdk.ParentBased(followed{sdk.TraceIDRatioBased(s.Share)})),
		sdk.WithResource(resource.NewSchemaless(attribute.String("service.name", "bookvault"), attribute.String("service.version", s.Version))),
		sdk.WithBatcher(newOTLP(s.Endpoint, s.Logger), sdk.WithMaxQueueSize(spansWaiting), sdk.WithMaxExportBatchSize(spansAtOnce), sdk.WithBatchTimeout(spansEvery)),
	)
	tracing.Store(provider)
	return func(ctx context.Context) error {
		tracing.Store(nil)
		return provider.Shutdown(ctx)
	}
}

// tracer names what makes the spans.
const tracer = "bookvault"

// Tracing tells whether traces are made.
func Tracing() bool { return tracing.Load() != nil }

// Span begins a span of a layer, within the one that ctx has. end is told how it went. Without traces it costs a look at a pointer.
func Span(ctx context.Context, name string, about ...attribute.KeyValue) (inner context.Context, end func(error)) {
	return span(ctx, name, trace.SpanKindClient, about)
}

func ended(error) {}

// Carry puts the span of one context into another one, for work that ends with neither of those who asked for it.
func Carry(from, to context.Context) context.Context {
	if tracing.Load() == nil {
		return to
	}
	return trace.ContextWithSpanContext(to, trace.SpanContextFromContext(from))
}

// Exchange begins the span of a request, as part of the trace that its caller names. end is told the route and the status.
func Exchange(ctx context.Context, r *http.Request) (inner context.Context, id, parent string, end func(route string, status int)) {
	caller, known := ParseTraceparent(r.Header["Traceparent"])
	provider := tracing.Load()
	if provider == nil {
		if known {
			id = caller.TraceID().String()
		}
		return ctx, id, "", nil
	}
	if known {
		if state, err := trace.ParseTraceState(strings.Join(r.Header["Tracestate"], ",")); err == nil { // what is not well formed counts as none
			caller = caller.WithTraceState(state)
		}
		ctx = trace.ContextWithRemoteSpanContext(ctx, caller)
	}
	inner, span := provider.Tracer(tracer).Start(ctx, r.Method, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attribute.String("http.request.method", r.Method)))
	own := span.SpanContext()
	return inner, own.TraceID().String(), traceparentOf(own), func(route string, status int) {
		span.SetName(r.Method + " " + route)
		span.SetAttributes(attribute.String("http.route", route), attribute.Int("http.response.status_code", status))
		if status >= 500 {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// traceparentOf says which span it is as W3C's header has it.
func traceparentOf(c trace.SpanContext) string {
	return "00-" + c.TraceID().String() + "-" + c.SpanID().String() + "-" + c.TraceFlags().String()
}

// ParseTraceparent reads W3C's header: version, trace, caller's span, flags. Whatever is not exactly that counts as none.
func ParseTraceparent(header []string) (trace.SpanContext, bool) {
	if len(header) != 1 || len(header[0]) < 55 {
		return trace.SpanContext{}, false
	}
	h := header[0]
	if h[2] != '-' || h[35] != '-' || h[52] != '-' || h[:2] == "ff" || h[:2] == "00" && len(h) != 55 || len(h) > 55 && h[55] != '-' || !lowerHex(h[:2]) || !lowerHex(h[53:55]) {
		return trace.SpanContext{}, false
	}
	id, err := trace.TraceIDFromHex(h[3:35])
	if err != nil {
		return trace.SpanContext{}, false
	}
	span, err := trace.SpanIDFromHex(h[36:52])
	if err != nil {
		return trace.SpanContext{}, false
	}
	flags := trace.TraceFlags(0)
	if h[54]&1 == 1 && h[54] <= '9' || h[54] == 'b' || h[54] == 'd' || h[54] == 'f' {
		flags = trace.FlagsSampled
	}
	return trace.NewSpanContext(trace.SpanContextConfig{TraceID: id, SpanID: span, TraceFlags: flags, Remote: true}), true
}

func lowerHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
