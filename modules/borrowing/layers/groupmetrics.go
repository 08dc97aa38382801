package layers

import "github.com/prometheus/client_golang/prometheus"

// GroupMetrics counts what a Group does.
type GroupMetrics struct {
	sizes, waits prometheus.Histogram
	depth        prometheus.Gauge
	full, apart  prometheus.Counter
}

// NewGroupMetrics makes and registers them. registry may be nil.
func NewGroupMetrics(registry prometheus.Registerer) *GroupMetrics {
	m := &GroupMetrics{
		sizes: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "bookvault_group_commit_commands", Help: "Commands that shared one transaction.",
			Buckets: []float64{1, 2, 4, 8, 16, 32, 64, 128, 256}}),
		waits: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "bookvault_group_commit_wait_seconds", Help: "Time that a command waited for its transaction to begin.",
			Buckets: []float64{0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1}}),
		depth: prometheus.NewGauge(prometheus.GaugeOpts{Name: "bookvault_group_commit_waiting", Help: "Commands that wait for their transaction."}),
		full:  prometheus.NewCounter(prometheus.CounterOpts{Name: "bookvault_group_commit_full_total", Help: "Commands that found the queue full."}),
		apart: prometheus.NewCounter(prometheus.CounterOpts{Name: "bookvault_group_commit_apart_total", Help: "Transactions that failed, and whose commands were carried out one by one."}),
	}
	if registry != nil {
		registry.MustRegister(m.sizes, m.waits, m.depth, m.full, m.apart)
	}
	return m
}
