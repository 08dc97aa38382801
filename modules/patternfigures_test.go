package modules

import (
	"math"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func TestFiguresSayWhatHappenedSinceTheLastLook(t *testing.T) {
	registry := prometheus.NewRegistry()
	events := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bookvault_cache_events_total"}, []string{"cache", "event"})
	lag := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "bookvault_database_replica_lag_seconds"}, []string{"server"})
	reads := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "bookvault_database_reads_total"}, []string{"server"})
	keys := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "bookvault_coalescing_keys_per_load"}, []string{"what"})
	open := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "bookvault_breaker_state"}, []string{"dependency"})
	registry.MustRegister(events, lag, reads, keys, open)
	events.WithLabelValues("titles", "hit").Add(100) // long before
	events.WithLabelValues("titles", "miss").Add(100)
	start := time.Unix(1_000_000, 0)
	first, _ := lookAt(registry, start)

	events.WithLabelValues("titles", "hit").Add(9)
	events.WithLabelValues("authors", "miss").Add(1)
	events.WithLabelValues("searches", "miss").Add(50) // another pattern's
	lag.WithLabelValues("replica-1").Set(0.5)
	lag.WithLabelValues("replica-2").Set(0.2)
	reads.WithLabelValues("primary").Add(1)
	reads.WithLabelValues("replica-1").Add(2)
	reads.WithLabelValues("replica-2").Add(1)
	for range 4 {
		keys.WithLabelValues("titles").Observe(3)
	}
	open.WithLabelValues("a").Set(0)
	open.WithLabelValues("b").Set(2)
	second, _ := lookAt(registry, start.Add(2*time.Second))

	for _, c := range []struct {
		pattern, figure, unit string
		want                  float64
	}{
		{"cache_aside", "hit_rate", "share", 0.9},
		{"cache_aside", "asked", "per_second", 5},
		{"read_through", "asked", "per_second", 25},
		{"read_through", "hit_rate", "share", 0},
		{"read_replicas", "by_replicas", "share", 0.75},
		{"read_replicas", "lag", "seconds", 0.5},
		{"coalescing", "keys_per_load", "number", 3},
		{"circuit_breaker", "open", "number", 1},
	} {
		found := false
		for _, f := range figuresOf(patternFigures[c.pattern], first, second) {
			if f.Name != c.figure {
				continue
			}
			found = true
			if f.Value == nil || math.Abs(*f.Value-c.want) > 1e-9 || f.Unit != c.unit {
				t.Errorf("%s %s: %v %v, not %v %s", c.pattern, c.figure, f.Value, f.Unit, c.want, c.unit)
			}
		}
		if !found {
			t.Errorf("%s has no figure %s", c.pattern, c.figure)
		}
	}
	for _, f := range figuresOf(patternFigures["cache_aside"], look{}, second) {
		if f.Unit != "bytes" && f.Value != nil {
			t.Errorf("%s is %v, though there was no look before", f.Name, *f.Value)
		}
	}
	if v, known := patternFigures["cache_aside"][0].value(second, second); known {
		t.Errorf("nobody asked, and the hit rate is %v", v)
	}
}

func TestEveryPatternHasFigures(t *testing.T) {
	p := &Patterns{}
	names := append([]string{}, foundations...)
	for _, s := range p.switches() {
		names = append(names, s.name)
	}
	for _, name := range names {
		if figures, there := patternFigures[name]; !there || len(figures) == 0 && name != "sharding" {
			t.Errorf("%s has no figure", name)
		}
	}
	if len(patternFigures) != len(names) {
		t.Errorf("figures of %d patterns, of which %d exist", len(patternFigures), len(names))
	}
}
