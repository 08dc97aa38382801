package members

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// writeWithin bounds the writing of one round of readings.
const writeWithin = 10 * time.Second

// reads records who looked at whose account. An answer waits until it is recorded, so nothing is lost, whatever dies; all who come while a
// round is being written share the next one, so that a busy library writes a few rows at once and not a transaction a reading. A round holds
// what the requests in flight bring, some entries each, which the server bounds.
type reads struct {
	write func(ctx context.Context, entries ...AuditEntry) error

	mu      sync.Mutex
	next    *round // of those who came while one was being written
	writing bool
}

type round struct {
	entries []AuditEntry
	done    chan struct{} // closed when it is written, or is not
	err     error
}

// record returns when the entries are on disk.
func (r *reads) record(ctx context.Context, entries ...AuditEntry) error {
	r.mu.Lock()
	if r.next == nil {
		r.next = &round{done: make(chan struct{})}
	}
	mine := r.next
	mine.entries = append(mine.entries, entries...)
	if !r.writing {
		r.writing = true
		go r.writeRounds()
	}
	r.mu.Unlock()
	select {
	case <-mine.done:
		return mine.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// writeRounds writes until nobody waits. It does not end with whoever came first: others wait for it too.
func (r *reads) writeRounds() {
	for {
		r.mu.Lock()
		now := r.next
		r.next = nil
		r.writing = now != nil
		r.mu.Unlock()
		if now == nil {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), writeWithin)
		now.err = r.write(ctx, now.entries...)
		cancel()
		close(now.done)
	}
}

// StaffRead records that the caller read of a member's account (0: of many), before it is answered; what are actions of the audit, in
// the words of the module that answers. They are recorded together.
func (s *Service) StaffRead(ctx context.Context, memberID int64, what ...string) error {
	p, now := caller(ctx), s.clock()
	entries := make([]AuditEntry, len(what))
	for i, action := range what {
		entries[i] = audit(p, now, action, memberID, "")
	}
	if err := s.reads.record(ctx, entries...); err != nil {
		return fmt.Errorf("record the reading of an account: %w", err)
	}
	return nil
}
