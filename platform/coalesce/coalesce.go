// Package coalesce makes one question of many: whoever asks for the same key while it waits for its turn shares one load, and
// keys that wait at the same time become one query (pattern 9).
//
// There is no timer. A key that comes while a worker is idle is loaded at once; only while all of them are busy do keys gather, and
// whoever is free next takes what has gathered. So it costs nothing when there is nothing to gain. A load begins after all
// who share it have asked: nobody gets what was read before they came, so reading one's own writes is as it was without.
// The layers of modules use it; the next room is platform/database, whose Merge says what a shared load must see.
package coalesce

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// ErrFull is the answer when more keys wait than the settings allow: the database does not keep up.
var ErrFull = errors.New("coalesce: too many different keys wait to be loaded")

// Settings of a batcher; the zero value of each has the meaning in its comment.
type Settings struct {
	Name    string        // in metrics
	Workers int           // loads at once; 2
	Batch   int           // keys of one load at most; 100
	Waiting int           // keys that wait at most; 10,000
	Timeout time.Duration // of a load, whoever hangs up; 10 s
	// Merge makes the context of a load of those of whoever asked: not cancelled with any of them, and seeing what each must see.
	// Nil: the first one's values, without its end.
	Merge func([]context.Context) context.Context
	// Metrics counts; nil: nobody.
	Metrics *Metrics
}

// Batcher loads values by key.
type Batcher[K comparable, V any] struct {
	s    Settings
	load func(context.Context, []K) (map[K]V, error)

	lock    sync.Mutex
	waiting map[K]*question[V] // not yet being loaded
	queue   []K                // the same, in the order in which they came
	busy    int                // workers
}

// question is one key that is waited for, and, when done is closed, its answer.
type question[V any] struct {
	asked []context.Context
	done  chan struct{}
	value V
	found bool
	err   error
}

// New makes a batcher. load gives the values of keys in one go and leaves out those that do not exist. It is called by several
// workers at once. What it gives may be handed to several callers, who must not change it.
func New[K comparable, V any](s Settings, load func(context.Context, []K) (map[K]V, error)) *Batcher[K, V] {
	if s.Workers <= 0 {
		s.Workers = 2
	}
	if s.Batch <= 0 {
		s.Batch = 100
	}
	if s.Waiting <= 0 {
		s.Waiting = 10_000
	}
	if s.Timeout <= 0 {
		s.Timeout = 10 * time.Second
	}
	if s.Merge == nil {
		s.Merge = func(asked []context.Context) context.Context { return context.WithoutCancel(asked[0]) }
	}
	if s.Metrics == nil {
		s.Metrics = &Metrics{}
	}
	return &Batcher[K, V]{s: s, load: load, waiting: map[K]*question[V]{}}
}

// Get gives the value of a key, and whether there is one. It ends early when ctx does; the load goes on for whoever shares it.
// ErrFull when too many keys wait already.
func (b *Batcher[K, V]) Get(ctx context.Context, key K) (value V, found bool, err error) {
	q, err := b.ask(ctx, key)
	if err != nil {
		return value, false, err
	}
	select {
	case <-q.done:
		return q.value, q.found, q.err
	case <-ctx.Done():
		return value, false, context.Cause(ctx)
	}
}

// ask joins the key's question where one still waits, else puts one in the queue, and calls a worker if one is free.
func (b *Batcher[K, V]) ask(ctx context.Context, key K) (*question[V], error) {
	b.lock.Lock()
	defer b.lock.Unlock()
	if q := b.waiting[key]; q != nil {
		q.asked = append(q.asked, ctx)
		b.s.Metrics.joined.Add(1)
		return q, nil
	}
	if len(b.queue) >= b.s.Waiting {
		return nil, ErrFull
	}
	q := &question[V]{asked: []context.Context{ctx}, done: make(chan struct{})}
	b.waiting[key] = q
	b.queue = append(b.queue, key)
	if b.busy < b.s.Workers {
		b.busy++
		go b.work()
	}
	return q, nil
}

// work loads what waits until nothing does.
func (b *Batcher[K, V]) work() {
	for {
		keys, questions := b.take()
		if len(keys) == 0 {
			return
		}
		b.answer(keys, questions)
	}
}

// take takes the next keys; the worker is free again when there are none.
func (b *Batcher[K, V]) take() ([]K, []*question[V]) {
	b.lock.Lock()
	defer b.lock.Unlock()
	n := min(len(b.queue), b.s.Batch)
	if n == 0 {
		b.busy--
		return nil, nil
	}
	keys := append([]K(nil), b.queue[:n]...)
	b.queue = append(b.queue[:0], b.queue[n:]...)
	questions := make([]*question[V], n)
	for i, key := range keys {
		questions[i] = b.waiting[key]
		delete(b.waiting, key)
	}
	return keys, questions
}

func (b *Batcher[K, V]) answer(keys []K, questions []*question[V]) {
	var asked []context.Context
	for _, q := range questions {
		asked = append(asked, q.asked...)
	}
	ctx, cancel := context.WithTimeout(b.s.Merge(asked), b.s.Timeout)
	defer cancel()
	b.s.Metrics.loaded(len(keys))
	values, err := b.safely(ctx, keys)
	for i, q := range questions {
		q.value, q.found = values[keys[i]]
		q.err = err
		close(q.done)
	}
}

// safely loads, and makes an error of a panic: one key that breaks the loading must not leave the others waiting for good.
func (b *Batcher[K, V]) safely(ctx context.Context, keys []K) (values map[K]V, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			values, err = nil, fmt.Errorf("coalesce: loading %s panicked: %v", b.s.Name, fault)
		}
	}()
	return b.load(ctx, keys)
}

// Metrics counts what batchers of one name did.
type Metrics struct {
	loads, keys, joined atomic.Uint64
	sizes               [len(sizes) + 1]atomic.Uint64
}

// sizes are the upper bounds of the histogram of keys a load.
var sizes = [...]float64{1, 2, 4, 8, 16, 32, 64, 128}

func (m *Metrics) loaded(n int) {
	m.loads.Add(1)
	m.keys.Add(uint64(n))
	for i, most := range sizes {
		if float64(n) <= most {
			m.sizes[i].Add(1)
			return
		}
	}
	m.sizes[len(sizes)].Add(1)
}
