package queue

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"bookvault/platform/problem"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sink is a database of these tests: what its handler wrote, in order.
type sink struct {
	lock    sync.Mutex
	written map[uint64][]uint64 // by key
	calls   int
	fail    func(records []Record) error // nil: nothing fails
	aside   []Poisoned
}

func (s *sink) handle(_ context.Context, records []Record) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.calls++
	if s.fail != nil {
		if err := s.fail(records); err != nil {
			return err
		}
	}
	if s.written == nil {
		s.written = map[uint64][]uint64{}
	}
	for _, r := range records {
		s.written[r.Key] = append(s.written[r.Key], binary.BigEndian.Uint64(r.Body))
	}
	return nil
}

// Put keeps what was refused.
func (s *sink) Put(_ context.Context, refused []Poisoned) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.aside = append(s.aside, refused...)
	return nil
}

func (s *sink) failing(fail func([]Record) error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.fail = fail
}

func (s *sink) seen() map[uint64][]uint64 {
	s.lock.Lock()
	defer s.lock.Unlock()
	return maps.Clone(s.written)
}

func record(key, value uint64) Record {
	return Record{Topic: "numbers", Key: key, Body: binary.BigEndian.AppendUint64(nil, value)}
}

var (
	errPoison = errors.New("a number that nobody can read")
	errDown   = errors.New("the database is down")
)

// closed makes a queue that is not started.
func closed(t *testing.T, dir string, s *sink, change ...func(*Settings)) *Queue {
	t.Helper()
	settings := Settings{Dir: dir, Aside: s, MinFree: 1 << 20, Refuses: func(err error) bool { return errors.Is(err, errPoison) }, TakeOverEvery: 20 * time.Millisecond,
		FlushEvery: time.Millisecond, Logger: slog.New(slog.DiscardHandler)}
	for _, c := range change {
		c(&settings)
	}
	q := New(settings)
	q.Handle("numbers", s.handle)
	return q
}

func open(t *testing.T, dir string, s *sink, change ...func(*Settings)) *Queue {
	t.Helper()
	q := closed(t, dir, s, change...)
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stop(t, q) })
	return q
}

// stop ends a queue, and what it cannot write in a moment is kept.
func stop(t *testing.T, q *Queue) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := q.Stop(ctx); err != nil {
		t.Error(err)
	}
}

func drained(t *testing.T, q *Queue) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := q.Drained(ctx); err != nil {
		t.Fatal(err)
	}
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(2 * time.Millisecond) {
		if time.Since(begin) > 30*time.Second {
			t.Fatalf("not so after 30 s: %s", what)
		}
	}
}

