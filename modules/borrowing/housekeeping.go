package borrowing

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"bookvault/platform/ledger"
)

// housekeepingEvery is how often old things are cleared away. What is too old is not used in between either.
const housekeepingEvery = time.Hour

type housekeeping struct {
	lock sync.Mutex
	stop context.CancelFunc
	done chan struct{}
}

// Start begins the work behind the requests: it clears away what has served its time. It returns at once; starting twice is one
// start.
func (s *Service) Start(ctx context.Context) error {
	h := s.house
	h.lock.Lock()
	defer h.lock.Unlock()
	if h.stop != nil {
		return nil
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx))
	h.stop, h.done = stop, make(chan struct{})
	go func(done chan<- struct{}) {
		defer close(done)
		ticker := time.NewTicker(housekeepingEvery)
		defer ticker.Stop()
		for {
			if _, err := s.ForgetOldKeys(running); err != nil && running.Err() == nil {
				s.settings.Logger.LogAttrs(running, slog.LevelWarn, "old Idempotency-Keys could not be deleted; it is tried again", slog.Any("error", err))
			}
			select {
			case <-running.Done():
				return
			case <-ticker.C:
			}
		}
	}(h.done)
	return nil
}

// Stop ends that work and waits for it, as long as ctx lets it. It is safe before Start and twice.
func (s *Service) Stop(ctx context.Context) error {
	h := s.house
	h.lock.Lock()
	defer h.lock.Unlock()
	if h.stop == nil {
		return nil
	}
	h.stop()
	select {
	case <-h.done:
		h.stop = nil
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop borrowing's housekeeping: %w", ctx.Err())
	}
}

// ForgetOldKeys deletes Idempotency-Keys that are older than 30 days, in steps, until none is left.
func (s *Service) ForgetOldKeys(ctx context.Context) (deleted int, err error) {
	const step = 1000
	for {
		n, err := s.store.ForgetKeys(ctx, s.now().Add(-keyLifetime), step)
		deleted += n
		if err != nil || n < step {
			return deleted, err
		}
	}
}

// FollowAvailability makes the handler of an outbox that tells somebody of the counts of every title that something happened to.
// The counts are read anew, so a message that comes twice or late does no harm; Version orders them.
func (s *Service) FollowAvailability(tell func(context.Context, []Availability) error) ledger.Handler {
	return func(ctx context.Context, messages []ledger.Message) error {
		var books []int64
		for _, m := range messages {
			var about struct {
				BookID int64 `json:"book_id"`
			}
			if err := json.Unmarshal(m.Data, &about); err != nil {
				return fmt.Errorf("read message %d of %s: %w", m.ID, m.Key, err)
			}
			if about.BookID != 0 {
				books = append(books, about.BookID)
			}
		}
		slices.Sort(books)
		books = slices.Compact(books)
		if len(books) == 0 {
			return nil
		}
		counts, err := s.store.Availability(ctx, books)
		if err != nil {
			return err
		}
		return tell(ctx, Sorted(counts))
	}
}
