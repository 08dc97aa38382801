package members

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	seenEvery   = time.Minute      // the last use of a session is written at most this often
	flushEvery  = 10 * time.Second // sightings wait at most this long in memory
	purgeEvery  = 10 * time.Minute // between two sweeps of what ended
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

// Start begins the work behind the requests: it writes last uses and deletes what ended. It returns at once; starting twice is one start.
func (s *Service) Start(ctx context.Context) error {
	s.seen.run.Lock()
	defer s.seen.run.Unlock()
	if s.seen.stop != nil {
		return nil
	}
	ctx, s.seen.stop = context.WithCancel(context.WithoutCancel(ctx))
	s.seen.stopped = make(chan struct{})
	go s.keepHouse(ctx, s.seen.stopped)
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

func (s *Service) keepHouse(ctx context.Context, stopped chan<- struct{}) {
	defer close(stopped)
	flush, purge := time.NewTicker(flushEvery), time.NewTicker(purgeEvery)
	defer flush.Stop()
	defer purge.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			return
		case <-flush.C:
			err = s.WriteSightings(ctx)
		case <-purge.C:
			_, err = s.Purge(ctx)
		}
		if err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "members: housekeeping failed; it is tried again", "error", err)
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

// Purge deletes sessions, tokens, counts and keys that ended and audit entries that are old enough; it tells how many rows went.
func (s *Service) Purge(ctx context.Context) (int64, error) {
	now := s.clock()
	return s.store.Purge(ctx, now, now.Add(-s.settings.SessionIdle), now.Add(-keysKept), now.Add(-s.settings.AuditKept))
}
