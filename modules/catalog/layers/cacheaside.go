package layers

import (
	"context"
	"errors"

	"bookvault/modules/catalog"
	"bookvault/platform/cache"
	"bookvault/platform/problem"
)

// KeptTitles is the memory of titles, and KeptAuthors that of authors: by their ids.
type (
	KeptTitles  = cache.Aside[int64, Packed]
	KeptAuthors = cache.Aside[int64, catalog.Author]
)

// cachedBooks looks for titles in memory before it asks for them (pattern 2A).
type cachedBooks struct {
	catalog.Books
	kept *KeptTitles
}

// CacheAside keeps titles in memory, and for a short time that there is none. Who changes a title says so after COMMIT (see
// catalog.Changes), and kept is told to forget it.
func CacheAside(books catalog.Books, kept *KeptTitles) catalog.Books {
	return &cachedBooks{books, kept}
}

// Get reads one title.
func (c *cachedBooks) Get(ctx context.Context, id int64) (catalog.Book, error) {
	packed, found, err := c.kept.Get(ctx, id, func(ctx context.Context) (Packed, bool, error) {
		book, found, err := existing(c.Books.Get(ctx, id))
		return pack(&book), found, err
	})
	switch {
	case err != nil:
		return catalog.Book{}, err
	case !found:
		return catalog.Book{}, catalog.BookNotFound(id)
	}
	return packed.unpack()
}

// Many reads titles: those that are not in memory in one go.
func (c *cachedBooks) Many(ctx context.Context, ids []int64) (map[int64]catalog.Book, error) {
	packed, err := c.kept.GetMany(ctx, ids, func(ctx context.Context, ids []int64) (map[int64]Packed, error) {
		books, err := c.Books.Many(ctx, ids)
		packed := make(map[int64]Packed, len(books))
		for id, book := range books {
			packed[id] = pack(&book)
		}
		return packed, err
	})
	if err != nil {
		return nil, err
	}
	books := make(map[int64]catalog.Book, len(packed))
	for id, p := range packed {
		if books[id], err = p.unpack(); err != nil {
			return nil, err
		}
	}
	return books, nil
}

// cachedAuthors does so with authors.
type cachedAuthors struct {
	catalog.Authors
	kept *KeptAuthors
}

// CacheAuthorsAside keeps authors in memory.
func CacheAuthorsAside(authors catalog.Authors, kept *KeptAuthors) catalog.Authors {
	return &cachedAuthors{authors, kept}
}

// Author reads one.
func (c *cachedAuthors) Author(ctx context.Context, id int64) (catalog.Author, error) {
	author, found, err := c.kept.Get(ctx, id, func(ctx context.Context) (catalog.Author, bool, error) {
		return existing(c.Authors.Author(ctx, id))
	})
	if err == nil && !found {
		err = catalog.AuthorNotFound(id)
	}
	return author, err
}

// existing turns the answer that there is none into found = false.
func existing[V any](value V, err error) (_ V, found bool, _ error) {
	if err != nil && problem.Of(err).Kind == problem.NotFoundKind {
		return value, false, nil
	}
	return value, err == nil, err
}

// staleOnError shows what is remembered of a title while it cannot be read (pattern 5, fallback).
type staleOnError struct {
	catalog.Books
	kept    *KeptTitles
	enabled func() bool
	unheard func(context.Context) bool
}

// StaleOnError is the outermost layer, so that what it gives in place of a failure is never kept as if it were fresh. A title that
// somebody is known to have changed never stands in, nor does one for a decision: commands lock what they decide about. unheard tells
// who must see a write that this process may not have heard of: who was promised that is better off with the failure.
func StaleOnError(books catalog.Books, kept *KeptTitles, enabled func() bool, unheard func(context.Context) bool) catalog.Books {
	return &staleOnError{books, kept, enabled, unheard}
}

// Get reads one title, if need be an older copy, which says so.
func (s *staleOnError) Get(ctx context.Context, id int64) (catalog.Book, error) {
	book, err := s.Books.Get(ctx, id)
	if !staleHelps(ctx, err, s.enabled, s.unheard) {
		return book, err
	}
	return s.remembered(id, err)
}

// Many does so for all of the titles, or for none.
func (s *staleOnError) Many(ctx context.Context, ids []int64) (map[int64]catalog.Book, error) {
	books, err := s.Books.Many(ctx, ids)
	if !staleHelps(ctx, err, s.enabled, s.unheard) {
		return books, err
	}
	books = make(map[int64]catalog.Book, len(ids))
	for _, id := range ids {
		book, missing := s.remembered(id, err)
		if missing != nil {
			return nil, err
		}
		books[id] = book
	}
	return books, nil
}

// remembered gives an older copy, or the cause when there is none.
func (s *staleOnError) remembered(id int64, cause error) (catalog.Book, error) {
	packed, found, err := s.kept.Remembered(id, cause)
	if _, stale := errors.AsType[*cache.Stale](err); !stale || !found {
		return catalog.Book{}, cause
	}
	book, err := packed.unpack()
	book.Stale = true
	return book, err
}

// staleHelps tells whether an error is one that an older copy is better than: the database, not the question, is at fault.
func staleHelps(ctx context.Context, err error, enabled func() bool, unheard func(context.Context) bool) bool {
	if err == nil || !enabled() || unheard(ctx) || ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled) {
		return false
	}
	switch problem.Of(err).Kind {
	case problem.Unavailable, problem.DeadlineExceeded:
		return true
	}
	return false
}
