package rest

import (
	"context"
	"errors"
	"time"

	"bookvault/platform/problem"
)

// inProgress is the code of a command that another request with the same Idempotency-Key is carrying out.
const inProgress = "idempotency_in_progress"

// repeatPause is how long such a command is left alone before it is asked for its answer the first time; then twice as long, and so on.
const repeatPause = 10 * time.Millisecond

// repeated asks a handler again while a command with the same Idempotency-Key is being carried out, for as long as wait. Whoever pressed twice,
// or whose first request was cut off on its way, so has the answer of the first; most are over within some milliseconds. A refusal has
// done nothing, so asking again is safe, each time with the input as it came.
func repeated[I, O any](ctx context.Context, wait time.Duration, in *I, handler func(context.Context, *I) (*O, error)) (*O, error) {
	for until, pause := time.Now().Add(wait), repeatPause; ; pause *= 2 {
		asked := *in
		out, err := handler(ctx, &asked)
		refusal, ok := errors.AsType[*problem.Error](err)
		if !ok || refusal.Code != inProgress || time.Now().Add(pause).After(until) {
			return out, err
		}
		select {
		case <-ctx.Done():
			return out, err
		case <-time.After(pause):
		}
	}
}
