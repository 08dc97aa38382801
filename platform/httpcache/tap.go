package httpcache

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// mode is what becomes of the answer that a tap sees.
type mode int

const (
	untold    mode = iota // no header yet
	keeping               // it is gathered, to be stored and sent when it is whole
	streaming             // it goes to the client as it comes
	swallowed             // it is a 304 to our own question, or a failure that a stale answer stands in for
)

// tap is the ResponseWriter that the handler behind writes to.
type tap struct {
	cache     *Cache
	client    http.ResponseWriter
	request   *http.Request
	old       *entry
	why       string
	flight    *flight
	header    http.Header // the handler's own: what outer handlers have set is not stored
	begun     uint64
	requested time.Time

	validating bool
	mode       mode
	streaming  atomic.Bool
	code       int
	received   time.Time
	policy     policy
	body       bytes.Buffer
	mute       bool // the client is told 304: the body is not sent
}

// Header is what the handler fills in.
func (t *tap) Header() http.Header { return t.header }

// WriteHeader decides what becomes of the answer. Informational ones pass.
func (t *tap) WriteHeader(code int) {
	if t.mode != untold {
		return
	}
	if code < 200 {
		h := t.client.Header()
		before := maps.Clone(h)
		maps.Copy(h, t.header)
		t.client.WriteHeader(code)
		clear(h)
		maps.Copy(h, before)
		return
	}
	t.code, t.received = code, t.cache.s.Clock()
	t.policy = policyOf(t.header)
	switch {
	case code == http.StatusNotModified && t.validating:
		t.mode = swallowed
	case code >= 500 && t.old != nil && t.old.standsIn(t.received):
		t.mode = swallowed
	case t.request.Method == http.MethodGet && storable(t.request, code, t.header, t.policy) && plain(t.request) && t.fits():
		t.mode = keeping
	default:
		t.stream()
	}
}

// fits tells whether the announced length is one that is stored.
func (t *tap) fits() bool {
	n, err := strconv.ParseInt(t.header.Get("Content-Length"), 10, 64)
	return err != nil || n <= t.cache.s.MaxObject
}

// stream sends the header on, and from now on whatever comes. Who waits for this load need not any longer.
func (t *tap) stream() {
	t.mode = streaming
	t.streaming.Store(true)
	if t.flight != nil {
		t.flight.land(nil)
	}
	if t.old != nil && t.code < 500 {
		t.cache.store.drop(t.old) // there is a newer answer, which is not for storing
	}
	h := t.client.Header()
	maps.Copy(h, t.header)
	delete(h, tagHeader)
	if t.cache.s.TakeTargeted {
		delete(h, "Cdn-Cache-Control")
	}
	h["Cache-Status"] = withOurs(h, forwarded(t.cache.s.Name, t.why, t.code, false, false))
	if t.code == http.StatusOK && plain(t.request) && t.request.Header["If-None-Match"] != nil && listed(t.request.Header["If-None-Match"], h.Get("Etag")) {
		t.mute, t.code = true, http.StatusNotModified
		delete(h, "Content-Length")
	}
	t.client.WriteHeader(t.code)
}

// Write takes a piece of the body.
func (t *tap) Write(b []byte) (int, error) {
	if t.mode == untold {
		t.WriteHeader(http.StatusOK)
	}
	switch t.mode {
	case swallowed:
		return len(b), nil
	case keeping:
		if int64(t.body.Len()+len(b)) <= t.cache.s.MaxObject {
			return t.body.Write(b)
		}
		t.stream()
		if _, err := t.send(t.body.Bytes()); err != nil {
			return 0, err
		}
		t.body.Reset()
	}
	return t.send(b)
}

func (t *tap) send(b []byte) (int, error) {
	if t.mute {
		return len(b), nil
	}
	return t.client.Write(b)
}

