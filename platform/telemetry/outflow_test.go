package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// gate is a writer that takes nothing until it is opened, as a pipe does whose reader sleeps.
type gate struct {
	open chan struct{}
	busy chan struct{} // told once somebody waits
	mu   sync.Mutex
	text bytes.Buffer
}

func (g *gate) Write(p []byte) (int, error) {
	select {
	case g.busy <- struct{}{}:
	default:
	}
	<-g.open
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.text.Write(p)
}

func TestALogNeverHoldsUpWhoLogsAndIsBounded(t *testing.T) {
	g := &gate{open: make(chan struct{}), busy: make(chan struct{}, 1)}
	logs := OpenLogs(g, LogSettings{Format: "json", Buffer: 1000})
	logs.Info("first")
	<-g.busy // the writer hangs, and what follows can only wait or be left out
	const sent = 500
	for i := range sent {
		logs.Info("line", "n", i)
	}
	if logs.LeftOut() == 0 {
		t.Error("nothing was left out of far more than there was room for")
	}
	close(g.open)
	logs.Close()
	logs.Info("after")
	lines := strings.Split(strings.TrimSpace(g.text.String()), "\n")
	counted := int64(0)
	for _, text := range lines {
		var line struct {
			Msg   string
			Lines int64
		}
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if line.Msg == "line" {
			counted++
		}
		counted += line.Lines
	}
	if counted != sent || !strings.Contains(lines[len(lines)-1], "after") {
		t.Errorf("%d of %d lines are written or said to be left out; last: %s", counted, sent, lines[len(lines)-1])
	}
	if int64(len(lines)) > sent || logs.LeftOut() < sent/2 {
		t.Errorf("%d lines, %d left out", len(lines), logs.LeftOut())
	}
}

func TestLinesOfManyAreWhole(t *testing.T) {
	var out bytes.Buffer
	logs := OpenLogs(&out, LogSettings{Format: "json", Buffer: 1 << 20})
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for i := range 100 {
				logs.Info("line", "who", w, "n", i)
			}
		})
	}
	all.Wait()
	logs.Close()
	if lines := strings.Count(out.String(), "\n"); lines != 800 {
		t.Errorf("%d lines", lines)
	}
	for text := range strings.Lines(out.String()) {
		if !json.Valid([]byte(text)) {
			t.Fatalf("%q", text)
		}
	}
}

func TestTheLevelChangesWhileItRuns(t *testing.T) {
	var out bytes.Buffer
	logs := OpenLogs(&out, LogSettings{Level: "info", Format: "json"})
	logs.Debug("quiet")
	logs.Level.Set(slog.LevelDebug)
	logs.With("a", 1).Debug("loud")
	if strings.Contains(out.String(), "quiet") || !strings.Contains(out.String(), "loud") {
		t.Error(out.String())
	}
}

func TestLinesSayWhatTheirContextKnows(t *testing.T) {
	type key struct{}
	var out bytes.Buffer
	logs := OpenLogs(&out, LogSettings{Format: "json", Context: func(ctx context.Context) []slog.Attr {
		if id, ok := ctx.Value(key{}).(string); ok {
			return []slog.Attr{slog.String("request_id", id)}
		}
		return nil
	}})
	logs.InfoContext(context.WithValue(t.Context(), key{}, "r-1"), "inside")
	logs.Info("outside")
	if lines := strings.Split(out.String(), "\n"); !strings.Contains(lines[0], `"request_id":"r-1"`) || strings.Contains(lines[1], "request_id") {
		t.Error(out.String())
	}
}
