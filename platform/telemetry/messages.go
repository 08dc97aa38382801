package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// Traces go out with what BookVault sends, as they came in. A request's answer does not wait for what it had published, and that is written
// together with what others had: so the writing is a trace of its own, with a link to each request whose record it writes.

// MessageHeader is W3C's name for what a message says of the span that sent it.
const MessageHeader = "traceparent"

// mostLinks is how many requests a span names at most, as OpenTelemetry bounds it.
const mostLinks = 128

// Producing begins the span of a message's way out, within the one that ctx has, and gives what the message is to say of it, in W3C's words:
// "" where nothing is traced. end is told how it went.
func Producing(ctx context.Context, name string, about ...attribute.KeyValue) (inner context.Context, traceparent string, end func(error)) {
	inner, end = span(ctx, name, trace.SpanKindProducer, about)
	if c := trace.SpanContextFromContext(inner); Tracing() && c.IsSampled() {
		traceparent = traceparentOf(c)
	}
	return inner, traceparent, end
}

// Count says of a span how many of something it is about.
func Count(name string, n int) attribute.KeyValue { return attribute.Int(name, n) }

// Following begins the span of work that messages asked for, which said what Producing gave; those that said nothing that can be read count
// for none. Where none did there is no span, and what ctx leads to is not traced.
func Following(ctx context.Context, name string, traceparents []string, about ...attribute.KeyValue) (inner context.Context, end func(error)) {
	provider := tracing.Load()
	if provider == nil {
		return ctx, ended
	}
	var links []trace.Link
	for _, text := range traceparents {
		if c, ok := ParseTraceparent([]string{text}); ok && len(links) < mostLinks {
			links = append(links, trace.Link{SpanContext: c})
		}
	}
	if len(links) == 0 {
		return ctx, ended
	}
	inner, s := provider.Tracer(tracer).Start(ctx, name, trace.WithNewRoot(), trace.WithLinks(links...), trace.WithAttributes(about...), trace.WithSpanKind(trace.SpanKindConsumer))
	return inner, finish(s)
}

// span begins one within another. What no request asked for is not traced: the housekeeping would be most of it.
func span(ctx context.Context, name string, kind trace.SpanKind, about []attribute.KeyValue) (context.Context, func(error)) {
	provider := tracing.Load()
	if provider == nil || !trace.SpanContextFromContext(ctx).IsValid() {
		return ctx, ended
	}
	inner, s := provider.Tracer(tracer).Start(ctx, name, trace.WithAttributes(about...), trace.WithSpanKind(kind))
	return inner, finish(s)
}

func finish(s trace.Span) func(error) {
	return func(err error) {
		if err != nil {
			s.SetStatus(codes.Error, "") // what it says may name somebody
		}
		s.End()
	}
}

// followed has the first span of a trace recorded where one that it links to is, whatever share of traces is made otherwise.
type followed struct{ sdk.Sampler }

// ShouldSample decides.
func (f followed) ShouldSample(p sdk.SamplingParameters) sdk.SamplingResult {
	for _, link := range p.Links {
		if link.SpanContext.IsSampled() {
			return sdk.AlwaysSample().ShouldSample(p)
		}
	}
	return f.Sampler.ShouldSample(p)
}
