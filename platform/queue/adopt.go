package queue

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// adopt looks, again and again, for stores that no process holds any more, writes what is in them, and removes them. The order between
// them and our own does not matter to handlers: each record says itself how new it is.
func (q *Queue) adopt(ctx context.Context) {
	for {
		for _, n := range q.stores() {
			if int64(n) != q.own.Load() {
				q.takeOver(ctx, n)
			}
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(q.s.TakeOverEvery):
		}
	}
}

// stores lists the stores that are there, whoever holds them.
func (q *Queue) stores() []int {
	entries, err := os.ReadDir(q.s.Dir)
	if err != nil {
		return nil // the next look tells
	}
	var found []int
	for _, e := range entries {
		if n, err := strconv.Atoi(e.Name()); err == nil && e.IsDir() {
			found = append(found, n)
		}
	}
	return found
}

// takeOver empties a store and removes it, if nobody holds it.
func (q *Queue) takeOver(ctx context.Context, n int) {
	lock, err := hold(q.s.Dir, n)
	if err != nil {
		return // somebody lives in it
	}
	folder := filepath.Join(q.s.Dir, strconv.Itoa(n))
	opening, cancel := context.WithTimeout(ctx, openWithin)
	s, err := q.openFolder(opening, n, lock, 0)
	cancel()
	if err != nil {
		q.s.Logger.Error("the queue of a process that died cannot be opened; it is left as it is", "folder", folder, "error", err)
		return
	}
	defer s.close()
	before, err := s.depth(ctx)
	if err != nil {
		q.s.Logger.Error("the queue of a process that died cannot be read; it is left as it is", "folder", folder, "error", err)
		return
	}
	draining, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	for _, name := range s.streams {
		all.Go(func() { q.drain(draining, s, name) })
	}
	empty := false
	for !empty && ctx.Err() == nil {
		d, err := s.depth(ctx)
		if empty = err == nil && d.Messages == 0; empty {
			break
		}
		select {
		case <-ctx.Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
	stop()
	all.Wait()
	if !empty {
		return
	}
	s.shut() // and keep the lock until the folder is gone, so that nobody moves in meanwhile
	if err := os.RemoveAll(folder); err != nil {
		q.s.Logger.Warn("the empty queue of a process that died cannot be removed", "folder", folder, "error", err)
	}
	q.metrics.adopted.Add(1)
	q.s.Logger.Info("the queue of a process that died was taken over", "folder", folder, "messages", before.Messages)
}
