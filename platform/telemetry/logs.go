// Package telemetry is what BookVault tells about itself: logs for reading back, metrics for watching, traces for seeing where the time of a
// request goes, health for whoever decides to send it requests (a load balancer, a container engine, a person).
//
// Logs are slog, metrics are Prometheus', on an address of their own so that they are not public; traces are W3C's and OTLP; health is
// /healthz and /readyz, mounted by platform/gateway. Nothing here knows a module: modules/modules.go registers what each one measures.
package telemetry

import (
	"context"
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"
)

// LogSettings shapes the log. Level is debug, info, warn or error; Format is json, text or auto (text on a terminal).
type LogSettings struct {
	Level  string
	Format string
	// Buffer is how many bytes of lines may wait to be written, so that nobody waits for whoever reads them. 0: each line is written by
	// whoever logs it.
	Buffer int
	// Context gives what every line of a request says besides, such as its id. Nil: nothing.
	Context func(context.Context) []slog.Attr
}

// Logs is the log of a process, whose level can be changed while it runs. Close it last.
type Logs struct {
	*slog.Logger
	Level  *slog.LevelVar
	buffer *outflow // nil: there is none
}

// OpenLogs makes a log that writes to w. An unknown level is info; config refuses unknown words before.
func OpenLogs(w io.Writer, s LogSettings) *Logs {
	l := &Logs{Level: new(slog.LevelVar)}
	var level slog.Level
	if level.UnmarshalText([]byte(s.Level)) == nil {
		l.Level.Set(level)
	}
	text := s.Format == "text" || s.Format == "auto" && Terminal(w)
	handler := func(w io.Writer) slog.Handler {
		options := &slog.HandlerOptions{Level: l.Level}
		if text {
			return slog.NewTextHandler(w, options)
		}
		return slog.NewJSONHandler(w, options)
	}
	if s.Buffer > 0 {
		direct := slog.New(handler(w))
		l.buffer = newOutflow(w, s.Buffer, func(lines int64) {
			direct.Warn("lines of the log were left out: they came faster than they could be written", "lines", lines)
		})
		w = l.buffer
	}
	h := handler(w)
	if s.Context != nil {
		h = contextual{h, s.Context}
	}
	l.Logger = slog.New(h)
	return l
}

// Close writes what waits. Lines after it are written by whoever logs them.
func (l *Logs) Close() {
	if l.buffer != nil {
		l.buffer.close()
	}
}

// LeftOut tells how many lines were not written, since too many waited.
func (l *Logs) LeftOut() int64 {
	if l.buffer == nil {
		return 0
	}
	return l.buffer.lost.Load()
}

// NewLogger makes a logger that writes each line at once, for commands.
func NewLogger(w io.Writer, s LogSettings) *slog.Logger {
	s.Buffer = 0
	return OpenLogs(w, s).Logger
}

// contextual adds what the context of a line knows.
type contextual struct {
	slog.Handler
	of func(context.Context) []slog.Attr
}

// Handle adds it.
func (h contextual) Handle(ctx context.Context, r slog.Record) error {
	if more := h.of(ctx); len(more) > 0 {
		r = r.Clone()
		r.AddAttrs(more...)
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs keeps adding.
func (h contextual) WithAttrs(attrs []slog.Attr) slog.Handler {
	return contextual{h.Handler.WithAttrs(attrs), h.of}
}

// WithGroup keeps adding.
func (h contextual) WithGroup(name string) slog.Handler {
	return contextual{h.Handler.WithGroup(name), h.of}
}

// Terminal tells whether a person sees what is written to w.
func Terminal(w io.Writer) bool {
	file, isFile := w.(*os.File)
	return isFile && term.IsTerminal(int(file.Fd()))
}
