// Package gateway is the chain of plain net/http handlers in front of the API: what every request passes, whatever it asks
// for. One concern a file, each with its test beside it; the order is Stages below and nowhere else.
//
// It is plain net/http and not gin middleware because an answer that can be given here costs a tenth of one given by gin.
// The next room inwards is platform/rest; server.go is the listener in front.
package gateway

import (
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/resilience"
)

// Settings of the chain.
type Settings struct {
	Logger         *slog.Logger
	AccessLog      string         // all, sampled, notable or off
	AccessLogRate  int            // lines a second that sampled writes of requests that are not notable
	TrustedProxies []netip.Prefix // whose forwarding headers are believed
	MaxBody        int64          // bytes
	RequestTimeout time.Duration  // for the work on an answer
	UploadTimeout  time.Duration  // added for a large body that may arrive slowly
	Consistency    Consistency
	Cache          Cache
	Compression    Compression
	RateLimit      RateLimit
	Overload       resilience.ShedSettings  // without Enabled there is no such stage
	Full           func(*http.Request) bool // whose work finds no more room, so that the public need not begin it; nil: none
	Streams        func(*http.Request) bool // whose answers have no end, and so no deadline and no place among the requests at work; nil: none
	Registry       prometheus.Registerer
	HSTS           time.Duration // for how long who came by TLS shall do so again; 0: they are not told
	Routes         []string      // patterns of the API, which are measured each
}

// Stage is one middleware with the name that it has in tests and documents.
type Stage struct {
	Name string
	Wrap func(http.Handler) http.Handler
}

// Stages lists the chain from the outside in. The order matters:
//
//	request_id     first, so that whatever happens later can name the request
//	trace          then what that is part of, around everything that takes time
//	recover        around all that can panic
//	measure        counts what clients get, so it is outside of whatever may refuse
//	access_log     inside recover: it sees a panic pass, and logs it as the 500 that it becomes
//	secure_headers before any answer is written, a refusal too
//	client         who is calling, for limits and for the throttle of sign-in
//	rate_limit     refuses who asks more than their share, before anything is done for them, a look into the cache included
//	cross_origin   refuses another site's form before anything is read
//	promises       what this caller must see, before any copy may answer
//	cache          answers that are for everybody leave here; it asks those behind for plain ones and compresses them once
//	overload       sheds what is too much; behind the cache, so that what it measures is work
//	body_limit     refuses a body that is too large before it is read
//	compress       what is not kept; outside of the deadline, which is for the work
//	deadline       the clock runs for the work, not for the refusals
//	readers        last: whom the handlers read and write for
func Stages(s Settings) []Stage {
	known := newProofs(s.RateLimit.Clients, s.Consistency.SessionCookie)
	return []Stage{
		{"request_id", requestID},
		{"trace", traced},
		{"recover", recoverPanics(s.Logger)},
		{"measure", measure(s.Registry, s.Routes)},
		{"access_log", accessLog(s.Logger, s.AccessLog, s.AccessLogRate)},
		{"secure_headers", secureHeaders},
		{"client", client(s.TrustedProxies, s.HSTS)},
		{"rate_limit", rateLimit(s.RateLimit, known, s.Registry)},
		{"cross_origin", crossOrigin()},
		{"promises", s.Consistency.promises},
		{"cache", s.Cache.cache(s.Consistency.SessionCookie)},
		{"overload", s.unless(overload(s.Overload, s.Full, known, s.Registry))},
		{"body_limit", bodyLimit(s.MaxBody)},
		{"compress", compress(s.Compression, s.Registry)},
		{"deadline", s.unless(deadline(s.RequestTimeout, s.UploadTimeout))},
		{"readers", s.Consistency.readers},
	}
}

// unless has streams go around a stage.
func (s Settings) unless(wrap func(http.Handler) http.Handler) func(http.Handler) http.Handler {
	if s.Streams == nil {
		return wrap
	}
	return func(next http.Handler) http.Handler {
		wrapped := wrap(next)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if s.Streams(r) {
				next.ServeHTTP(w, r)
				return
			}
			wrapped.ServeHTTP(w, r)
		})
	}
}

// Chain wraps the handler in all stages.
func Chain(handler http.Handler, s Settings) http.Handler {
	stages := Stages(s)
	for i := len(stages) - 1; i >= 0; i-- {
		handler = stages[i].Wrap(handler)
	}
	return handler
}
