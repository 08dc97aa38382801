package cache

import (
	"sync/atomic"

	"github.com/dgraph-io/ristretto/v2"
	"github.com/prometheus/client_golang/prometheus"
)

// event is what a cache counts.
type event int

const (
	hits event = iota
	misses
	around
	loads
	stoodIn
	dropped
	writes
	events
)

var eventNames = [events]string{"hit", "miss", "around", "load", "stood_in", "invalidated", "write"}

type metrics struct{ counts [events]atomic.Uint64 }

func newMetrics(registry prometheus.Registerer, name string, memory *ristretto.Metrics) *metrics {
	m := &metrics{}
	if registry == nil {
		return m
	}
	label := prometheus.Labels{"cache": name}
	for e := range events {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "bookvault_cache_events_total", Help: "What became of questions to a cache, and its changes.",
			ConstLabels: prometheus.Labels{"cache": name, "event": eventNames[e]}}, func() float64 { return float64(m.counts[e].Load()) }))
	}
	registry.MustRegister(
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "bookvault_cache_bytes", Help: "Bytes that a cache holds, as its values tell.", ConstLabels: label},
			func() float64 { return float64(memory.CostAdded() - memory.CostEvicted()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "bookvault_cache_evictions_total", Help: "Values that had to make room.", ConstLabels: label},
			func() float64 { return float64(memory.KeysEvicted()) }))
	return m
}

// remoteEvent is what a cache counts of its remote tier.
type remoteEvent int

const (
	remoteHits    remoteEvent = iota
	remoteMisses              // nothing lies there
	remoteStale               // what lies there may be older than what this process knows of
	remoteDamaged             // what lies there is none of ours, or does not decode
	remoteErrors
	remoteTimeouts
	remoteRefused // not even asked: the breaker is open, or too many calls are under way
	remoteWrites
	remoteFailedWrites
	remoteDropped  // not written: too many wait, or it is old already
	remoteTooLarge // not written
	remoteEvents
)

var remoteEventNames = [remoteEvents]string{"hit", "miss", "stale", "damaged", "error", "timeout", "refused", "write", "write_failed", "write_dropped", "too_large"}

type remoteMetrics struct {
	counts        [remoteEvents]atomic.Uint64
	read, written atomic.Uint64 // bytes
}

func newRemoteMetrics(registry prometheus.Registerer, name string) *remoteMetrics {
	m := &remoteMetrics{}
	if registry == nil {
		return m
	}
	for e := range remoteEvents {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "bookvault_cache_remote_events_total", Help: "What became of questions to the remote tier of a cache, and of writes to it.",
			ConstLabels: prometheus.Labels{"cache": name, "event": remoteEventNames[e]}}, func() float64 { return float64(m.counts[e].Load()) }))
	}
	for way, bytes := range map[string]*atomic.Uint64{"read": &m.read, "written": &m.written} {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "bookvault_cache_remote_bytes_total", Help: "Bytes of values read from the remote tier of a cache, and written to it.",
			ConstLabels: prometheus.Labels{"cache": name, "way": way}}, func() float64 { return float64(bytes.Load()) }))
	}
	return m
}

func (m *remoteMetrics) count(e remoteEvent, n int) { m.counts[e].Add(uint64(n)) }

func (m *metrics) count(e event, n int) { m.counts[e].Add(uint64(n)) }
