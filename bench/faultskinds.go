package main

import (
	"fmt"
	"strings"
	"time"

	"bookvault/bench/harness"
	"bookvault/platform/database/faulttest"
)

// kind is one way in which a dependency fails.
type kind struct {
	name  string
	begin func(*faulty) (end func() error, err error)
	desk  bool // the desk depends on it itself, so that it cannot be served while it lasts
}

// onTheWay is a fault of the catalogue's way to PostgreSQL.
func (b *faultBench) onTheWay(fault faulttest.Fault) kind {
	return kind{"the catalogue's way: " + fault.Name, func(f *faulty) (func() error, error) {
		return func() error { return f.catalog.End(b.ctx, fault) }, f.catalog.Begin(fault)
	}, false}
}

// frozen has PostgreSQL itself stand still.
func (b *faultBench) frozen(*faulty) (end func() error, err error) {
	pid, err := b.library.PrimaryPID()
	if err != nil {
		return nil, err
	}
	release, err := harness.Freeze(pid)
	return func() error { release(); return nil }, err
}

// crashed has a process of PostgreSQL end by kill -9, upon which it ends all connections and recovers.
func (b *faultBench) crashed(*faulty) (end func() error, err error) {
	pid, err := b.library.PrimaryPID()
	if err != nil {
		return nil, err
	}
	return func() error { return nil }, harness.KillChild(pid, "walwriter")
}

// kinds has dependencies fail in all ways, and says who is not served, and when all is well again.
func (b *faultBench) kinds() error {
	on, off, stop, err := b.pair("kinds")
	if err != nil {
		return err
	}
	defer stop()
	kinds := []kind{b.onTheWay(faulttest.Latency(5 * time.Second)), b.onTheWay(faulttest.Cut), b.onTheWay(faulttest.Reset), b.onTheWay(faulttest.Silence), b.onTheWay(faulttest.Modem),
		{"PostgreSQL stands still (SIGSTOP)", b.frozen, true}, {"PostgreSQL crashes (kill -9)", b.crashed, true}}
	for _, k := range kinds {
		if err := b.kind(k, on, off, false); err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
	}
	return b.redisKinds()
}

// kind measures both sides during one fault, if it is asked for.
func (b *faultBench) kind(k kind, on, off *faulty, publicToo bool) error {
	if !strings.Contains(k.name, b.some) {
		return nil
	}
	var desk, public [2]*harness.Tally
	var back [2]time.Duration
	for i, side := range []*faulty{on, off} {
		end, err := k.begin(side)
		if err != nil {
			return err
		}
		tallies, err := b.together(b.desk(side, 4, 0, b.seconds), b.public(side, 400, publicRate, b.seconds))
		if err := end(); err != nil {
			return err
		}
		if err != nil {
			return err
		}
		desk[i], public[i] = tallies[0], tallies[1]
		tell(k.name+", patterns "+side.side+": desk", desk[i])
		tell(k.name+", patterns "+side.side+": public", public[i])
		if back[i], err = b.recovers(side); err != nil {
			return err
		}
	}
	if k.desk { // who is refused at once asks again at once, so a share of what was asked would say nothing
		b.out.Add(harness.Row{Figure: k.name + ": desk served meanwhile", Baseline: fmt.Sprintf("patterns off: %.1f", desk[1].PerSecond()), Value: desk[0].PerSecond(), Unit: "requests/s"})
	} else {
		row := harness.Row{Figure: k.name + ": desk not served", Baseline: fmt.Sprintf("patterns off: %.2f %%", desk[1].Lost()*100), Value: desk[0].Lost() * 100, Unit: "%", Goal: "<= 0.1", Holds: desk[0].Lost() <= 0.001}
		if desk[1].Lost() > 0 {
			row.Ratio = desk[0].Lost() / desk[1].Lost()
		}
		b.out.Add(row)
	}
	if publicToo {
		b.out.Add(harness.Row{Figure: k.name + ": titles not served", Baseline: fmt.Sprintf("patterns off: %.2f %%", public[1].Lost()*100), Value: public[0].Lost() * 100, Unit: "%",
			Goal: "<= 0.1", Holds: public[0].Lost() <= 0.001})
		b.out.Add(harness.Row{Figure: k.name + ": titles, p99", Baseline: fmt.Sprintf("patterns off: %.1f ms", public[1].Percentile(99)), Value: public[0].Percentile(99), Unit: "ms"})
	}
	most := (b.openFor + 3*time.Second).Seconds()
	b.out.Add(harness.Row{Figure: k.name + ": recovery", Baseline: fmt.Sprintf("patterns off: %.2f s", back[1].Seconds()), Value: back[0].Seconds(), Unit: "s",
		Goal: fmt.Sprintf("<= %g", most), Holds: back[0].Seconds() <= most})
	return nil
}

// redisKinds has the cache fail that processes share: nobody may be served worse than without it.
func (b *faultBench) redisKinds() error {
	redis, err := b.openRedis()
	if err != nil {
		return err
	}
	defer redis.close()
	env := []string{"BOOKVAULT_CACHE_REMOTE=redis://" + redis.way.Address, "BOOKVAULT_PATTERNS_CACHE_ASIDE_ENABLED=true", "BOOKVAULT_CACHE_TITLES=1MiB"}
	on, off, stop, err := b.pair("redis", env...)
	if err != nil {
		return err
	}
	defer stop()
	for _, k := range redis.kinds(b) {
		if err := b.kind(k, on, off, true); err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
	}
	return nil
}
