package cache

import (
	"context"
	"fmt"
	"maps"
	"time"

	"bookvault/platform/wal"
)

// getMany is get for many keys at once.
func (c *local[K, V]) getMany(ctx context.Context, keys []K, load func(context.Context, []K) (map[K]V, error)) (map[K]V, error) {
	if len(keys) == 0 || !c.s.Enabled() || c.closed.Load() {
		return load(ctx, keys)
	}
	if !c.s.Trusted(ctx) {
		c.metrics.count(around, len(keys))
		return load(ctx, keys)
	}
	values, missing, latest := make(map[K]V, len(keys)), []K(nil), time.Duration(0)
	now := c.now()
	for _, key := range keys {
		e, counts := c.look(key, now)
		if !counts || now >= e.ends {
			missing = append(missing, key)
			continue
		}
		latest = max(latest, e.read)
		if e.found {
			values[key] = c.s.Copy(e.value)
		}
	}
	c.metrics.count(hits, len(keys)-len(missing))
	if len(missing) < len(keys) {
		c.s.Given(ctx, c.made.Add(latest))
	}
	if len(missing) == 0 {
		return values, nil
	}
	c.metrics.count(misses, len(missing))
	loaded, err := c.loadMany(ctx, missing, load)
	if err != nil {
		return nil, err
	}
	maps.Copy(values, loaded)
	return values, nil
}

// loadMany loads keys by one call, and keeps what it brings.
func (c *local[K, V]) loadMany(ctx context.Context, keys []K, load func(context.Context, []K) (map[K]V, error)) (map[K]V, error) {
	before, least := make([]stamp, len(keys)), wal.Position{}
	for i, key := range keys {
		stripe := stripeOf(key)
		before[i] = c.stamps.of(stripe)
		least = further(least, c.stamps.least(stripe))
	}
	type brought struct {
		values map[K]V
		err    error
	}
	if !c.flights.begin() {
		return load(ctx, keys)
	}
	done := make(chan brought, 1)
	go func() {
		defer c.flights.all.Done()
		var b brought
		defer func() {
			if fault := recover(); fault != nil { // in a goroutine of its own it would end the process
				b = brought{err: fmt.Errorf("cache %s: loading panicked: %v", c.s.Name, fault)}
			}
			done <- b
		}()
		history := c.remote.history()
		kept, keys, before := c.readMany(history, keys, before)
		if b.values = kept; len(keys) == 0 {
			return
		}
		loading, asOf := c.s.Begin(ctx, least)
		loading, cancel := context.WithTimeout(loading, c.s.Timeout)
		defer cancel()
		defer context.AfterFunc(c.ending, cancel)()
		c.metrics.count(loads, 1)
		loaded, err := load(loading, keys)
		if b.err = err; err != nil {
			return
		}
		upTo := asOf()
		for i, key := range keys {
			value, found := loaded[key]
			c.put(key, value, found, before[i])
			if found {
				kept[key] = value
			}
			if history != "" {
				c.remote.offer(history, key, result[V]{value: value, found: found}, upTo, func() bool { return c.stamps.of(stripeOf(key)) == before[i] })
			}
		}
	}()
	select {
	case b := <-done:
		if b.err != nil {
			return nil, b.err
		}
		c.s.Given(ctx, c.s.Clock())
		values := make(map[K]V, len(b.values))
		for key, value := range b.values {
			values[key] = c.s.Copy(value)
		}
		return values, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// readMany gives what other processes have loaded of keys, keeps it, and tells which keys it leaves to be loaded, with their stamps.
func (c *local[K, V]) readMany(history string, keys []K, before []stamp) (values map[K]V, left []K, stamps []stamp) {
	values = make(map[K]V, len(keys))
	if history == "" {
		return values, keys, before
	}
	for i, got := range c.remote.readMany(history, keys) {
		key := keys[i]
		if !got.counts(c.stamps.needs(stripeOf(key))) {
			left, stamps = append(left, key), append(stamps, before[i])
			continue
		}
		c.put(key, got.value, got.found, before[i])
		if got.found {
			values[key] = got.value
		}
	}
	return values, left, stamps
}
