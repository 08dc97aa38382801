package httpcache

import (
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"bookvault/platform/coding"
)

// entry is a stored answer. It never changes once it is in the store, but for what is worked out from it on demand: a 304 makes
// another one in its place.
type entry struct {
	terms
	selector
	key    string
	status int
	header http.Header // as it is sent, less Age and Cache-Status, which change, and the tags
	body   []byte      // as the handler wrote it
	begun  uint64      // the number of the last purge when its load began
	shows  []uint16    // the stripes of what it shows

	forms [coding.Count]atomic.Pointer[form]
	spoke atomic.Pointer[spoken]
}

// overhead is roughly what an entry takes beside its texts, in bytes.
const overhead = 1024

func newEntry(key string, r *http.Request, status int, h http.Header, body []byte, t terms, begun uint64, compress bool) *entry {
	e := &entry{terms: t, key: key, status: status, header: h, body: body, begun: begun, shows: stripesOf(key, h), selector: selectorOf(h, r, compress)}
	delete(h, tagHeader)
	delete(h, "Age")
	if len(h["Date"]) == 0 {
		h["Date"] = []string{t.received.UTC().Format(http.TimeFormat)}
	}
	if len(h["Content-Length"]) > 0 || len(body) > 0 {
		h["Content-Length"] = []string{strconv.Itoa(len(body))}
	}
	return e
}

// cost is what it takes in memory, in bytes; bodies in other encodings are added as they are made.
func (e *entry) cost() int64 {
	n := overhead + len(e.key) + len(e.body)
	for name, lines := range e.header {
		n += len(name)
		for _, line := range lines {
			n += len(line) + 32
		}
	}
	return int64(n)
}

// spoken is what the answer says of its age in one second: all hits of that second share it.
type spoken struct {
	second      int64
	age, status []string
}

// speaks gives Age and Cache-Status of a hit.
func (e *entry) speaks(now time.Time, name string) *spoken {
	second := now.Unix()
	if s := e.spoke.Load(); s != nil && s.second == second {
		return s
	}
	age := e.age(now)
	s := &spoken{second: second, age: []string{seconds(age)}, status: []string{name + "; hit; ttl=" + strconv.FormatInt(int64((e.lifetime-age)/time.Second), 10)}}
	e.spoke.Store(s)
	return s
}

func seconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }

// etag is the validator that the handler gave, or "".
func (e *entry) etag() string { return e.header.Get("Etag") }

// asksBy puts the stored validators into a request (section 4.3.1); false when there are none.
func (e *entry) asksBy(h http.Header) bool {
	etag, modified := e.header["Etag"], e.header["Last-Modified"]
	if len(etag) > 0 {
		h["If-None-Match"] = etag[:1]
	}
	if len(modified) > 0 {
		h["If-Modified-Since"] = modified[:1]
	}
	return len(etag) > 0 || len(modified) > 0
}
