package database

import (
	"context"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"bookvault/platform/wal"
)

// Feed tells this process of changes that any process commits, so that copies of them can be forgotten.
//
// It asks the primary again and again for the rows of changes.log that became visible since it last asked: those that the new
// snapshot shows and the one before did not. So a transaction that commits late is never passed over, whatever numbers it has, nor
// shown twice, and nothing depends on a message that could be lost: what a cut connection missed is there at the next look. A look
// that succeeds is the heartbeat. While it is older than FeedSilence nobody knows what others have written, and copies are not to
// be trusted (Trusted); whoever must see a certain write waits for the next look, which it brings about (Await).
//
// What this process commits itself its listeners hear before InTx returns.
type Feed struct {
	db      *DB
	origin  int64 // this process, in the log
	numbers atomic.Int64

	last     atomic.Pointer[look]
	begun    atomic.Int64 // Unix nanoseconds: of the look under way, else of the last one
	failing  atomic.Bool
	wake     chan struct{}
	heard    sync.Map // of topics to *reached
	counters feedCounters

	lock      sync.Mutex
	listeners map[string][]func(Heard)
	eras      []func(era string)
	told      map[int64]bool // own transactions that listeners have heard of, and the log has not shown yet
	shown     map[int64]bool // the other way round: the log showed them before COMMIT was answered
	gap       bool           // something was committed of which it is not known where: all copies are old
	next      chan struct{}  // closed when a look ends

	quit context.CancelFunc // nil before Start
	done chan struct{}
}

// look is what is known since the last look that succeeded.
type look struct {
	began  time.Time
	from   wal.Position // of the primary when it began
	passed wal.Position // what a reader needs up to here has been heard
	at     wal.Position // of the primary when it ended
}

// toldAtMost bounds what is remembered of transactions that the log has not shown yet; some it never shows, since a savepoint took their
// rows back.
const toldAtMost = 10_000

type feedCounters struct{ looks, failures, heard, gaps, waits, givenUp atomic.Int64 }

func newFeed(db *DB) *Feed {
	return &Feed{db: db, origin: rand.Int64(), wake: make(chan struct{}, 1), listeners: map[string][]func(Heard){}, told: map[int64]bool{}, shown: map[int64]bool{}, next: make(chan struct{})}
}

// Feed gives the news of changes.
func (db *DB) Feed() *Feed { return db.feed }

// Subscribe has fn called for each change of a topic. It must not block: whoever commits waits for it. It may be called for a change
// twice, and by several at once.
func (f *Feed) Subscribe(topic string, fn func(Heard)) {
	f.lock.Lock()
	defer f.lock.Unlock()
	listeners := maps.Clone(f.listeners)
	listeners[topic] = append(slices.Clone(listeners[topic]), fn)
	f.listeners = listeners
}

// Reached gives the position of the last change of a topic that this process has heard of: who is to see what was heard must read at
// least that. The zero position when there was none.
func (f *Feed) Reached(topic string) wal.Position {
	if r, ok := f.heard.Load(topic); ok {
		return r.(*reached).now()
	}
	return wal.Position{}
}

// hear has the listeners of a topic hear.
func (f *Feed) hear(topic string, listeners []func(Heard), h Heard) {
	if h.At != (wal.Position{}) {
		r, _ := f.heard.LoadOrStore(topic, &reached{})
		r.(*reached).advance(h.At)
	}
	for _, listen := range listeners {
		listen(h)
	}
}

// OnEra has fn called with a name for the history that the log belongs to, once all that the log holds of it has been told, and with ""
// when it ends: after a restart of the server, or the promotion of another one, what was noted before is gone.
func (f *Feed) OnEra(fn func(era string)) {
	f.lock.Lock()
	defer f.lock.Unlock()
	f.eras = append(f.eras, fn)
}

// Start begins to look. It does not wait for the first look: until then nothing is trusted.
func (f *Feed) Start(context.Context) error {
	f.lock.Lock()
	defer f.lock.Unlock()
	if f.quit != nil {
		return nil
	}
	ctx, quit := context.WithCancel(context.Background())
	f.quit, f.done = quit, make(chan struct{})
	go f.run(ctx, f.done)
	return nil
}

// Stop ends it; from then on nothing is trusted.
func (f *Feed) Stop(context.Context) error {
	f.lock.Lock()
	quit, done := f.quit, f.done
	f.quit = nil
	f.lock.Unlock()
	if quit == nil {
		return nil
	}
	quit()
	<-done
	f.last.Store(nil)
	return nil
}

