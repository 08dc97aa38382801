package gateway

import (
	"context"
	"net/http"
	"net/netip"
)

// exchange is what the gateway knows of one request, filled in by the stages. It is the request's context and holds the recorder of its
// answer: all of it is one piece of memory, since what an answer from the cache costs is little more than its pieces.
type exchange struct {
	context.Context
	recorder recorder
	id       [1]string // as a header has it
	client   netip.Addr
	secure   bool
	proof    uint64  // fingerprint of the proof of identity that came with it; 0: none
	proofs   *proofs // who has looked for one; nil: nobody yet
	member   int64   // whom authentication has found; 0: nobody
	from     string  // the database server that was read last; "": none
	trace    string  // id of the trace that it is part of; "": none
}

type exchangeKey struct{}

// Value gives the exchange itself, and whatever the context around it has.
func (e *exchange) Value(key any) any {
	if key == (exchangeKey{}) {
		return e
	}
	return e.Context.Value(key)
}

func exchangeOf(ctx context.Context) *exchange {
	e, _ := ctx.Value(exchangeKey{}).(*exchange)
	return e
}

// RequestID gives the id of the request that ctx belongs to, or "".
func RequestID(ctx context.Context) string {
	if e := exchangeOf(ctx); e != nil {
		return e.id[0]
	}
	return ""
}

// ClientAddress gives the address of whoever sent the request: the connection's, or the one that a trusted proxy names. It
// is for limits and throttles in memory; it is personal data and is neither logged nor stored. Invalid when unknown.
func ClientAddress(ctx context.Context) netip.Addr {
	if e := exchangeOf(ctx); e != nil {
		return e.client
	}
	return netip.Addr{}
}

// Secure tells whether the client's own connection is encrypted: to us, or to a trusted proxy that says so.
func Secure(ctx context.Context) bool {
	e := exchangeOf(ctx)
	return e != nil && e.secure
}

// recorder remembers what was answered. Stages share one: record finds it when an outer stage has made it.
type recorder struct {
	http.ResponseWriter
	status int    // 0 until the header is written
	bytes  int64  // of the body
	route  string // the pattern of the route that answers; "" until one says so
}

// Route is told by whoever answers which route that is, as a pattern with {parameters}, for the log.
func (r *recorder) Route(pattern string) { r.route = pattern }

func record(w http.ResponseWriter) *recorder {
	if r, made := w.(*recorder); made {
		return r
	}
	return &recorder{ResponseWriter: w}
}

// WriteHeader remembers the first final status; informational ones (1xx) pass.
func (r *recorder) WriteHeader(status int) {
	if r.status == 0 && status >= 200 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Write counts, and remembers that a body without a status means 200.
func (r *recorder) Write(body []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	n, err := r.ResponseWriter.Write(body)
	r.bytes += int64(n)
	return n, err
}

// Flush sends what is buffered, for answers that are streamed.
func (r *recorder) Flush() {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	_ = http.NewResponseController(r.ResponseWriter).Flush() // a writer that cannot flush sends at the end
}

// Unwrap lets http.ResponseController reach the real writer.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// answered is the status the client got: net/http answers 200 for a handler that wrote nothing.
func (r *recorder) answered() int {
	if r.status == 0 {
		return http.StatusOK
	}
	return r.status
}
