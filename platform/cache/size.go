package cache

import "reflect"

// What a cache takes beside its values, in bytes, as size_test.go measures it on the heap with caches that are full.
const (
	entryInMaps = 328     // an entry in ristretto's maps of values and costs, which grow by doubling and never shrink
	perCounter  = 4       // of how often a key is asked for, and whether it was at all
	ofEachCache = 720_000 // ristretto's queue of 32,768 places and its shards, and our stamps
)

// bytesACounter is how much of a bound has one counter: some twenty-five for each title that fits. ristretto wants ten, and halves them all
// when it has counted as often; what is asked for once in so many times is then worth no more than what is never asked for, and with titles
// asked for by Zipf's law a tenth of the places went to those. More than this cost more places than they fill better.
const bytesACounter = 32

// entryBytes is what an entry takes whose value takes so many bytes: with its own struct, the maps, and a sixteenth of the value that is
// lost on average because memory is handed out in certain sizes.
func entryBytes[V any](value int64) int64 {
	return entryInMaps + int64(reflect.TypeFor[entry[V]]().Size()) + value + value/16
}

// sizes divides the bound of a cache: how many counters it has, and how much is left for entries. Of a bound that would hardly take
// the cache itself, half is for entries all the same.
func sizes(bound int64) (counters, entries int64) {
	counters = 1024
	for counters < bound/bytesACounter { // ristretto takes memory for a power of two, and halves all counters after as many requests
		counters *= 2
	}
	return counters, max(bound-ofEachCache-perCounter*counters, bound/2)
}
