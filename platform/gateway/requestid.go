package gateway

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"sync/atomic"
)

const requestIDHeader = "X-Request-Id"

// Ids are a random word a process and a counter: unique, and without asking the system for randomness on each request.
var (
	processWord   = rand.Text()[:10]
	requestNumber atomic.Uint64
)

// requestID names the request: by the X-Request-Id that came with it if that is sane, else by a new one. The answer carries
// it, and so does the request as handlers get it: problems repeat it.
func requestID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := &exchange{Context: r.Context(), recorder: recorder{ResponseWriter: w}}
		if given := r.Header[requestIDHeader]; len(given) == 1 && saneID(given[0]) {
			e.id[0] = given[0]
		} else {
			var room [32]byte
			e.id[0] = string(strconv.AppendUint(append(append(room[:0], processWord...), '-'), requestNumber.Add(1), 36))
		}
		w.Header()[requestIDHeader], r.Header[requestIDHeader] = e.id[:], e.id[:]
		next.ServeHTTP(&e.recorder, r.WithContext(e))
	})
}

// saneID accepts what other systems make (UUIDs, hex, base64url), and nothing that could forge a line in a log.
func saneID(id string) bool {
	if len(id) < 8 || len(id) > 64 {
		return false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '_', c == '.':
		default:
			return false
		}
	}
	return true
}
