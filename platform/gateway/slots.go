package gateway

import "sync"

// slots remember a number for each of many keys in memory that does not grow: a table of small sets, as a processor's cache is built. Where
// a set is full, the least number makes room, which whoever uses it must be able to do without.
type slots struct {
	sets []slotSet
	mask uint64
}

const slotsOfASet = 8

type slotSet struct {
	lock    sync.Mutex
	keys    [slotsOfASet]uint64 // 0: none
	numbers [slotsOfASet]int64
}

// newSlots makes room for at least so many keys.
func newSlots(keys int) *slots {
	n := 1
	for n*slotsOfASet < keys {
		n *= 2
	}
	return &slots{sets: make([]slotSet, n), mask: uint64(n - 1)}
}

// set gives the set of a key, locked, and its place in it; the place of the least number, emptied, for a key that is not there.
func (s *slots) set(key uint64) (*slotSet, int) {
	set, place := &s.sets[key&s.mask], 0
	set.lock.Lock()
	for i, k := range set.keys {
		if k == key {
			return set, i
		}
		if set.numbers[i] < set.numbers[place] {
			place = i
		}
	}
	set.keys[place], set.numbers[place] = key, 0
	return set, place
}

// get gives the number of a key, 0 when it is not there.
func (s *slots) get(key uint64) int64 {
	set := &s.sets[key&s.mask]
	set.lock.Lock()
	defer set.lock.Unlock()
	for i, k := range set.keys {
		if k == key {
			return set.numbers[i]
		}
	}
	return 0
}

// put remembers a number for a key.
func (s *slots) put(key uint64, number int64) {
	set, place := s.set(key)
	set.numbers[place] = number
	set.lock.Unlock()
}
