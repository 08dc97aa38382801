package members

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"bookvault/platform/housekeeping"
)

const (
	seenEvery   = time.Minute      // the last use of a session is written at most this often
	flushEvery  = 10 * time.Second // sightings wait at most this long in memory
	sightingMax = 50_000           // sightings in memory; beyond, the next request of that session tries again
)

// sightings gathers last uses off the way of requests, one entry a session or token.
type sightings struct {
	mu       sync.Mutex
	sessions map[int64]time.Time
	tokens   map[int64]time.Time
	run      sync.Mutex // serialises Start and Stop
	stop     context.CancelFunc
	stopped  chan struct{}
}

func newSightings() *sightings {
	return &sightings{sessions: map[int64]time.Time{}, tokens: map[int64]time.Time{}}
}

func (s *sightings) session(id int64, at time.Time) { s.note(&s.sessions, id, at) }
func (s *sightings) token(id int64, day time.Time)  { s.note(&s.tokens, id, day) }

func (s *sightings) note(into *map[int64]time.Time, id int64, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(*into) < sightingMax {
		(*into)[id] = at
	}
}

func (s *sightings) take() (sessions, tokens map[int64]time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sessions, tokens = s.sessions, s.tokens
	s.sessions, s.tokens = map[int64]time.Time{}, map[int64]time.Time{}
	return sessions, tokens
}

// Start begins the work behind the requests: it writes last uses. It returns at once; starting twice is one start.
func (s *Service) Start(ctx context.Context) error {
	s.seen.run.Lock()
	defer s.seen.run.Unlock()
	if s.seen.stop != nil {
		return nil
	}
	ctx, s.seen.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.seen.stopped = make(chan struct{})
	go s.keepWriting(ctx, s.seen.stopped)
	return nil
}

// Stop ends that work and writes the last uses that are left. It is safe before Start and twice.
func (s *Service) Stop(ctx context.Context) error {
	s.seen.run.Lock()
	defer s.seen.run.Unlock()
	if s.seen.stop == nil {
		return nil
	}
	s.seen.stop()
	<-s.seen.stopped
	s.seen.stop = nil
	return s.WriteSightings(ctx)
}

func (s *Service) keepWriting(ctx context.Context, stopped chan<- struct{}) {
	defer close(stopped)
	flush := time.NewTicker(flushEvery)
	defer flush.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-flush.C:
		}
		if err := s.WriteSightings(ctx); err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "members: last uses could not be written", "error", err)
		}
	}
}

// WriteSightings writes the last uses gathered since the last time.
func (s *Service) WriteSightings(ctx context.Context) error {
	sessions, tokens := s.seen.take()
	if len(sessions)+len(tokens) == 0 {
		return nil
	}
	return s.store.Seen(ctx, sessions, tokens)
}

// Housekeeping lists what the module does because time has passed.
func (s *Service) Housekeeping() []housekeeping.Step {
	return []housekeeping.Step{{Name: "ended_sessions", Run: func(ctx context.Context) (int, error) {
		purged, err := s.Purge(ctx)
		return int(purged), err
	}}, {Name: "deleted_lists", Run: func(ctx context.Context) (int, error) {
		gone, err := s.store.ForgetListTraces(ctx, s.clock().Add(-ListTracesKept))
		return int(gone), err
	}}}
}

// Purge deletes sessions, tokens, counts and keys that ended and audit entries that are old enough; it tells how many rows went.
func (s *Service) Purge(ctx context.Context) (int64, error) {
	now := s.clock()
	return s.store.Purge(ctx, now, now.Add(-s.settings.SessionIdle), now.Add(-keysKept), now.Add(-s.settings.AuditKept))
}
