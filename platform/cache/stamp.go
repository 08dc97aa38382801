package cache

import (
	"hash/maphash"
	"sync"
	"sync/atomic"

	"bookvault/platform/wal"
)

// stripesOfStamps bounds the memory of stamps. Keys that share one are invalidated together, which costs a load and is never wrong.
const stripesOfStamps = 1 << 13

// stamps are what make a cache free of races: a number a stripe of keys, counted up by every change, and one for all, the epoch.
// Beside each stands the position in the database's log that includes the change: what is loaded after it must include that.
type stamps struct {
	epoch  atomic.Uint64
	floor  position // of all stripes; not known before the first bumpAll with a position
	stripe [stripesOfStamps]struct {
		number atomic.Uint64
		least  position
	}
}

// stamp is how a key stood at one moment.
type stamp struct{ epoch, number uint64 }

// position is the furthest that was heard of. Besides it something may have been heard of whose position nobody knows: then it is in
// doubt, since the epoch that doubtful is one more than.
type position struct {
	lock     sync.Mutex
	at       wal.Position
	doubtful uint64
}

// raise takes in a position. The zero position is one that is not known.
func (p *position) raise(to wal.Position, epoch uint64) {
	p.lock.Lock()
	if to == (wal.Position{}) {
		p.doubtful = epoch + 1
	}
	p.at = further(p.at, to)
	p.lock.Unlock()
}

// read gives the position, and whether there is nothing beyond it that was heard of in this epoch.
func (p *position) read(epoch uint64) (at wal.Position, sure bool) {
	p.lock.Lock()
	defer p.lock.Unlock()
	return p.at, p.doubtful != epoch+1
}

// further gives the later of two positions; of two timelines the higher one is the later.
func further(p, q wal.Position) wal.Position {
	if q.Timeline > p.Timeline || q.Timeline == p.Timeline && q.LSN > p.LSN {
		return q
	}
	return p
}

var stampSeed = maphash.MakeSeed()

func stripeOf[K Key](key K) uint64 { return maphash.Comparable(stampSeed, key) % stripesOfStamps }

// of gives the stamp of a stripe now. A reader takes it before the load begins.
func (s *stamps) of(stripe uint64) stamp {
	return stamp{s.epoch.Load(), s.stripe[stripe].number.Load()}
}

// least gives the position that a load of the stripe must include, if it is asked for after the stamp.
func (s *stamps) least(stripe uint64) wal.Position {
	at, _ := s.needs(stripe)
	return at
}

// needs gives the same, and whether a value that includes it surely includes all that was heard of. Before the first bumpAll with
// a position, and after a change without one until the next bumpAll, nobody can tell.
func (s *stamps) needs(stripe uint64) (least wal.Position, sure bool) {
	epoch := s.epoch.Load()
	floor, sureOfAll := s.floor.read(epoch)
	own, sureOfThis := s.stripe[stripe].least.read(epoch)
	return further(floor, own), sureOfAll && sureOfThis && floor != wal.Position{}
}

// bump makes every value of the stripe old. A writer calls it after COMMIT, with a position that includes the change: it is there
// before the number, so that whoever takes the new stamp loads what includes it.
func (s *stamps) bump(stripe uint64, at wal.Position) {
	s.stripe[stripe].least.raise(at, s.epoch.Load())
	s.stripe[stripe].number.Add(1)
}

// bumpAll makes every value old: after a gap in the news of changes nobody knows which ones are. Its position includes what was
// heard of before without one.
func (s *stamps) bumpAll(at wal.Position) {
	if at == (wal.Position{}) {
		s.floor.raise(at, s.epoch.Load()+1) // also in doubt after the next line
	} else {
		s.floor.raise(at, 0)
	}
	s.epoch.Add(1)
}
