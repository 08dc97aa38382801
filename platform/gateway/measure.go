package gateway

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/telemetry"
)

// The labels are few and known beforehand, so that no client can make series, and each is resolved once: looking labels up
// costs more than the counting.
var measuredClasses = []string{"1xx", "2xx", "3xx", "4xx", "5xx"}

// otherRoute stands for every address that is no route of the API: pages, their files, mistakes.
const otherRoute = "other"

// measured are the series of one route, made when it is first asked for.
type measured struct {
	once    sync.Once
	seconds prometheus.Observer
	classes [5]prometheus.Counter
}

// measure counts answers by area, route and class of status, and how long they took: the rate, the errors and the duration of each route.
// Where a request is traced, the bucket that its time falls into remembers the trace (an exemplar).
func measure(registry prometheus.Registerer, routes []string) func(http.Handler) http.Handler {
	answers := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "bookvault_http_requests_total", Help: "Requests answered, by area of the library, route and class of the status.",
	}, []string{"area", "route", "status"})
	seconds := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "bookvault_http_request_seconds", Help: "Time from the request's header to the end of its answer.",
		Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"area", "route"})
	open := prometheus.NewGauge(prometheus.GaugeOpts{Name: "bookvault_http_requests_in_flight", Help: "Requests being answered now."})
	registry.MustRegister(answers, seconds, open)

	known := newRouteTree(routes)
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
				route := known.find(r.URL.Path)
				s := route.series
				s.once.Do(func() {
					area := areaOf(r.URL.Path)
					s.seconds = seconds.WithLabelValues(area, route.pattern)
					for i, class := range measuredClasses {
						s.classes[i] = answers.WithLabelValues(area, route.pattern, class)
					}
				})
				took := time.Since(begin).Seconds()
				if e := exchangeOf(r.Context()); e != nil && e.trace != "" && telemetry.Tracing() {
					s.seconds.(prometheus.ExemplarObserver).ObserveWithExemplar(took, prometheus.Labels{"trace_id": e.trace})
				} else {
					s.seconds.Observe(took)
				}
				s.classes[min(status/100, len(s.classes))-1].Inc()
			}()
			next.ServeHTTP(writer, r)
			panicked = false
		})
	}
}

// routeTree finds the route of a path, also of an answer that never reaches the router. What it gives is one of so many as were named, and
// one other for each area.
type routeTree struct {
	root   routeNode
	others map[string]*foundRoute // by area
}

type routeNode struct {
	words map[string]*routeNode
	any   *routeNode // a {parameter}
	route *foundRoute
}

type foundRoute struct {
	pattern string
	series  *measured
}

func newRouteTree(routes []string) *routeTree {
	t := &routeTree{others: map[string]*foundRoute{}}
	for _, area := range []string{"catalog", "borrowing", "members", "web", "other"} {
		t.others[area] = &foundRoute{otherRoute, &measured{}}
	}
	for _, pattern := range routes {
		node := &t.root
		for part := range strings.SplitSeq(pattern, "/") {
			if strings.HasPrefix(part, "{") {
				if node.any == nil {
					node.any = &routeNode{}
				}
				node = node.any
				continue
			}
			if node.words == nil {
				node.words = map[string]*routeNode{}
			}
			if node.words[part] == nil {
				node.words[part] = &routeNode{}
			}
			node = node.words[part]
		}
		if node.route == nil {
			node.route = &foundRoute{pattern, &measured{}}
		}
	}
	return t
}

func (t *routeTree) find(path string) *foundRoute {
	if strings.HasPrefix(path, "/api/") {
		if found := t.root.find(path); found != nil {
			return found
		}
	}
	return t.others[areaOf(path)]
}

func (n *routeNode) find(path string) *foundRoute {
	part, rest, more := strings.Cut(path, "/")
	for _, next := range []*routeNode{n.words[part], n.any} {
		if next == nil {
			continue
		}
		if !more {
			if next.route != nil {
				return next.route
			}
		} else if found := next.find(rest); found != nil {
			return found
		}
	}
	return nil
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
