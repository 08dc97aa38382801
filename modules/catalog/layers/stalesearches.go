package layers

import (
	"context"
	"errors"

	"bookvault/modules/catalog"
	"bookvault/platform/cache"
)

// staleSearches shows a page of a search as it was last while searching fails (pattern 5, fallback).
type staleSearches struct {
	catalog.Search
	kept    *KeptSearches
	enabled func() bool
	unheard func(context.Context) bool
}

// StaleSearches stands outside of the memory of searches, as StaleOnError does of that of titles, and by the same rules: no page stands in when
// any title is known to have changed since, nor for whoever was promised a write that this process may not have heard of.
func StaleSearches(search catalog.Search, kept *KeptSearches, enabled func() bool, unheard func(context.Context) bool) catalog.Search {
	return &staleSearches{search, kept, enabled, unheard}
}

// Find gives a page of a search, if need be an older one, which says so.
func (s *staleSearches) Find(ctx context.Context, c catalog.Criteria) (catalog.Found, error) {
	found, err := s.Search.Find(ctx, c)
	if c.Available || !staleHelps(ctx, err, s.enabled, s.unheard) {
		return found, err
	}
	key, keyErr := searchKey(c)
	if keyErr != nil {
		return found, err
	}
	remembered, there, stoodIn := s.kept.pages.Remembered(key, err)
	if _, stale := errors.AsType[*cache.Stale](stoodIn); !stale || !there {
		return found, err
	}
	remembered.Stale = true
	return remembered, nil
}
