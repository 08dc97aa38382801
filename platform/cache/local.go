package cache

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dgraph-io/ristretto/v2"

	"bookvault/platform/wal"
)

// Load gets a value from where it lives, and tells whether there is one.
type Load[V any] func(ctx context.Context) (value V, found bool, err error)

// entry is a value, or that there is none, with the stamp that makes it count. Its times are counted from when the cache was made, since
// a time.Time is three times as large.
type entry[V any] struct {
	value V
	stamp stamp
	read  time.Duration // when its load had ended
	early time.Duration // from here on it is loaded again behind an answer
	ends  time.Duration // from here on it is loaded before an answer

	found    bool
	renewing atomic.Bool // somebody loads it again behind an answer
}

// local is a bounded memory with stamps, on which the patterns stand.
type local[K Key, V any] struct {
	s       Settings[V]
	made    time.Time
	memory  *ristretto.Cache[K, *entry[V]]
	stamps  stamps
	flights flights[K, V]
	behind  atomic.Int32 // early refreshes under way
	remote  *tier[K, V]  // nil: there is no remote tier
	metrics *metrics

	closed   atomic.Bool     // from now on everybody goes around
	changing sync.RWMutex    // held by who changes memory, against closing it; who reads needs no lock
	ending   context.Context // ends the loads under way
	end      context.CancelFunc
}

// refreshesAtMost bounds the loads behind answers; a value that is not renewed early is renewed when it has ended.
const refreshesAtMost = 32

func newLocal[K Key, V any](s Settings[V]) (*local[K, V], error) {
	s.complete()
	counters, bytes := sizes(s.MaxBytes)
	memory, err := ristretto.NewCache(&ristretto.Config[K, *entry[V]]{
		NumCounters: counters, MaxCost: bytes, BufferItems: 64, IgnoreInternalCost: true, Metrics: s.Registry != nil,
	})
	if err != nil {
		return nil, fmt.Errorf("cache %s: %w", s.Name, err)
	}
	c := &local[K, V]{s: s, memory: memory, made: s.Clock(), flights: flights[K, V]{running: map[flightKey[K]]*flight[V]{}}}
	c.ending, c.end = context.WithCancel(context.Background())
	c.remote = newTier[K](s)
	c.metrics = newMetrics(s.Registry, s.Name, memory.Metrics)
	return c, nil
}

// close ends the loads under way and frees the memory; from then on every call goes to the loader. Who asks while it closes must have
// begun after it did, or have ended before: the servers of the process are stopped first. Closed again, it does nothing.
func (c *local[K, V]) close() {
	if c.closed.Swap(true) {
		return
	}
	c.flights.close()
	c.end()
	c.flights.all.Wait()
	c.changing.Lock()
	defer c.changing.Unlock()
	c.memory.Close()
}

// now gives the time as entries have it.
func (c *local[K, V]) now() time.Duration { return c.s.Clock().Sub(c.made) }

// look gives the entry of a key if it still counts now. It may be past its end: then it may only stand in.
func (c *local[K, V]) look(key K, now time.Duration) (*entry[V], bool) {
	e, there := c.memory.Get(key)
	if !there || now >= e.ends+c.s.Keep || e.stamp != c.stamps.of(stripeOf(key)) {
		return nil, false
	}
	return e, true
}

// put keeps a value that was loaded (or written) when its key had a stamp. ristretto is not told when it ends, for which it would keep
// another map: what has ended makes room for what is asked for, as everything does that nobody asks for.
func (c *local[K, V]) put(key K, value V, found bool, at stamp) {
	if at != c.stamps.of(stripeOf(key)) {
		return // it would only take the place of a newer one
	}
	now, life := c.now(), jittered(c.s.TTL)
	if !found {
		life = jittered(c.s.Negative)
	}
	e := &entry[V]{value: value, found: found, stamp: at, read: now, ends: now + life}
	e.early = e.ends - time.Duration(max(0, c.s.Early)*float64(life))
	bytes := int64(0)
	if found {
		bytes = c.s.Cost(value)
	}
	c.changing.RLock()
	defer c.changing.RUnlock()
	if !c.closed.Load() {
		c.memory.Set(key, e, entryBytes[V](bytes))
	}
}

// settle waits until what was put is there: ristretto only queues it.
func (c *local[K, V]) settle() {
	c.changing.RLock()
	defer c.changing.RUnlock()
	if !c.closed.Load() {
		c.memory.Wait()
	}
}

// drop makes the values of keys old, those under way too, and frees their memory.
func (c *local[K, V]) drop(at wal.Position, keys []K) {
	c.changing.RLock()
	defer c.changing.RUnlock()
	for _, key := range keys {
		c.stamps.bump(stripeOf(key), at)
		if !c.closed.Load() {
			c.memory.Del(key)
		}
	}
	c.metrics.count(dropped, len(keys))
}

