package telemetry

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

const (
	checkLimit = 2 * time.Second // for all checks of one look together
	lookAge    = time.Second     // how long a look is good for, so that whoever asks often costs the database nothing
)

// Check looks at one part. The detail is shown to whoever asks, so it names no host, user or person; the error is logged.
type Check func(ctx context.Context) (detail map[string]any, err error)

// Health answers whether this process is alive (/healthz) and whether it should be sent requests (/readyz).
type Health struct {
	logger *slog.Logger
	checks []namedCheck
	state  atomic.Value // string: starting, serving, stopping

	looking sync.Mutex // one look at a time; the others wait for it and share it
	last    report
}

type namedCheck struct {
	name     string
	required bool
	check    Check
}

// NewHealth makes the health of a process that is starting: alive, but not ready before Serving is called.
func NewHealth(logger *slog.Logger) *Health {
	h := &Health{logger: logger}
	h.state.Store("starting")
	return h
}

// Add registers a check, before the process serves. When a required check fails the process is not ready; when an optional
// one does it is ready but degraded, since taking it out would make things worse for everybody.
func (h *Health) Add(name string, required bool, check Check) {
	h.checks = append(h.checks, namedCheck{name, required, check})
}

// Serving says that the process is up; Stopping that it is going down, and wants no new requests.
func (h *Health) Serving() { h.state.Store("serving") }

// Stopping makes /readyz answer 503, so that a load balancer looks elsewhere while requests in flight are answered.
func (h *Health) Stopping() { h.state.Store("stopping") }

// Live answers /healthz: 200 as long as the process can answer at all. It looks at nothing else, because restarting this
// process mends no database.
func (h *Health) Live(w http.ResponseWriter, r *http.Request) {
	write(w, http.StatusOK, map[string]string{"status": "ok"})
}

type part struct {
	Status   string         `json:"status"` // ok or failing
	Required bool           `json:"required"`
	TookMS   float64        `json:"took_ms"`
	Detail   map[string]any `json:"detail,omitempty"`
}

type report struct {
	Status string          `json:"status"` // ready, degraded, unready, starting or stopping
	Checks map[string]part `json:"checks,omitempty"`
	at     time.Time
}

// Ready answers /readyz: 200 when every required part answers (ready, or degraded when an optional one does not), else 503.
func (h *Health) Ready(w http.ResponseWriter, r *http.Request) {
	if state := h.state.Load().(string); state != "serving" {
		write(w, http.StatusServiceUnavailable, report{Status: state})
		return
	}
	found := h.look()
	status := http.StatusOK
	if found.Status == "unready" {
		status = http.StatusServiceUnavailable
	}
	write(w, status, found)
}

// look runs every check, side by side, or answers with the last look when it is fresh. It is detached from the request that
// caused it, since others share it.
func (h *Health) look() report {
	h.looking.Lock()
	defer h.looking.Unlock()
	if time.Since(h.last.at) < lookAge {
		return h.last
	}
	ctx, cancel := context.WithTimeout(context.Background(), checkLimit)
	defer cancel()
	parts := make([]part, len(h.checks))
	var all sync.WaitGroup
	for i, c := range h.checks {
		all.Go(func() { parts[i] = h.run(ctx, c) })
	}
	all.Wait()
	found := report{Status: "ready", Checks: map[string]part{}}
	for i, c := range h.checks {
		found.Checks[c.name] = parts[i]
		switch {
		case parts[i].Status == "ok":
		case c.required:
			found.Status = "unready"
		case found.Status == "ready":
			found.Status = "degraded"
		}
	}
	found.at = time.Now()
	h.last = found
	return found
}

func (h *Health) run(ctx context.Context, c namedCheck) part {
	begin := time.Now()
	detail, err := c.check(ctx)
	took := float64(time.Since(begin).Microseconds()) / 1000
	if err != nil {
		h.logger.Warn("health check failed", "check", c.name, "required", c.required, "error", err)
		return part{Status: "failing", Required: c.required, TookMS: took, Detail: detail}
	}
	return part{Status: "ok", Required: c.required, TookMS: took, Detail: detail}
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the reader may be gone; nothing is left to do then
}
