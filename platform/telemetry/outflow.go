package telemetry

import (
	"io"
	"sync"
	"sync/atomic"
)

// outflow is a writer whose callers never wait for the disk or the pipe behind it: lines gather in memory, within a bound, and one goroutine
// writes all that are there at a time. A line that finds no room is left out, and the next ones are preceded by a word about how many were.
type outflow struct {
	to   io.Writer
	most int
	told func(lines int64) // says how many were left out
	lost atomic.Int64

	mu      sync.Mutex
	waiting []byte
	missing int64 // left out since it was last said
	closed  bool

	wake chan struct{}
	done chan struct{}
}

func newOutflow(to io.Writer, most int, told func(int64)) *outflow {
	f := &outflow{to: to, most: most, told: told, wake: make(chan struct{}, 1), done: make(chan struct{})}
	go f.run()
	return f
}

// Write takes a line.
func (f *outflow) Write(line []byte) (int, error) {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return f.to.Write(line)
	}
	if len(f.waiting)+len(line) > f.most {
		f.missing++
		f.mu.Unlock()
		f.lost.Add(1)
		return len(line), nil
	}
	first := len(f.waiting) == 0
	f.waiting = append(f.waiting, line...)
	f.mu.Unlock()
	if first {
		select {
		case f.wake <- struct{}{}:
		default:
		}
	}
	return len(line), nil
}

// run writes until close; two pieces of memory take turns.
func (f *outflow) run() {
	defer close(f.done)
	var spare []byte
	for open := true; open; {
		_, open = <-f.wake
		f.mu.Lock()
		lines, missing := f.waiting, f.missing
		f.waiting, f.missing = spare[:0], 0
		f.mu.Unlock()
		if len(lines) > 0 {
			_, _ = f.to.Write(lines) // there is nobody left to tell
		}
		if missing > 0 {
			f.told(missing)
		}
		spare = lines
	}
}

// close writes what waits, and has later lines written at once.
func (f *outflow) close() {
	f.mu.Lock()
	was := f.closed
	f.closed = true
	f.mu.Unlock()
	if !was {
		close(f.wake)
	}
	<-f.done
}
