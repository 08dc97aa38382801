package modules

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"runtime/debug"

	"bookvault/platform/config"
	"bookvault/platform/gateway"
	"bookvault/platform/telemetry"
)

// House is what every command works with: where settings come from and where to print. Its exported methods are the
// commands; each reads the settings first, so that a bad one stops it before anything is started.
type House struct {
	Version string
	Sources config.Sources
	Out     io.Writer // results, and the log of a server
	Err     io.Writer // words for a person
	// Hurry ends when a person will not wait for requests in flight any more.
	Hurry context.Context
}

// settings loads and checks the configuration.
func (h *House) settings() (*config.Config, error) { return config.Load(h.Sources) }

// logger writes to out, with at least the given level.
func logger(out io.Writer, t config.Telemetry) *slog.Logger {
	return telemetry.NewLogger(out, telemetry.LogSettings{Level: t.LogLevel, Format: t.LogFormat})
}

// openLogs opens the log of a server.
func openLogs(out io.Writer, t config.Telemetry) *telemetry.Logs {
	return telemetry.OpenLogs(out, telemetry.LogSettings{Level: t.LogLevel, Format: t.LogFormat, Buffer: int(t.LogBuffer), Context: gateway.LogFields})
}

// PrintVersion says which BookVault this is, and what it was built with.
func (h *House) PrintVersion() error {
	commit := ""
	if info, known := debug.ReadBuildInfo(); known {
		for _, setting := range info.Settings {
			if setting.Key == "vcs.revision" {
				commit = ", commit " + setting.Value[:min(12, len(setting.Value))]
			}
		}
	}
	_, err := fmt.Fprintf(h.Out, "bookvault %s%s, %s, %s/%s\n", h.Version, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
