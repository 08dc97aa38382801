package cache

import "reflect"

// What a cache takes beside its values, in bytes, as measured on the heap with full caches of values of 0 to 1,000 bytes.
const (
	entryInMaps = 260     // an entry in ristretto's maps of values, costs and ends, with room to grow, and its admission
	perCounter  = 3       // of how often a key is asked for, as ristretto says
	ofEachCache = 900_000 // its queue of 32,768 places, its shards, and our stamps
)

// typicalEntry is what NumCounters supposes an entry takes; ristretto wants ten counters for each.
const typicalEntry = 1 << 10

// entryBytes is what an entry takes whatever its value points to.
func entryBytes[V any]() int64 { return entryInMaps + int64(reflect.TypeFor[entry[V]]().Size()) }

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
