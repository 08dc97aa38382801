package housekeeping

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

func (k *Keeper) setHere(here bool) {
	k.seen.Lock()
	defer k.seen.Unlock()
	k.here = here
}

// note keeps how a run of a step went. One that was cut short counts what it did, and is neither a success nor a failure.
func (k *Keeper) note(i int, begin time.Time, done int, err error, ended bool) {
	k.seen.Lock()
	defer k.seen.Unlock()
	s, now := &k.status[i], k.settings.Clock()
	s.LastRun, s.Done = begin, s.Done+int64(done)
	switch {
	case !ended:
	case err != nil:
		s.LastError, s.Failures, s.Took = err, s.Failures+1, now.Sub(begin)
	default:
		s.LastError, s.LastSuccess, s.Took = nil, now, now.Sub(begin)
	}
}

// Status tells how each step fared in this process, in the order of the list, and whether housekeeping is done here now.
func (k *Keeper) Status() (here bool, steps []Status) {
	k.seen.Lock()
	defer k.seen.Unlock()
	return k.here, slices.Clone(k.status)
}

// Health is the look at housekeeping for /readyz: the detail says how each step fared, without the words of an error, which may
// name what is not for everybody; they come back as the error. A server whose housekeeping fails serves as well as before.
func (k *Keeper) Health(context.Context) (map[string]any, error) {
	here, steps := k.Status()
	var errs []error
	list := make([]map[string]any, len(steps))
	for i, s := range steps {
		list[i] = map[string]any{"step": s.Step, "done": s.Done, "failures": s.Failures}
		if !s.LastRun.IsZero() {
			list[i]["last_run"], list[i]["took_ms"] = s.LastRun.UTC(), s.Took.Milliseconds()
		}
		if !s.LastSuccess.IsZero() {
			list[i]["last_success"] = s.LastSuccess.UTC()
		}
		if s.LastError != nil && here {
			list[i]["last_error"] = "see the log"
			errs = append(errs, errors.New(s.Step+": "+s.LastError.Error()))
		}
	}
	return map[string]any{"here": here, "steps": list}, errors.Join(errs...)
}

// descriptions are the metrics of one list.
type descriptions struct{ here, done, failures, lastSuccess, duration *prometheus.Desc }

func describe(name string) descriptions {
	one := func(metric, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("bookvault_"+name+"_"+metric, help, labels, nil)
	}
	return descriptions{
		here:        one("here", "1 in the one process that does the "+name+"."),
		done:        one("done_total", "Things done by a step.", "step"),
		failures:    one("failures_total", "Runs of a step that failed.", "step"),
		lastSuccess: one("last_success_timestamp_seconds", "When a step last ended well, Unix time.", "step"),
		duration:    one("duration_seconds", "How long the last run of a step took.", "step"),
	}
}

// Describe is for prometheus: what can be collected.
func (k *Keeper) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{k.metrics.here, k.metrics.done, k.metrics.failures, k.metrics.lastSuccess, k.metrics.duration} {
		to <- d
	}
}

// Collect is for prometheus: the figures of now.
func (k *Keeper) Collect(to chan<- prometheus.Metric) {
	here, steps := k.Status()
	one := 0.0
	if here {
		one = 1
	}
	to <- prometheus.MustNewConstMetric(k.metrics.here, prometheus.GaugeValue, one)
	for _, s := range steps {
		to <- prometheus.MustNewConstMetric(k.metrics.done, prometheus.CounterValue, float64(s.Done), s.Step)
		to <- prometheus.MustNewConstMetric(k.metrics.failures, prometheus.CounterValue, float64(s.Failures), s.Step)
		if !s.LastSuccess.IsZero() {
			to <- prometheus.MustNewConstMetric(k.metrics.lastSuccess, prometheus.GaugeValue, float64(s.LastSuccess.UnixMilli())/1000, s.Step)
		}
		if !s.LastRun.IsZero() {
			to <- prometheus.MustNewConstMetric(k.metrics.duration, prometheus.GaugeValue, s.Took.Seconds(), s.Step)
		}
	}
}
