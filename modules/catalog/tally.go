package catalog

import (
	"context"
	"time"

	"bookvault/platform/hlc"
	"bookvault/platform/housekeeping"
)

// Tally is what was counted in a while, by nobody in particular. It is added whole and once, however often it comes.
type Tally struct {
	At    hlc.Time             `json:"at"` // its name, too
	Views map[int64]int64      `json:"views,omitempty"`
	Terms map[string]TermCount `json:"terms,omitempty"` // by their TitleKey
}

// TermCount says how often a term was searched for.
type TermCount struct {
	Text string `json:"text"` // as it was typed last
	Seen int64  `json:"seen"`
}

// TermShownFrom is how often a term must have been searched for before others are shown it.
const TermShownFrom = 10

// RareTermKept is how long a term is remembered that was not searched for that often. It may say more of somebody than it should.
const RareTermKept = 30 * 24 * time.Hour

// Counts counts what people look at and search for. It learns neither who nor from where.
type Counts interface {
	// Viewed counts a view of a title.
	Viewed(ctx context.Context, bookID int64) error
	// Searched counts a search that found something.
	Searched(ctx context.Context, key, text string) error
}

// Viewed is a title and how often it was looked at.
type Viewed struct {
	BookID int64
	Views  int64
}

// CountRows is where counts live.
type CountRows interface {
	// AddTallies adds those that were not added before.
	AddTallies(ctx context.Context, list []Tally) error
	// Popular gives the titles that are looked at most these days.
	Popular(ctx context.Context, limit int) ([]Viewed, error)
	// ForgetTallies deletes terms that were searched for less than TermShownFrom times, last before the first time, and the names of
	// tallies from before the second.
	ForgetTallies(ctx context.Context, rare, named time.Time) (int64, error)
}

// Viewed counts a view of a title. BookNotFound.
func (s *Service) Viewed(ctx context.Context, bookID int64) error {
	if _, err := s.stores.Books.Get(ctx, bookID); err != nil {
		return err
	}
	return s.stores.Counts.Viewed(ctx, bookID)
}

// PopularTitle is a title with the number of its views.
type PopularTitle struct {
	Book
	Views int64
}

// Popular gives the titles that are looked at most these days.
func (s *Service) Popular(ctx context.Context, limit int) ([]PopularTitle, error) {
	viewed, err := s.stores.CountRows.Popular(ctx, limit)
	if err != nil {
		return nil, err
	}
	ids := make([]int64, len(viewed))
	for i, v := range viewed {
		ids[i] = v.BookID
	}
	books, err := s.stores.Books.Many(ctx, ids)
	if err != nil {
		return nil, err
	}
	titles := make([]PopularTitle, 0, len(viewed))
	for _, v := range viewed {
		if b, still := books[v.BookID]; still {
			titles = append(titles, PopularTitle{b, v.Views})
		}
	}
	return titles, nil
}

// tallyNamed is for how long it is known which tallies were added: longer than any can be under way.
const tallyNamed = 90 * 24 * time.Hour

// Housekeeping lists what the module does because time has passed.
func (s *Service) Housekeeping() []housekeeping.Step {
	return []housekeeping.Step{{Name: "search_terms", Run: func(ctx context.Context) (int, error) {
		now := s.now()
		gone, err := s.stores.CountRows.ForgetTallies(ctx, now.Add(-RareTermKept), now.Add(-tallyNamed))
		return int(gone), err
	}}}
}
