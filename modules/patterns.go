package modules

import (
	"log/slog"
	"sync/atomic"

	"bookvault/platform/config"
	"bookvault/platform/database"
)

// Patterns are the switches of performance layers that can be turned while the library runs. Each is read for each request, and
// off means that the request takes the plain way. They are this process's own, and as configured again after the next start.
type Patterns struct {
	AdaptiveLimit  atomic.Bool
	Bulkhead       atomic.Bool
	CacheAside     atomic.Bool
	CDN            atomic.Bool
	CircuitBreaker atomic.Bool
	Coalescing     atomic.Bool
	Compression    atomic.Bool
	Fallback       atomic.Bool
	GatewayCache   atomic.Bool
	GroupCommit    atomic.Bool
	Hedging        atomic.Bool
	RateLimit      atomic.Bool
	ReadThrough    atomic.Bool
	RemoteCache    atomic.Bool
	Retry          atomic.Bool
	WriteBehind    atomic.Bool
	WriteThrough   atomic.Bool

	db         *database.DB // keeps the switches of its replicas and of its views itself
	configured map[string]bool
	log        *slog.Logger
}

// newPatterns sets the switches as configured.
func newPatterns(c config.Patterns, db *database.DB, log *slog.Logger) *Patterns {
	p := &Patterns{db: db, log: log}
	p.configured = map[string]bool{
		"adaptive_limit":     c.AdaptiveLimit.Enabled,
		"bulkhead":           c.Bulkhead.Enabled,
		"cache_aside":        c.CacheAside.Enabled,
		"cdn":                c.CDN.Enabled,
		"circuit_breaker":    c.CircuitBreaker.Enabled,
		"coalescing":         c.Coalescing.Enabled,
		"compression":        c.Compression.Enabled,
		"fallback":           c.Fallback.Enabled,
		"gateway_cache":      c.GatewayCache.Enabled,
		"group_commit":       c.GroupCommit.Enabled,
		"hedging":            c.Hedging.Enabled,
		"materialized_views": c.MaterializedViews.Enabled,
		"rate_limit":         c.RateLimit.Enabled,
		"read_replicas":      c.ReadReplicas.Enabled,
		"read_through":       c.ReadThrough.Enabled,
		"remote_cache":       c.RemoteCache.Enabled,
		"retry":              c.Retry.Enabled,
		"write_behind":       c.WriteBehind.Enabled,
		"write_through":      c.WriteThrough.Enabled,
	}
	for _, s := range p.switches() {
		s.turn(p.configured[s.name])
	}
	return p
}

// namedSwitch is one switch by the name that it has in config.yaml and docs/PATTERNS.md.
type namedSwitch struct {
	name string
	on   func() bool
	turn func(bool)
}

// switches lists them in the order of their names.
func (p *Patterns) switches() []namedSwitch {
	return []namedSwitch{
		{"adaptive_limit", p.AdaptiveLimit.Load, p.AdaptiveLimit.Store},
		{"bulkhead", p.Bulkhead.Load, p.Bulkhead.Store},
		{"cache_aside", p.CacheAside.Load, p.CacheAside.Store},
		{"cdn", p.CDN.Load, p.CDN.Store},
		{"circuit_breaker", p.CircuitBreaker.Load, p.CircuitBreaker.Store},
		{"coalescing", p.Coalescing.Load, p.Coalescing.Store},
		{"compression", p.Compression.Load, p.Compression.Store},
		{"fallback", p.Fallback.Load, p.Fallback.Store},
		{"gateway_cache", p.GatewayCache.Load, p.GatewayCache.Store},
		{"group_commit", p.GroupCommit.Load, p.GroupCommit.Store},
		{"hedging", p.Hedging.Load, p.Hedging.Store},
		{"materialized_views", p.db.UsesViews, p.db.UseViews},
		{"rate_limit", p.RateLimit.Load, p.RateLimit.Store},
		{"read_replicas", p.db.UsesReplicas, p.db.UseReplicas},
		{"read_through", p.ReadThrough.Load, p.ReadThrough.Store},
		{"remote_cache", p.RemoteCache.Load, p.RemoteCache.Store},
		{"retry", p.Retry.Load, p.Retry.Store},
		{"write_behind", p.WriteBehind.Load, p.WriteBehind.Store},
		{"write_through", p.WriteThrough.Load, p.WriteThrough.Store},
	}
}
