package cache

import (
	"context"

	"bookvault/platform/wal"
)

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
// reader loads. It does not learn where the write lies, so a key that is put is not looked for in the remote tier until the next
// InvalidateAll; with Begin, Invalidate and Done it is. What is written goes to the remote tier only when somebody loads it.
func (w *WriteThrough[K, V]) Put(ctx context.Context, key K, write Load[V]) (value V, found bool, err error) {
	writing := w.Begin(key)
	value, found, err = write(ctx)
	w.c.drop(wal.Position{}, []K{key}) // also when it failed: a COMMIT whose answer was lost may have happened
	if err == nil {
		writing.Done(key, value, found)
	}
	return value, found, err
}

// Writing is a write under way whose end is told by Invalidate, once for each key and before Done.
type Writing[K Key, V any] struct {
	c      *local[K, V]
	before map[K]stamp
}

// Begin is called before a write of keys is committed.
func (w *WriteThrough[K, V]) Begin(keys ...K) Writing[K, V] {
	writing := Writing[K, V]{w.c, make(map[K]stamp, len(keys))}
	for _, key := range keys {
		writing.before[key] = w.c.stamps.of(stripeOf(key))
	}
	return writing
}

// Done keeps what was written to a key, unless anything else was written meanwhile.
func (w Writing[K, V]) Done(key K, value V, found bool) {
	w.c.metrics.count(writes, 1)
	before, begun := w.before[key]
	after := w.c.stamps.of(stripeOf(key))
	// Nobody else wrote since this write began: what it returned is the newest.
	if begun && w.c.s.Enabled() && after == (stamp{before.epoch, before.number + 1}) {
		w.c.put(key, w.c.s.Copy(value), found, after)
		w.c.settle()
	}
}
