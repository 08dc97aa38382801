package coalesce

import "github.com/prometheus/client_golang/prometheus"

// NewMetrics makes and registers the metrics of a batcher. registry may be nil.
func NewMetrics(registry prometheus.Registerer, name string) *Metrics {
	m := &Metrics{}
	if registry != nil {
		registry.MustRegister(&collector{m,
			prometheus.NewDesc("bookvault_coalescing_keys_per_load", "Keys that one query loaded.", nil, prometheus.Labels{"what": name}),
			prometheus.NewDesc("bookvault_coalescing_joined_total", "Callers who shared a load that waited already.", nil, prometheus.Labels{"what": name})})
	}
	return m
}

// collector shows the counts as Prometheus wants them.
type collector struct {
	m             *Metrics
	batch, joined *prometheus.Desc
}

// Describe names the metrics.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	out <- c.batch
	out <- c.joined
}

// Collect reads them.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	buckets, sum := map[float64]uint64{}, uint64(0)
	for i, most := range sizes {
		sum += c.m.sizes[i].Load()
		buckets[most] = sum
	}
	sum += c.m.sizes[len(sizes)].Load()
	out <- prometheus.MustNewConstHistogram(c.batch, sum, float64(c.m.keys.Load()), buckets)
	out <- prometheus.MustNewConstMetric(c.joined, prometheus.CounterValue, float64(c.m.joined.Load()))
}
