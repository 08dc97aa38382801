package cache

import (
	"context"

	"bookvault/platform/wal"
)

// ReadThrough is a read-through cache (2B): it stands before the place where values live and loads what it does not have itself; to its
// callers it is that place.
type ReadThrough[K Key, V any] struct {
	c    *local[K, V]
	load func(context.Context, K) (V, bool, error)
}

// NewReadThrough makes one before a loader. The error says that its settings cannot be.
func NewReadThrough[K Key, V any](s Settings[V], load func(context.Context, K) (V, bool, error)) (*ReadThrough[K, V], error) {
	c, err := newLocal[K](s)
	return &ReadThrough[K, V]{c, load}, err
}

// Get gives the value of a key, and whether there is one.
func (r *ReadThrough[K, V]) Get(ctx context.Context, key K) (value V, found bool, err error) {
	return r.c.get(ctx, key, func(ctx context.Context) (V, bool, error) { return r.load(ctx, key) })
}

// GetBy is Get where what to ask for depends on the caller too.
func (r *ReadThrough[K, V]) GetBy(ctx context.Context, key K, load Load[V]) (value V, found bool, err error) {
	return r.c.get(ctx, key, load)
}

// GetMany gives the values of keys: those that are in memory, and the others by one call of load, which does what the cache's own does
// one by one. Keys that there is nothing under are left out.
func (r *ReadThrough[K, V]) GetMany(ctx context.Context, keys []K, load func(context.Context, []K) (map[K]V, error)) (map[K]V, error) {
	return r.c.getMany(ctx, keys, load)
}

// Remembered is as that of Aside.
func (r *ReadThrough[K, V]) Remembered(key K, cause error) (value V, found bool, err error) {
	return r.c.standIn(key, cause)
}

// Invalidate is as that of Aside.
func (r *ReadThrough[K, V]) Invalidate(at wal.Position, keys ...K) { r.c.drop(at, keys) }

// InvalidateAll is as that of Aside.
func (r *ReadThrough[K, V]) InvalidateAll(at wal.Position) { r.c.stamps.bumpAll(at) }

// Close is as that of Aside.
func (r *ReadThrough[K, V]) Close() { r.c.close() }
