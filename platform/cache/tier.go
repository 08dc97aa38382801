package cache

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"bookvault/platform/wal"
)

// tier is what one cache has in the remote tier.
//
// A value lies there with the position up to which it is complete, and is believed only if that includes the position of every change
// of its key that this process knows of (stamp.go). So it does not matter in which order processes read and write there, nor what
// the sidecar lost or kept. What was believed is kept in memory, but never written there again: nothing lives longer than one TTL
// there and one here after it was loaded.
type tier[K Key, V any] struct {
	r       *Remote
	name    string
	encode  func(V) ([]byte, error)
	decode  func([]byte) (V, error)
	life    time.Duration // of a value there
	none    time.Duration // the same for "there is none"
	metrics *remoteMetrics
}

// newTier gives nil, which is a tier that is never used, when the settings have none.
func newTier[K Key, V any](s Settings[V]) *tier[K, V] {
	if s.Remote == nil || s.Encode == nil || s.Decode == nil {
		return nil
	}
	return &tier[K, V]{r: s.Remote, name: s.Name, encode: s.Encode, decode: s.Decode, life: min(s.TTL, s.Remote.s.TTL),
		none: min(s.Negative, s.Remote.s.TTL), metrics: newRemoteMetrics(s.Registry, s.Name)}
}

// history gives the beginning of keys in the history of the database as it is now; "" while the tier cannot be used. A load takes it
// before it begins, so that what it brings never gets into another history.
func (t *tier[K, V]) history() string {
	if t == nil {
		return ""
	}
	return t.r.usable()
}

func (t *tier[K, V]) at(history string, key K) string {
	switch k := any(key).(type) {
	case int64:
		return history + t.name + ":" + strconv.FormatInt(k, 10)
	case uint64:
		return history + t.name + ":" + strconv.FormatUint(k, 10)
	default:
		return history + t.name + ":" + any(key).(string)
	}
}

// remembered is what the tier gave for a key.
type remembered[V any] struct {
	result[V]
	there   bool
	asOf    wal.Position
	metrics *remoteMetrics
}

// counts tells whether it is to be believed by who needs at least a position. needs must be asked after the tier was.
func (g remembered[V]) counts(least wal.Position, sure bool) bool {
	if !g.there {
		return false
	}
	if !sure || !g.asOf.Includes(least) {
		g.metrics.count(remoteStale, 1)
		return false
	}
	g.metrics.count(remoteHits, 1)
	return true
}

// read asks for one key.
func (t *tier[K, V]) read(history string, key K) remembered[V] {
	return t.readMany(history, []K{key})[0]
}

// readMany asks for keys in one call.
func (t *tier[K, V]) readMany(history string, keys []K) []remembered[V] {
	names, got := make([]string, len(keys)), make([]remembered[V], len(keys))
	for i, key := range keys {
		names[i] = t.at(history, key)
	}
	values, err := t.r.get(names)
	if err != nil {
		t.metrics.count(kindOf(err), len(keys))
		return got
	}
	for i, b := range values {
		if b == nil {
			t.metrics.count(remoteMisses, 1)
			continue
		}
		t.metrics.read.Add(uint64(len(b)))
		if got[i], err = t.understand(names[i], b); err != nil {
			t.metrics.count(remoteDamaged, 1) // the load that follows overwrites it
		}
	}
	return got
}

func kindOf(err error) remoteEvent {
	switch {
	case errors.Is(err, errTimeout):
		return remoteTimeouts
	case errors.Is(err, errRefused):
		return remoteRefused
	}
	return remoteErrors
}

// understand reads what lies under a key.
func (t *tier[K, V]) understand(key string, b []byte) (_ remembered[V], err error) {
	f, err := decodeFrame(key, b)
	if err != nil {
		return remembered[V]{}, err
	}
	got := remembered[V]{there: true, asOf: f.asOf, metrics: t.metrics}
	if got.found = f.found; f.found {
		got.value, err = safely(t.decode, f.payload)
	}
	if err != nil {
		return remembered[V]{}, err
	}
	return got, nil
}

// offer has what a load brought written behind, unless too much waits already. Of what is not known to be complete up to a position
// nobody could tell whether to believe it. still tells whether it counts.
func (t *tier[K, V]) offer(history string, key K, r result[V], asOf wal.Position, still func() bool) {
	if asOf == (wal.Position{}) || asOf == wal.Beyond {
		return
	}
	select {
	case t.r.queue <- func() { t.write(history, key, r, asOf, still) }:
	default:
		t.metrics.count(remoteDropped, 1)
	}
}

func (t *tier[K, V]) write(history string, key K, r result[V], asOf wal.Position, still func() bool) {
	if !still() || t.r.usable() != history {
		t.metrics.count(remoteDropped, 1)
		return
	}
	name, life := t.at(history, key), jittered(t.life)
	f := frame{asOf: asOf, found: r.found}
	if r.found {
		payload, err := safely(t.encode, r.value)
		if err != nil {
			t.metrics.count(remoteFailedWrites, 1)
			return
		}
		if f.payload = payload; len(payload) > t.r.s.MaxValue {
			t.metrics.count(remoteTooLarge, 1)
			return
		}
	} else {
		life = jittered(t.none)
	}
	b := f.encode(name)
	switch err := t.r.set(name, b, min(life, t.r.s.TTL)); {
	case err == nil:
		t.metrics.count(remoteWrites, 1)
		t.metrics.written.Add(uint64(len(b)))
	case errors.Is(err, errRefused):
		t.metrics.count(remoteDropped, 1)
	default:
		t.metrics.count(remoteFailedWrites, 1)
	}
}

// safely makes an error of a panic: what lies in the remote tier must not end the process, whatever it is.
func safely[A, B any](do func(A) (B, error), a A) (b B, err error) {
	defer func() {
		if fault := recover(); fault != nil {
			err = fmt.Errorf("panicked: %v", fault)
		}
	}()
	return do(a)
}