// Trusted tells whether a reader may be answered from a copy: the news are fresh, and what the reader must see was heard of.
func (f *Feed) Trusted(ctx context.Context) bool {
	return ctx.Value(primaryKey{}) == nil && !GoesAround(ctx) && f.fresh(f.last.Load(), time.Now())
}

func (f *Feed) fresh(l *look, now time.Time) bool {
	return l != nil && now.Sub(l.began) <= f.db.settings.FeedSilence
}

// Await waits, for FeedPatience at most, until this process has heard of everything up to a position, and the news are fresh. The
// usual answer costs no wait. false: go around all copies.
func (f *Feed) Await(ctx context.Context, needs wal.Position) bool {
	asked := time.Now()
	if l := f.last.Load(); f.fresh(l, asked) && l.passed.Includes(needs) {
		return true
	}
	if needs == wal.Beyond || f.silent(asked) {
		return false
	}
	l := f.lookSince(ctx, asked)
	// A look that began after whoever made the write had its answer has shown it; so no more is asked of it than to be of the same
	// history, and not to be behind what somebody made up.
	return l != nil && (needs == wal.Position{} || l.at.Includes(needs))
}

// silent tells whether waiting is in vain: the last look failed, or the one under way takes too long.
func (f *Feed) silent(now time.Time) bool {
	return f.failing.Load() || now.UnixNano()-f.begun.Load() > int64(f.db.settings.FeedSilence)
}

// Now gives a position that includes everything that a reader can have seen before a time: that of a look since then. It waits for
// one where there is none yet; wal.Beyond when none comes.
func (f *Feed) Now(ctx context.Context, since time.Time) wal.Position {
	l := f.last.Load()
	if l == nil || !l.began.After(since) {
		if f.silent(time.Now()) {
			return wal.Beyond
		}
		if l = f.lookSince(ctx, since); l == nil {
			return wal.Beyond
		}
	}
	return l.from
}

// lookSince has the feed look, and waits for a look that began after a time; nil when none came within FeedPatience.
func (f *Feed) lookSince(ctx context.Context, since time.Time) *look {
	f.counters.waits.Add(1)
	patience := time.NewTimer(f.db.settings.FeedPatience)
	defer patience.Stop()
	for {
		f.lock.Lock()
		next := f.next
		f.lock.Unlock()
		if l := f.last.Load(); l != nil && l.began.After(since) {
			return l
		}
		select { // it may be looking already, but that look began too early
		case f.wake <- struct{}{}:
		default:
		}
		select {
		case <-next:
		case <-patience.C:
			f.counters.givenUp.Add(1)
			return nil
		case <-ctx.Done():
			return nil
		}
		if f.failing.Load() {
			return nil
		}
	}
}

// committed tells listeners of what this process committed. Only then does it count as told: a look that shows it meanwhile tells it too,
// so that nobody passes for having heard of it through a look while listeners have not.
func (f *Feed) committed(n *noted, at wal.Position) {
	if len(n.changes) == 0 {
		return
	}
	unknown := at == wal.Beyond
	if unknown {
		at = wal.Position{}
	}
	f.lock.Lock()
	f.gap = f.gap || unknown
	listeners := f.listeners
	f.lock.Unlock()
	for _, c := range n.changes {
		f.hear(c.Topic, listeners[c.Topic], Heard{Keys: c.Keys, At: at})
	}
	f.lock.Lock()
	defer f.lock.Unlock()
	switch {
	case f.shown[n.number]:
		delete(f.shown, n.number)
	case f.quit != nil && !unknown:
		f.told[n.number] = true
		f.gap = f.gap || len(f.told) > toldAtMost
	}
}

// run looks until ctx ends.
func (f *Feed) run(ctx context.Context, done chan struct{}) {
	defer close(done)
	t := &teller{feed: f}
	defer t.hangUp()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.wake:
		case <-timer.C:
		}
		wait := f.db.settings.FeedPoll
		began := time.Now()
		f.begun.Store(began.UnixNano())
		err := f.db.primary.probe(func() error { return t.look(ctx, began) })
		f.counters.looks.Add(1)
		switch {
		case err == nil:
			back := f.failing.Swap(false)
			if back {
				f.db.settings.Logger.Info("changes of other processes are followed again")
			}
			if back || f.db.primary.open() {
				f.db.returned()
			}
		case ctx.Err() == nil:
			t.hangUp()
			f.counters.failures.Add(1)
			if !f.failing.Swap(true) {
				f.db.settings.Logger.Warn("changes of other processes cannot be followed; caches are not used until they can", "error", err)
			}
			wait = 4 * wait
		}
		f.lock.Lock()
		close(f.next)
		f.next = make(chan struct{})
		f.lock.Unlock()
		timer.Reset(wait)
	}
}
