package gateway

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/problem"
	"bookvault/platform/resilience"
)

// overload lets in as many requests to the API at once as are answered without getting slower, and answers the others 503: robots first,
// then the public, then members. It stands behind the response cache, so that what it measures is work. A large body, or one of
// unknown length, takes as long as its sender likes, says nothing of how busy we are, and passes.
//
// full tells of a request that the compartment where its work is done takes no more; nil knows of none. The public hears so here, where a
// refusal costs a fraction of what it costs there: at five times what can be done, four of five requests are refusals.
func overload(s resilience.ShedSettings, full func(*http.Request) bool, known *proofs, registry prometheus.Registerer) func(http.Handler) http.Handler {
	if s.Enabled == nil {
		return func(next http.Handler) http.Handler { return next }
	}
	s.Metrics = resilience.NewMetrics(registry)
	shedder := resilience.NewShedder(s)
	if full == nil {
		full = func(*http.Request) bool { return false }
	}
	e := problem.New(problem.Unavailable, "overloaded", "There is more to do than can be done just now. Please try again in a moment.")
	e.RetryAfter = time.Second
	refusal := problem.NewReady(e)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if !isAPI(r) || r.ContentLength < 0 || r.ContentLength > largeBody {
				next.ServeHTTP(w, r)
				return
			}
			priority := priorityOf(r, known)
			if priority <= resilience.Public && s.Enabled() && full(r) {
				shedder.Shed(priority)
				refusal.Write(w, r)
				return
			}
			done, admitted := shedder.Admit(priority)
			if !admitted {
				refusal.Write(w, r)
				return
			}
			writer := record(w)
			ended := false
			defer func() { done(ended && writer.answered() < 500 && r.Context().Err() == nil) }() // also when the handler panics
			next.ServeHTTP(writer, r)
			ended = true
		})
	}
}

// priorityOf says how much a request matters. Whoever calls the desk's API without being known is the public.
func priorityOf(r *http.Request, known *proofs) resilience.Priority {
	e := exchangeOf(r.Context())
	if e == nil {
		return resilience.Public
	}
	proof, priority := known.known(e, r, time.Now().UnixNano())
	if proof == 0 && isRobot(r.Header["User-Agent"]) {
		return resilience.Robots
	}
	return priority
}
