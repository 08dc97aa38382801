package gateway

import (
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"

	"bookvault/platform/problem"
)

// recoverPanics answers a panic with a problem that says nothing of it, and logs it with its stack. An answer that has begun
// cannot be taken back: then the connection is cut, so that the client does not take half an answer for the whole.
func recoverPanics(logger *slog.Logger) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			writer := record(w)
			defer func() {
				thrown := recover()
				if thrown == nil {
					return
				}
				if thrown == http.ErrAbortHandler { // net/http's own way to cut a connection: not a defect
					panic(thrown)
				}
				logger.ErrorContext(r.Context(), "panic in a handler",
					"method", r.Method, "route", loggedPath(writer.route, r.URL.Path, http.StatusInternalServerError), "panic", fmt.Sprint(thrown), "stack", string(debug.Stack()))
				if writer.status != 0 {
					panic(http.ErrAbortHandler)
				}
				problem.Write(writer, r, fmt.Errorf("panic: %v", thrown))
			}()
			next.ServeHTTP(writer, r)
		})
	}
}
