package resilience

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics registers what policies count. A nil *Metrics counts for nobody.
type Metrics struct{ registry prometheus.Registerer }

// NewMetrics gives the metrics of policies; registry may be nil.
func NewMetrics(registry prometheus.Registerer) *Metrics {
	if registry == nil {
		return nil
	}
	return &Metrics{registry: registry}
}

type breakerCounts struct {
	changes           [3]atomic.Uint64 // by the state that it changed to
	refused, failures atomic.Uint64
}

func (m *Metrics) breaker(b *Breaker) *breakerCounts {
	c := &breakerCounts{}
	label := prometheus.Labels{"dependency": b.s.Name}
	m.gauge("bookvault_breaker_state", "Of a circuit breaker: 0 closed, 1 open, 2 half-open.", label, func() float64 { return float64(b.State()) })
	m.counter("bookvault_breaker_refused_total", "Calls that a circuit breaker did not let through.", label, &c.refused)
	m.counter("bookvault_breaker_failures_total", "Calls that counted against a dependency: it failed, or was too slow.", label, &c.failures)
	for _, to := range []State{Closed, Open, HalfOpen} {
		m.counter("bookvault_breaker_changes_total", "Changes of a circuit breaker's state.", prometheus.Labels{"dependency": b.s.Name, "to": to.String()}, &c.changes[to])
	}
	return c
}

func (m *Metrics) counter(name, help string, labels prometheus.Labels, count *atomic.Uint64) {
	if m != nil {
		m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help, ConstLabels: labels},
			func() float64 { return float64(count.Load()) }))
	}
}

func (m *Metrics) gauge(name, help string, labels prometheus.Labels, value func() float64) {
	if m != nil {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels}, value))
	}
}
