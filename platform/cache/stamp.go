package cache

import (
	"hash/maphash"
	"sync/atomic"
)

// stripesOfStamps bounds the memory of stamps. Keys that share one are invalidated together, which costs a load and is never wrong.
const stripesOfStamps = 1 << 14

// stamps are what make a cache free of races: a number a stripe of keys, counted up by every change, and one for all, the epoch.
type stamps struct {
	epoch  atomic.Uint64
	stripe [stripesOfStamps]atomic.Uint64
}

// stamp is how a key stood at one moment.
type stamp struct{ epoch, number uint64 }

var stampSeed = maphash.MakeSeed()

func stripeOf[K Key](key K) uint64 {
	switch k := any(key).(type) {
	case int64:
		return maphash.Comparable(stampSeed, k) % stripesOfStamps
	case string:
		return maphash.String(stampSeed, k) % stripesOfStamps
	case []byte:
		return maphash.Bytes(stampSeed, k) % stripesOfStamps
	case uint64:
		return maphash.Comparable(stampSeed, k) % stripesOfStamps
	default:
		// Other kinds of keys are not told apart: all of them share a stripe, and are invalidated together.
		return 0
	}
}

// of gives the stamp of a stripe now. A reader takes it before the load begins.
func (s *stamps) of(stripe uint64) stamp { return stamp{s.epoch.Load(), s.stripe[stripe].Load()} }

// bump makes every value of the stripe old. A writer calls it after COMMIT.
func (s *stamps) bump(stripe uint64) { s.stripe[stripe].Add(1) }

// bumpAll makes every value old: after a gap in the news of changes nobody knows which ones are.
func (s *stamps) bumpAll() { s.epoch.Add(1) }