// Flush sends what came so far, for answers that are not stored.
func (t *tap) Flush() {
	if t.mode == untold {
		t.WriteHeader(http.StatusOK)
	}
	if t.mode == streaming {
		_ = http.NewResponseController(t.client).Flush() // a writer that cannot flush sends at the end
	}
}

// finish is called when the handler is done: what was gathered is stored and sent. It tells whether an answer is stored now.
func (t *tap) finish() (stored bool) {
	if t.mode == untold {
		t.WriteHeader(http.StatusOK)
	}
	switch t.mode {
	case swallowed:
		if t.code == http.StatusNotModified {
			return t.confirmed()
		}
		t.standIn()
		return true
	case keeping:
		if length := t.header.Get("Content-Length"); length != "" && length != strconv.Itoa(t.body.Len()) {
			panic(http.ErrAbortHandler) // cut off: the client must not take it for the whole
		}
		h := kept(t.header, t.policy)
		if t.cache.s.Validate && t.code == http.StatusOK && len(h["Etag"]) == 0 && len(h["Last-Modified"]) == 0 {
			sum := sha256.Sum256(t.body.Bytes())
			h["Etag"] = []string{`"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`}
		}
		times := termsOf(t.code, h, t.policy, t.requested, t.received, &t.cache.s)
		t.keep(newEntry(keyOf(t.request), t.request, t.code, h, bytes.Clone(t.body.Bytes()), times, t.begun, t.cache.s.Compress))
		return true
	}
	return false
}

// keep stores an entry and answers everybody from it.
func (t *tap) keep(e *entry) {
	t.cache.store.put(e, t.cache.purges)
	if t.flight != nil {
		t.flight.land(e)
	}
	t.cache.answer(t.client, t.request, e, t.received, forwarded(t.cache.s.Name, t.why, t.code, true, false))
}

// standIn answers with the stored answer in place of a failure (RFC 5861, section 4).
func (t *tap) standIn() {
	t.cache.metrics.count(stoodIn)
	if t.flight != nil {
		t.flight.land(t.old)
	}
	t.cache.answer(t.client, t.request, t.old, t.cache.s.Clock(), forwarded(t.cache.s.Name, "stale", t.code, false, false)+"; detail=stale-if-error")
}

// failed is called when the handler panicked before anything was sent.
func (t *tap) failed(fault any) {
	if t.old == nil || !t.old.standsIn(t.cache.s.Clock()) {
		panic(fault)
	}
	t.standIn()
}

// passing marks an answer that the cache had nothing to do with.
type passing struct {
	http.ResponseWriter
	status string // of Cache-Status; "" where the cache is switched off
	take   bool
	code   int
}

// WriteHeader adds Cache-Status to the final one.
func (p *passing) WriteHeader(code int) {
	if code >= 200 && p.code == 0 {
		p.code = code
		h := p.Header()
		if p.status != "" {
			h["Cache-Status"] = withOurs(h, p.status)
		}
		delete(h, tagHeader)
		if p.take {
			delete(h, "Cdn-Cache-Control")
		}
	}
	p.ResponseWriter.WriteHeader(code)
}

// withOurs puts what we have to say behind what caches further in have said (RFC 9211, section 2).
func withOurs(h http.Header, status string) []string {
	if before := h["Cache-Status"]; len(before) > 0 {
		return []string{strings.Join(before, ", ") + ", " + status}
	}
	return []string{status}
}

// Write writes 200 first where nothing else was.
func (p *passing) Write(b []byte) (int, error) {
	if p.code == 0 {
		p.WriteHeader(http.StatusOK)
	}
	return p.ResponseWriter.Write(b)
}

// Flush sends what came so far.
func (p *passing) Flush() {
	if p.code == 0 {
		p.WriteHeader(http.StatusOK)
	}
	_ = http.NewResponseController(p.ResponseWriter).Flush() // a writer that cannot flush sends at the end
}

// Unwrap lets http.ResponseController reach the real writer.
func (p *passing) Unwrap() http.ResponseWriter { return p.ResponseWriter }
