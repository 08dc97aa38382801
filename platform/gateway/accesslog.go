package gateway

import (
	"context"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// refusalLines is how many lines a second tell of requests that were refused for want of something (503).
const refusalLines = 10

// slowRequest is what makes a request notable although it went well.
const slowRequest = time.Second

// LogFields gives what every line that is logged for a request says: its id, and that of its trace where there is one.
func LogFields(ctx context.Context) []slog.Attr {
	e := exchangeOf(ctx)
	if e == nil {
		return nil
	}
	fields := []slog.Attr{slog.String("request_id", e.id[0])}
	if e.trace != "" {
		fields = append(fields, slog.String("trace_id", e.trace))
	}
	return fields
}

// accessLog writes one line a request when it is answered: all of them, the notable ones (5xx, or slower than a second), these and
// a bounded number of others a second, or none. Of refusals (503) there are ten a second at most: a line each would cost more than the
// refusing. A line names no person and no book: the client's address, the values in a query (search terms, tokens) and those in a
// path (cards, titles, loans) stay out of it. So nobody can be told from it to have looked for anything. Requests of one member can be
// told to be of one, for a day and within one process (pseudonyms).
func accessLog(logger *slog.Logger, which string, rate int) func(http.Handler) http.Handler {
	var others, refusals sample
	members := newPseudonyms()
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
				notable, unlogged := status >= 500 || took >= slowRequest, int64(0)
				if status == http.StatusServiceUnavailable && which != "all" { // one of thousands, when there is too much to do
					if notable, unlogged = refusals.take(begin.Unix(), refusalLines); !notable {
						return
					}
				}
				if which == "sampled" && !notable {
					if notable, unlogged = others.take(begin.Unix(), int64(rate)); !notable {
						return
					}
				}
				if which == "notable" && !notable {
					return
				}
				level := slog.LevelInfo
				if status >= 500 {
					level = slog.LevelWarn
				}
				line := []slog.Attr{
					slog.String("method", r.Method), slog.String("route", loggedPath(writer.route, r.URL.Path, status)), slog.String("query", loggedQuery(r.URL.RawQuery)),
					slog.Int("status", status), slog.Int64("bytes", writer.bytes), slog.Float64("duration_ms", float64(took.Microseconds())/1000),
					slog.String("cache", loggedCache(writer.Header()["Cache-Status"]))}
				if e := exchangeOf(r.Context()); e != nil {
					line = append(line, slog.String("replica", e.from), slog.String("member", members.of(e.member, begin)))
				}
				if unlogged > 0 {
					line = append(line, slog.Int64("unlogged", unlogged))
				}
				logger.LogAttrs(r.Context(), level, "request", line...)
			}()
			next.ServeHTTP(writer, r)
			panicked = false
		})
	}
}

// sample lets so many a second pass, the first ones.
type sample struct{ second, passed, left atomic.Int64 }

// take tells whether one more passes, and how many did not since the last one that did.
func (s *sample) take(second, rate int64) (passes bool, left int64) {
	if was := s.second.Load(); was != second && s.second.CompareAndSwap(was, second) {
		s.passed.Store(0)
	}
	if s.passed.Add(1) > rate {
		s.left.Add(1)
		return false, 0
	}
	return true, s.left.Swap(0)
}

// plainSegment is a part of a path that can only be a word of ours, such as i18n: no number of a card, a copy or a loan, no name.
var plainSegment = regexp.MustCompile(`^[a-z._-]*([0-9]{1,2}[a-z._-]+)?$`)

// loggedPath gives the pattern of the route that answered, /api/members/v1/members/{card}: who and what was looked at is nobody's
// business in a log. Of an address without a route (a page, a file, a mistake) it keeps the words and hides the rest, and all of one that is not there.
func loggedPath(route, path string, status int) string {
	if route != "" {
		return route
	}
	if status == http.StatusNotFound {
		return "/-" // whatever somebody typed
	}
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if version := i == 3 && segments[1] == "api" && segment == "v1"; !version && !plainSegment.MatchString(segment) {
			segments[i] = "-"
		}
	}
	return strings.Join(segments, "/")
}

// loggedQuery keeps the names of the parameters, sorted, and none of the values.
func loggedQuery(query string) string {
	if query == "" {
		return ""
	}
	var names []string
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if !plainSegment.MatchString(name) {
			name = "-"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), "&")
}

// loggedCache says in a word what the response cache did (RFC 9211): hit, stale, or why it asked on; "" when it had no part in it.
func loggedCache(status []string) string {
	if len(status) == 0 {
		return ""
	}
	if strings.Contains(status[0], "detail=stale") { // also of what a module remembered, before ours
		return "stale"
	}
	if _, why, asked := strings.Cut(status[0], "fwd="); asked {
		why, _, _ = strings.Cut(why, ";")
		return why
	}
	return "hit"
}
