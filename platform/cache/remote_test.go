package cache

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bookvault/platform/cache/redistest"
	"bookvault/platform/resilience"
	"bookvault/platform/wal"
)

// process is one of several that share a remote tier, with one cache of numbers.
type process struct {
	*Aside[int64, int64]
	remote *Remote
	loads  atomic.Int64
}

// at is a position of the tests' only timeline.
func at(lsn uint64) wal.Position { return wal.Position{Timeline: 1, LSN: lsn} }

// numbers turn into eight bytes and back; anything else does not decode.
func encodeNumber(n int64) ([]byte, error) { return binary.BigEndian.AppendUint64(nil, uint64(n)), nil }
func decodeNumber(b []byte) (int64, error) {
	if len(b) != 8 {
		return 0, errors.New("no number")
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

// newProcess starts one that is as patient as tests on a busy machine need, and has heard of everything up to position 1.
func newProcess(t testing.TB, url string, change func(*RemoteSettings, *Settings[int64])) *process {
	t.Helper()
	rs := RemoteSettings{URL: url, Version: "1", Timeout: 2 * time.Second, Logger: slog.New(slog.DiscardHandler)}
	s := Settings[int64]{Name: "numbers", Encode: encodeNumber, Decode: decodeNumber, Begin: upTo(1)}
	if change != nil {
		change(&rs, &s)
	}
	p := &process{}
	var err error
	if p.remote, err = NewRemote(rs); err != nil {
		t.Fatal(err)
	}
	s.Remote = p.remote
	if p.Aside, err = NewAside[int64](s); err != nil {
		t.Fatal(err)
	}
	if err := p.remote.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Close()
		_ = p.remote.Stop(context.Background())
	})
	p.remote.SetEra("era")
	p.InvalidateAll(at(1))
	return p
}

// connected waits until the process is.
func (p *process) connected(t testing.TB) *process {
	t.Helper()
	until(t, "connected", func() bool { return p.remote.client.Load() != nil })
	return p
}

// upTo makes loads that are complete up to a position.
func upTo(lsn uint64) func(context.Context, wal.Position) (context.Context, func() wal.Position) {
	return func(ctx context.Context, _ wal.Position) (context.Context, func() wal.Position) {
		return context.WithoutCancel(ctx), func() wal.Position { return at(lsn) }
	}
}

func until(t testing.TB, what string, true func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !true(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("never: " + what)
		}
	}
}

// loading gives n, counted; 0 is that there is none.
func (p *process) loading(n int64) Load[int64] {
	return func(context.Context) (int64, bool, error) { p.loads.Add(1); return n, n != 0, nil }
}

// gets compares what is got, and how many loads there were by then. If there is nothing better than a load it brings n.
func (p *process) gets(t testing.TB, key, n, want, loads int64) {
	t.Helper()
	got, found, err := p.Get(t.Context(), key, p.loading(n))
	if err != nil || got != want || found != (want != 0) {
		t.Errorf("got %d %v %v, not %d", got, found, err, want)
	}
	if had := p.loads.Load(); had != loads {
		t.Errorf("%d loads, not %d", had, loads)
	}
}

func (p *process) count(e remoteEvent) uint64 { return p.c.remote.metrics.counts[e].Load() }

// written waits until so many values were.
func (p *process) written(t testing.TB, n uint64) {
	t.Helper()
	until(t, fmt.Sprintf("%d written", n), func() bool { return p.count(remoteWrites) >= n })
}

// As many connections are made as were asked for, and no more, however many ask at once.
func TestThereAreAsManyConnectionsAsWereAskedFor(t *testing.T) {
	redis := redistest.New(t)
	p := newProcess(t, redis.URL, func(s *RemoteSettings, _ *Settings[int64]) { s.Conns = 3 }).connected(t)
	if open := p.remote.client.Load().pool.ActiveCount(); open != 3 {
		t.Errorf("%d connections before anybody asks, not 3", open)
	}
	var asking sync.WaitGroup
	for key := range int64(60) {
		asking.Go(func() {
			if n, found, err := p.Get(t.Context(), key, p.loading(7)); n != 7 || !found || err != nil {
				t.Errorf("%d %v %v", n, found, err)
			}
		})
	}
	asking.Wait()
	if open := p.remote.client.Load().pool.ActiveCount(); open > 3 {
		t.Errorf("%d connections, not 3", open)
	}
}

