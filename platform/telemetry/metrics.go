package telemetry

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// NewRegistry makes the registry of one process, with what Go and the operating system know of it already in. version is
// told as the label of bookvault_build_info.
func NewRegistry(version string) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "bookvault_build_info", Help: "Always 1; the version is a label.", ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	registry.MustRegister(build, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

// CountLeftOut measures what a log had to leave out.
func CountLeftOut(registry prometheus.Registerer, logs *Logs) {
	registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "bookvault_log_lines_left_out_total",
		Help: "Lines of the log that were not written, since more waited than telemetry.log_buffer holds."}, func() float64 { return float64(logs.LeftOut()) }))
}

// MetricsServer answers GET /metrics on an address of its own.
type MetricsServer struct {
	server *http.Server
	served chan struct{}
	addr   net.Addr
}

// ServeMetrics listens on address at once and answers until Stop. The error is of listening: the address is in use, say.
func ServeMetrics(address string, registry *prometheus.Registry) (*MetricsServer, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen for metrics on %s: %w", address, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true, MaxRequestsInFlight: 4, Timeout: 10 * time.Second}))
	m := &MetricsServer{
		server: &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute},
		served: make(chan struct{}),
		addr:   listener.Addr(),
	}
	go func() {
		defer close(m.served)
		_ = m.server.Serve(listener) // always ends with ErrServerClosed: Stop closes it, and accept errors are retried inside
	}()
	return m, nil
}

// Address is where the metrics are, as host:port.
func (m *MetricsServer) Address() string { return m.addr.String() }

// Stop ends the server: gently until ctx ends, then at once. It is safe on nil and may be called again.
func (m *MetricsServer) Stop(ctx context.Context) error {
	if m == nil {
		return nil
	}
	err := m.server.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, m.server.Close())
	}
	<-m.served
	return err
}
