package cache

import "sync"

// flights are the loads under way, by key and stamp: who asks for the same at the same stamp waits for the first one. After a change
// the stamp is another, so that nobody is given what was being loaded before it.
type flights[K Key, V any] struct {
	lock    sync.Mutex
	running map[flightKey[K]]*flight[V]
}

type flightKey[K Key] struct {
	key K
	at  stamp
}

// flight is one load; its result may be read once done is closed.
type flight[V any] struct {
	done   chan struct{}
	result result[V]
}

// result is what a load brought.
type result[V any] struct {
	value V
	found bool
	err   error
}

// join gives the flight of a key, and whether the caller has to fly it.
func (f *flights[K, V]) join(key flightKey[K]) (_ *flight[V], mine bool) {
	f.lock.Lock()
	defer f.lock.Unlock()
	if running := f.running[key]; running != nil {
		return running, false
	}
	fl := &flight[V]{done: make(chan struct{})}
	f.running[key] = fl
	return fl, true
}

// land ends a flight.
func (f *flights[K, V]) land(key flightKey[K], fl *flight[V], r result[V]) {
	f.lock.Lock()
	delete(f.running, key)
	f.lock.Unlock()
	fl.result = r
	close(fl.done)
}
