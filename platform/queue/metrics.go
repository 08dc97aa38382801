package queue

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what a queue tells of itself.
type metrics struct {
	accepted, refused, written, poisoned, retries, reopened, adopted atomic.Int64

	publishSeconds, publishRecords, flushSeconds, flushRecords prometheus.Histogram
	counters                                                   []counter
}

type counter struct {
	about *prometheus.Desc
	value *atomic.Int64
}

var (
	aboutMessages = prometheus.NewDesc("bookvault_queue_messages", "Messages in the queue, each of one record or many.", nil, nil)
	aboutBytes    = prometheus.NewDesc("bookvault_queue_bytes", "Bytes that they take on disk.", nil, nil)
	aboutOldest   = prometheus.NewDesc("bookvault_queue_oldest_seconds", "Age of the oldest message; 0 when there is none.", nil, nil)
	aboutOpen     = prometheus.NewDesc("bookvault_queue_open", "1 when the queue takes records, 0 when its store failed.", nil, nil)
)

func newMetrics(q *Queue) *metrics {
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets})
	}
	seconds, sizes := prometheus.ExponentialBuckets(0.0001, 2, 16), prometheus.ExponentialBuckets(1, 2, 14)
	m := &metrics{
		publishSeconds: histogram("bookvault_queue_publish_seconds", "Time until a message was on disk.", seconds),
		publishRecords: histogram("bookvault_queue_publish_records", "Records that shared a message.", sizes),
		flushSeconds:   histogram("bookvault_queue_flush_seconds", "Time that records took to be written into the database.", seconds),
		flushRecords:   histogram("bookvault_queue_flush_records", "Records that shared a transaction.", sizes),
	}
	add := func(name, help string, value *atomic.Int64) {
		m.counters = append(m.counters, counter{prometheus.NewDesc(name, help, nil, nil), value})
	}
	add("bookvault_queue_accepted_total", "Records that were on disk before their answer.", &m.accepted)
	add("bookvault_queue_refused_total", "Records that were not taken.", &m.refused)
	add("bookvault_queue_written_total", "Records that were written into the database.", &m.written)
	add("bookvault_queue_poisoned_total", "Records that were put aside, since their handler refuses them.", &m.poisoned)
	add("bookvault_queue_retries_total", "Times that the database could not be written to.", &m.retries)
	add("bookvault_queue_reopened_total", "Times that the store failed and was opened again.", &m.reopened)
	add("bookvault_queue_taken_over_total", "Stores of processes that died, taken over by this one.", &m.adopted)
	return m
}

func (m *metrics) published(records int, took time.Duration) {
	m.publishRecords.Observe(float64(records))
	m.publishSeconds.Observe(took.Seconds())
}

func (m *metrics) flushed(records int, took time.Duration) {
	m.written.Add(int64(records))
	m.flushRecords.Observe(float64(records))
	m.flushSeconds.Observe(took.Seconds())
}

// Describe names the metrics (prometheus.Collector).
func (q *Queue) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{aboutMessages, aboutBytes, aboutOldest, aboutOpen} {
		ch <- d
	}
	for _, c := range q.metrics.counters {
		ch <- c.about
	}
	for _, h := range q.metrics.histograms() {
		h.Describe(ch)
	}
}

func (m *metrics) histograms() []prometheus.Histogram {
	return []prometheus.Histogram{m.publishSeconds, m.publishRecords, m.flushSeconds, m.flushRecords}
}

// Collect measures (prometheus.Collector).
func (q *Queue) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	gauge := func(d *prometheus.Desc, v float64) { ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v) }
	st := q.Status(ctx)
	open := 0.0
	if st.Open {
		open = 1
	}
	gauge(aboutOpen, open)
	gauge(aboutMessages, float64(st.Messages))
	gauge(aboutBytes, float64(st.Bytes))
	gauge(aboutOldest, st.Age.Seconds())
	for _, c := range q.metrics.counters {
		ch <- prometheus.MustNewConstMetric(c.about, prometheus.CounterValue, float64(c.value.Load()))
	}
	for _, h := range q.metrics.histograms() {
		h.Collect(ch)
	}
}
