package gateway

import (
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// The labels are few and known beforehand, so that no client can make series, and each is resolved once: looking labels up
// costs more than the counting.
var (
	measuredAreas   = []string{"catalog", "borrowing", "members", "web", "other"}
	measuredClasses = []string{"1xx", "2xx", "3xx", "4xx", "5xx"}
)

// measure counts answers by area and class of status, and how long they took by area.
func measure(registry prometheus.Registerer) func(http.Handler) http.Handler {
	answers := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bookvault_http_requests_total", Help: "Requests answered, by area of the library and class of the status.",
	}, []string{"area", "status"})
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "bookvault_http_request_seconds", Help: "Time from the request's header to the end of its answer.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"area"})
	open := prometheus.NewGauge(prometheus.GaugeOpts{Name: "bookvault_http_requests_in_flight", Help: "Requests being answered now."})
	registry.MustRegister(answers, seconds, open)

	type series struct {
		seconds prometheus.Observer
		classes [5]prometheus.Counter
	}
	areas := map[string]*series{}
	for _, area := range measuredAreas {
		s := &series{seconds: seconds.WithLabelValues(area)}
		for i, class := range measuredClasses {
			s.classes[i] = answers.WithLabelValues(area, class)
		}
		areas[area] = s
	}
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			writer, begin := record(w), time.Now()
			open.Inc()
			panicked := true
			defer func() {
				open.Dec()
				status := writer.answered()
				if panicked && writer.status == 0 {
					status = http.StatusInternalServerError
				}
				s := areas[areaOf(r.URL.Path)]
				s.seconds.Observe(time.Since(begin).Seconds())
				s.classes[min(status/100, len(s.classes))-1].Inc()
			}()
			next.ServeHTTP(writer, r)
			panicked = false
		})
	}
}

// areaOf names the module whose API the path is in; pages are web, and what belongs to the running server is other.
func areaOf(path string) string {
	rest, isAPI := strings.CutPrefix(path, "/api/")
	if isAPI {
		module, _, _ := strings.Cut(rest, "/")
		switch module {
		case "catalog", "borrowing", "members":
			return module
		}
		return "other"
	}
	switch path {
	case "/healthz", "/readyz", "/openapi.json":
		return "other"
	}
	return "web"
}
