package httpcache

import (
	"hash/maphash"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	shards = 32
	// variantsAtMost bounds the answers of one address that differ by request fields: a field such as User-Agent has no end of values.
	variantsAtMost = 32
)

// store keeps entries within a number of bytes. The ones that were not used since their last turn go first (second chance), so
// that a hit writes nothing but a flag.
type store struct {
	shards  [shards]shard
	evicted atomic.Uint64
}

type shard struct {
	lock        sync.RWMutex
	slots       map[string]*slot
	oldest      *slot // a ring through before and after; its neighbour before is the newest
	bytes, most int64
}

// slot holds the variants of one address, newest first.
type slot struct {
	key           string
	variants      []*entry // replaced, never changed
	bytes         int64
	used          atomic.Bool
	before, after *slot
}

func newStore(bytes int64) *store {
	s := &store{}
	for i := range s.shards {
		s.shards[i] = shard{slots: map[string]*slot{}, most: bytes / shards}
	}
	return s
}

func (s *store) shardOf(key []byte) *shard { return &s.shards[maphash.Bytes(seed, key)%shards] }

// find gives the newest entry that fits a request and was not purged; known tells whether there is any of that address.
func (s *store) find(r *http.Request, settings *Settings, p *purges) (found *entry, known bool) {
	var room [512]byte
	key := appendKey(room[:0], r)
	in := s.shardOf(key)
	in.lock.RLock()
	defer in.lock.RUnlock()
	sl := in.slots[string(key)]
	if sl == nil {
		return nil, false
	}
	for _, e := range sl.variants {
		if !p.holds(e.begun, e.shows) {
			continue
		}
		known = true
		if e.fits(r) {
			if !sl.used.Load() {
				sl.used.Store(true)
			}
			return e, true
		}
	}
	return nil, known
}

// put stores an entry in the place of the one that it replaces, and makes room.
func (s *store) put(e *entry, p *purges) {
	in := s.shardOf([]byte(e.key))
	in.lock.Lock()
	defer in.lock.Unlock()
	if !p.holds(e.begun, e.shows) || e.cost() > in.most {
		return
	}
	sl := in.slots[e.key]
	if sl == nil {
		sl = &slot{key: e.key}
		in.slots[e.key] = sl
		in.link(sl)
	}
	variants := []*entry{e}
	for _, old := range sl.variants {
		if len(variants) < variantsAtMost && !old.same(&e.selector) && p.holds(old.begun, old.shows) {
			variants = append(variants, old)
		}
	}
	sl.variants = variants
	in.weigh(sl)
	s.evicted.Add(in.shrink(sl))
}

// drop removes an entry.
func (s *store) drop(e *entry) {
	in := s.shardOf([]byte(e.key))
	in.lock.Lock()
	defer in.lock.Unlock()
	if sl := in.slots[e.key]; sl != nil {
		sl.variants = slices.DeleteFunc(slices.Clone(sl.variants), func(o *entry) bool { return o.same(&e.selector) })
		in.weigh(sl)
		if len(sl.variants) == 0 {
			in.remove(sl)
		}
	}
}

// grew tells that an entry's address takes more: a body was encoded.
func (s *store) grew(e *entry) {
	in := s.shardOf([]byte(e.key))
	in.lock.Lock()
	defer in.lock.Unlock()
	if sl := in.slots[e.key]; sl != nil {
		in.weigh(sl)
		s.evicted.Add(in.shrink(sl))
	}
}

// weigh counts a slot anew.
func (in *shard) weigh(sl *slot) {
	in.bytes -= sl.bytes
	sl.bytes = 0
	for _, e := range sl.variants {
		sl.bytes += e.cost() + e.encoded()
	}
	in.bytes += sl.bytes
}

// shrink removes slots until the shard is within its bytes; keep goes last.
func (in *shard) shrink(keep *slot) (evicted uint64) {
	for in.bytes > in.most && in.oldest != nil {
		sl := in.oldest
		if sl == sl.after || sl != keep && !sl.used.Swap(false) {
			in.remove(sl)
			evicted++
			continue
		}
		in.oldest = sl.after // its turn is over: it is the newest now
	}
	return evicted
}

// link puts a slot in as the newest.
func (in *shard) link(sl *slot) {
	if in.oldest == nil {
		in.oldest, sl.before, sl.after = sl, sl, sl
		return
	}
	sl.after, sl.before = in.oldest, in.oldest.before
	sl.before.after, sl.after.before = sl, sl
}

func (in *shard) remove(sl *slot) {
	delete(in.slots, sl.key)
	in.bytes -= sl.bytes
	if sl.after == sl {
		in.oldest = nil
		return
	}
	if in.oldest == sl {
		in.oldest = sl.after
	}
	sl.before.after, sl.after.before = sl.after, sl.before
}

// size gives what is stored: addresses and bytes.
func (s *store) size() (addresses int, bytes int64) {
	for i := range s.shards {
		in := &s.shards[i]
		in.lock.RLock()
		addresses, bytes = addresses+len(in.slots), bytes+in.bytes
		in.lock.RUnlock()
	}
	return addresses, bytes
}
