package cache

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sort"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bookvault/platform/cache/redistest"
	"bookvault/platform/wal"
)

// ledger is a database with replicas: the positions at which each key was changed, whose number is its version.
type ledger struct {
	lock    sync.Mutex
	lsn     uint64
	changes map[int64][]uint64
}

// commit changes a key, and gives its version and where that lies.
func (l *ledger) commit(key int64) (version int64, lsn uint64) {
	l.lock.Lock()
	defer l.lock.Unlock()
	l.lsn += 1 + rand.Uint64N(100)
	l.changes[key] = append(l.changes[key], l.lsn)
	return int64(len(l.changes[key])), l.lsn
}

func (l *ledger) now() uint64 { l.lock.Lock(); defer l.lock.Unlock(); return l.lsn }

// as gives the version of a key at a position.
func (l *ledger) as(key int64, lsn uint64) int64 {
	l.lock.Lock()
	defer l.lock.Unlock()
	at := l.changes[key]
	return int64(sort.Search(len(at), func(i int) bool { return at[i] > lsn }))
}

// begin has a load read from a replica that is up to 2,000 bytes behind, though never behind least.
func (l *ledger) begin(ctx context.Context, least wal.Position) (context.Context, func() wal.Position) {
	now := l.now()
	from := max(least.LSN, now-min(now, rand.Uint64N(2000)))
	return context.WithValue(context.WithoutCancel(ctx), replica{}, from), func() wal.Position { return at(from) }
}

type replica struct{}

// load reads a key from the replica of its context, and takes a while on its way back.
func (l *ledger) load(ctx context.Context, key int64) (int64, bool, error) {
	version := l.as(key, ctx.Value(replica{}).(uint64))
	dawdle(500 * time.Microsecond)
	return version, true, nil
}

func (l *ledger) loadMany(ctx context.Context, keys []int64) (map[int64]int64, error) {
	values := make(map[int64]int64, len(keys))
	for _, key := range keys {
		values[key], _, _ = l.load(ctx, key)
	}
	return values, nil
}

// dawdle takes up to a time, now and then.
func dawdle(most time.Duration) {
	if rand.IntN(3) == 0 {
		time.Sleep(rand.N(most))
	}
}

// hearing is a process that hears of every change some time later, in any order.
type hearing struct {
	*process
	versions []atomic.Int64 // that it has heard of, by key
}

// hear has the process hear of a change.
func (h *hearing) hear(key, version int64, lsn uint64) {
	h.Invalidate(at(lsn), key)
	for old := h.versions[key].Load(); old < version && !h.versions[key].CompareAndSwap(old, version); old = h.versions[key].Load() {
	}
}

// TestNobodyGetsWhatTheirProcessHeardWasChanged is the promise of the remote tier: two processes write and read through their own caches
// on one Redis, hear of each other's changes out of order some milliseconds later, load from replicas that are behind, and somebody
// puts old frames back into Redis; no answer is older than what the process that gives it had heard of before it was asked.
func TestNobodyGetsWhatTheirProcessHeardWasChanged(t *testing.T) {
	const keys, writers, readers = 40, 2, 4
	redis := redistest.New(t)
	truth := &ledger{lsn: 1, changes: map[int64][]uint64{}}
	var processes [2]*hearing
	for i := range processes {
		p := newProcess(t, redis.URL, func(rs *RemoteSettings, s *Settings[int64]) {
			rs.Calls, rs.Queue = 256, 1024
			s.Begin, s.TTL, s.Early = truth.begin, 20*time.Millisecond, 0.5
			s.Encode = func(n int64) ([]byte, error) { dawdle(time.Millisecond); return encodeNumber(n) }
			s.Decode = func(b []byte) (int64, error) { dawdle(time.Millisecond); return decodeNumber(b) }
		}).connected(t)
		processes[i] = &hearing{p, make([]atomic.Int64, keys)}
	}
	ctx, done := context.WithTimeout(t.Context(), 2*time.Second)
	defer done()
	var all, news sync.WaitGroup
	for i, p := range processes {
		other := processes[1-i]
		for range writers {
			all.Go(func() {
				for ctx.Err() == nil {
					key := rand.Int64N(keys)
					version, lsn := truth.commit(key)
					p.hear(key, version, lsn)
					news.Go(func() {
						time.Sleep(rand.N(5 * time.Millisecond))
						other.hear(key, version, lsn)
					})
					time.Sleep(rand.N(2 * time.Millisecond))
				}
			})
		}
		all.Go(func() { // gaps in the news
			for ctx.Err() == nil {
				time.Sleep(rand.N(300 * time.Millisecond))
				p.InvalidateAll(at(truth.now()))
			}
		})
	}
	all.Go(func() { // somebody puts back what was there before
		for ctx.Err() == nil {
			name := fmt.Sprint("bookvault:1:era:numbers:", rand.IntN(keys))
			redis.Do("COPY", name, "old", "REPLACE")
			time.Sleep(rand.N(10 * time.Millisecond))
			redis.Do("COPY", "old", name, "REPLACE")
		}
	})
	var asked atomic.Int64
	for i := range readers {
		p := processes[i%2]
		all.Go(func() {
			for ctx.Err() == nil {
				wanted := make([]int64, 1+rand.IntN(3)) // one, or several in one go
				least := make([]int64, len(wanted))
				for i := range wanted {
					wanted[i] = rand.Int64N(keys)
					least[i] = p.versions[wanted[i]].Load()
				}
				got, err := map[int64]int64{}, error(nil)
				if key := wanted[0]; len(wanted) == 1 {
					got[key], _, err = p.Get(t.Context(), key, func(ctx context.Context) (int64, bool, error) { return truth.load(ctx, key) })
				} else {
					got, err = p.GetMany(t.Context(), wanted, truth.loadMany)
				}
				for i, key := range wanted {
					if err != nil || got[key] < least[i] {
						t.Errorf("key %d: version %d after %d was heard of (%v)", key, got[key], least[i], err)
						done()
						return
					}
				}
				asked.Add(int64(len(wanted)))
			}
		})
	}
	all.Wait()
	news.Wait()
	hits, stale := uint64(0), uint64(0)
	for _, p := range processes {
		hits += p.count(remoteHits)
		stale += p.count(remoteStale)
	}
	if t.Failed() {
		return
	}
	t.Logf("%d reads, none stale; %d values believed from Redis, %d not", asked.Load(), hits, stale)
	if hits < 20 || stale < 20 {
		t.Errorf("%d believed and %d refused: too few to show anything", hits, stale)
	}
}
