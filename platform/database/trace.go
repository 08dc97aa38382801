package database

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
	"go.opentelemetry.io/otel/attribute"

	"bookvault/platform/telemetry"
)

// queryTrace makes a span of each statement, with its text, which has placeholders where values are, and the server that ran it.
type queryTrace struct{ server string }

type endKey struct{}

// longestStatement is how much of a statement's text a span holds, in bytes.
const longestStatement = 1000

// TraceQueryStart begins it.
func (q queryTrace) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if !telemetry.Tracing() {
		return ctx
	}
	text := strings.Join(strings.Fields(data.SQL), " ")
	verb, _, _ := strings.Cut(text, " ")
	ctx, end := telemetry.Span(ctx, "postgresql "+strings.ToUpper(verb), attribute.String("db.system.name", "postgresql"),
		attribute.String("db.query.text", text[:min(len(text), longestStatement)]), attribute.String("server.address", q.server))
	return context.WithValue(ctx, endKey{}, end)
}

// TraceQueryEnd ends it.
func (queryTrace) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	if end, begun := ctx.Value(endKey{}).(func(error)); begun {
		end(data.Err)
	}
}
