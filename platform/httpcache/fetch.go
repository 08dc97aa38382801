package httpcache

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// flights are the loads under way, by address: who asks for the same waits for the first one.
type flights struct {
	lock    sync.Mutex
	running map[string]*flight
	// alone remembers, by stripe and until a time, addresses whose answers were not stored: waiting for one would be in vain.
	alone  [4096]atomic.Int64
	behind atomic.Int32 // refreshes under way
}

// flight is one load. result may be read once done is closed: nil where others must ask for themselves.
type flight struct {
	done   chan struct{}
	once   sync.Once
	result *entry
}

func (f *flight) land(e *entry) {
	f.once.Do(func() {
		f.result = e
		close(f.done)
	})
}

const (
	// aloneFor is how long requests for what was not stored do not wait for each other.
	aloneFor = 10 * time.Second
	// refreshesAtMost bounds the loads behind stale answers; more answers stay stale for another while.
	refreshesAtMost = 64
)

// load gets an answer from the handler, with the help of the stored one if there is one. Equal requests wait for each other.
func (c *Cache) load(w http.ResponseWriter, r *http.Request, old *entry, why string) {
	if r.Method != http.MethodGet || !plain(r) {
		c.metrics.count(missed)
		c.lead(w, r, nil, why, nil)
		return
	}
	key := keyOf(r)
	alone := &c.flights.alone[stripe(key)%4096]
	// Who asks for a newer answer than the stored one is not served by a load that began before they came.
	if alone.Load() > c.s.Clock().UnixNano() || why == "request" {
		c.metrics.count(missed)
		c.lead(w, r, old, why, nil)
		return
	}
	c.flights.lock.Lock()
	if running := c.flights.running[key]; running != nil {
		c.flights.lock.Unlock()
		c.follow(w, r, running, why)
		return
	}
	// A load that ended between the look into the store and here has brought what is asked for.
	if now, _ := c.store.find(r, &c.s, c.purges); now != nil && now != old {
		if use, _ := now.usable(c.s.Clock(), said{}); use == asIs {
			c.flights.lock.Unlock()
			c.metrics.count(collapsed)
			c.answer(w, r, now, c.s.Clock(), forwarded(c.s.Name, why, 0, false, true))
			return
		}
	}
	mine := c.flights.begin(key)
	c.flights.lock.Unlock()
	defer c.flights.end(key, mine)
	c.metrics.count(missed)
	if !c.lead(w, r, old, why, mine) {
		alone.Store(c.s.Clock().Add(aloneFor).UnixNano())
	}
}

// plain tells whether a request asks for a whole answer with no condition of its own but to save the transfer: only such ones are
// stored and shared.
func plain(r *http.Request) bool {
	h := r.Header
	return h["Range"] == nil && h["If-Match"] == nil && h["If-Unmodified-Since"] == nil && h["If-Range"] == nil
}

func (f *flights) begin(key string) *flight {
	mine := &flight{done: make(chan struct{})}
	f.running[key] = mine
	return mine
}

func (f *flights) end(key string, mine *flight) {
	f.lock.Lock()
	delete(f.running, key)
	f.lock.Unlock()
	mine.land(nil) // where it ended without an answer
}

// follow waits for a load and uses what it brought, if that fits.
func (c *Cache) follow(w http.ResponseWriter, r *http.Request, running *flight, why string) {
	timeout := time.NewTimer(c.s.Timeout)
	defer timeout.Stop()
	select {
	case <-running.done:
	case <-timeout.C:
	case <-r.Context().Done():
		return
	}
	var got *entry
	select {
	case <-running.done:
		got = running.result
	default:
	}
	if got != nil && got.fits(r) && c.purges.holds(got.begun, got.shows) {
		c.metrics.count(collapsed)
		c.answer(w, r, got, c.s.Clock(), forwarded(c.s.Name, why, 0, false, true))
		return
	}
	c.metrics.count(missed)
	c.lead(w, r, nil, why, nil)
}

// lead asks the handler. It works on although the client hangs up, as long as others may use what it brings. It tells whether the
// answer was stored.
func (c *Cache) lead(w http.ResponseWriter, r *http.Request, old *entry, why string, mine *flight) (stored bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), c.s.Timeout)
	defer cancel()
	t := &tap{cache: c, client: w, request: r, old: old, why: why, flight: mine, header: http.Header{}, begun: c.purges.now(), requested: c.s.Clock()}
	defer context.AfterFunc(r.Context(), func() {
		if t.streaming.Load() {
			cancel()
		}
	})()
	out := r.Clone(ctx)
	if r.Method == http.MethodGet && plain(r) {
		delete(out.Header, "If-None-Match")
		delete(out.Header, "If-Modified-Since")
		t.validating = old != nil && old.asksBy(out.Header)
		if c.s.Compress {
			delete(out.Header, "Accept-Encoding")
		}
	}
	defer func() {
		if fault := recover(); fault != nil {
			if t.mode == untold || t.mode == keeping {
				t.failed(fault)
				return
			}
			panic(fault)
		}
	}()
	c.next.ServeHTTP(t, out)
	return t.finish()
}

// refresh asks the handler behind a stale answer that was sent.
func (c *Cache) refresh(r *http.Request, old *entry) {
	key := keyOf(r)
	c.flights.lock.Lock()
	defer c.flights.lock.Unlock()
	if c.flights.running[key] != nil || c.flights.behind.Load() >= refreshesAtMost {
		return
	}
	if now, _ := c.store.find(r, &c.s, c.purges); now != old {
		return // a load that ended a moment ago has replaced it
	}
	mine := c.flights.begin(key)
	c.flights.behind.Add(1)
	out := r.Clone(context.WithoutCancel(r.Context()))
	out.Method = http.MethodGet
	for _, own := range []string{"Range", "If-Range", "If-Match", "If-Unmodified-Since"} {
		delete(out.Header, own)
	}
	go func() {
		defer c.flights.behind.Add(-1)
		defer c.flights.end(key, mine)
		defer func() { _ = recover() }() // the handler's own layers have told of it; the stale answer stays
		c.metrics.count(refreshed)
		c.lead(&nobody{header: http.Header{}}, out, old, "stale", mine)
	}()
}

// nobody takes an answer that no client waits for.
type nobody struct{ header http.Header }

// Header gives its own.
func (n *nobody) Header() http.Header { return n.header }

// Write takes everything.
func (n *nobody) Write(b []byte) (int, error) { return len(b), nil }

// WriteHeader takes any status.
func (n *nobody) WriteHeader(int) {}
