package cache

import "context"

// WriteThrough is a write-through cache (2D): a write goes through it to where the value lives, and when it is done the new value is
// here; so the next reader in this process gets it without a load.
type WriteThrough[K Key, V any] struct{ ReadThrough[K, V] }

// NewWriteThrough makes one before a loader. The error says that its settings cannot be.
func NewWriteThrough[K Key, V any](s Settings[V], load func(context.Context, K) (V, bool, error)) (*WriteThrough[K, V], error) {
	c, err := newLocal[K](s)
	return &WriteThrough[K, V]{ReadThrough[K, V]{c, load}}, err
}

// Put writes a value by write, which returns what is now true (and whether there is a value at all) once it is committed. Of two
// writes at once either may be kept only if nothing was written after it: when another write ends meanwhile, neither is, and the next
// reader loads.
func (w *WriteThrough[K, V]) Put(ctx context.Context, key K, write Load[V]) (value V, found bool, err error) {
	stripe := stripeOf(key)
	before := w.c.stamps.of(stripe)
	value, found, err = write(ctx)
	w.c.stamps.bump(stripe) // also when it failed: a COMMIT whose answer was lost may have happened
	w.c.metrics.count(writes, 1)
	after := w.c.stamps.of(stripe)
	// Nobody else wrote since this write began: what it returned is the newest.
	if err == nil && w.c.s.Enabled() && after == (stamp{before.epoch, before.number + 1}) {
		w.c.memory.Del(key) // else ristretto may keep the older entry and drop this one
		w.c.put(key, w.c.s.Copy(value), found, after)
	}
	return value, found, err
}
