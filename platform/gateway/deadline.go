package gateway

import (
	"context"
	"net/http"
	"time"
)

// largeBody is the size from which a body may take its time to arrive, in bytes.
const largeBody = 1 << 20

// deadline bounds the work on one request: past it the context ends, database calls return, and the API answers
// deadline_exceeded. A large body, or one of unknown length, may take upload longer, since it arrives while the clock runs.
func deadline(work, upload time.Duration) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			limit := work
			if r.ContentLength < 0 || r.ContentLength > largeBody {
				limit += upload
			}
			ctx, cancel := context.WithTimeout(r.Context(), limit)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}
