package database_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/wal"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

// process opens a database as a process does, with a feed that runs, and hears of titles.
func process(t *testing.T, dsn string, change func(*database.Settings)) (*database.DB, *ears) {
	t.Helper()
	s := database.Settings{Primary: dsn, ApplicationName: "test", MaxConns: 10, MinConns: 1, SearchMaxConns: 2}
	if change != nil {
		change(&s)
	}
	db, err := database.Open(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	e := &ears{}
	db.Feed().Subscribe("titles", e.hear)
	if err := db.Feed().Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, "the feed is fresh", func() bool { return db.Feed().Trusted(t.Context()) || s.FeedPoll > time.Second })
	e.forget() // the first look tells that everything may be old
	return db, e
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > 10*time.Second {
			t.Fatalf("not within 10 s: %s", what)
		}
	}
}

// ears remember what they heard.
type ears struct {
	lock sync.Mutex
	news []database.Heard
}

func (e *ears) hear(h database.Heard) {
	e.lock.Lock()
	defer e.lock.Unlock()
	e.news = append(e.news, h)
}

func (e *ears) forget() {
	e.lock.Lock()
	defer e.lock.Unlock()
	e.news = nil
}

// times says how often a key was heard of; all counts for every key.
func (e *ears) times(key int64) (n int) {
	e.lock.Lock()
	defer e.lock.Unlock()
	for _, h := range e.news {
		if len(h.Keys) == 0 || slices.Contains(h.Keys, key) {
			n++
		}
	}
	return n
}

func change(db *database.DB, ctx context.Context, keys ...int64) error {
	return db.InTx(ctx, func(tx *gorm.DB) error { return database.Changed(tx, "titles", keys...) })
}

func TestChangesAreHeardOnceByEveryProcess(t *testing.T) {
	dsn := dbtest.DSN(t)
	a, own := process(t, dsn, nil)
	_, other := process(t, dsn, nil)
	if err := change(a, t.Context(), 7, 8); err != nil {
		t.Fatal(err)
	}
	if own.times(7) == 0 {
		t.Error("whoever changes something hears of it before the change is answered")
	}
	begin := time.Now()
	until(t, "another process has heard of it", func() bool { return other.times(8) == 1 })
	t.Logf("heard after %v", time.Since(begin))
	refused := errors.New("no")
	err := a.InPgxTx(t.Context(), func(tx pgx.Tx) error {
		if err := database.ChangedPgx(t.Context(), tx, "titles", 9); err != nil {
			t.Error(err)
		}
		return refused
	})
	if !errors.Is(err, refused) {
		t.Error(err)
	}
	if err := change(a, t.Context(), 10); err != nil {
		t.Fatal(err)
	}
	until(t, "what came after it is heard", func() bool { return other.times(10) == 1 })
	time.Sleep(100 * time.Millisecond)
	for key, want := range map[int64]int{7: 1, 8: 1, 9: 0, 10: 1} {
		if mine := own.times(key); mine < want || mine > 2*want || other.times(key) != want { // the log may show it before COMMIT is answered
			t.Errorf("%d was heard of %d times here and %d times there, want %d", key, own.times(key), other.times(key), want)
		}
	}
	for _, h := range other.news {
		if h.At.LSN == 0 {
			t.Errorf("%v says not where", h)
		}
	}
}