func TestWhatOneProcessLoadedAnotherFinds(t *testing.T) {
	redis := redistest.New(t)
	a, b := newProcess(t, redis.URL, nil).connected(t), newProcess(t, redis.URL, nil).connected(t)
	a.gets(t, 1, 10, 10, 1)
	a.gets(t, 2, 0, 0, 2)
	a.written(t, 2)
	b.gets(t, 1, 99, 10, 0)
	b.gets(t, 2, 99, 0, 0) // that there is none is known too
	b.gets(t, 3, 30, 30, 1)
	b.written(t, 1)
	many, err := a.GetMany(t.Context(), []int64{1, 2, 3, 4}, func(_ context.Context, keys []int64) (map[int64]int64, error) {
		if fmt.Sprint(keys) != "[4]" {
			t.Errorf("loads %v", keys)
		}
		return map[int64]int64{4: 40}, nil
	})
	if err != nil || fmt.Sprint(many) != "map[1:10 3:30 4:40]" {
		t.Errorf("%v %v", many, err)
	}
	a.written(t, 3)
	b.gets(t, 4, 99, 40, 1)
	for _, key := range redis.Keys() {
		ms := redis.Do("PTTL", key)
		if !strings.HasPrefix(key, "bookvault:1:era:numbers:") || len(ms) > 5 || ms == "-1" {
			t.Errorf("%s lives %s ms", key, ms)
		}
	}
	if n := a.count(remoteHits); n != 1 {
		t.Errorf("%d hits of the one", n)
	}
}

func TestTheTierIsNotUsedBeforeItCanBeBelieved(t *testing.T) {
	redis := redistest.New(t)
	a := newProcess(t, redis.URL, nil).connected(t)
	a.gets(t, 1, 10, 10, 1)
	a.written(t, 1)
	on := atomic.Bool{}
	for name, change := range map[string]func(*process){
		"another era":         func(p *process) { p.remote.SetEra("another") },
		"no era":              func(p *process) { p.remote.SetEra("") },
		"nothing heard":       func(p *process) { p.c.stamps.floor.at = wal.Position{} },
		"later news":          func(p *process) { p.InvalidateAll(at(2)) },
		"another timeline":    func(p *process) { p.InvalidateAll(wal.Position{Timeline: 2, LSN: 1}) },
		"change of the key":   func(p *process) { p.Invalidate(at(2), 1) },
		"nobody knows where":  func(p *process) { p.Invalidate(wal.Position{}, 1) },
		"everything, nowhere": func(p *process) { p.InvalidateAll(wal.Position{}) },
		"switched off":        func(p *process) { on.Store(false) },
	} {
		on.Store(true)
		b := newProcess(t, redis.URL, func(rs *RemoteSettings, _ *Settings[int64]) { rs.Enabled = on.Load }).connected(t)
		change(b)
		if b.gets(t, 1, 11, 11, 1); t.Failed() {
			t.Fatal(name)
		}
	}
	c := newProcess(t, redis.URL, func(rs *RemoteSettings, _ *Settings[int64]) { rs.Version = "2" }).connected(t)
	c.gets(t, 1, 11, 11, 1)
	d := newProcess(t, redis.URL, nil).connected(t)
	d.Invalidate(wal.Position{}, 1)
	d.InvalidateAll(at(1)) // includes what was told without a position
	d.gets(t, 1, 99, 11, 0)
}

func TestAnOlderValueIsOverwrittenByWhoKnowsBetter(t *testing.T) {
	redis := redistest.New(t)
	a := newProcess(t, redis.URL, nil).connected(t)
	a.gets(t, 1, 10, 10, 1)
	a.written(t, 1)
	b := newProcess(t, redis.URL, func(_ *RemoteSettings, s *Settings[int64]) { s.Begin = upTo(7) }).connected(t)
	b.Invalidate(at(7), 1)
	b.gets(t, 1, 11, 11, 1)
	if n := b.count(remoteStale); n != 1 {
		t.Errorf("%d found stale", n)
	}
	b.written(t, 1)
	a.Invalidate(at(7), 1)
	a.gets(t, 1, 99, 11, 1)
}

