// Package lifecycle starts the parts of a process in order and stops them in reverse.
//
// A Stack is a list of named steps, each with its own deadlines. Start stops what it has started when a later step fails, so
// that no half-started process is left behind. Stop is synchronous, idempotent and safe before Start. What the steps are
// is said in modules/serve.go; how a signal becomes a Stop is in signals.go.
package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Step is one part of the process. Start and Stop may be nil, when the part needs nothing there.
type Step struct {
	Name string
	// Start brings the part up and answers what a person should know about it (an address, a version), or "".
	Start func(ctx context.Context) (note string, err error)
	// Stop takes the part down and returns when it is down. It is called once, and only after Start succeeded.
	Stop func(ctx context.Context) error
	// StartWithin and StopWithin bound each of them; zero means that only the caller's context does.
	StartWithin, StopWithin time.Duration
}

// Started is what an observer is told after each step, also after the one that failed.
type Started struct {
	Name string
	Note string
	Took time.Duration
	Err  error
}

// Stack holds the steps of one process. Make it with New; its methods may be called from any goroutine.
type Stack struct {
	observe func(Started)

	lock    sync.Mutex // held through Start and through Stop, so that neither sees the other half done
	steps   []Step
	started int // steps[:started] are up
	stopped bool
	halt    context.CancelFunc // ends a Start that is under way
	halted  context.Context
}

// New makes an empty stack. observe is told of each step as it starts; nil is silence.
func New(observe func(Started)) *Stack {
	if observe == nil {
		observe = func(Started) {}
	}
	halted, halt := context.WithCancel(context.Background())
	return &Stack{observe: observe, halt: halt, halted: halted}
}

// Add appends a step. Steps are started in the order of their addition.
func (s *Stack) Add(step Step) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.steps = append(s.steps, step)
}

// ErrStopped is what Start returns once Stop was called.
var ErrStopped = errors.New("stopped")

// Start brings up every step in order. When one fails, or ctx ends, those that are up are stopped in reverse (on a context
// that ctx does not cancel) and the first error is returned with the step's name. Started again, it does nothing.
func (s *Stack) Start(ctx context.Context) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	if s.stopped {
		return ErrStopped
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.halted, cancel)()
	for s.started < len(s.steps) {
		step := s.steps[s.started]
		if err := s.start(ctx, step); err != nil {
			stopping := s.stop(context.WithoutCancel(ctx))
			return errors.Join(fmt.Errorf("start %s: %w", step.Name, err), stopping)
		}
		s.started++
	}
	return nil
}

func (s *Stack) start(ctx context.Context, step Step) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	begin := time.Now()
	note, err := "", error(nil)
	if step.Start != nil {
		bounded, cancel := within(ctx, step.StartWithin)
		defer cancel()
		note, err = step.Start(bounded)
	}
	s.observe(Started{Name: step.Name, Note: note, Took: time.Since(begin), Err: err})
	return err
}

// Stop takes down, in reverse, every step that is up, and returns when all are down. A Start under way is ended first.
// Each step is stopped even if the one above it failed or ran out of time; the errors are joined. Stop may be called
// before Start, and again; the second call waits for the first and then finds nothing to do.
func (s *Stack) Stop(ctx context.Context) error {
	s.halt()
	s.lock.Lock()
	defer s.lock.Unlock()
	s.stopped = true
	return s.stop(ctx)
}

func (s *Stack) stop(ctx context.Context) error {
	var failures []error
	for ; s.started > 0; s.started-- {
		step := s.steps[s.started-1]
		if step.Stop == nil {
			continue
		}
		bounded, cancel := within(ctx, step.StopWithin)
		if err := step.Stop(bounded); err != nil {
			failures = append(failures, fmt.Errorf("stop %s: %w", step.Name, err))
		}
		cancel()
	}
	return errors.Join(failures...)
}

func within(ctx context.Context, limit time.Duration) (context.Context, context.CancelFunc) {
	if limit == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, limit)
}
