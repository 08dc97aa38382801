package problem

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"
)

// Ready is a problem that is written beforehand, for refusals: when there is too much to do, saying so must cost next to nothing. It names
// no request in its body; X-Request-Id does in the header.
type Ready struct {
	status                           int
	body                             []byte
	length, keep, retry, contentType []string
}

// NewReady writes a problem.
func NewReady(e *Error) *Ready {
	d := e.Details("")
	body, _ := json.Marshal(d) // strings and ints only: cannot fail
	h := d.Headers()
	return &Ready{status: d.Status, body: body, length: []string{strconv.Itoa(len(body))}, keep: h["Cache-Control"], retry: h["Retry-After"], contentType: []string{ContentType}}
}

// Write answers with it.
func (p *Ready) Write(w http.ResponseWriter, r *http.Request) { p.write(w, r, p.retry) }

// WriteAfter answers with it, and with another time after which asking again helps.
func (p *Ready) WriteAfter(w http.ResponseWriter, r *http.Request, after time.Duration) {
	p.write(w, r, retryAfter(after))
}

func (p *Ready) write(w http.ResponseWriter, r *http.Request, retry []string) {
	h := w.Header()
	h["Content-Type"], h["Content-Length"], h["Cache-Control"] = p.contentType, p.length, p.keep
	if len(retry) > 0 {
		h["Retry-After"] = retry
	}
	w.WriteHeader(p.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(p.body)
	}
}

// The times that are told most, ready-made.
var fewSeconds = func() (all [61][]string) {
	for n := range all {
		all[n] = []string{strconv.Itoa(n)}
	}
	return all
}()

func retryAfter(d time.Duration) []string {
	n := max(1, int(math.Ceil(d.Seconds())))
	if n < len(fewSeconds) {
		return fewSeconds[n]
	}
	return []string{strconv.Itoa(n)}
}
