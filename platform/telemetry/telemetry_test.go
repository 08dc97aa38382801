package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestLoggerFormatsAndLevels(t *testing.T) {
	for _, format := range []string{"json", "auto"} { // a buffer is no terminal
		var out bytes.Buffer
		logger := NewLogger(&out, LogSettings{Level: "warn", Format: format})
		logger.Info("quiet")
		logger.Warn("loud", "key", "value")
		var line map[string]any
		if err := json.Unmarshal(out.Bytes(), &line); err != nil || line["msg"] != "loud" || line["key"] != "value" {
			t.Errorf("%s: %q: %v", format, out.String(), err)
		}
	}
	var out bytes.Buffer
	NewLogger(&out, LogSettings{Level: "debug", Format: "text"}).Debug("low")
	if !strings.Contains(out.String(), "level=DEBUG msg=low") {
		t.Errorf("text: %q", out.String())
	}
}

func TestAFileIsNoTerminal(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "log")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if Terminal(file) || Terminal(null) || Terminal(io.Discard) {
		t.Error("taken for a terminal")
	}
}

func TestMetricsAreServedAndStopped(t *testing.T) {
	registry := NewRegistry("1.2.3")
	seconds := prometheus.NewHistogram(prometheus.HistogramOpts{Name: "seconds", Buckets: []float64{1}})
	registry.MustRegister(seconds)
	seconds.(prometheus.ExemplarObserver).ObserveWithExemplar(0.5, prometheus.Labels{"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"})
	server, err := ServeMetrics("127.0.0.1:0", registry)
	if err != nil {
		t.Fatal(err)
	}
	scrape := func(accept string) string {
		r, err := http.NewRequestWithContext(t.Context(), "GET", "http://"+server.Address()+"/metrics", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", accept)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = answer.Body.Close() }()
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(body)
	}
	body := scrape("text/plain")
	if open := scrape("application/openmetrics-text; version=1.0.0"); !strings.Contains(open, `seconds_bucket{le="1.0"} 1 # {trace_id="4bf92f3577b34da6a3ce929d0e0e4736"} 0.5`) {
		t.Errorf("no exemplar is served to whoever asks for OpenMetrics: %.300s", open)
	}
	if !strings.Contains(body, `bookvault_build_info{version="1.2.3"} 1`) || !strings.Contains(body, "go_goroutines") {
		t.Errorf("metrics: %.300s", body)
	}
	if _, err := ServeMetrics(server.Address(), NewRegistry("")); err == nil {
		t.Error("the same address was taken twice")
	}
	http.DefaultClient.CloseIdleConnections()
	for range 2 {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}
	if err := (*MetricsServer)(nil).Stop(context.Background()); err != nil {
		t.Error(err)
	}
}

// ready asks /readyz and gives the status and the answer.
func ready(t *testing.T, h *Health) (int, report) {
	t.Helper()
	w := httptest.NewRecorder()
	h.Ready(w, httptest.NewRequest("GET", "/readyz", nil))
	var found report
	if err := json.Unmarshal(w.Body.Bytes(), &found); err != nil {
		t.Fatal(err)
	}
	return w.Code, found
}

func TestReadiness(t *testing.T) {
	down := errors.New("dial tcp 10.1.2.3: refused")
	tests := []struct {
		name              string
		database, replica error
		status            int
		word              string
	}{
		{"all well", nil, nil, 200, "ready"},
		{"the replica is down", nil, down, 200, "degraded"},
		{"the primary is down", down, nil, 503, "unready"},
		{"both are down", down, down, 503, "unready"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			h := NewHealth(slog.New(slog.DiscardHandler))
			h.Add("database", true, func(context.Context) (map[string]any, error) { return nil, test.database })
			h.Add("replica", false, func(context.Context) (map[string]any, error) {
				return map[string]any{"lag_ms": 3}, test.replica
			})
			h.Serving()
			status, found := ready(t, h)
			if status != test.status || found.Status != test.word || len(found.Checks) != 2 {
				t.Errorf("%d %+v", status, found)
			}
			if found.Checks["replica"].Detail["lag_ms"] != 3.0 || !found.Checks["database"].Required {
				t.Errorf("%+v", found.Checks)
			}
		})
	}
}

func TestAProcessThatStartsOrStopsIsNotReadyButAlive(t *testing.T) {
	h := NewHealth(slog.New(slog.DiscardHandler))
	if status, found := ready(t, h); status != 503 || found.Status != "starting" {
		t.Errorf("%d %+v", status, found)
	}
	h.Serving()
	if status, _ := ready(t, h); status != 200 {
		t.Errorf("%d", status)
	}
	h.Stopping()
	if status, found := ready(t, h); status != 503 || found.Status != "stopping" {
		t.Errorf("%d %+v", status, found)
	}
	w := httptest.NewRecorder()
	h.Live(w, httptest.NewRequest("GET", "/healthz", nil))
	if w.Code != 200 {
		t.Errorf("healthz answered %d", w.Code)
	}
}

func TestManyLooksCostOne(t *testing.T) {
	h := NewHealth(slog.New(slog.DiscardHandler))
	var looked atomic.Int32
	h.Add("database", true, func(context.Context) (map[string]any, error) { looked.Add(1); return nil, nil })
	h.Serving()
	for range 50 {
		ready(t, h)
	}
	if looked.Load() != 1 {
		t.Errorf("looked %d times", looked.Load())
	}
	h.last.at = time.Now().Add(-2 * lookAge)
	ready(t, h)
	if looked.Load() != 2 {
		t.Errorf("an old look was answered again")
	}
}

func TestAStuckCheckIsGivenUp(t *testing.T) {
	h := NewHealth(slog.New(slog.DiscardHandler))
	h.Add("database", true, func(ctx context.Context) (map[string]any, error) {
		if _, bounded := ctx.Deadline(); !bounded {
			t.Error("the check has no deadline")
		}
		return nil, context.DeadlineExceeded
	})
	h.Serving()
	if status, _ := ready(t, h); status != 503 {
		t.Errorf("%d", status)
	}
}
