package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/bench/harness"
)

// What is no switch of a running server: how it logs and measures, and what a browser asks for again.

// sizes adds up the bodies of answers.
type sizes struct {
	heardOf, well  atomic.Int64 // answers, and those with 2xx
	answers, bytes atomic.Int64
}

func newSizes(int) *sizes { return &sizes{} }

func (s *sizes) heard(_, status int, body []byte) {
	s.heardOf.Add(1)
	if status/100 == 2 {
		s.well.Add(1)
	}
	if status == 200 {
		s.answers.Add(1)
		s.bytes.Add(int64(len(body)))
	}
}

func (s *sizes) mean() float64 { return float64(s.bytes.Load()) / float64(max(1, s.answers.Load())) }

// call asks a server once.
func (l *lab) call(p *harness.Process, method, path, token, body string) (status int, text string, err error) {
	ctx, cancel := context.WithTimeout(l.ctx, 30*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, "http://"+p.Address+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(read), err
}

// metricLabels: what counting a request costs when its series are known, against looking them up by their labels each time.
func (l *lab) metricLabels() {
	registry := prometheus.NewRegistry()
	counters := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "requests_total", Help: "."}, []string{"area", "route", "status"})
	times := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "request_seconds", Help: ".", Buckets: prometheus.DefBuckets}, []string{"area", "route"})
	registry.MustRegister(counters, times)
	const area, route, status = "catalog", "/api/catalog/v1/books/{id}", "2xx"
	counter, seconds := counters.WithLabelValues(area, route, status), times.WithLabelValues(area, route)
	each := func(work func()) float64 {
		r := testing.Benchmark(func(b *testing.B) {
			for b.Loop() {
				work()
			}
		})
		return float64(r.T.Nanoseconds()) / float64(r.N)
	}
	known := each(func() { counter.Inc(); seconds.Observe(0.001) })
	looked := each(func() {
		counters.With(prometheus.Labels{"area": area, "route": route, "status": status}).Inc()
		times.With(prometheus.Labels{"area": area, "route": route}).Observe(0.001)
	})
	l.out.Add(harness.Row{Pattern: "metrics", Distance: "loopback", Claim: "-5 to -10 % overhead", Figure: "counting a request and its time", Baseline: fmt.Sprintf("labels looked up: %.0f ns", looked), Off: looked, Value: known, Ratio: known / looked, Unit: "ns"})
}

// pageFile is an address of a script, a style or a picture in a page.
var pageFile = regexp.MustCompile(`(?:href|src)="(/[A-Za-z0-9_./-]+\.(?:js|css|svg|png|ico|woff2|webmanifest))"`)

// cdn: what a browser that was here before asks for when it comes again: the page, and each file that it may not take from its own memory.
func (l *lab) cdn() error {
	l.distance = distances[0]
	s, err := l.server("pages", nil)
	if err != nil {
		return err
	}
	defer l.stopServers()
	var asked, took, bytes [2]float64
	for side := range 2 {
		if err := l.turn(s, side == 1, "cdn"); err != nil {
			return err
		}
		again := []*http.Request{}
		page, err := l.fetchPage(s.Process, "/")
		if err != nil {
			return err
		}
		again = append(again, l.revisit(s.Process, "/", page))
		seen := map[string]bool{}
		for _, found := range pageFile.FindAllStringSubmatch(string(page.Body), -1) {
			if seen[found[1]] {
				continue
			}
			seen[found[1]] = true
			file, err := l.fetchPage(s.Process, found[1])
			if err != nil {
				return err
			}
			if !strings.Contains(file.Header.Get("Cache-Control"), "immutable") {
				again = append(again, l.revisit(s.Process, found[1], file))
			}
		}
		if len(seen) == 0 {
			return errors.New("the front page names no files")
		}
		var times []float64
		for range 30 * l.rounds {
			begun, sum := time.Now(), int64(0)
			for _, r := range again {
				answer, err := http.DefaultClient.Do(r)
				if err != nil {
					return err
				}
				n, err := io.Copy(io.Discard, answer.Body)
				_ = answer.Body.Close()
				if err != nil {
					return err
				}
				sum += n
			}
			times, bytes[side] = append(times, float64(time.Since(begun).Microseconds())/1000), float64(sum)
		}
		asked[side], took[side] = float64(len(again)), harness.Median(times)
	}
	l.out.Add(harness.Row{Pattern: "cdn", Distance: "loopback", Claim: "server load -40 to -60 %", Figure: "the front page again: requests of a browser that was here before", Baseline: fmt.Sprintf("off: %.0f", asked[0]),
		Off: asked[0], Value: asked[1], Ratio: asked[1] / asked[0], Unit: "requests"})
	l.out.Add(harness.Row{Pattern: "cdn", Distance: "loopback", Claim: "static latency -200 to -500 ms", Figure: "the front page again: all of it, one request after the other", Baseline: fmt.Sprintf("off: %.3g ms", took[0]),
		Off: took[0], Value: took[1], Ratio: took[1] / took[0], Unit: "ms"})
	return nil
}

// fetchPage asks as a browser does.
func (l *lab) fetchPage(p *harness.Process, path string) (recorded, error) {
	r, err := http.NewRequestWithContext(l.ctx, "GET", "http://"+p.Address+path, nil)
	if err != nil {
		return recorded{}, err
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return recorded{}, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != 200 {
		err = fmt.Errorf("%s is answered %d", path, answer.StatusCode)
	}
	return recorded{answer.Header, body}, err
}

// revisit asks whether what is here is still what is there.
func (l *lab) revisit(p *harness.Process, path string, known recorded) *http.Request {
	r, _ := http.NewRequestWithContext(l.ctx, "GET", "http://"+p.Address+path, nil) // it was made before
	if tag := known.Header.Get("Etag"); tag != "" {
		r.Header.Set("If-None-Match", tag)
	}
	return r
}
