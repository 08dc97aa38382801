//go:build !linux

package harness

import (
	"errors"
	"time"
)

// clock wakes a sender when a request is due.
type clock struct{}

func newClock() (*clock, error) { return &clock{}, nil }

func (*clock) until(due time.Time) { time.Sleep(time.Until(due)) }

func (*clock) close() {}

func processTime(int) (time.Duration, error) {
	return 0, errors.New("the processor time of another process is read as Linux has it")
}
