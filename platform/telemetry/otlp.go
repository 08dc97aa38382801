package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// otlp sends spans to a collector: OTLP over HTTP in its JSON form, which every collector takes beside the binary one. OpenTelemetry's own
// exporter would bring gRPC and protocol buffers, a fifth of this program.
type otlp struct {
	url    string
	client *http.Client
	log    *slog.Logger
	ill    atomic.Bool
}

func newOTLP(endpoint string, log *slog.Logger) *otlp {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	return &otlp{url: strings.TrimSuffix(endpoint, "/") + "/v1/traces", client: &http.Client{Timeout: 5 * time.Second, Transport: transport}, log: log}
}

// The shape of OTLP's JSON: 64-bit numbers are strings, ids are hexadecimal.
type (
	otlpValue struct {
		String *string  `json:"stringValue,omitempty"`
		Int    *string  `json:"intValue,omitempty"`
		Bool   *bool    `json:"boolValue,omitempty"`
		Double *float64 `json:"doubleValue,omitempty"`
	}
	otlpAttribute struct {
		Key   string    `json:"key"`
		Value otlpValue `json:"value"`
	}
	otlpStatus struct {
		Code    int    `json:"code"`
		Message string `json:"message,omitempty"`
	}
	otlpLink struct {
		TraceID string `json:"traceId"`
		SpanID  string `json:"spanId"`
	}
	otlpSpan struct {
		TraceID    string          `json:"traceId"`
		SpanID     string          `json:"spanId"`
		State      string          `json:"traceState,omitempty"`
		Parent     string          `json:"parentSpanId,omitempty"`
		Name       string          `json:"name"`
		Kind       int             `json:"kind"`
		Start      string          `json:"startTimeUnixNano"`
		End        string          `json:"endTimeUnixNano"`
		Attributes []otlpAttribute `json:"attributes,omitempty"`
		Links      []otlpLink      `json:"links,omitempty"`
		Status     otlpStatus      `json:"status"`
	}
	otlpScope struct {
		Name string `json:"name"`
	}
	otlpScopeSpans struct {
		Scope otlpScope  `json:"scope"`
		Spans []otlpSpan `json:"spans"`
	}
	otlpResource struct {
		Attributes []otlpAttribute `json:"attributes"`
	}
	otlpResourceSpans struct {
		Resource   otlpResource     `json:"resource"`
		ScopeSpans []otlpScopeSpans `json:"scopeSpans"`
	}
	otlpRequest struct {
		ResourceSpans []otlpResourceSpans `json:"resourceSpans"`
	}
)

// ExportSpans sends a batch. What a collector does not take is dropped, and said once.
func (o *otlp) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	if len(spans) == 0 {
		return nil
	}
	out := otlpScopeSpans{Scope: otlpScope{"bookvault"}}
	for _, s := range spans {
		one := otlpSpan{TraceID: s.SpanContext().TraceID().String(), SpanID: s.SpanContext().SpanID().String(), State: s.SpanContext().TraceState().String(), Name: s.Name(), Kind: otlpKind(s.SpanKind()),
			Start: strconv.FormatInt(s.StartTime().UnixNano(), 10), End: strconv.FormatInt(s.EndTime().UnixNano(), 10), Attributes: otlpAttributes(s.Attributes())}
		if s.Parent().IsValid() {
			one.Parent = s.Parent().SpanID().String()
		}
		for _, l := range s.Links() {
			one.Links = append(one.Links, otlpLink{l.SpanContext.TraceID().String(), l.SpanContext.SpanID().String()})
		}
		if s.Status().Code == codes.Error {
			one.Status = otlpStatus{Code: 2, Message: s.Status().Description}
		}
		out.Spans = append(out.Spans, one)
	}
	body, err := json.Marshal(otlpRequest{[]otlpResourceSpans{{Resource: otlpResource{otlpAttributes(spans[0].Resource().Attributes())}, ScopeSpans: []otlpScopeSpans{out}}}})
	if err == nil {
		err = o.send(ctx, body)
	}
	if ill := err != nil; o.ill.Swap(ill) != ill {
		if ill {
			o.log.Warn("traces are lost: their collector does not take them", "error", err)
		} else {
			o.log.Info("traces are taken again")
		}
	}
	return nil // the library goes on without them
}

func (o *otlp) send(ctx context.Context, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, o.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := o.client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection is used again
	if answer.StatusCode/100 != 2 {
		return fmt.Errorf("it answers %s", answer.Status)
	}
	return nil
}

// Shutdown closes the connections.
func (o *otlp) Shutdown(context.Context) error {
	o.client.CloseIdleConnections()
	return nil
}

func otlpKind(kind trace.SpanKind) int {
	switch kind {
	case trace.SpanKindServer:
		return 2
	case trace.SpanKindClient:
		return 3
	case trace.SpanKindProducer:
		return 4
	case trace.SpanKindConsumer:
		return 5
	}
	return 1
}

func otlpAttributes(all []attribute.KeyValue) []otlpAttribute {
	out := make([]otlpAttribute, 0, len(all))
	for _, a := range all {
		var v otlpValue
		switch a.Value.Type() {
		case attribute.INT64:
			n := strconv.FormatInt(a.Value.AsInt64(), 10)
			v.Int = &n
		case attribute.BOOL:
			b := a.Value.AsBool()
			v.Bool = &b
		case attribute.FLOAT64:
			f := a.Value.AsFloat64()
			v.Double = &f
		default:
			s := a.Value.String()
			v.String = &s
		}
		out = append(out, otlpAttribute{string(a.Key), v})
	}
	return out
}
