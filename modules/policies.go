package modules

import (
	"errors"
	"slices"
	"strings"
	"time"

	"bookvault/platform/cache"
	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/problem"
	"bookvault/platform/resilience"
)

// policies are what stands before each dependency of a module (patterns 5 and 6), by the dependency's name.
type policies struct {
	stacks   []*resilience.Stack
	uploads  *resilience.Bulkhead // of files that are received
	fallback func(name string) resilience.FallbackSettings
}

// newPolicies builds them from the settings. A module's way to the database is a dependency of its own: it may fail alone, and then
// leaves the other modules theirs. So are the modules that the desk asks.
func newPolicies(f Foundations, p *Patterns, remote *cache.Remote) *policies {
	r, metrics := f.Settings.Resilience, resilience.NewMetrics(f.Registry)
	breaker := func(name string, slowAfter time.Duration, failed func(error) bool) *resilience.Breaker {
		return resilience.NewBreaker(resilience.BreakerSettings{Name: name, FailureRate: r.Breaker.FailureRate, MinCalls: uint(r.Breaker.MinCalls), Window: r.Breaker.Window,
			OpenFor: r.Breaker.OpenFor, Trials: uint(r.Breaker.Trials), SlowAfter: slowAfter, Failed: failed, Enabled: p.CircuitBreaker.Load, Metrics: metrics, Logger: f.Logger})
	}
	timeout := func(name string, limit, once time.Duration) *resilience.Timeout {
		return resilience.NewTimeout(resilience.TimeoutSettings{Name: name, Limit: limit, Once: once, Enabled: p.CircuitBreaker.Load, Metrics: metrics})
	}
	places := func(name string, c config.Compartment) *resilience.Bulkhead {
		return resilience.NewBulkhead(resilience.BulkheadSettings{Name: name, Concurrent: uint(c.Concurrent), Queue: c.Queue, MaxWait: c.MaxWait, Enabled: p.Bulkhead.Load, Metrics: metrics})
	}
	within := func(name, subject string, c config.Compartment, locks time.Duration, places *resilience.Bulkhead) *resilience.Stack {
		return resilience.NewStack(resilience.StackSettings{Name: name, Subject: subject,
			Retry: resilience.NewRetry(resilience.RetrySettings{Name: name, Attempts: r.Retry.Attempts, Backoff: r.Retry.Backoff, Budget: r.Retry.Budget,
				Failed: database.Ill, Enabled: p.Retry.Load, Metrics: metrics}),
			Breaker: breaker(name, c.SlowAfter, database.Ill),
			Timeout: timeout(name, c.Timeout, c.Timeout+locks), Bulkhead: places, Explain: database.Explain})
	}
	compartment := func(name, subject string, c config.Compartment, locks time.Duration) *resilience.Stack {
		return within(name, subject, c, locks, places(name, c))
	}
	neighbour := func(name, subject string, limit time.Duration) *resilience.Stack {
		return resilience.NewStack(resilience.StackSettings{Name: name, Subject: subject,
			Breaker: breaker(name, 0, silent), Timeout: timeout(name, limit, limit)})
	}
	figures := places("statistics", r.Statistics) // of the collection and of the desk; their ways fail apart
	all := &policies{stacks: []*resilience.Stack{
		compartment("borrowing-database", "The desk", r.Borrowing, 0),
		neighbour("catalog", "The catalogue", r.Neighbours.Titles),
		compartment("catalog-database", "The catalogue", r.Catalog, f.Settings.Database.LockTimeout),
		compartment("cards-database", "The list of members", r.Cards, f.Settings.Database.LockTimeout),
		compartment("imports-database", "The list of imports", r.Imports, 0),
		neighbour("members", "The list of members", r.Neighbours.Timeout),
		compartment("members-database", "The list of members", r.Members, f.Settings.Database.LockTimeout),
		within("reports-database", "The desk's statistics", r.Statistics, 0, figures),
		compartment("search-database", "The search", r.Search, 0),
		within("statistics-database", "The catalogue's statistics", r.Statistics, 0, figures),
	}}
	all.uploads = resilience.NewBulkhead(resilience.BulkheadSettings{Name: "uploads", Concurrent: uint(f.Settings.Catalog.Imports.MaxUploads), MaxWait: r.Imports.MaxWait,
		Queue: f.Settings.Catalog.Imports.MaxUploads, Enabled: p.Bulkhead.Load, Metrics: metrics})
	all.fallback = func(name string) resilience.FallbackSettings {
		return resilience.FallbackSettings{Name: name, Kept: f.Settings.Statistics.Kept, Helps: silent, Enabled: p.Fallback.Load, Metrics: metrics}
	}
	ofModules := slices.Clone(all.stacks)
	f.DB.OnReturn(func() { // what failed for want of the primary is tried at once
		for _, s := range ofModules {
			s.Breaker().TryNow(nil)
		}
	})
	// The servers themselves, whoever asks them.
	var detours []*resilience.Stack
	for _, b := range f.DB.Guard(database.Guards{
		Breaker: func(server string) *resilience.Breaker {
			slow := time.Duration(0) // of the primary others judge, who know what they ask
			if strings.HasPrefix(server, "replica-") {
				slow = r.Replicas.SlowAfter
			}
			return breaker(server, slow, database.Gone)
		},
		Hedge: func(what string) *resilience.Hedge {
			return resilience.NewHedge(resilience.HedgeSettings{Name: what, Quantile: r.Replicas.HedgeAfter, Budget: r.Replicas.HedgeBudget, Enabled: p.Hedging.Load, Metrics: metrics})
		},
		Detour: func(way string) database.Detour {
			name := strings.TrimPrefix(way, "primary-") + "-detour"
			few := resilience.NewBulkhead(resilience.BulkheadSettings{Name: name, Concurrent: uint(r.Detour.Concurrent), Queue: r.Detour.Queue, MaxWait: r.Detour.MaxWait, Enabled: p.Bulkhead.Load, Metrics: metrics})
			detours = append(detours, resilience.NewStack(resilience.StackSettings{Name: name, Subject: "The database", Bulkhead: few}))
			return database.Detour{Places: few, Silence: r.Detour.Silence, Enabled: p.Fallback.Load}
		},
	}) {
		all.stacks = append(all.stacks, resilience.NewStack(resilience.StackSettings{Name: b.Name(), Subject: "The database", Breaker: b}))
	}
	all.stacks = append(all.stacks, detours...)
	if remote != nil {
		all.stacks = append(all.stacks, resilience.NewStack(resilience.StackSettings{Name: "remote-cache", Subject: "The remote cache", Breaker: remote.Breaker()}))
	}
	return all
}

// For gives what stands before a dependency.
func (p *policies) For(name string) *resilience.Stack {
	i := slices.IndexFunc(p.stacks, func(s *resilience.Stack) bool { return s.Name() == name })
	if i < 0 {
		panic("modules: no policies for " + name)
	}
	return p.stacks[i]
}

// silent tells whether a module did not answer for want of something, rather than for what it was asked.
func silent(err error) bool {
	kind := problem.Of(err).Kind
	return kind == problem.Unavailable || kind == problem.DeadlineExceeded
}

// errBreakerOpen says that a dependency is left alone now.
var errBreakerOpen = errors.New("the circuit breaker is open: calls to it failed, or were too slow")
