package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// stopOrphan ends a postmaster that runs on a data folder without us: its BookVault was killed, and it lived on. Stopping it
// and starting anew gives one known state instead of many; nothing that was committed is lost by it.
func stopOrphan(ctx context.Context, data string, log *slog.Logger) error {
	pidFile := filepath.Join(data, "postmaster.pid")
	text, err := os.ReadFile(pidFile)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for a server that was left running: %w", err)
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(strings.SplitN(string(text), "\n", 2)[0]))
	if pid <= 1 || !servesFolder(pid, data) {
		// Dead, or after a reboot another program has its number: PostgreSQL would refuse to start because of the latter.
		if err := os.Remove(pidFile); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("removing the pid file of a server that is gone: %w", err)
		}
		return nil
	}
	log.Info("stopping a PostgreSQL that a killed BookVault left running", "process", pid, "folder", data)
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, stopWithin}, {syscall.SIGQUIT, time.Second}, {syscall.SIGKILL, time.Second}} {
		if err := syscall.Kill(pid, step.signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("stopping the PostgreSQL that was left running on %s (process %d): %w; stop it by hand", data, pid, err)
		}
		for end := time.Now().Add(step.wait); time.Now().Before(end); {
			if !servesFolder(pid, data) {
				return nil
			}
			if !sleep(ctx, 10*time.Millisecond) {
				return ctx.Err()
			}
		}
	}
	return fmt.Errorf("the PostgreSQL that was left running on %s (process %d) does not end; stop it by hand", data, pid)
}
