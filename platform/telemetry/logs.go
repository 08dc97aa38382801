// Package telemetry is what BookVault tells about itself: logs for reading back, metrics for watching, health for whoever
// decides to send it requests (a load balancer, a container engine, a person).
//
// Logs are slog, metrics are Prometheus', on an address of their own so that they are not public; health is /healthz and
// /readyz, mounted by platform/gateway. Nothing here knows a module: modules/modules.go registers what each one measures.
package telemetry

import (
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"
)

// LogSettings shapes the log. Level is debug, info, warn or error; Format is json, text or auto (text on a terminal).
type LogSettings struct {
	Level  string
	Format string
}

// NewLogger makes a logger that writes to w. An unknown level is info; config refuses unknown words before.
func NewLogger(w io.Writer, s LogSettings) *slog.Logger {
	var level slog.Level
	if level.UnmarshalText([]byte(s.Level)) != nil {
		level = slog.LevelInfo
	}
	options := &slog.HandlerOptions{Level: level}
	if s.Format == "text" || s.Format == "auto" && Terminal(w) {
		return slog.New(slog.NewTextHandler(w, options))
	}
	return slog.New(slog.NewJSONHandler(w, options))
}

// Terminal tells whether a person sees what is written to w.
func Terminal(w io.Writer) bool {
	file, isFile := w.(*os.File)
	return isFile && term.IsTerminal(int(file.Fd()))
}
