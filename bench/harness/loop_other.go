//go:build !linux

package harness

import (
	"context"
	"time"
)

// inLoop runs a closed loop until its end, with a goroutine a client: only Linux has an epoll.
func (l Load) inLoop(ctx context.Context, end time.Time) (Result, error) {
	return l.inGoroutines(ctx, time.Now(), end)
}
