package httpcache

import (
	"net/http"
	"strings"
)

// notUpdated are fields of the stored body, which a 304 does not speak of (RFC 9111, section 3.2).
var notUpdated = map[string]bool{"Content-Length": true, "Content-Encoding": true, "Content-Range": true, "Content-Type": true, "Transfer-Encoding": true}

// confirmed makes a fresh entry of the stored one and a 304 (section 4.3.4). A 304 for another entity tag than ours says nothing of
// it; the answer is then asked for without a condition.
func (t *tap) confirmed() bool {
	if etag := t.header.Get("Etag"); etag != "" && t.old.etag() != "" && strings.TrimPrefix(etag, "W/") != strings.TrimPrefix(t.old.etag(), "W/") {
		t.cache.store.drop(t.old)
		return t.cache.lead(t.client, t.request, nil, t.why, t.flight)
	}
	h := t.old.header.Clone()
	news := t.header.Clone()
	p := policyOf(news)
	for name, lines := range kept(news, p) {
		if !notUpdated[name] {
			h[name] = lines
		}
	}
	if len(news["Date"]) == 0 {
		delete(h, "Date") // the old one would make it old again
	}
	p = policyOf(h)
	times := termsOf(t.old.status, h, p, t.requested, t.received, &t.cache.s)
	e := newEntry(t.old.key, t.request, t.old.status, h, t.old.body, times, t.begun, t.cache.s.Compress)
	if len(news[tagHeader]) == 0 {
		e.shows = t.old.shows
	}
	t.cache.metrics.count(confirmed)
	if !storable(t.request, t.old.status, h, p) {
		t.cache.store.drop(t.old)
		if t.flight != nil {
			t.flight.land(nil)
		}
		t.cache.answer(t.client, t.request, e, t.received, forwarded(t.cache.s.Name, t.why, http.StatusNotModified, false, false))
		return false
	}
	t.keep(e)
	return true
}
