package gateway

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestRequestsAreCountedByAreaAndClass(t *testing.T) {
	registry := prometheus.NewRegistry()
	handler := measure(registry)(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.Header.Get("Want") {
		case "404":
			w.WriteHeader(404)
		case "early":
			w.WriteHeader(103)
			w.WriteHeader(201)
		case "panic":
			panic("defect")
		}
	}))
	for _, request := range []struct{ path, want string }{
		{"/api/catalog/v1/books", ""}, {"/api/catalog/v1/books", "404"}, {"/api/borrowing/v1/loans", "early"},
		{"/api/invented/v1/x", ""}, {"/readyz", ""}, {"/", ""}, {"/lib/api.js", "404"}, {"/api/members/v1/me", "panic"},
	} {
		r := httptest.NewRequest("GET", request.path, nil)
		r.Header.Set("Want", request.want)
		func() {
			defer func() { _ = recover() }()
			handler.ServeHTTP(httptest.NewRecorder(), r)
		}()
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	counted := map[string]float64{}
	for _, family := range families {
		if family.GetName() == "bookvault_http_requests_in_flight" && family.GetMetric()[0].GetGauge().GetValue() != 0 {
			t.Error("a request is still in flight")
		}
		if family.GetName() != "bookvault_http_requests_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			if n := metric.GetCounter().GetValue(); n > 0 {
				counted[metric.GetLabel()[0].GetValue()+" "+metric.GetLabel()[1].GetValue()] = n
			}
		}
	}
	for series, n := range map[string]float64{"catalog 2xx": 1, "catalog 4xx": 1, "borrowing 2xx": 1, "other 2xx": 2, "web 2xx": 1, "web 4xx": 1, "members 5xx": 1} {
		if counted[series] != n {
			t.Errorf("%s counted %v times, want %v (all: %v)", series, counted[series], n, counted)
		}
	}
}

// counted gives the series of a counter that has one label, by the label's value.
func counted(t *testing.T, registry *prometheus.Registry, name string) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	series := map[string]float64{}
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if family.GetName() == name {
				series[metric.GetLabel()[0].GetValue()] = metric.GetCounter().GetValue()
			}
		}
	}
	return series
}
