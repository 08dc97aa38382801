package problem

import (
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"
)

// ContentType of a problem, RFC 9457 section 3.
const ContentType = "application/problem+json"

// Details is an Error as it is written: RFC 9457 with the extension members code, errors, reasons and request_id.
type Details struct {
	Type      string   `json:"type" doc:"about:blank: the code says more than a link would."`
	Title     string   `json:"title" doc:"The HTTP status in words."`
	Status    int      `json:"status" doc:"The HTTP status."`
	Code      string   `json:"code" doc:"Stable code of this problem; act on this one."`
	Detail    string   `json:"detail" doc:"What happened and what to do next."`
	Errors    []Field  `json:"errors,omitempty" doc:"The fields of the request that are wrong."`
	Reasons   []Reason `json:"reasons,omitempty" doc:"Every rule that refuses, when rules do."`
	RequestID string   `json:"request_id,omitempty" doc:"Tell this to the library to have the request found in the log."`

	retryAfter time.Duration
}

// Details turns the error into what is written.
func (e *Error) Details(requestID string) *Details {
	status := e.Kind.Status()
	return &Details{Type: "about:blank", Title: http.StatusText(status), Status: status, Code: e.Code, Detail: e.Detail,
		Errors: e.Fields, Reasons: e.Reasons, RequestID: requestID, retryAfter: e.RetryAfter}
}

// Headers are the headers that go with the problem besides the content type: Retry-After, and the challenge of a 401.
func (d *Details) Headers() http.Header {
	h := http.Header{"Cache-Control": {"no-store"}}
	if d.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(d.retryAfter.Seconds()))))
	}
	if d.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="bookvault"`)
	}
	return h
}

// Write answers a request with err. It is for the plain handlers in front of the API; handlers of the API return the error.
func Write(w http.ResponseWriter, r *http.Request, err error) {
	d := Of(err).Details(r.Header.Get("X-Request-Id"))
	body, _ := json.Marshal(d) // strings and ints only: cannot fail
	for name, values := range d.Headers() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", ContentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(d.Status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}
