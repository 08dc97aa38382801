package database

import (
	"context"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
)

// holders remembers who has which connection of a pool, and since when, so that one that is never given back can be told of.
type holders struct {
	by    sync.Map // of *pgx.Conn to *holder
	leaks atomic.Int64
}

type holder struct {
	since time.Time
	told  atomic.Bool
	depth int
	place [24]uintptr
}

// take notes a connection that is taken; the place costs a microsecond, and is put into words only if it is told of.
func (h *holders) take(_ context.Context, conn *pgx.Conn) (bool, error) {
	one := &holder{since: time.Now()}
	one.depth = runtime.Callers(2, one.place[:])
	h.by.Store(conn, one)
	return true, nil
}

// give notes that it is given back.
func (h *holders) give(conn *pgx.Conn) bool {
	h.by.Delete(conn)
	return true
}

// gone notes that it is thrown away rather than given back.
func (h *holders) gone(conn *pgx.Conn) { h.by.Delete(conn) }

// overdue gives the holders who have had a connection for longer than a threshold, each once.
func (h *holders) overdue(now time.Time, threshold time.Duration) (found []*holder) {
	h.by.Range(func(_, value any) bool {
		one := value.(*holder)
		if now.Sub(one.since) >= threshold && !one.told.Swap(true) {
			h.leaks.Add(1)
			found = append(found, one)
		}
		return true
	})
	return found
}

// where names the place that took a connection: the innermost functions that are not of the way to it.
func (h *holder) where() string {
	frames := runtime.CallersFrames(h.place[:h.depth])
	var places []string
	for {
		f, more := frames.Next()
		if own := strings.Contains(f.Function, "bookvault/") && !strings.Contains(f.Function, "bookvault/platform/database."); own || f.Function == "main.main" {
			places = append(places, shortName(f.Function)+" ("+f.File[strings.LastIndexByte(f.File, '/')+1:]+")")
		}
		if !more || len(places) == 3 {
			return strings.Join(places, " < ")
		}
	}
}

// shortName leaves the path of a function's package out.
func shortName(function string) string { return function[strings.LastIndexByte(function, '/')+1:] }

// watchLeaks tells of connections to servers that are held for too long, until the database is closed.
func (db *DB) watchLeaks(of []*server) {
	look := time.NewTicker(max(db.settings.LeakThreshold/4, 5*time.Millisecond))
	defer look.Stop()
	for {
		select {
		case <-db.closing.Done():
			return
		case now := <-look.C:
			for _, s := range of {
				for name, p := range s.pools() {
					for _, held := range p.taken.overdue(now, db.settings.LeakThreshold) {
						db.settings.Logger.Warn("a connection is held for longer than database.pool.leak_threshold", slog.String("server", s.name),
							slog.String("pool", name), slog.Duration("held", now.Sub(held.since).Round(time.Millisecond)), slog.String("taken_by", held.where()))
					}
				}
			}
		}
	}
}
