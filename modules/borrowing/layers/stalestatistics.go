package layers

import (
	"context"
	"slices"

	"bookvault/modules/borrowing"
	"bookvault/platform/resilience"
)

// StaleStatistics shows the figures that were shown last, marked as such, while they cannot be read (pattern 5, fallback). Nothing is
// decided by them: the rest of the store is as it is.
func StaleStatistics(store borrowing.Store, s resilience.FallbackSettings) borrowing.Store {
	circulation, ranking := s, s
	circulation.Name, ranking.Name = s.Name+"-circulation", s.Name+"-most-borrowed"
	return &staleStatistics{store, resilience.NewFallback[borrowing.StatisticsFilter, borrowing.Circulation](circulation), resilience.NewFallback[rankingAsked, borrowing.Ranking](ranking)}
}

type staleStatistics struct {
	borrowing.Store
	circulation *resilience.Fallback[borrowing.StatisticsFilter, borrowing.Circulation]
	ranking     *resilience.Fallback[rankingAsked, borrowing.Ranking]
}

type rankingAsked struct {
	period borrowing.Period
	limit  int
}

// Circulation gives the figures of a period. Titles get their names in the answer, so each caller gets a list of their own.
func (s *staleStatistics) Circulation(ctx context.Context, f borrowing.StatisticsFilter) (borrowing.Circulation, error) {
	c, stale, err := s.circulation.Do(ctx, f, func(ctx context.Context) (borrowing.Circulation, error) { return s.Store.Circulation(ctx, f) })
	c.Stale, c.MostBorrowed = stale, slices.Clone(c.MostBorrowed)
	return c, err
}

// MostBorrowed lists titles by their loans.
func (s *staleStatistics) MostBorrowed(ctx context.Context, p borrowing.Period, limit int) (borrowing.Ranking, error) {
	r, stale, err := s.ranking.Do(ctx, rankingAsked{p, limit}, func(ctx context.Context) (borrowing.Ranking, error) { return s.Store.MostBorrowed(ctx, p, limit) })
	r.Stale, r.Titles = stale, slices.Clone(r.Titles)
	return r, err
}
