package borrowing

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"bookvault/platform/ledger"
)

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
