package gateway

import (
	"net/http"

	"bookvault/platform/telemetry"
)

// traced makes the request part of the trace that its caller names (W3C's traceparent), or of a new one, and says which in the answer
// (traceresponse). While no traces are made, the caller's is in the log all the same.
func traced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := exchangeOf(r.Context())
		if !telemetry.Tracing() && r.Header["Traceparent"] == nil || e == nil {
			next.ServeHTTP(w, r)
			return
		}
		ctx, id, response, end := telemetry.Exchange(r.Context(), r)
		e.trace = id
		if end == nil {
			next.ServeHTTP(w, r)
			return
		}
		writer := record(w)
		w.Header()["Traceresponse"] = []string{response}
		defer func() { end(loggedPath(writer.route, r.URL.Path, writer.answered()), writer.answered()) }()
		next.ServeHTTP(writer, r.WithContext(ctx))
	})
}