func TestWhatIsNotFitForItIsNotWritten(t *testing.T) {
	redis := redistest.New(t)
	for name, change := range map[string]func(*RemoteSettings, *Settings[int64]){
		"position unknown": func(_ *RemoteSettings, s *Settings[int64]) { s.Begin = nil },
		"too large":        func(rs *RemoteSettings, _ *Settings[int64]) { rs.MaxValue = 7 },
		"does not encode": func(_ *RemoteSettings, s *Settings[int64]) {
			s.Encode = func(int64) ([]byte, error) { panic("broken") }
		},
	} {
		p := newProcess(t, redis.URL, change).connected(t)
		p.gets(t, 1, 10, 10, 1)
		if name != "position unknown" {
			until(t, name, func() bool { return p.count(remoteTooLarge)+p.count(remoteFailedWrites) == 1 })
		}
		if keys := redis.Keys(); len(keys) != 0 {
			t.Errorf("%s: %q", name, keys)
		}
	}
}

func TestWrongDataCountsAsNoneAndIsOverwritten(t *testing.T) {
	redis := redistest.New(t)
	key := "bookvault:1:era:numbers:1"
	good := func(k string, payload []byte) string {
		return string(frame{asOf: at(9), found: true, payload: payload}.encode(k))
	}
	wrong := map[string]string{
		"empty": "", "rubbish": "rubbish that somebody left here", "cut off": good(key, make([]byte, 8))[:20], "another format": "\x02" + good(key, make([]byte, 8))[1:],
		"of another key": good("bookvault:1:era:numbers:2", make([]byte, 8)), "does not decode": good(key, make([]byte, 3)), "panics": good(key, nil),
	}
	for name, lies := range wrong {
		redis.Do("SET", key, lies)
		p := newProcess(t, redis.URL, func(_ *RemoteSettings, s *Settings[int64]) {
			s.Decode = func(b []byte) (int64, error) { _ = b[0]; return decodeNumber(b) }
		}).connected(t)
		if p.gets(t, 1, 10, 10, 1); p.count(remoteDamaged) != 1 || t.Failed() {
			t.Errorf("%s: %d damaged", name, p.count(remoteDamaged))
		}
		p.written(t, 1)
		if lie := redis.Do("GET", key); lie == lies {
			t.Errorf("%s is still there", name)
		}
	}
	redis.Do("DEL", key)
	redis.Do("LPUSH", key, "of another kind")
	p := newProcess(t, redis.URL, nil).connected(t)
	p.gets(t, 1, 10, 10, 1)
	p.written(t, 1)
	if p.count(remoteDamaged) != 1 || p.remote.breaker.State() != resilience.Closed {
		t.Errorf("a list: %d damaged, %v", p.count(remoteDamaged), p.remote.breaker.State())
	}
}

func TestASettingThatCannotBeIsRefusedWithoutItsPassword(t *testing.T) {
	for _, url := range []string{"", "http://host", "redis://:secret@host:port", "redis://u:secret@h:1/x%zz"} {
		r, err := NewRemote(RemoteSettings{URL: url})
		if err == nil || r != nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: %v", url, err)
		}
	}
}

func FuzzAFrameIsReadAsItWasWrittenOrNotAtAll(f *testing.F) {
	f.Add("key", frame{asOf: at(1), found: true, payload: []byte("value")}.encode("key"))
	f.Add("key", frame{asOf: at(1)}.encode("key"))
	f.Add("", []byte{})
	f.Fuzz(func(t *testing.T, key string, b []byte) {
		got, err := decodeFrame(key, b)
		if err == nil && string(got.encode(key)) != string(b) {
			t.Errorf("%x is read as %+v", b, got)
		}
		f := frame{asOf: at(uint64(len(b))), found: true, payload: b}
		whole := f.encode(key)
		back, err := decodeFrame(key, whole)
		if err != nil || back.asOf != f.asOf || string(back.payload) != string(b) {
			t.Errorf("%+v became %+v, %v", f, back, err)
		}
		whole[len(b)%len(whole)] ^= 1
		if _, err := decodeFrame(key, whole); err == nil {
			t.Errorf("a bit was turned in %x, unnoticed", whole)
		}
	})
}

// BenchmarkAnotherHasIt is a miss in memory that the remote tier answers.
func BenchmarkAnotherHasIt(b *testing.B) {
	redis := redistest.New(b)
	p := newProcess(b, redis.URL, nil).connected(b)
	p.gets(b, 1, 10, 10, 1)
	p.written(b, 1)
	b.ReportAllocs()
	for b.Loop() {
		p.Invalidate(at(1), 1)
		if _, _, err := p.Get(b.Context(), 1, p.loading(99)); err != nil {
			b.Fatal(err)
		}
	}
	if p.loads.Load() != 1 {
		b.Errorf("%d loads", p.loads.Load())
	}
}