func TestWhatIsPublishedAtOnceIsWrittenOnceAndInTheOrderOfItsKey(t *testing.T) {
	s := &sink{}
	q := open(t, t.TempDir(), s, func(c *Settings) { c.Partitions = 3 })
	const keys, each = 16, 40
	var all sync.WaitGroup
	for key := range uint64(keys) {
		all.Go(func() {
			for n := range uint64(each) {
				if err := q.Publish(t.Context(), record(key, n)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	drained(t, q)
	written := s.seen()
	for key := range uint64(keys) {
		if got := written[key]; len(got) != each || !slices.IsSorted(got) {
			t.Errorf("key %d: %v", key, got)
		}
	}
	if st := q.Status(t.Context()); st.Accepted != keys*each || st.Written != keys*each || st.Messages != 0 || !st.Open {
		t.Errorf("%+v", st)
	}
	if _, err := q.Health(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWhatWasNotWrittenIsThereAtTheNextStart(t *testing.T) {
	dir, s := t.TempDir(), &sink{}
	s.failing(func([]Record) error { return errDown })
	q := open(t, dir, s)
	for n := range uint64(20) {
		if err := q.Publish(t.Context(), record(n, n)); err != nil {
			t.Fatal(err)
		}
	}
	stop(t, q)
	if len(s.seen()) != 0 {
		t.Fatal("it was written to a database that is down")
	}
	if err := q.Publish(t.Context(), record(1, 1)); problem.Of(err).Kind != problem.Unavailable {
		t.Errorf("a closed queue: %v", err)
	}
	s.failing(nil)
	open(t, dir, s) // Start waits for what was left
	if got := s.seen(); len(got) != 20 {
		t.Errorf("%d of 20 are there", len(got))
	}
}

func TestRecordsThatAreRefusedAreAloneInIt(t *testing.T) {
	s := &sink{}
	s.failing(func(records []Record) error {
		for _, r := range records {
			switch binary.BigEndian.Uint64(r.Body) {
			case 13:
				return errPoison
			case 66:
				panic("a handler that cannot stand 66")
			}
		}
		return nil
	})
	q := open(t, t.TempDir(), s)
	var all sync.WaitGroup
	for n := range uint64(100) {
		all.Go(func() {
			if err := q.Publish(t.Context(), record(n, n)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	drained(t, q)
	if got := s.seen(); len(got) != 98 || got[13] != nil || got[66] != nil {
		t.Errorf("%d are written", len(got))
	}
	s.lock.Lock()
	aside := slices.Clone(s.aside)
	s.lock.Unlock()
	if len(aside) != 2 || aside[0].Reason == "" || aside[1].Reason == "" {
		t.Fatalf("put aside: %+v", aside)
	}
	s.failing(nil) // whoever was at fault mended it
	for _, p := range aside {
		if err := q.Apply(t.Context(), p.Record); err != nil {
			t.Error(err)
		}
	}
	if got := s.seen(); got[13] == nil || got[66] == nil {
		t.Error("what was put aside is not written after the mend")
	}
}

func TestAFullQueueTakesNothingAndHoldsWhatItTook(t *testing.T) {
	s := &sink{}
	s.failing(func([]Record) error { return errDown })
	q := open(t, t.TempDir(), s, func(c *Settings) { c.MaxBytes = 64 << 10 })
	taken, refused := 0, 0
	for n := range uint64(60) {
		r := record(n, n)
		r.Body = append(r.Body, make([]byte, 4096)...)
		err := q.Publish(t.Context(), r)
		if p := problem.Of(err); err != nil && (p.Code != "queue_full" || p.RetryAfter <= 0) {
			t.Fatal(err)
		}
		if err == nil {
			taken++
		} else {
			refused++
		}
	}
	if taken == 0 || refused == 0 {
		t.Fatalf("%d taken, %d refused", taken, refused)
	}
	s.failing(nil)
	drained(t, q)
	if got := s.seen(); len(got) != taken {
		t.Errorf("%d taken, %d written", taken, len(got))
	}
	if err := q.Publish(t.Context(), record(99, 99)); err != nil {
		t.Errorf("there is room again: %v", err)
	}
}

func TestMoreWaitingThanMayWaitIsRefused(t *testing.T) {
	q := closed(t, t.TempDir(), &sink{}, func(c *Settings) { c.MaxWaiting = 2 })
	q.store.Store(&store{}) // nothing leaves the lane
	l := q.lanes[0]
	l.busy = true
	r := record(1, 1)
	for n := range 3 {
		if _, err := l.join(&r, ""); (err != nil) != (n == 2) || err != nil && !errors.Is(err, ErrFull) {
			t.Errorf("record %d: %v", n, err)
		}
	}
	l.waiting = &batch{bytes: batchAtMost}
	if _, err := l.join(&r, ""); !errors.Is(err, ErrFull) {
		t.Errorf("a message that is full: %v", err)
	}
}

func TestTheStoreOfAProcessThatDiedIsTakenOver(t *testing.T) {
	dir := t.TempDir()
	down := &sink{}
	down.failing(func([]Record) error { return errDown })
	first, second := open(t, dir, down), open(t, dir, down) // two processes on one folder have a store each
	for n, q := range []*Queue{first, second} {
		if err := q.Publish(t.Context(), record(uint64(n), uint64(n))); err != nil {
			t.Fatal(err)
		}
	}
	stores, err := first.Stores(t.Context())
	if err != nil || len(stores) != 2 || !stores[0].Held || !stores[1].Held {
		t.Fatalf("%+v %v", stores, err)
	}
	stop(t, second)
	if stores, err := first.Stores(t.Context()); err != nil || stores[1].Held || stores[1].Messages != 1 {
		t.Errorf("%+v %v", stores, err)
	}
	stop(t, first)
	up := &sink{}
	third := open(t, dir, up) // has the first store; nobody has the second
	until(t, "the other store is empty and gone", func() bool {
		_, err := os.Stat(filepath.Join(dir, "2"))
		return errors.Is(err, os.ErrNotExist)
	})
	if got := up.seen(); len(got) != 2 {
		t.Errorf("written: %v", got)
	}
	until(t, "it is counted", func() bool { return third.metrics.adopted.Load() == 1 })
}

func TestWhatLiesInPartitionsThatAreNoMoreIsWritten(t *testing.T) {
	dir, down := t.TempDir(), &sink{}
	down.failing(func([]Record) error { return errDown })
	q := open(t, dir, down, func(c *Settings) { c.Partitions = 4 })
	for n := range uint64(40) {
		if err := q.Publish(t.Context(), record(n, n)); err != nil {
			t.Fatal(err)
		}
	}
	stop(t, q)
	up := &sink{}
	open(t, dir, up, func(c *Settings) { c.Partitions = 1 })
	if got := up.seen(); len(got) != 40 {
		t.Errorf("%d of 40 are written", len(got))
	}
}

func TestAStoreThatFailsIsOpenedAgain(t *testing.T) {
	dir, s := t.TempDir(), &sink{}
	q := open(t, dir, s, func(c *Settings) { c.PublishWithin = 300 * time.Millisecond })
	if err := q.Publish(t.Context(), record(1, 1)); err != nil {
		t.Fatal(err)
	}
	if err := q.store.Load().server.DisableJetStream(); err != nil {
		t.Fatal(err)
	}
	if err := q.Publish(t.Context(), record(2, 2)); problem.Of(err).Kind != problem.Unavailable {
		t.Errorf("into a store that failed: %v", err)
	}
	until(t, "it takes records again", func() bool { return q.Publish(t.Context(), record(3, 3)) == nil })
	drained(t, q)
	if got := s.seen(); got[1] == nil || got[2] != nil || got[3] == nil {
		t.Errorf("written: %v", got)
	}
}

func TestAMessageThatWasRefusedAndStoredAllTheSameIsRemoved(t *testing.T) {
	dir, s := t.TempDir(), &sink{}
	s.failing(func([]Record) error { return errDown })
	q := open(t, dir, s)
	for n := range uint64(2) {
		if err := q.Publish(t.Context(), record(n, n)); err != nil {
			t.Fatal(err)
		}
	}
	st := q.store.Load()
	stream, err := st.js.Stream(t.Context(), prefix+"0")
	if err != nil {
		t.Fatal(err)
	}
	last, err := stream.GetLastMsgForSubject(t.Context(), subject(0))
	if err != nil {
		t.Fatal(err)
	}
	q.lanes[0].failed = last.Header.Get(idHeader) // as if its answer had been lost with the store
	q.breaks(st)
	until(t, "the store is open again", func() bool { return q.store.Load() != nil })
	s.failing(nil)
	drained(t, q)
	if got := s.seen(); got[0] == nil || got[1] != nil {
		t.Errorf("written: %v", got)
	}
}

func TestCallersWhoLeaveHinderNobody(t *testing.T) {
	s := &sink{}
	q := open(t, t.TempDir(), s)
	left, cancel := context.WithCancel(t.Context())
	cancel()
	var taken atomic.Int64
	var all sync.WaitGroup
	for n := range uint64(50) {
		all.Go(func() {
			ctx := t.Context()
			if n%2 == 0 {
				ctx = left
			}
			if err := q.Publish(ctx, record(n, n)); err == nil {
				taken.Add(1)
			} else if n%2 == 1 {
				t.Error(err)
			}
		})
	}
	all.Wait()
	drained(t, q)
	if got := len(s.seen()); got < int(taken.Load()) {
		t.Errorf("%d taken, %d written", taken.Load(), got)
	}
}

func TestStopIsSafeBeforeStartAndTwice(t *testing.T) {
	q := closed(t, t.TempDir(), &sink{})
	stop(t, q)
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	stop(t, q)
	stop(t, q)
	if err := q.Publish(t.Context(), Record{Topic: "unknown"}); err == nil {
		t.Error("a topic that nobody handles was taken")
	}
}

func FuzzABatchIsReadAsItWasWrittenOrNotAtAll(f *testing.F) {
	f.Add(encode([]*Record{{Topic: "a", Key: 1, Subject: -5, Body: []byte("x")}, {Topic: "b"}}))
	f.Add([]byte{format, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		records, err := decode(b)
		if err != nil {
			return
		}
		pointers := make([]*Record, len(records))
		for i := range records {
			pointers[i] = &records[i]
		}
		again, err := decode(encode(pointers))
		if err != nil || fmt.Sprint(again) != fmt.Sprint(records) {
			t.Errorf("%v became %v (%v)", records, again, err)
		}
	})
}
