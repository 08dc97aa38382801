package layers

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"bookvault/modules/catalog"
	"bookvault/platform/cache"
	"bookvault/platform/wal"
)

// KeptSearches is the memory of search pages and suggestions, each under all that was asked.
type KeptSearches struct {
	pages       *cache.ReadThrough[string, catalog.Found]
	suggestions *cache.ReadThrough[string, []catalog.Suggestion]
}

// searchThrough is what a search asks for where nobody has asked it before: to its callers it is the search (pattern 2B).
type searchThrough struct {
	catalog.Search
	kept *KeptSearches
}

// ReadThrough keeps search pages with their facets, and suggestions, in memory. Any change of a title may change any of them, so
// each makes all of them old. What is on the shelf right now changes with every loan, and is searched for each time.
func ReadThrough(search catalog.Search, pages cache.Settings[catalog.Found], suggestions cache.Settings[[]catalog.Suggestion]) (catalog.Search, *KeptSearches, error) {
	kept := &KeptSearches{}
	var err error
	pages.Cost, suggestions.Cost = foundBytes, suggestedBytes
	if kept.pages, err = cache.NewReadThrough(pages, func(ctx context.Context, key string) (catalog.Found, bool, error) {
		var c catalog.Criteria
		if err := json.Unmarshal([]byte(key), &c); err != nil {
			return catalog.Found{}, false, fmt.Errorf("read the key of a search: %w", err)
		}
		found, err := search.Find(ctx, c)
		if err == nil && found.Partial {
			err = &partialAnswer{found} // for whoever asked now; the next one may have more of it
		}
		return found, err == nil, err
	}); err != nil {
		return nil, nil, err
	}
	if kept.suggestions, err = cache.NewReadThrough(suggestions, func(ctx context.Context, key string) ([]catalog.Suggestion, bool, error) {
		var limit int
		var typed string
		if _, err := fmt.Sscanf(key, "%d %q", &limit, &typed); err != nil {
			return nil, false, fmt.Errorf("read the key of a suggestion: %w", err)
		}
		found, err := search.Suggest(ctx, typed, limit)
		return found, err == nil, err
	}); err != nil {
		return nil, nil, err
	}
	return &searchThrough{search, kept}, kept, nil
}

// Find gives a page of a search.
func (s *searchThrough) Find(ctx context.Context, c catalog.Criteria) (catalog.Found, error) {
	if c.Available {
		return s.Search.Find(ctx, c)
	}
	key, err := searchKey(c)
	if err != nil {
		return catalog.Found{}, err
	}
	found, _, err := s.kept.pages.Get(ctx, key)
	if partial, ok := errors.AsType[*partialAnswer](err); ok {
		return partial.found, nil
	}
	return found, err
}

// searchKey is what a page is kept under: all that was asked.
func searchKey(c catalog.Criteria) (string, error) {
	if c.Sort != catalog.ByTitle && c.Sort != catalog.ByTitleDesc {
		c.Reader = "" // the alphabet matters to nothing else
	}
	key, err := json.Marshal(c)
	if err != nil {
		return "", fmt.Errorf("make the key of a search: %w", err)
	}
	return string(key), nil
}

// partialAnswer carries an answer past the memory that should not be kept.
type partialAnswer struct{ found catalog.Found }

// Error says what it is.
func (*partialAnswer) Error() string { return "the search took its budget" }

// Suggest completes what is typed.
func (s *searchThrough) Suggest(ctx context.Context, typed string, limit int) ([]catalog.Suggestion, error) {
	found, _, err := s.kept.suggestions.Get(ctx, strconv.Itoa(limit)+" "+strconv.Quote(typed))
	return found, err
}

// Forget makes all that is kept old: some title changed, at a position.
func (k *KeptSearches) Forget(at wal.Position) {
	k.pages.InvalidateAll(at)
	k.suggestions.InvalidateAll(at)
}

// Close frees the memory; from then on every search is made.
func (k *KeptSearches) Close() {
	k.pages.Close()
	k.suggestions.Close()
}

// keyBytes is what the key of a search takes, roughly.
const keyBytes = 512

func foundBytes(f catalog.Found) int64 {
	n := int64(keyBytes + 8*len(f.IDs))
	for i := range f.Places {
		n += 96 + int64(len(f.Places[i].Key))
	}
	for _, facet := range [][]catalog.FacetValue{f.Facets.Genre, f.Facets.Language, f.Facets.Author, f.Facets.Decade} {
		for _, v := range facet {
			n += 40 + int64(len(v.Value)+len(v.Label))
		}
	}
	return n
}

func suggestedBytes(list []catalog.Suggestion) int64 {
	n := int64(keyBytes)
	for _, s := range list {
		n += 56 + int64(len(s.Text)+len(s.Kind))
	}
	return n
}
