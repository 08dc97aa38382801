package gateway

import "github.com/prometheus/client_golang/prometheus"

var (
	serverShortcuts = prometheus.NewDesc("bookvault_gateway_shortcuts_total", "Answers of the gateway's cache that were given without net/http's server.", nil, nil)
	serverOpen      = prometheus.NewDesc("bookvault_connections_open", "Connections of clients that are open now.", nil, nil)
	serverMost      = prometheus.NewDesc("bookvault_connections_max", "Connections that may be open at once (server.max_connections); more wait in the kernel's queue.", nil, nil)
	serverRefused   = prometheus.NewDesc("bookvault_connections_refused_total", "Connections that were closed at once, since their address had as many as it may (server.max_connections_per_address).", nil, nil)
)

// Describe is for prometheus: what can be collected.
func (s *Server) Describe(to chan<- *prometheus.Desc) {
	to <- serverShortcuts
	to <- serverOpen
	to <- serverMost
	to <- serverRefused
}

// Collect is for prometheus: the figures of now.
func (s *Server) Collect(to chan<- prometheus.Metric) {
	to <- prometheus.MustNewConstMetric(serverShortcuts, prometheus.CounterValue, float64(s.Shortcuts()))
	to <- prometheus.MustNewConstMetric(serverOpen, prometheus.GaugeValue, float64(s.open.Load()))
	to <- prometheus.MustNewConstMetric(serverMost, prometheus.GaugeValue, float64(s.most))
	to <- prometheus.MustNewConstMetric(serverRefused, prometheus.CounterValue, float64(s.refused.Load()))
}
