package gateway

import (
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
)

// slowRequest is what makes a request notable although it went well.
const slowRequest = time.Second

// accessLog writes one line a request when it is answered: all of them, the notable ones (5xx, or slower than a second), or
// none. A line names no person: the client's address, the values in a query (search terms, tokens) and members' cards in a
// path stay out of it.
func accessLog(logger *slog.Logger, which string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		if which == "off" {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			writer, begin := record(w), time.Now()
			panicked := true
			defer func() { // also when a panic passes by on its way to recover, which answers it with 500
				status, took := writer.answered(), time.Since(begin)
				if panicked && writer.status == 0 {
					status = http.StatusInternalServerError
				}
				if which == "notable" && status < 500 && took < slowRequest {
					return
				}
				level := slog.LevelInfo
				if status >= 500 {
					level = slog.LevelWarn
				}
				logger.LogAttrs(r.Context(), level, "request",
					slog.String("request_id", RequestID(r.Context())), slog.String("method", r.Method),
					slog.String("path", loggedPath(r.URL.Path)), slog.String("query", loggedQuery(r.URL.RawQuery)),
					slog.Int("status", status), slog.Int64("bytes", writer.bytes),
					slog.Float64("ms", float64(took.Microseconds())/1000))
			}()
			next.ServeHTTP(writer, r)
			panicked = false
		})
	}
}

// loggedPath hides the card in .../members/{card}: who was looked at is nobody's business in a log.
func loggedPath(path string) string {
	before, card, found := strings.Cut(path, "/v1/members/")
	if !found || card == "" {
		return path
	}
	_, rest, deeper := strings.Cut(card, "/")
	if deeper {
		rest = "/" + rest
	}
	return before + "/v1/members/-" + rest
}

// loggedQuery keeps the names of the parameters, sorted, and none of the values.
func loggedQuery(query string) string {
	if query == "" {
		return ""
	}
	var names []string
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), "&")
}
