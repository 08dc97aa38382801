// Package httpcache is a shared HTTP cache in front of any http.Handler, a httputil.ReverseProxy too: RFC 9111 with stale
// answers (RFC 5861), the CDN's own directives (RFC 9213) and Cache-Status (RFC 9211). It can be used alone.
//
// One concern a file: directives.go reads what requests and answers say, storable.go and freshness.go decide, vary.go and
// key.go tell answers apart, validation.go and conditional.go ask for changes and answer such questions, fetch.go goes to the
// handler behind and collapses equal requests, encoding.go keeps a body once per encoding, tags.go purges by name, store.go
// bounds the memory. The next room is platform/gateway, which has the cache in its chain.
package httpcache

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Settings of a cache; the zero value of each has the meaning in its comment.
type Settings struct {
	Name      string        // in Cache-Status; "httpcache"
	MaxBytes  int64         // of all that is stored, headers and bodies; 64 MiB
	MaxObject int64         // of one body; larger ones pass through; 1 MiB
	Timeout   time.Duration // of a load that several wait for, whoever hangs up; 30 s

	// Heuristic bounds the freshness that an answer without any is given, from its Last-Modified; 0: none is given.
	Heuristic time.Duration
	// StaleOnError is how long after its freshness an answer stands in when the handler fails, if it says nothing of that itself
	// and does not forbid it; 0: not at all.
	StaleOnError time.Duration
	// IgnoreReload lets a client's no-cache and max-age be answered from the store: for a cache that is purged by whoever
	// changes something, and would else be an open door to the database.
	IgnoreReload bool
	// Compress asks the handler for plain bodies, and keeps each in zstd and gzip too. Off, Accept-Encoding is passed on.
	Compress bool
	// Compressing is asked for each answer whether a coded body may be sent now. Nil: always.
	Compressing func() bool
	// MinCompress is the size in bytes from which a body is compressed; 1024.
	MinCompress int
	// Validate gives an answer with status 200 that has no validator an entity tag of its own, by what is in it, so that who has it
	// already need not be sent it again.
	Validate bool
	// TakeTargeted removes CDN-Cache-Control from what is sent on: it was meant for this cache.
	TakeTargeted bool

	// Bypass tells requests that go around the cache and leave nothing in it: those of members who signed in. Nil: none.
	Bypass func(*http.Request) bool
	// Enabled is asked for each request; false lets it pass. Nil: always on.
	Enabled func() bool

	// Given is told of each answer from the store, and when that was received. Nil: nobody is.
	Given func(r *http.Request, received time.Time)

	Clock    func() time.Time      // time.Now
	Registry prometheus.Registerer // nil: no metrics
}

// Cache is the cache; it is an http.Handler.
type Cache struct {
	next    http.Handler
	s       Settings
	store   *store
	purges  *purges
	flights *flights
	metrics *metrics
}

// New puts a cache in front of a handler.
func New(next http.Handler, s Settings) *Cache {
	if s.Name == "" {
		s.Name = "httpcache"
	}
	if s.MaxBytes <= 0 {
		s.MaxBytes = 64 << 20
	}
	if s.MaxObject <= 0 {
		s.MaxObject = 1 << 20
	}
	if s.Timeout <= 0 {
		s.Timeout = 30 * time.Second
	}
	if s.MinCompress <= 0 {
		s.MinCompress = 1024
	}
	if s.Bypass == nil {
		s.Bypass = func(*http.Request) bool { return false }
	}
	if s.Enabled == nil {
		s.Enabled = func() bool { return true }
	}
	if s.Clock == nil {
		s.Clock = time.Now
	}
	c := &Cache{next: next, s: s, purges: &purges{}, flights: &flights{running: map[string]*flight{}}}
	c.store = newStore(s.MaxBytes)
	c.metrics = newMetrics(s.Registry, c.store)
	return c
}

// ServeHTTP answers from the store where it may, else from the handler behind.
func (c *Cache) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case !c.s.Enabled():
		c.next.ServeHTTP(&passing{ResponseWriter: w, take: c.s.TakeTargeted}, r)
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		c.change(w, r)
	case c.s.Bypass(r) || r.Header.Get("Upgrade") != "" || r.ContentLength != 0:
		c.metrics.count(bypassed)
		c.pass(w, r, "bypass")
	default:
		c.read(w, r)
	}
}

// Holds tells whether a GET would be answered from the store as it is, now.
func (c *Cache) Holds(r *http.Request) bool {
	if r.Method != http.MethodGet || !c.s.Enabled() || c.s.Bypass(r) || r.Header["Upgrade"] != nil || r.ContentLength != 0 {
		return false
	}
	ask := asked(r)
	if c.s.IgnoreReload {
		ask.reload()
	}
	found, _ := c.store.find(r, &c.s, c.purges)
	if found == nil {
		return false
	}
	use, _ := found.usable(c.s.Clock(), ask)
	return use == asIs
}

// read answers a GET or HEAD.
func (c *Cache) read(w http.ResponseWriter, r *http.Request) {
	now := c.s.Clock()
	ask := asked(r)
	if c.s.IgnoreReload {
		ask.reload()
	}
	found, known := c.store.find(r, &c.s, c.purges)
	if found != nil {
		switch use, why := found.usable(now, ask); use {
		case asIs:
			c.metrics.count(hit)
			c.answer(w, r, found, now, "")
			return
		case staleOnce:
			c.metrics.count(stale)
			c.answer(w, r, found, now, "stale")
			c.refresh(r, found)
			return
		case staleAsked:
			c.metrics.count(stale)
			c.answer(w, r, found, now, "stale")
			return
		default:
			if !ask.onlyIfCached {
				c.load(w, r, found, why)
				return
			}
		}
	}
	switch {
	case ask.onlyIfCached:
		w.Header()["Cache-Status"] = []string{c.s.Name + "; fwd=uri-miss; detail=only-if-cached"}
		http.Error(w, "Not in the cache, and the request asks for nothing else.", http.StatusGatewayTimeout)
	case known:
		c.load(w, r, nil, "vary-miss")
	default:
		c.load(w, r, nil, "uri-miss")
	}
}

// change lets a request of another method pass. One that may have changed something, and did not fail, makes what is stored of its
// address unusable (RFC 9111, section 4.4).
func (c *Cache) change(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodOptions, http.MethodTrace, "PROPFIND", "REPORT", "SEARCH":
		c.pass(w, r, "method")
		return
	}
	seen := &passing{ResponseWriter: w, status: c.s.Name + "; fwd=method", take: c.s.TakeTargeted}
	c.next.ServeHTTP(seen, r)
	if seen.code >= 200 && seen.code < 400 {
		c.purges.keys(changed(r, w.Header())...)
		c.metrics.count(invalidated)
	}
}

// pass lets a request through, untouched and unstored.
func (c *Cache) pass(w http.ResponseWriter, r *http.Request, why string) {
	c.next.ServeHTTP(&passing{ResponseWriter: w, status: c.s.Name + "; fwd=" + why, take: c.s.TakeTargeted}, r)
}

// Purge makes all that carries one of the tags unusable, at once and whatever is being loaded just now. It costs the same however
// much that is.
func (c *Cache) Purge(tags ...string) {
	c.purges.tags(tags...)
	c.metrics.count(purged)
}

// PurgeAll empties the cache in the same sense.
func (c *Cache) PurgeAll() {
	c.purges.all()
	c.metrics.count(purged)
}
