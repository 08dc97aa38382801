package database

import (
	"context"
	"errors"
	"sync"
)

// errSilent says that a replica fell silent while a read waited for it.
var errSilent = errors.New("the replica has fallen silent")

// silence ends the wait of reads for a server that does not answer any more, such as one whose machine hangs: it closes no connection,
// so nothing else would end them before their time.
type silence struct {
	mu      sync.Mutex
	waiting map[*wait]struct{}
}

// wait is one read that waits for its first row.
type wait struct {
	of  *silence
	ctx context.Context
	end context.CancelCauseFunc
}

// begin gives the context of a read. Only callers with a reader are waited for so: their context ends soon, and this one with it. What
// comes after the first row needs it still.
func (s *silence) begin(ctx context.Context) (context.Context, *wait) {
	if ReaderOf(ctx) == nil {
		return ctx, nil
	}
	w := &wait{of: s}
	w.ctx, w.end = context.WithCancelCause(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting == nil {
		s.waiting = map[*wait]struct{}{}
	}
	s.waiting[w] = struct{}{}
	return w.ctx, w
}

// over ends the wait, and tells whether the server fell silent in it.
func (w *wait) over() bool {
	if w == nil {
		return false
	}
	w.of.mu.Lock()
	delete(w.of.waiting, w)
	w.of.mu.Unlock()
	return errors.Is(context.Cause(w.ctx), errSilent)
}

// fall ends the waits of all.
func (s *silence) fall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for w := range s.waiting {
		w.end(errSilent)
	}
	clear(s.waiting)
}
