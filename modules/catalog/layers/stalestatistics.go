package layers

import (
	"context"

	"bookvault/modules/catalog"
	"bookvault/platform/resilience"
)

// StaleStatistics shows the figures that were shown last, marked as such, while they cannot be read (pattern 5, fallback).
func StaleStatistics(next catalog.Statistics, s resilience.FallbackSettings) catalog.Statistics {
	figures, authors := s, s
	figures.Name, authors.Name = s.Name+"-figures", s.Name+"-author-figures"
	return &staleStatistics{next, resilience.NewFallback[int, catalog.BookStatistics](figures), resilience.NewFallback[int64, catalog.AuthorStatistics](authors)}
}

type staleStatistics struct {
	next    catalog.Statistics
	figures *resilience.Fallback[int, catalog.BookStatistics]
	authors *resilience.Fallback[int64, catalog.AuthorStatistics]
}

// BookStatistics gives the figures of the collection.
func (s *staleStatistics) BookStatistics(ctx context.Context, genres int) (catalog.BookStatistics, error) {
	figures, stale, err := s.figures.Do(ctx, genres, func(ctx context.Context) (catalog.BookStatistics, error) { return s.next.BookStatistics(ctx, genres) })
	figures.Stale = stale
	return figures, err
}

// AuthorStatistics gives those of an author.
func (s *staleStatistics) AuthorStatistics(ctx context.Context, authorID int64) (catalog.AuthorStatistics, error) {
	figures, stale, err := s.authors.Do(ctx, authorID, func(ctx context.Context) (catalog.AuthorStatistics, error) {
		return s.next.AuthorStatistics(ctx, authorID)
	})
	figures.Stale = stale
	return figures, err
}
