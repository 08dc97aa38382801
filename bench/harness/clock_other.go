//go:build !linux

package harness

import "time"

// clock wakes a sender when a request is due.
type clock struct{}

func newClock() (*clock, error) { return &clock{}, nil }

func (*clock) until(due time.Time) { time.Sleep(time.Until(due)) }

func (*clock) close() {}
