package gateway

import (
	"net/http"

	"bookvault/platform/problem"
)

// bodyLimit refuses a body of more than limit bytes: at once when its length is announced, else when the reading gets there
// (the reader then fails with *http.MaxBytesError). Routes of the API have lower limits of their own.
func bodyLimit(limit int64) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ContentLength > limit {
				w.Header()["Connection"] = []string{"close"} // or net/http would read the body to keep the connection
				problem.Write(w, r, problem.New(problem.TooLarge, "body_too_large",
					"The body has %d bytes; this server reads %d at most (server.max_body).", r.ContentLength, limit))
				return
			}
			if r.Body != nil && r.Body != http.NoBody {
				r.Body = http.MaxBytesReader(w, r.Body, limit)
			}
			next.ServeHTTP(w, r)
		})
	}
}