// load gets a value with one call of the loader, however many ask for it at the same stamp, and keeps it.
func (c *local[K, V]) load(ctx context.Context, key K, load Load[V]) (value V, found bool, err error) {
	at := c.stamps.of(stripeOf(key))
	flying := flightKey[K]{key, at}
	fl, mine := c.flights.join(flying)
	if fl == nil {
		return load(ctx)
	}
	if mine {
		go c.fly(ctx, flying, fl, load, true)
	}
	select {
	case <-fl.done:
		c.s.Given(ctx, c.s.Clock())
		return fl.result.value, fl.result.found, fl.result.err
	case <-ctx.Done():
		return value, false, context.Cause(ctx)
	}
}

// fly loads on a context of its own, so that one caller who hangs up does not fail the others. What another process has loaded
// will do, unless the value is to be renewed: else two processes could hand an old one to each other for ever.
func (c *local[K, V]) fly(ctx context.Context, key flightKey[K], fl *flight[V], load Load[V], othersDo bool) {
	var r result[V]
	defer func() {
		if fault := recover(); fault != nil { // in a goroutine of its own it would end the process
			r = result[V]{err: fmt.Errorf("cache %s: loading panicked: %v", c.s.Name, fault)}
		}
		c.flights.land(key, fl, r)
	}()
	stripe := stripeOf(key.key)
	history := c.remote.history()
	if history != "" && othersDo {
		if got := c.remote.read(history, key.key); got.counts(c.stamps.needs(stripe)) {
			r.value, r.found = got.value, got.found
			c.put(key.key, r.value, r.found, key.at)
			return
		}
	}
	loading, asOf := c.s.Begin(ctx, c.stamps.least(stripe))
	loading, cancel := context.WithTimeout(loading, c.s.Timeout)
	defer cancel()
	defer context.AfterFunc(c.ending, cancel)()
	c.metrics.count(loads, 1)
	r.value, r.found, r.err = load(loading)
	if r.err == nil {
		c.put(key.key, r.value, r.found, key.at)
		if history != "" {
			c.remote.offer(history, key.key, r, asOf(), func() bool { return c.stamps.of(stripe) == key.at })
		}
	}
}

// get answers from memory where it may, else by the loader.
func (c *local[K, V]) get(ctx context.Context, key K, load Load[V]) (value V, found bool, err error) {
	if !c.s.Enabled() || c.closed.Load() {
		return load(ctx)
	}
	if !c.s.Trusted(ctx) {
		c.metrics.count(around, 1)
		return load(ctx)
	}
	now := c.now()
	if e, counts := c.look(key, now); counts && now < e.ends {
		c.metrics.count(hits, 1)
		if e.found && now >= e.early {
			c.refresh(ctx, e, key, load)
		}
		c.s.Given(ctx, c.made.Add(e.read))
		return c.give(e)
	}
	c.metrics.count(misses, 1)
	value, found, err = c.load(ctx, key, load)
	if err != nil || !found {
		return value, found, err
	}
	return c.s.Copy(value), true, nil
}

func (c *local[K, V]) give(e *entry[V]) (value V, found bool, err error) {
	if !e.found {
		return value, false, nil
	}
	return c.s.Copy(e.value), true, nil
}

// refresh loads a value again behind an answer; who asks meanwhile shares that load or gets the value that is there.
func (c *local[K, V]) refresh(ctx context.Context, e *entry[V], key K, load Load[V]) {
	if e.renewing.Load() || e.renewing.Swap(true) {
		return
	}
	ended := func() {
		c.behind.Add(-1)
		e.renewing.Store(false) // when it failed, the next one may try
	}
	flying := flightKey[K]{key, e.stamp}
	if c.behind.Add(1) > refreshesAtMost {
		ended()
		return
	}
	fl, mine := c.flights.join(flying)
	if !mine {
		ended()
		return
	}
	go func() {
		defer ended()
		c.fly(ctx, flying, fl, load, false) // a failure is for the next one who must wait for it
	}()
}

// Stale is the error beside a value that stood in because loading failed.
type Stale struct{ Cause error }

// Error says why.
func (s *Stale) Error() string { return "an older value stands in: " + s.Cause.Error() }

// Unwrap gives the failure.
func (s *Stale) Unwrap() error { return s.Cause }

// standIn gives what is remembered of a key although it is past its end, for when loading failed. It still counts by its stamp: a
// value that somebody here is known to have changed never stands in.
func (c *local[K, V]) standIn(key K, cause error) (value V, found bool, err error) {
	if c.closed.Load() {
		return value, false, cause
	}
	if e, counts := c.look(key, c.now()); counts && e.found && !errors.Is(cause, context.Canceled) {
		c.metrics.count(stoodIn, 1)
		// Given is not told: what stands in is marked, and promises nothing.
		return c.s.Copy(e.value), true, &Stale{cause}
	}
	return value, false, cause
}
