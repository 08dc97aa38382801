// Package layers are decorators of what the catalogue keeps: each is one performance pattern, and modules.go says in which order they
// stand. They know nothing of PostgreSQL or HTTP; the tools are in platform/.
package layers

import (
	"context"
	"errors"
	"slices"
	"time"

	"bookvault/modules/catalog"
	"bookvault/platform/coalesce"
	"bookvault/platform/problem"
)

// coalesced loads titles that are asked for at the same time in one query (pattern 9).
type coalesced struct {
	catalog.Books
	batcher *coalesce.Batcher[int64, catalog.Book]
	enabled func() bool
}

// Coalesced makes one query of the titles that are asked for one by one at the same time. enabled is asked each time; switched off,
// each goes its own way.
func Coalesced(books catalog.Books, s coalesce.Settings, enabled func() bool) catalog.Books {
	s.Name = "titles"
	return &coalesced{Books: books, batcher: coalesce.New(s, books.Many), enabled: enabled}
}

// Get reads one title.
func (c *coalesced) Get(ctx context.Context, id int64) (catalog.Book, error) {
	if !c.enabled() {
		return c.Books.Get(ctx, id)
	}
	book, found, err := c.batcher.Get(ctx, id)
	switch {
	case errors.Is(err, coalesce.ErrFull):
		busy := problem.New(problem.Unavailable, "busy", "Too many titles are asked for just now. Please try again in a moment.").Because(err)
		busy.RetryAfter = time.Second
		return catalog.Book{}, busy
	case err != nil:
		return catalog.Book{}, err
	case !found:
		return catalog.Book{}, catalog.BookNotFound(id)
	}
	return CopyBook(book), nil // others may have got the same
}

// CopyBook gives a caller a title whose lists are their own to change.
func CopyBook(b catalog.Book) catalog.Book {
	b.Authors, b.Genres, b.Subjects = slices.Clone(b.Authors), slices.Clone(b.Genres), slices.Clone(b.Subjects)
	return b
}
