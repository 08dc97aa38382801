package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/bench/harness"
	"bookvault/modules/catalog"
	"bookvault/modules/catalog/layers"
	"bookvault/platform/cache"
	"bookvault/platform/database"
	"bookvault/platform/database/faulttest"
	"bookvault/platform/resilience"
)

// wholeStack is every policy before one dependency, as modules.go puts them there.
func wholeStack(enabled func() bool) *resilience.Stack {
	metrics := resilience.NewMetrics(prometheus.NewRegistry())
	return resilience.NewStack(resilience.StackSettings{Name: "catalog-database", Subject: "The catalogue",
		Retry:    resilience.NewRetry(resilience.RetrySettings{Name: "catalog-database", Failed: database.Ill, Enabled: enabled, Metrics: metrics}),
		Breaker:  resilience.NewBreaker(resilience.BreakerSettings{Name: "catalog-database", SlowAfter: 2 * time.Second, Failed: database.Ill, Enabled: enabled, Metrics: metrics}),
		Timeout:  resilience.NewTimeout(resilience.TimeoutSettings{Name: "catalog-database", Limit: 3 * time.Second, Enabled: enabled, Metrics: metrics}),
		Bulkhead: resilience.NewBulkhead(resilience.BulkheadSettings{Name: "catalog-database", Concurrent: 20, Queue: 100, Enabled: enabled, Metrics: metrics})})
}

// oneTitle is a catalogue that answers at once.
type oneTitle struct{ catalog.Books }

// Get gives it.
func (oneTitle) Get(_ context.Context, id int64) (catalog.Book, error) {
	return catalog.Book{ID: id, Version: 1, Title: "Emma"}, nil
}

// cost measures what the policies take of a call that goes well.
func (b *faultBench) cost() error {
	testing.Init()
	ctx, end := context.WithTimeout(b.ctx, time.Hour) // a deadline, as every request has one
	defer end()
	always := func() bool { return true }
	healthy := func(context.Context) (int, error) { return 1, nil }
	perCall := func(run func(int)) float64 {
		var all []float64
		for range max(3, b.rounds) {
			r := testing.Benchmark(func(b *testing.B) { run(b.N) })
			all = append(all, float64(r.T.Nanoseconds())/float64(r.N)/1000)
		}
		return harness.Median(all)
	}
	stack := wholeStack(always)
	took := perCall(func(n int) {
		for range n {
			_, _ = resilience.Read(ctx, stack, healthy)
		}
	})
	b.out.Add(harness.Row{Figure: "cost of the whole stack on a healthy call", Value: took, Unit: "us", Goal: "<= 5", Holds: took <= 5})

	var asked atomic.Int64
	counted := wholeStack(func() bool { asked.Add(1); return true })
	kept, err := cache.NewAside[int64](cache.Settings[layers.Packed]{Cost: layers.PackedBytes})
	if err != nil {
		return err
	}
	defer kept.Close()
	stores := layers.Resilient(catalog.Stores{Books: oneTitle{}}, counted, counted, counted)
	books := layers.CacheAside(stores.Books, kept)
	for before := int64(-1); asked.Load() != before; time.Sleep(10 * time.Millisecond) { // until it is kept
		before = asked.Load()
		if _, err := books.Get(ctx, 1); err != nil {
			return err
		}
	}
	asked.Store(0)
	const hits = 1_000_000
	for range hits {
		_, _ = books.Get(ctx, 1)
	}
	b.out.Add(harness.Row{Figure: "policies asked on a million cache hits", Value: float64(asked.Load()), Unit: "calls", Goal: "0", Holds: asked.Load() == 0})
	return nil
}

// catalogueRetries counts what is made anew of the catalogue's reads: those of the other parts are for what is well.
const catalogueRetries = `bookvault_retries_total{dependency="catalog-database"}`

// storm cuts the catalogue's way off, with nothing between it and its readers but the retries, and counts the reads that are made anew:
// what a failing dependency has to bear besides what it is asked.
func (b *faultBench) storm() error {
	const rate = 100
	load := func(name string, env ...string) (extra float64, err error) {
		f, err := b.serve("storm-"+name, true, append(env, off("circuit_breaker", "coalescing")...)...)
		if err != nil {
			return 0, err
		}
		defer f.stop()
		if err := f.catalog.Begin(faulttest.Cut); err != nil {
			return 0, err
		}
		if _, err := b.public(f, 200, rate, time.Second).Run(b.ctx); err != nil { // what was saved up in quiet times is spent
			return 0, err
		}
		before, err := f.Metric(b.ctx, catalogueRetries)
		if err != nil {
			return 0, err
		}
		tally, err := b.public(f, 200, rate, b.seconds).Run(b.ctx)
		if err != nil {
			return 0, err
		}
		tell("the way is cut, "+name, tally)
		after, err := f.Metric(b.ctx, catalogueRetries)
		return (after - before) / float64(tally.Asked), err
	}
	with, err := load("retries")
	if err != nil {
		return err
	}
	unbounded, err := load("retries without a budget", "BOOKVAULT_RESILIENCE_RETRY_BUDGET=1")
	if err != nil {
		return err
	}
	b.out.Add(harness.Row{Figure: "retry storm: reads made anew while all fail", Baseline: fmt.Sprintf("a budget of 1: %.0f %%", unbounded*100), Value: with * 100, Unit: "%",
		Goal: "<= 20", Holds: with <= 0.2})
	return nil
}
