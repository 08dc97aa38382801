package ledger

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// relayed is what a relay did in this process.
type relayed struct {
	messages, failures atomic.Int64
	behind             atomic.Int64 // since when messages wait that it could not carry yet, Unix microseconds; 0: it has carried all
}

// begins notes that a relay looks for messages, and carried that it has had all that there were.
func (m *relayed) begins()  { m.behind.CompareAndSwap(0, time.Now().UnixMicro()) }
func (m *relayed) carried() { m.behind.Store(0) }

var (
	relayedMessages = prometheus.NewDesc("bookvault_outbox_relayed_total", "Messages of the outbox that this process carried to a consumer.", []string{"consumer"}, nil)
	relayFailures   = prometheus.NewDesc("bookvault_outbox_failures_total", "Attempts of this process to carry messages to a consumer that failed.", []string{"consumer"}, nil)
	relayBehind     = prometheus.NewDesc("bookvault_outbox_behind_seconds", "How long this process has been trying to carry what waits for a consumer; 0: nothing waits.", []string{"consumer"}, nil)
)

// Describe is for prometheus: what can be collected.
func (r *Relay) Describe(to chan<- *prometheus.Desc) {
	to <- relayedMessages
	to <- relayFailures
	to <- relayBehind
}

// Collect is for prometheus: the figures of now.
func (r *Relay) Collect(to chan<- prometheus.Metric) {
	behind := 0.0
	if since := r.did.behind.Load(); since > 0 {
		behind = time.Since(time.UnixMicro(since)).Seconds()
	}
	consumer := r.settings.Consumer
	to <- prometheus.MustNewConstMetric(relayedMessages, prometheus.CounterValue, float64(r.did.messages.Load()), consumer)
	to <- prometheus.MustNewConstMetric(relayFailures, prometheus.CounterValue, float64(r.did.failures.Load()), consumer)
	to <- prometheus.MustNewConstMetric(relayBehind, prometheus.GaugeValue, behind, consumer)
}
