package gateway

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"bookvault/platform/problem"
)

// largeBody is the size from which a body may take its time to arrive, in bytes.
const largeBody = 1 << 20

// timeoutHeader is how a client says that it waits less long: a number of seconds, such as 2 or 0.5.
const timeoutHeader = "Request-Timeout"

// deadline bounds the work on one request: past it the context ends, database calls return, and the API answers
// deadline_exceeded. A large body, or one of unknown length, may take upload longer, since it arrives while the clock runs. A client
// may ask for less time, not for more: what nobody waits for need not be done. A COMMIT that has begun is finished whatever happens.
func deadline(work, upload time.Duration) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			limit := work
			if r.ContentLength < 0 || r.ContentLength > largeBody {
				limit += upload
			}
			if given := r.Header[timeoutHeader]; len(given) > 0 {
				asked, err := strconv.ParseFloat(given[0], 64)
				if err != nil || len(given) > 1 || !(asked > 0) { // not a number is not above 0 either
					const detail = "Request-Timeout is a number of seconds above 0, such as 2 or 0.5, given once."
					e := problem.New(problem.Malformed, "request_timeout_invalid", detail)
					e.Fields = []problem.Field{{Field: "header.Request-Timeout", Detail: detail}}
					problem.Write(w, r, e)
					return
				}
				if asked < limit.Seconds() {
					limit = time.Duration(asked * float64(time.Second))
				}
			}
			ctx, cancel := context.WithTimeout(r.Context(), limit)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}
