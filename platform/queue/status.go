package queue

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// Status is how the queue of this process stands.
type Status struct {
	Open bool // whether it takes records
	Depth
	Age                                  time.Duration // of the oldest; 0 when nothing waits
	Accepted, Refused, Written, Poisoned int64         // records, since this process started
}

// Status looks how the queue stands.
func (q *Queue) Status(ctx context.Context) Status {
	m := q.metrics
	st := Status{Accepted: m.accepted.Load(), Refused: m.refused.Load(), Written: m.written.Load(), Poisoned: m.poisoned.Load()}
	s := q.store.Load()
	if s == nil {
		return st
	}
	d, err := s.depth(ctx)
	if err != nil {
		return st
	}
	st.Open, st.Depth = true, d
	if !d.Oldest.IsZero() {
		st.Age = time.Since(d.Oldest)
	}
	return st
}

var (
	errNotOpen = errors.New("the queue takes nothing: its store failed, or is not open yet")
	errStuck   = errors.New("what waits in the queue is not being written into the database")
)

// stuckAfter is the age of the oldest record from which the queue counts as stuck.
const stuckAfter = time.Minute

// Health tells /readyz how the queue stands.
func (q *Queue) Health(ctx context.Context) (map[string]any, error) {
	st := q.Status(ctx)
	detail := map[string]any{"messages": st.Messages, "bytes": st.Bytes, "oldest_seconds": int(st.Age.Seconds()), "poisoned": st.Poisoned}
	switch {
	case !st.Open:
		return detail, errNotOpen
	case q.space() != nil:
		return detail, q.space()
	case st.Age > stuckAfter:
		return detail, errStuck
	}
	return detail, nil
}

// Look opens the external store for a moment and tells how much is in it.
func (q *Queue) Look(ctx context.Context) (Depth, error) {
	s, err := q.openRemote(ctx)
	if err != nil {
		return Depth{}, err
	}
	defer s.close()
	return s.depth(ctx)
}

// StoreStatus is a store in the folder, as it looks from outside.
type StoreStatus struct {
	Number int
	Held   bool  // by a process that runs
	Bytes  int64 // of its files
	Depth        // of one that nobody holds
}

// Stores looks at the stores in the folder, without writing what is in them. Of one that a process holds only the size is known.
func (q *Queue) Stores(ctx context.Context) ([]StoreStatus, error) {
	var all []StoreStatus
	for _, n := range q.stores() {
		folder := filepath.Join(q.s.Dir, strconv.Itoa(n))
		st := StoreStatus{Number: n}
		err := filepath.WalkDir(folder, func(_ string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return nil // it goes away while we look
			}
			if info, err := e.Info(); err == nil {
				st.Bytes += info.Size()
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		lock, err := hold(q.s.Dir, n)
		switch {
		case errors.Is(err, unix.EWOULDBLOCK):
			st.Held = true
		case err != nil:
			return nil, err
		default:
			s, err := q.openFolder(ctx, n, lock, 0)
			if err != nil {
				return nil, fmt.Errorf("open the store %s: %w", folder, err)
			}
			st.Depth, err = s.depth(ctx)
			s.close()
			if err != nil {
				return nil, err
			}
		}
		all = append(all, st)
	}
	return all, nil
}
