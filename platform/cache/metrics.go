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

func (m *metrics) count(e event, n int) { m.counts[e].Add(uint64(n)) }
