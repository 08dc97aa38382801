package httpcache

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// outcome is what became of a request, or another thing that is counted.
type outcome int

const (
	hit outcome = iota
	stale
	stoodIn
	missed
	collapsed
	confirmed
	refreshed
	bypassed
	invalidated
	purged
	outcomes
)

var outcomeNames = [outcomes]string{"hit", "stale", "stale_on_error", "miss", "collapsed", "confirmed", "refreshed", "bypass", "invalidated", "purged"}

type metrics struct {
	counts [outcomes]atomic.Uint64
}

func newMetrics(registry prometheus.Registerer, s *store) *metrics {
	m := &metrics{}
	if registry == nil {
		return m
	}
	const name = "bookvault_gateway_cache_"
	for o := range outcomes {
		registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name + "events_total", ConstLabels: prometheus.Labels{"event": outcomeNames[o]},
			Help: "What became of requests at the response cache, and its purges."}, func() float64 { return float64(m.counts[o].Load()) }))
	}
	registry.MustRegister(
		prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name + "evictions_total", Help: "Addresses that had to make room."}, func() float64 { return float64(s.evicted.Load()) }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name + "bytes", Help: "Bytes that are stored."}, func() float64 {
			_, bytes := s.size()
			return float64(bytes)
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name + "addresses", Help: "Addresses that have a stored answer."}, func() float64 {
			n, _ := s.size()
			return float64(n)
		}))
	return m
}

func (m *metrics) count(o outcome) { m.counts[o].Add(1) }