func TestWhatCommitsLateIsHeardToo(t *testing.T) {
	dsn := dbtest.DSN(t)
	a, _ := process(t, dsn, nil)
	_, other := process(t, dsn, nil)
	err := a.InTx(t.Context(), func(late *gorm.DB) error {
		if err := database.Changed(late, "titles", 1); err != nil {
			return err
		}
		for key := int64(2); key < 6; key++ { // later numbers that commit before
			if err := change(a, t.Context(), key); err != nil {
				return err
			}
			until(t, "the early one is heard", func() bool { return other.times(key) == 1 })
		}
		if other.times(1) != 0 {
			t.Error("heard of before COMMIT")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	until(t, "the late one is heard", func() bool { return other.times(1) == 1 })
	time.Sleep(80 * time.Millisecond)
	for key := int64(1); key < 6; key++ {
		if n := other.times(key); n != 1 {
			t.Errorf("%d was heard of %d times", key, n)
		}
	}
}

func TestAReaderWithATokenWaitsUntilItIsHeardOf(t *testing.T) {
	dsn := dbtest.DSN(t)
	a, _ := process(t, dsn, nil)
	seldom := func(s *database.Settings) {
		s.FeedPoll, s.FeedSilence, s.FeedPatience = time.Hour, time.Hour, 5*time.Second
	}
	b, other := process(t, dsn, seldom)
	ctx, reader := database.WithReader(t.Context(), "")
	if err := change(a, ctx, 3); err != nil {
		t.Fatal(err)
	}
	if other.times(3) != 0 {
		t.Fatal("it looks too often for this test")
	}
	if !b.Feed().Await(t.Context(), reader.Needs()) || other.times(3) != 1 {
		t.Errorf("heard of %d times", other.times(3))
	}
	looks := b.Feed().Looks()
	for range 1000 {
		if !b.Feed().Await(t.Context(), reader.Needs()) {
			t.Fatal("once heard, always heard")
		}
	}
	if more := b.Feed().Looks() - looks; more > 10 {
		t.Errorf("for 1000 readers who need not wait it looked %d times", more)
	}
	for name, needs := range map[string]wal.Position{"another timeline": {Timeline: 99, LSN: 1}, "made up": {Timeline: reader.Needs().Timeline, LSN: 1 << 60}, "unknown": wal.Beyond} {
		if b.Feed().Await(t.Context(), needs) {
			t.Errorf("%s: heard of", name)
		}
	}
}

func TestNothingIsTrustedWithoutNews(t *testing.T) {
	dsn := dbtest.DSN(t)
	db, _ := process(t, dsn, nil)
	until(t, "the news are fresh", func() bool { return db.Feed().Trusted(t.Context()) })
	if db.Feed().Trusted(database.Primary(t.Context())) {
		t.Error("who insists on the primary is not answered from copies")
	}
	ctx, reader := database.WithReader(t.Context(), "")
	reader.Around()
	if db.Feed().Trusted(ctx) {
		t.Error("a reader who must go around copies is answered from them")
	}
	if database.MustSeeUnheard(ctx) {
		t.Error("who was promised nothing may be given an older copy for want of a better")
	}
	if reader.Need(wal.Position{Timeline: 1, LSN: 1}); !database.MustSeeUnheard(ctx) {
		t.Error("who was promised a write may be given what is older")
	}
	if err := db.Feed().Stop(t.Context()); err != nil || db.Feed().Trusted(t.Context()) || db.Feed().Await(t.Context(), wal.Position{}) {
		t.Errorf("trusted after the end of the news (%v)", err)
	}
}

func TestACutConnectionMissesNothing(t *testing.T) {
	dsn := dbtest.DSN(t)
	a, _ := process(t, dsn, nil)
	b, other := process(t, dsn, nil)
	for key := range int64(40) {
		if key%4 == 0 {
			if _, err := a.Pool().Exec(t.Context(), `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test feed' AND datname = current_database()`); err != nil {
				t.Fatal(err)
			}
		}
		if err := change(a, t.Context(), 100+key); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "the news are fresh again", func() bool { return b.Feed().Trusted(t.Context()) && other.times(139) > 0 })
	for key := range int64(40) {
		if n := other.times(100 + key); n != 1 {
			t.Errorf("%d was heard of %d times", 100+key, n)
		}
	}
}

func TestACutConnectionIsMadeAnewInTheSameLook(t *testing.T) {
	a, _ := process(t, dbtest.DSN(t), nil)
	until(t, "the news are fresh", func() bool { return a.Feed().Trusted(t.Context()) })
	failed := a.Feed().Failures()
	var cut int
	if err := a.Pool().QueryRow(t.Context(), `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'test feed' AND datname = current_database()`).Scan(&cut); err != nil || cut != 1 {
		t.Fatalf("%d connections were cut, %v", cut, err)
	}
	looks := a.Feed().Looks()
	until(t, "it looks again", func() bool { return a.Feed().Looks() >= looks+5 })
	if n := a.Feed().Failures() - failed; n != 0 {
		t.Errorf("%d looks failed, though the server is well", n)
	}
}

func TestAfterALongSilenceEverythingIsOld(t *testing.T) {
	dsn := dbtest.DSN(t)
	a, _ := process(t, dsn, func(s *database.Settings) { s.FeedKept = 300 * time.Millisecond })
	if err := change(a, t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	rows := func() (n int) {
		if err := a.Pool().QueryRow(t.Context(), `SELECT count(*) FROM changes.log`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	if rows() != 1 {
		t.Error("a change is not in the log")
	}
	until(t, "old rows are cleared away", func() bool { return rows() == 0 })
	_, deaf := process(t, dsn, func(s *database.Settings) {
		s.FeedKept, s.FeedPoll, s.FeedSilence = 200*time.Millisecond, 1100*time.Millisecond, time.Hour
	})
	until(t, "everything is old", func() bool { return deaf.times(4711) == 1 })
}

func TestWhoSawAWriteIsFollowedByAllOthers(t *testing.T) {
	dsn := dbtest.DSN(t)
	const keys, writers = 20, 4
	type version struct{ heard [2][keys]atomic.Int64 } // how often each process has heard of a key
	var v version
	var processes [2]*database.DB
	for i := range processes {
		processes[i], _ = process(t, dsn, func(s *database.Settings) { s.FeedPatience = 5 * time.Second })
		_ = processes[i].Feed().Stop(t.Context())
		processes[i].Feed().Subscribe("titles", func(h database.Heard) {
			for _, k := range h.Keys {
				v.heard[i][k].Add(1)
			}
		})
		if err := processes[i].Feed().Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	until(t, "both are fresh", func() bool {
		return processes[0].Feed().Trusted(t.Context()) && processes[1].Feed().Trusted(t.Context())
	})
	var all sync.WaitGroup
	var checked, late atomic.Int64
	deadline := time.Now().Add(2 * time.Second)
	for w := range writers {
		all.Go(func() {
			for n := int64(1); time.Now().Before(deadline); n++ {
				key := int64(w*keys/writers + rand.IntN(keys/writers)) // of this writer alone
				here, there := rand.IntN(2), rand.IntN(2)
				before := v.heard[there][key].Load()
				ctx, reader := database.WithReader(t.Context(), "")
				if err := change(processes[here], ctx, key); err != nil {
					t.Error(err)
					return
				}
				if !processes[there].Feed().Await(t.Context(), reader.Needs()) {
					late.Add(1) // on a busy machine; its readers go around their copies then
					continue
				}
				if v.heard[there][key].Load() <= before {
					t.Errorf("process %d was said to have heard of a change by %d, and had not", there, here)
					return
				}
				checked.Add(1)
			}
		})
	}
	all.Wait()
	t.Logf("%d changes, %d heard of late", checked.Load(), late.Load())
	if checked.Load() <= late.Load() {
		t.Error("most were not heard of in time")
	}
}
