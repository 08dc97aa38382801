package database

import (
	"sync/atomic"
	"time"

	"bookvault/platform/wal"

	"github.com/prometheus/client_golang/prometheus"
)

// counts are what happened since the start.
type counts struct {
	commits, rollbacks, unknown, retries, fallbacks, standIns atomic.Int64
}

// ServerStats is how one server fares.
type ServerStats struct {
	Name   string
	Usable bool          // it answers; a replica is also near enough to the primary to get reads
	Lag    time.Duration // at most this far behind the primary; 0 for the primary, negative when not known
	At     wal.Position  // how far it is; the zero Position when not known
	Reads  int64         // reads that it was chosen for
	InUse  int32         // connections in use, searches included
	Open   int32         // connections open, searches included
}

// Stats tells how each server fares, the primary first.
func (db *DB) Stats() []ServerStats {
	var all []ServerStats
	now := time.Now()
	for _, s := range db.servers() {
		main, search := s.main.pgx.Stat(), s.search.pgx.Stat()
		one := ServerStats{Name: s.name, Lag: -1, Reads: s.reads.Load(),
			InUse: main.AcquiredConns() + search.AcquiredConns(), Open: main.TotalConns() + search.TotalConns()}
		if p := s.progress.Load(); p != nil {
			one.At = p.at
			if primary := db.primary.progress.Load(); primary != nil && !p.caughtUp.IsZero() {
				one.Lag = max(0, primary.caughtUp.Sub(p.caughtUp))
			}
		}
		if s == db.primary {
			one.Lag, one.Usable = 0, len(db.replicas) == 0 || s.answers.Load() // alone, it is not watched
		} else {
			one.Usable = s.fresh(db, wal.Position{}, now)
		}
		all = append(all, one)
	}
	return all
}

var (
	poolConns    = describe("pool_connections", "Connections of a pool.", "server", "pool", "state")
	poolAcquires = describe("pool_acquires_total", "Connections taken out of a pool.", "server", "pool")
	poolWaits    = describe("pool_waits_total", "Connections that had to be waited for.", "server", "pool")
	poolWaited   = describe("pool_wait_seconds_total", "Time spent waiting for connections.", "server", "pool")
	readsChosen  = describe("reads_total", "Reads by the server chosen for them.", "server")
	fallbacks    = describe("read_fallbacks_total", "Reads that went to the primary because their replica failed.")
	standIns     = describe("read_stand_ins_total", "Reads that the primary answered in place of replicas.")
	detours      = describe("detours_total", "Reads that took the usual way, since the one of their module failed.", "server")
	wayUp        = describe("way_usable", "1 unless a way of a module's own was just found to lead nowhere.", "server")
	poolLeaks    = describe("pool_leaks_total", "Connections that were held for longer than the threshold.", "server", "pool")
	primaryUp    = describe("primary_usable", "1 unless a transaction just found no server that takes writes.")
	replicaLag   = describe("replica_lag_seconds", "How far a replica is behind the primary, at most.", "server")
	replicaUp    = describe("replica_usable", "1 while a replica gets reads.", "server")
	transactions = describe("transactions_total", "Transactions by outcome.", "outcome")
	feedLooks    = describe("feed_looks_total", "Looks at the log of changes, by outcome.", "outcome")
	feedChanges  = describe("feed_changes_total", "Changes of other processes that were heard of.")
	feedGaps     = describe("feed_gaps_total", "Times that all copies had to be taken for old.")
	feedWaits    = describe("feed_waits_total", "Readers that waited for a look, by whether one came in time.", "outcome")
	feedAge      = describe("feed_age_seconds", "Age of the last look that succeeded.")
	txRetries    = describe("transaction_retries_total", "Transactions run anew because they lost against another one.")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("bookvault_database_"+name, help, labels, nil)
}

// Describe is for prometheus: what can be collected.
func (db *DB) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{poolConns, poolAcquires, poolWaits, poolWaited, poolLeaks, primaryUp, readsChosen, fallbacks, standIns, detours, wayUp, replicaLag, replicaUp, transactions, txRetries, feedLooks, feedChanges, feedGaps, feedWaits, feedAge} {
		to <- d
	}
}

// Collect is for prometheus: the figures of now.
func (db *DB) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
	}
	for _, s := range append(db.servers(), db.ways()...) {
		for name, p := range s.pools() {
			stat := p.pgx.Stat()
			gauge(poolConns, float64(stat.AcquiredConns()), s.name, name, "in_use")
			gauge(poolConns, float64(stat.IdleConns()), s.name, name, "idle")
			gauge(poolConns, float64(stat.MaxConns()), s.name, name, "limit")
			counter(poolAcquires, float64(stat.AcquireCount()), s.name, name)
			counter(poolLeaks, float64(p.taken.leaks.Load()), s.name, name)
			counter(poolWaits, float64(stat.EmptyAcquireCount()), s.name, name)
			counter(poolWaited, stat.EmptyAcquireWaitTime().Seconds(), s.name, name)
		}
	}
	for _, s := range db.Stats() {
		counter(readsChosen, float64(s.Reads), s.Name)
		if s.Name == db.primary.name {
			continue
		}
		up := 0.0
		if s.Usable {
			up = 1
		}
		gauge(replicaUp, up, s.Name)
		if s.Lag >= 0 {
			gauge(replicaLag, s.Lag.Seconds(), s.Name)
		}
	}
	for _, way := range db.apart {
		d := way.detour.Load()
		if d == nil {
			continue
		}
		counter(detours, float64(d.taken.Load()), way.primary.name)
		up := 1.0
		if way.primary.fell.Load() || way.primary.open() {
			up = 0
		}
		gauge(wayUp, up, way.primary.name)
	}
	if db.primaryGone(time.Now()) {
		gauge(primaryUp, 0)
	} else {
		gauge(primaryUp, 1)
	}
	counter(standIns, float64(db.counts.standIns.Load()))
	counter(fallbacks, float64(db.counts.fallbacks.Load()))
	counter(transactions, float64(db.counts.commits.Load()), "committed")
	counter(transactions, float64(db.counts.rollbacks.Load()), "rolled_back")
	counter(transactions, float64(db.counts.unknown.Load()), "unknown")
	counter(txRetries, float64(db.counts.retries.Load()))
	c := &db.feed.counters
	counter(feedLooks, float64(c.looks.Load()-c.failures.Load()), "succeeded")
	counter(feedLooks, float64(c.failures.Load()), "failed")
	counter(feedChanges, float64(c.heard.Load()))
	counter(feedGaps, float64(c.gaps.Load()))
	counter(feedWaits, float64(c.waits.Load()-c.givenUp.Load()), "in_time")
	counter(feedWaits, float64(c.givenUp.Load()), "given_up")
	if l := db.feed.last.Load(); l != nil {
		gauge(feedAge, time.Since(l.began).Seconds())
	}
}
