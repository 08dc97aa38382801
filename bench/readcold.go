package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"regexp"
	"strconv"

	"bookvault/bench/harness"
)

// uniform gives requests for any title, each as likely.
func uniform(address string, ids []int64) func(*rand.Rand) []byte {
	return func(r *rand.Rand) []byte { return title(address, ids[r.IntN(len(ids))]) }
}

// coldTitles: no cache, titles that come together in one query, against gin with one query of pgx a request on a pool of the same size.
func (b *readBench) coldTitles() error {
	const clients = 64
	ours, err := b.library.Serve(b.ctx, "cold", append(cachesOff(), primaryOnly)...)
	if err != nil {
		return err
	}
	defer ours.Stop()
	apart, err := b.library.Serve(b.ctx, "cold-one-by-one", append(append(cachesOff(), off("coalescing")...), primaryOnly)...)
	if err != nil {
		return err
	}
	defer apart.Stop()
	plain, err := b.baseline("gin", b.library.Primary)
	if err != nil {
		return err
	}
	defer plain.Stop()
	ids := b.library.IDs
	with, without, err := b.inTurns(clients, max(3, b.rounds/2), side{process: ours, next: uniform(ours.Address, ids)}, side{process: plain, next: uniform(plain.Address, ids)})
	if err != nil {
		return err
	}
	b.compare("cold titles, uniform, 64 clients", "gin, one pgx query a request", "requests/s", each(with, perSecond), each(without, perSecond), ">= 2", func(r float64) bool { return r >= 2 })
	b.compare("cold titles, uniform, 64 clients", "gin, one pgx query a request", "ms p99", each(with, p99), each(without, p99), "", func(float64) bool { return true })
	with, without, err = b.inTurns(clients, max(3, b.rounds/4), side{process: ours, next: uniform(ours.Address, ids)}, side{process: apart, next: uniform(apart.Address, ids)})
	if err != nil {
		return err
	}
	b.compare("cold titles, uniform, 64 clients", "BookVault without coalescing", "requests/s", each(with, perSecond), each(without, perSecond), "", func(float64) bool { return true })
	return nil
}

// zipfTitles: questions to the database a request, with 64 MiB of titles in memory against none. The gateway's cache is off in both.
//
// What fits into memory is there soon; which titles are worth a place is known when each was asked for a few times, so that memory is
// given two requests a title of the library first.
func (b *readBench) zipfTitles() error {
	each := func(name string, warm int64, env ...string) (float64, error) {
		p, err := b.library.Serve(b.ctx, name, append(env, off("gateway_cache", "coalescing")...)...)
		if err != nil {
			return 0, err
		}
		defer p.Stop()
		next := func(r *rand.Rand) []byte { return title(p.Address, b.library.IDs[skewed(r, len(b.library.IDs))]) }
		seed := uint64(100)
		load := func() (int64, error) {
			seed++
			m, err := b.round(p, b.clients, next, seed)
			return m.Requests, err
		}
		for sent := int64(0); sent < warm; {
			n, err := load()
			if err != nil {
				return 0, err
			}
			sent += n
		}
		before, err := p.Metric(b.ctx, "bookvault_database_reads_total")
		if err != nil {
			return 0, err
		}
		requests := int64(0)
		for range max(3, b.rounds/2) {
			n, err := load()
			if err != nil {
				return 0, err
			}
			requests += n
		}
		after, err := p.Metric(b.ctx, "bookvault_database_reads_total")
		return (after - before) / float64(requests), err
	}
	on, err := each("zipf", 2*int64(len(b.library.IDs)), "BOOKVAULT_CACHE_TITLES=64MiB")
	if err != nil {
		return err
	}
	none, err := each("zipf-off", 0, off("cache_aside")...)
	if err != nil {
		return err
	}
	b.out.Add(harness.Row{Figure: fmt.Sprintf("Zipf 1.01 over %d titles, 64 MiB", len(b.library.IDs)), Baseline: "cache-aside off", Value: on, Unit: "queries a request",
		Ratio: on / none, Goal: "<= 0.2", Holds: on/none <= 0.2})
	return nil
}

// searches: pages of popular words from the gateway's cache.
func (b *readBench) searches() error {
	home := b.library.Home
	words, err := b.popular()
	if err != nil {
		return err
	}
	if len(words) == 0 {
		return errors.New("the titles have no words to search for")
	}
	var requests [][]byte
	for _, w := range words {
		for _, more := range []string{"", "&limit=50", "&sort=newest"} {
			requests = append(requests, harness.Get(home.Address, "/api/catalog/v1/books?q="+w+more, "Accept-Encoding", "gzip"))
		}
	}
	next := func(r *rand.Rand) []byte { return requests[r.IntN(len(requests))] }
	for _, request := range requests { // so that all that follows are hits
		if _, err := b.once(home, request); err != nil {
			return err
		}
	}
	load := harness.Load{Address: home.Address, Clients: 4, For: b.seconds, Next: next}
	var times []float64
	for i := range b.rounds {
		load.Seed = uint64(i)
		r, err := load.Run(b.ctx)
		if err != nil {
			return err
		}
		times = append(times, r.Percentile(99))
	}
	b.out.Add(harness.Row{Figure: "search pages of popular words, 4 clients, p99 of a hit", Value: harness.Median(times), Unit: "ms", Spread: harness.Spread(times), Goal: "<= 2", Holds: harness.Median(times) <= 2})
	allocations, err := allocationsOfAHit(b.ctx)
	if err != nil {
		return err
	}
	b.out.Add(harness.Row{Figure: "allocations of a hit, the whole chain", Value: allocations, Unit: "allocations", Goal: "<= 3", Holds: allocations <= 3})
	return nil
}

var allocations = regexp.MustCompile(`BenchmarkHit\S*\s.*?(\d+) allocs/op`)

// allocationsOfAHit runs the benchmark of the gateway's chain, which knows.
func allocationsOfAHit(ctx context.Context) (float64, error) {
	out, err := exec.CommandContext(ctx, "go", "test", "./platform/gateway", "-run", "^$", "-bench", "^BenchmarkHit$").CombinedOutput()
	if err != nil {
		return 0, fmt.Errorf("run the benchmark of a hit: %w: %s", err, out)
	}
	found := allocations.FindSubmatch(out)
	if found == nil {
		return 0, fmt.Errorf("the benchmark of a hit says nothing of allocations: %s", out)
	}
	n, err := strconv.Atoi(string(found[1]))
	return float64(n), err
}

// allPatterns: hot titles with everything on against everything off.
func (b *readBench) allPatterns() error {
	plain, err := b.library.Serve(b.ctx, "all-off", off("adaptive_limit", "bulkhead", "cache_aside", "cdn", "circuit_breaker", "coalescing", "compression", "fallback", "gateway_cache", "rate_limit",
		"read_replicas", "read_through", "retry", "write_through")...)
	if err != nil {
		return err
	}
	defer plain.Stop()
	home := b.library.Home
	on, none, err := b.inTurns(b.clients, max(3, b.rounds/2), b.hotSide(home), b.hotSide(plain))
	if err != nil {
		return err
	}
	b.compare("hot titles, every pattern on", "every pattern off", "requests/s", each(on, perSecond), each(none, perSecond), ">= 10", func(r float64) bool { return r >= 10 })
	b.compare("hot titles, every pattern on", "every pattern off", "ms p99", each(on, p99), each(none, p99), "", func(float64) bool { return true })
	return nil
}
