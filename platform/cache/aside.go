package cache

import (
	"context"

	"bookvault/platform/wal"
)

// Aside is cache-aside (2A): the caller looks here first, loads what is not here by its own loader, and tells of its writes by
// Invalidate. The cache knows nothing of where values live.
type Aside[K Key, V any] struct{ c *local[K, V] }

// NewAside makes one. The error says that its settings cannot be.
func NewAside[K Key, V any](s Settings[V]) (*Aside[K, V], error) {
	c, err := newLocal[K](s)
	return &Aside[K, V]{c}, err
}

// Get gives the value of a key from memory, else from load, whose value is kept. Equal keys that are loaded at the same time are
// one load.
func (a *Aside[K, V]) Get(ctx context.Context, key K, load Load[V]) (value V, found bool, err error) {
	return a.c.get(ctx, key, load)
}

// Remembered gives what was once loaded, for the fallback when loading failed with a cause: a value past its end with *Stale as the
// error, or the cause itself when nothing fit to stand in is here.
func (a *Aside[K, V]) Remembered(key K, cause error) (value V, found bool, err error) {
	return a.c.standIn(key, cause)
}

// GetMany gives the values of keys: those that are in memory, and the others by one call of load, whose values are kept. Keys that there
// is nothing under are left out.
func (a *Aside[K, V]) GetMany(ctx context.Context, keys []K, load func(context.Context, []K) (map[K]V, error)) (map[K]V, error) {
	return a.c.getMany(ctx, keys, load)
}

// Invalidate is called after the COMMIT of a change, with a position that includes it: from now on nobody gets what was read before.
// The zero position stands for one that is not known; until the next InvalidateAll the remote tier is not asked for such keys.
func (a *Aside[K, V]) Invalidate(at wal.Position, keys ...K) { a.c.drop(at, keys) }

// InvalidateAll does so for every key: when the news of changes begin, after a gap in them, and when everything may have changed. The
// position includes what was told before without one. Before the first one the remote tier is not used.
func (a *Aside[K, V]) InvalidateAll(at wal.Position) { a.c.stamps.bumpAll(at) }

// Close frees the memory, when nobody is in the midst of asking; who asks afterwards gets what is loaded for them. Idempotent.
func (a *Aside[K, V]) Close() { a.c.close() }
