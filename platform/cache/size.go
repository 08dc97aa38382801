package cache

import "reflect"

// What a cache takes beside its values, in bytes, as size_test.go measures it on the heap with caches that are full.
const (
	entryInMaps = 420     // an entry in ristretto's maps of values, costs and ends, which grow by doubling and never shrink
	perCounter  = 4       // of how often a key is asked for, and whether it was at all
	ofEachCache = 720_000 // ristretto's queue of 32,768 places and its shards, and our stamps
)

// typicalEntry is what NumCounters supposes an entry takes; ristretto wants ten counters for each.
const typicalEntry = 1 << 10

// entryBytes is what an entry takes whose value takes so many bytes: with its own struct, the maps, and a sixteenth of the value that is
// lost on average because memory is handed out in certain sizes.
func entryBytes[V any](value int64) int64 {
	return entryInMaps + int64(reflect.TypeFor[entry[V]]().Size()) + value + value/16
}

// sizes divides the bound of a cache: how many counters it has, and how much is left for entries. Of a bound that would hardly take
// the cache itself, half is for entries all the same.
func sizes(bound int64) (counters, entries int64) {
	counters = max(1000, 10*bound/typicalEntry)
	rounded := int64(1) // ristretto takes the next power of two
	for rounded < counters {
		rounded *= 2
	}
	return counters, max(bound-ofEachCache-perCounter*rounded, bound/2)
}
