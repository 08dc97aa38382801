package cache

import (
	"context"
	"log/slog"
	"slices"
	"testing"
	"time"

	"bookvault/platform/cache/redistest"
	"bookvault/platform/database/faulttest"
	"bookvault/platform/resilience"
)

// impatient is a process whose breaker tries again soon.
func impatient(t *testing.T, url string) *process {
	return newProcess(t, url, func(rs *RemoteSettings, _ *Settings[int64]) {
		rs.Timeout = 50 * time.Millisecond
		rs.Breaker = resilience.BreakerSettings{OpenFor: 300 * time.Millisecond}
	})
}

// slowest gets so many new keys, which must all come by loads, and tells the slowest and the middle time.
func (p *process) slowest(t *testing.T, first, n int64) (most, middle time.Duration) {
	t.Helper()
	var times []time.Duration
	for key := first; key < first+n; key++ {
		began := time.Now()
		got, found, err := p.Get(t.Context(), key, p.loading(key))
		times = append(times, time.Since(began))
		if got != key || !found || err != nil {
			t.Errorf("%d: %d %v %v", key, got, found, err)
		}
	}
	slices.Sort(times)
	return times[n-1], times[n/2]
}

// usedAgain gets new keys until the tier takes part.
func (p *process) usedAgain(t *testing.T, first int64) {
	t.Helper()
	before := p.count(remoteWrites)
	until(t, "used again", func() bool {
		first++
		p.slowest(t, first, 1)
		return p.count(remoteWrites) > before && p.remote.breaker.State() == resilience.Closed
	})
	if detail, err := p.remote.Health(t.Context()); err != nil {
		t.Errorf("%v %v", detail, err)
	}
}

func TestTheProcessStartsWithoutTheSidecarAndFindsItLater(t *testing.T) {
	redis := redistest.New(t)
	redis.Kill()
	p := impatient(t, redis.URL)
	if most, _ := p.slowest(t, 1, 100); most > time.Second {
		t.Errorf("%v", most)
	}
	if detail, err := p.remote.Health(t.Context()); err == nil || detail["connected"] != false {
		t.Errorf("%v %v", detail, err)
	}
	redis.Start()
	p.connected(t).usedAgain(t, 1000)
}

func TestASidecarThatIsKilledCostsNothingButSpeed(t *testing.T) {
	redis := redistest.New(t)
	p := impatient(t, redis.URL).connected(t)
	p.usedAgain(t, 1)
	redis.Kill()
	most, _ := p.slowest(t, 1000, 200)
	if most > time.Second {
		t.Errorf("%v", most)
	}
	until(t, "the breaker opens", func() bool {
		p.slowest(t, 2000, 1)
		p.Invalidate(at(1), 2000)
		return p.remote.breaker.State() == resilience.Open
	})
	redis.Start()
	p.usedAgain(t, 3000)
}

func TestASidecarThatHangsIsWaitedForAFewTimesAndThenNotAtAll(t *testing.T) {
	redis := redistest.New(t)
	p := impatient(t, redis.URL).connected(t)
	p.usedAgain(t, 1)
	redis.Hold()
	defer redis.Release()
	for key := int64(1000); p.remote.breaker.State() != resilience.Open; key++ {
		began := time.Now()
		p.slowest(t, key, 1)
		if took := time.Since(began); took > 10*p.remote.s.Timeout {
			t.Errorf("a caller waited %v", took)
		}
		if key > 1100 {
			t.Fatal("the breaker stays closed")
		}
	}
	if p.count(remoteTimeouts) == 0 {
		t.Error("no timeouts")
	}
	_, middle := p.slowest(t, 2000, 200)
	if middle > time.Millisecond || p.count(remoteRefused) == 0 {
		t.Errorf("with the breaker open a caller waits %v; %d refused", middle, p.count(remoteRefused))
	}
	t.Logf("with the breaker open a miss takes %v", middle)
	if detail, err := p.remote.Health(t.Context()); err == nil || detail["breaker"] == "closed" {
		t.Errorf("%v %v", detail, err)
	}
	redis.Release()
	p.usedAgain(t, 3000)
}

// Whatever becomes of the line to it, callers get what they ask for, and nobody waits long; afterwards it takes part again.
func TestTheLineToTheSidecarFails(t *testing.T) {
	redis := redistest.New(t)
	way, err := faulttest.To("tcp", redis.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer way.Close()
	p := impatient(t, "redis://"+way.Address+"/0").connected(t)
	p.usedAgain(t, 1)
	for i, f := range []faulttest.Fault{faulttest.Latency(5 * time.Second), faulttest.Cut, faulttest.Reset, faulttest.Silence, faulttest.Modem} {
		t.Run(f.Name, func(t *testing.T) {
			if err := way.Begin(f); err != nil {
				t.Fatal(err)
			}
			first := int64(i+1) * 100_000
			if most, middle := p.slowest(t, first, 30); most > time.Second {
				t.Errorf("somebody waited %v; the middle %v", most, middle)
			}
			if err := way.End(t.Context(), f); err != nil {
				t.Fatal(err)
			}
			p.usedAgain(t, first+1000)
		})
	}
}

func TestASidecarThatIsFullIsReadFromAllTheSame(t *testing.T) {
	redis := redistest.New(t, "--maxmemory-policy", "noeviction")
	p := newProcess(t, redis.URL, nil).connected(t)
	p.gets(t, 1, 10, 10, 1)
	p.written(t, 1)
	redis.Do("CONFIG", "SET", "maxmemory", "1") // less than it has already
	for key := range int64(20) {
		p.gets(t, 100+key, 5, 5, 2+key)
	}
	until(t, "refused writes", func() bool { return p.count(remoteFailedWrites) == 20 })
	if state := p.remote.breaker.State(); state != resilience.Closed {
		t.Errorf("%v", state)
	}
	q := newProcess(t, redis.URL, nil).connected(t)
	q.gets(t, 1, 99, 10, 0)
}

func TestMoreCallsThanAllowedAreRefusedAndMoreWritesDropped(t *testing.T) {
	redis := redistest.New(t)
	p := newProcess(t, redis.URL, func(rs *RemoteSettings, _ *Settings[int64]) {
		rs.Calls, rs.Queue, rs.Timeout = 2, 1, 100*time.Millisecond
		rs.Breaker = resilience.BreakerSettings{MinCalls: 1000}
	}).connected(t)
	redis.Hold()
	defer redis.Release()
	for key := range int64(30) {
		if _, _, err := p.Get(t.Context(), key, p.loading(1)); err != nil {
			t.Fatal(err)
		}
	}
	if p.count(remoteRefused) == 0 || p.count(remoteDropped) == 0 {
		t.Errorf("%d refused, %d dropped", p.count(remoteRefused), p.count(remoteDropped))
	}
}

func TestStartAndStopAreIdempotentAndStoppedItIsNotUsed(t *testing.T) {
	redis := redistest.New(t)
	r, err := NewRemote(RemoteSettings{URL: redis.URL, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	background := context.Background()
	if err := r.Stop(background); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for range 2 {
			if err := r.Start(background); err != nil {
				t.Fatal(err)
			}
		}
		until(t, "connected", func() bool { return r.client.Load() != nil })
		for range 2 {
			if err := r.Stop(background); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := r.get([]string{"x"}); err != errRefused {
			t.Errorf("%v", err)
		}
	}
}
