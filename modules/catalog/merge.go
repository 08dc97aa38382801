package catalog

import (
	"context"
	"errors"

	"bookvault/platform/problem"
)

// Merge makes one title of two that are the same: borrowing moves what it has of the first to the second, and then the first becomes
// a tombstone that leads there. It gives the second. When it fails half way it can be repeated, and repeating it afterwards changes
// nothing. version is that of the first; 0: any.
func (s *Service) Merge(ctx context.Context, id, into int64, version int32) (Book, error) {
	if id == into {
		return Book{}, problem.InvalidField("body.into", "is the title itself")
	}
	target, err := s.stores.Books.Get(ctx, into)
	if err != nil {
		if problem.Of(err).Kind == problem.NotFoundKind {
			return Book{}, problem.InvalidField("body.into", "there is no title with the id %d", into)
		}
		return Book{}, err
	}
	b, err := s.stores.Books.Get(ctx, id)
	if err != nil {
		if moved, of := s.MovedTo(ctx, id, err); of == nil && moved == into {
			return target, nil
		}
		return Book{}, err
	}
	if version != 0 && version != b.Version {
		return Book{}, VersionConflict(b.Version)
	}
	if s.holdings == nil {
		return Book{}, problem.New(problem.Unavailable, "holdings_unknown", "Borrowing cannot be asked to move the items of this title; try again later.")
	}
	if err := s.holdings.MergeTitle(ctx, id, into); err != nil {
		return Book{}, err
	}
	return target, s.stores.Books.Merge(ctx, id, into, version)
}

// MovedTo gives the title that one has become which was not found, as missing says; of any other title, and for any other error,
// it gives missing again.
func (s *Service) MovedTo(ctx context.Context, id int64, missing error) (int64, error) {
	if !errors.Is(missing, &problem.Error{Code: "book_not_found"}) {
		return 0, missing
	}
	merged, err := s.stores.Books.MergedInto(ctx, []int64{id})
	if err != nil {
		return 0, err
	}
	if into, ok := merged[id]; ok {
		return into, nil
	}
	return 0, missing
}

// followMerges adds to books, under the ids asked for, the titles that those which are missing have become.
func (s *Service) followMerges(ctx context.Context, ids []int64, books map[int64]Book) error {
	var missing, targets []int64
	for _, id := range ids {
		if _, found := books[id]; !found {
			missing = append(missing, id)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	merged, err := s.stores.Books.MergedInto(ctx, missing)
	if err != nil || len(merged) == 0 {
		return err
	}
	for _, into := range merged {
		targets = append(targets, into)
	}
	found, err := s.stores.Books.Many(ctx, targets)
	if err != nil {
		return err
	}
	for id, into := range merged {
		if b, alive := found[into]; alive {
			books[id] = b
		}
	}
	return nil
}
