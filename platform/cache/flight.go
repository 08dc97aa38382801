package cache

import "sync"

// flights are the loads under way, by key and stamp: who asks for the same at the same stamp waits for the first one. After a change
// the stamp is another, so that nobody is given what was being loaded before it.
type flights[K Key, V any] struct {
	lock    sync.Mutex
	running map[flightKey[K]]*flight[V]
	closed  bool
	all     sync.WaitGroup // those of many keys too
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

// join gives the flight of a key, and whether the caller has to fly it. Once closed there are none: nil.
func (f *flights[K, V]) join(key flightKey[K]) (_ *flight[V], mine bool) {
	f.lock.Lock()
	defer f.lock.Unlock()
	if running := f.running[key]; running != nil {
		return running, false
	}
	if f.closed {
		return nil, false
	}
	fl := &flight[V]{done: make(chan struct{})}
	f.running[key] = fl
	f.all.Add(1)
	return fl, true
}

// begin takes in a load that nobody joins; false once closed. Who is let in says all.Done.
func (f *flights[K, V]) begin() bool {
	f.lock.Lock()
	defer f.lock.Unlock()
	if !f.closed {
		f.all.Add(1)
	}
	return !f.closed
}

// close lets nobody in any more; all.Wait then waits for those who are.
func (f *flights[K, V]) close() {
	f.lock.Lock()
	f.closed = true
	f.lock.Unlock()
}

// land ends a flight.
func (f *flights[K, V]) land(key flightKey[K], fl *flight[V], r result[V]) {
	f.lock.Lock()
	delete(f.running, key)
	f.lock.Unlock()
	fl.result = r
	close(fl.done)
	f.all.Done()
}
