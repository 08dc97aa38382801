// Package housekeeping does the work that nobody asks for: what modules must do because time has passed. A module gives a list of
// steps; the Keeper carries it out every so often, in one process at a time of all that work on a database.
//
// A step does one bounded batch in transactions of its own and says how much it did, so a round can end anywhere and the next one
// goes on there, in whatever process: after a crash, or days late. It must therefore find its work by looking at what is, never at
// when it ran last. keeper.go runs the rounds; status.go tells how they went.
package housekeeping

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Step is one kind of work. Run does one batch and says how many things it did: 0 says that there are no more for now. Two
// processes may for a moment run the same step (the first has lost the lock and does not know it yet), so what may not happen
// twice is kept apart by the step's own row locks and unique keys.
type Step struct {
	Name string
	Run  func(ctx context.Context) (done int, err error)
}

// batchesAtMost bounds the batches of one step in one round, so that a long one cannot starve those after it.
const batchesAtMost = 1000

// run repeats a step until it finds nothing to do, as long as may lets it.
func (s Step) run(ctx context.Context, may func(context.Context) error) (done int, err error) {
	for range batchesAtMost {
		if err := may(ctx); err != nil {
			return done, err
		}
		n, err := s.batch(ctx)
		done += n
		if err != nil || n == 0 {
			return done, err
		}
	}
	return done, nil
}

// batch is one Run; a panic in it is an error like any other, since the steps after it are no worse for it.
func (s Step) batch(ctx context.Context) (done int, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return s.Run(ctx)
}

// Once carries out a list to its end, without a lock or a clock: for tests and commands. A step that fails does not stop the
// others.
func Once(ctx context.Context, steps []Step) error {
	var errs []error
	for _, s := range steps {
		if _, err := s.run(ctx, context.Context.Err); err != nil {
			errs = append(errs, fmt.Errorf("housekeeping step %s: %w", s.Name, err))
		}
	}
	return errors.Join(errs...)
}

// Status is how a step fared in this process; times are zero where there is none.
type Status struct {
	Step        string
	LastRun     time.Time // when its last run began
	LastSuccess time.Time // when its last run without an error ended
	LastError   error     // of the last run; nil after a success
	Took        time.Duration
	Done        int64 // since the process started
	Failures    int64
}
