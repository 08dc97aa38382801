// Package cache keeps values in memory that are dear to load, and never gives one that this process knows to be old.
//
// The memory is ristretto's, which may drop, delay and reorder what it is told; so nothing here relies on it. Each entry carries the
// stamp of its key as it was before its load began (stamp.go), and counts only while the stamp is the same: a writer who bumps the
// stamp after COMMIT makes every older value invisible at once, those that are still being loaded too.
//
// Behind the memory of each process there may be a remote tier that processes share (remote.go), a Redis or Valkey. What lies there
// carries its position in the database's log, and counts only if that includes every change of the key that this process has heard of
// (tier.go).
//
// aside.go, readthrough.go, writebehind.go and writethrough.go are the four patterns by their textbook definition (2A to 2D), on the same
// local.go. The layers of modules use them; the next room outwards is platform/httpcache, which keeps whole answers.
package cache

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/wal"
)

// Key is what values can be kept under: those of ristretto's keys that are values themselves.
type Key interface{ int64 | uint64 | string }

// Settings of a cache; the zero value of each has the meaning in its comment.
type Settings[V any] struct {
	Name     string // in metrics
	MaxBytes int64  // of all values, as Cost tells, and what keeping them takes; 16 MiB. Of less than 2 MiB keeping them takes more

	TTL      time.Duration // after which a value is loaded again though nobody changed it; 5 minutes
	Negative time.Duration // the same for "there is none"; 10 s
	Keep     time.Duration // after the TTL, in which a value may stand in when loading fails; 1 hour
	// Early is the share of the TTL before its end in which a value is given and loaded again behind that; 0.1. Negative: none.
	Early   float64
	Timeout time.Duration // of a load, whoever hangs up; 10 s

	// Cost gives what a value takes in bytes; nil: 1 KiB each.
	Cost func(V) int64
	// Copy gives a caller a value of their own; nil: values are shared, and must not be changed.
	Copy func(V) V

	// Enabled is asked each time; false lets every call go to the loader. Nil: always on.
	Enabled func() bool
	// Trusted tells whether this caller may be answered from here: not while changes of other processes may have been missed, nor
	// when the caller must see a write that was not heard of yet. Nil: everybody may.
	Trusted func(context.Context) bool
	// Begin makes the context of a load on behalf of a caller: without the caller's end, and seeing at least a position (and what the
	// caller must see). asOf tells, after the load, up to which position what it read is surely complete; zero: not known. Nil: only
	// without the end.
	Begin func(ctx context.Context, least wal.Position) (loading context.Context, asOf func() wal.Position)
	// Given is told when a value that a caller is given was read. Nil: nobody is.
	Given func(ctx context.Context, read time.Time)

	// Remote is the second tier, that processes share; nil: there is none. Encode and Decode turn values into bytes and back; what Decode
	// gives belongs to the cache.
	Remote *Remote
	Encode func(V) ([]byte, error)
	Decode func([]byte) (V, error)

	Clock    func() time.Time      // time.Now
	Registry prometheus.Registerer // nil: no metrics
}

func (s *Settings[V]) complete() {
	or := func(d *time.Duration, standard time.Duration) {
		if *d <= 0 {
			*d = standard
		}
	}
	or(&s.TTL, 5*time.Minute)
	or(&s.Negative, 10*time.Second)
	or(&s.Keep, time.Hour)
	or(&s.Timeout, 10*time.Second)
	if s.MaxBytes <= 0 {
		s.MaxBytes = 16 << 20
	}
	if s.Early == 0 {
		s.Early = 0.1
	}
	if s.Cost == nil {
		s.Cost = func(V) int64 { return 1 << 10 }
	}
	if s.Copy == nil {
		s.Copy = func(v V) V { return v }
	}
	if s.Enabled == nil {
		s.Enabled = func() bool { return true }
	}
	if s.Trusted == nil {
		s.Trusted = func(context.Context) bool { return true }
	}
	if s.Begin == nil {
		s.Begin = func(ctx context.Context, _ wal.Position) (context.Context, func() wal.Position) {
			return context.WithoutCancel(ctx), func() wal.Position { return wal.Position{} }
		}
	}
	if s.Given == nil {
		s.Given = func(context.Context, time.Time) {}
	}
	if s.Clock == nil {
		s.Clock = time.Now
	}
}

// jittered spreads a time by up to a tenth each way, so that what was loaded together is not loaded again together.
func jittered(d time.Duration) time.Duration {
	return time.Duration(float64(d) * (0.9 + 0.2*rand.Float64()))
}
