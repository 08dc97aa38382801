package borrowing

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"bookvault/platform/ledger"
)

// FollowAvailability makes the handler of an outbox that tells somebody of the counts of every title that something happened to.
// They are read anew by counts, which must not answer from a copy: what it missed would never be told. So a message that comes twice
// or late does no harm; Version orders them.
func FollowAvailability(counts func(context.Context, []int64) (map[int64]Availability, error), tell func(context.Context, []Availability) error) ledger.Handler {
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
		now, err := counts(ctx, books)
		if err != nil {
			return err
		}
		return tell(ctx, Sorted(now))
	}
}
