package gateway

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

func TestRequestsAreCountedByAreaAndClass(t *testing.T) {
	registry := prometheus.NewRegistry()
	handler := measure(registry, []string{"/api/catalog/v1/books", "/api/catalog/v1/books/{id}", "/api/catalog/v1/books/mine", "/api/borrowing/v1/loans"})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
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
				counted[metric.GetLabel()[0].GetValue()+" "+metric.GetLabel()[1].GetValue()+" "+metric.GetLabel()[2].GetValue()] = n
			}
		}
	}
	for series, n := range map[string]float64{
		"catalog /api/catalog/v1/books 2xx": 1, "catalog /api/catalog/v1/books 4xx": 1, "borrowing /api/borrowing/v1/loans 2xx": 1, "other other 2xx": 2, "web other 2xx": 1,
		"web other 4xx": 1, "members other 5xx": 1} {
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

// Whatever clients ask for, there are as many series as there are routes.
func TestNoClientMakesSeries(t *testing.T) {
	registry := prometheus.NewRegistry()
	handler := measure(registry, []string{"/api/catalog/v1/books", "/api/catalog/v1/books/{id}", "/api/catalog/v1/books/{id}/cover", "/api/catalog/v1/books/mine"})(http.HandlerFunc(ok))
	for i := range 300 {
		for _, path := range []string{"/api/catalog/v1/books/%d", "/api/catalog/v1/books/%d/cover", "/api/catalog/v1/%d", "/api/%d/x", "/%d", "/api/catalog/v1/books/mine/%d", "/api/borrowing/%d"} {
			handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", fmt.Sprintf(path, i), nil))
		}
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		if n := len(family.GetMetric()); family.GetName() == "bookvault_http_request_seconds" && n != 6 { // two routes, and four areas' others
			t.Errorf("%d series: %v", n, family.GetMetric())
		}
	}
	known := newRouteTree([]string{"/api/catalog/v1/books/{id}", "/api/catalog/v1/books/mine", "/api/catalog/v1/books/mine/more"})
	for path, want := range map[string]string{"/api/catalog/v1/books/7": "/api/catalog/v1/books/{id}", "/api/catalog/v1/books/mine": "/api/catalog/v1/books/mine", "/api/catalog/v1/books/": "/api/catalog/v1/books/{id}",
		"/api/catalog/v1/books": otherRoute, "/api/catalog/v1/books/mine/more": "/api/catalog/v1/books/mine/more", "/api/catalog/v1/books/7/more": otherRoute} {
		if got := known.find(path).pattern; got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}
