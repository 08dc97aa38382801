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
	KeptTitles  = cache.Aside[int64, catalog.Book]
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
	book, found, err := c.kept.Get(ctx, id, func(ctx context.Context) (catalog.Book, bool, error) {
		return existing(c.Books.Get(ctx, id))
	})
	if err == nil && !found {
		err = catalog.BookNotFound(id)
	}
	return book, err
}

// Many reads titles: those that are not in memory in one go.
func (c *cachedBooks) Many(ctx context.Context, ids []int64) (map[int64]catalog.Book, error) {
	return c.kept.GetMany(ctx, ids, c.Books.Many)
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
}

// StaleOnError is the outermost layer, so that what it gives in place of a failure is never kept as if it were fresh. A title that
// somebody is known to have changed never stands in, nor does one for a decision: commands lock what they decide about.
func StaleOnError(books catalog.Books, kept *KeptTitles, enabled func() bool) catalog.Books {
	return &staleOnError{books, kept, enabled}
}

// Get reads one title, if need be an older copy, which says so.
func (s *staleOnError) Get(ctx context.Context, id int64) (catalog.Book, error) {
	book, err := s.Books.Get(ctx, id)
	if !s.helps(ctx, err) {
		return book, err
	}
	return s.remembered(id, err)
}

// Many does so for all of the titles, or for none.
func (s *staleOnError) Many(ctx context.Context, ids []int64) (map[int64]catalog.Book, error) {
	books, err := s.Books.Many(ctx, ids)
	if !s.helps(ctx, err) {
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
	book, found, err := s.kept.Remembered(id, cause)
	if _, stale := errors.AsType[*cache.Stale](err); stale && found {
		book.Stale = true
		return book, nil
	}
	return catalog.Book{}, cause
}

// helps tells whether an error is one that an older copy is better than: the database, not the question, is at fault.
func (s *staleOnError) helps(ctx context.Context, err error) bool {
	if err == nil || !s.enabled() || ctx.Err() != nil && errors.Is(ctx.Err(), context.Canceled) {
		return false
	}
	switch problem.Of(err).Kind {
	case problem.Unavailable, problem.DeadlineExceeded:
		return true
	}
	return false
}

// BookBytes is what a title takes in memory, in bytes, for the bound of KeptTitles.
func BookBytes(b catalog.Book) int64 {
	n := 400 + len(b.Title) + len(b.Subtitle) + len(b.Language) + len(b.Publisher) + len(b.ISBN13) + len(b.Series) + len(b.SeriesPosition) + len(b.Description)
	for _, a := range b.Authors {
		n += 24 + len(a.Name)
	}
	for _, list := range [][]string{b.Genres, b.Subjects} {
		for _, text := range list {
			n += 16 + len(text)
		}
	}
	return int64(n)
}
