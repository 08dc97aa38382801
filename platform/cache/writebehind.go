package cache

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/hlc"
	"bookvault/platform/wal"
)

// WriteBehind is a write-behind cache (2C): what is written to it is shown at once by everybody in this process who asks it, while a queue
// carries the write to where the value lives.
//
// A value is what was loaded with the writes in it that are under way. These are kept apart from the memory, which may drop what it is
// told; they leave when they have landed. Both are brought together by apply, which keeps whatever is newer by its clock; so it does not
// matter in which order writes land, nor whether what was loaded has them already, nor whether somebody else has written since.
type WriteBehind[K Key, V, R any] struct {
	c     *local[K, V]
	key   func(R) K
	load  func(context.Context, R) (V, error)
	apply func(V, R) (_ V, changed bool)
	most  int

	lock    sync.Mutex
	under   map[K][]*behind[R]
	writes  int
	settled time.Time
	all     sync.WaitGroup // settling
	ending  context.Context
	end     context.CancelFunc
}

// behind is a write under way.
type behind[R any] struct {
	at    hlc.Time
	since time.Time
	write R
	kept  bool // the queue has it, so that everybody is shown it
	seen  bool // it was found where values live
}

// ErrBehind says that as many writes are under way as may be.
var ErrBehind = errors.New("too many writes have not landed yet")

// settleAfter is the age from which it is looked up whether a write has landed: another process may have carried it.
const settleAfter = 10 * time.Second

// Behind says how writes and values belong together.
type Behind[K Key, V, R any] struct {
	// Key gives the key of the value that a write belongs to.
	Key func(R) K
	// Load gives the value that a write is about from where it lives; the zero value when there is none.
	Load func(context.Context, R) (V, error)
	// Apply gives a value with a write in it, and whether that changed it: not when the value has the write, or a newer one. It must leave
	// its argument as it is.
	Apply func(V, R) (V, bool)
	// Most is how many writes may be under way.
	Most int
}

// NewWriteBehind makes one. The error says that its settings cannot be.
func NewWriteBehind[K Key, V, R any](s Settings[V], b Behind[K, V, R]) (*WriteBehind[K, V, R], error) {
	c, err := newLocal[K](s)
	if err != nil {
		return nil, err
	}
	w := &WriteBehind[K, V, R]{c: c, key: b.Key, load: b.Load, apply: b.Apply, most: b.Most, under: map[K][]*behind[R]{}, settled: c.s.Clock()}
	w.ending, w.end = context.WithCancel(context.Background())
	if s.Registry != nil {
		s.Registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "bookvault_cache_behind", Help: "Writes that have not landed yet.",
			ConstLabels: prometheus.Labels{"cache": s.Name}}, func() float64 { return float64(w.Under()) }))
	}
	return w, nil
}

// Get gives the value that a write would be about, with all that was written to it here.
func (w *WriteBehind[K, V, R]) Get(ctx context.Context, about R) (V, error) {
	key := w.key(about)
	under := w.shown(key) // before the load: what lands meanwhile is in one of both
	value, _, err := w.c.get(ctx, key, func(ctx context.Context) (V, bool, error) {
		v, err := w.load(ctx, about)
		return v, true, err
	})
	if err != nil {
		return value, err
	}
	for _, b := range under {
		value, _ = w.apply(value, b.write)
	}
	return value, nil
}

func (w *WriteBehind[K, V, R]) shown(key K) []*behind[R] {
	w.lock.Lock()
	defer w.lock.Unlock()
	var shown []*behind[R]
	for _, b := range w.under[key] {
		if b.kept {
			shown = append(shown, b)
		}
	}
	return shown
}

// Put writes: enqueue returns when the write is durable, and from then on everybody is shown it. When it fails nothing was written. The
// moment names the write; Landed is told it.
func (w *WriteBehind[K, V, R]) Put(ctx context.Context, at hlc.Time, write R, enqueue func(context.Context) error) error {
	key := w.key(write)
	b := &behind[R]{at: at, since: w.c.s.Clock(), write: write}
	w.lock.Lock()
	if w.writes >= w.most {
		w.lock.Unlock()
		return ErrBehind
	}
	w.under[key] = append(w.under[key], b) // before the queue has it, since it may land before the queue says so
	w.writes++
	w.lock.Unlock()
	w.c.metrics.count(writes, 1)
	if err := enqueue(ctx); err != nil {
		w.Landed(at, write)
		return err
	}
	w.lock.Lock()
	b.kept = true
	now := w.c.s.Clock()
	settle := now.Sub(w.settled) > settleAfter && w.ending.Err() == nil
	if settle {
		w.settled = now
		w.all.Add(1)
	}
	w.lock.Unlock()
	if settle {
		go w.settle(now)
	}
	return nil
}

// Landed is called when a write is where values live, and Invalidate was called for its key: who loads from now on gets it, or a newer one.
func (w *WriteBehind[K, V, R]) Landed(at hlc.Time, write R) {
	w.lock.Lock()
	defer w.lock.Unlock()
	w.drop(w.key(write), func(b *behind[R]) bool { return b.at == at })
}

func (w *WriteBehind[K, V, R]) drop(key K, gone func(*behind[R]) bool) {
	have := w.under[key]
	left := have[:0:0] // another array: readers hold this one
	for _, b := range have {
		if !gone(b) {
			left = append(left, b)
		}
	}
	w.writes -= len(have) - len(left)
	if w.under[key] = left; len(left) == 0 {
		delete(w.under, key)
	}
}

// Under tells how many writes are under way.
func (w *WriteBehind[K, V, R]) Under() int {
	w.lock.Lock()
	defer w.lock.Unlock()
	return w.writes
}

// settle looks for writes that have been under way for long: those that are found to have landed, twice, go.
func (w *WriteBehind[K, V, R]) settle(now time.Time) {
	defer w.all.Done()
	w.lock.Lock()
	old := map[K]R{}
	for key, all := range w.under {
		if now.Sub(all[0].since) > settleAfter {
			old[key] = all[0].write
		}
	}
	w.lock.Unlock()
	for key, about := range old {
		ctx, cancel := context.WithTimeout(w.ending, w.c.s.Timeout)
		value, err := w.load(ctx, about)
		cancel()
		if err != nil {
			return // the next time, then
		}
		w.lock.Lock()
		w.drop(key, func(b *behind[R]) bool {
			_, changed := w.apply(value, b.write)
			gone := b.kept && !changed && b.seen
			b.seen = b.kept && !changed
			return gone
		})
		w.lock.Unlock()
	}
}

// Invalidate is as that of Aside.
func (w *WriteBehind[K, V, R]) Invalidate(at wal.Position, keys ...K) { w.c.drop(at, keys) }

// InvalidateAll is as that of Aside.
func (w *WriteBehind[K, V, R]) InvalidateAll(at wal.Position) { w.c.stamps.bumpAll(at) }

// Close frees the memory. Idempotent.
func (w *WriteBehind[K, V, R]) Close() {
	w.lock.Lock()
	w.end()
	w.lock.Unlock()
	w.all.Wait()
	w.c.close()
}
