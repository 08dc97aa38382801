package layers_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bookvault/modules/catalog"
	"bookvault/modules/catalog/layers"
	"bookvault/platform/coalesce"
	"bookvault/platform/problem"
)

// shelf keeps a few titles and counts the questions.
type shelf struct {
	catalog.Books
	books map[int64]catalog.Book
	one   atomic.Int64
	many  atomic.Int64
	open  chan struct{}
}

// Get reads one.
func (s *shelf) Get(_ context.Context, id int64) (catalog.Book, error) {
	s.one.Add(1)
	b, ok := s.books[id]
	if !ok {
		return b, catalog.BookNotFound(id)
	}
	return b, nil
}

// Many reads several, as long as the shelf is open.
func (s *shelf) Many(_ context.Context, ids []int64) (map[int64]catalog.Book, error) {
	s.many.Add(1)
	<-s.open
	found := map[int64]catalog.Book{}
	for _, id := range ids {
		if b, ok := s.books[id]; ok {
			found[id] = b
		}
	}
	return found, nil
}

func TestTitlesThatAreAskedForTogetherAreOneQuery(t *testing.T) {
	s := &shelf{books: map[int64]catalog.Book{}, open: make(chan struct{})}
	for id := range int64(20) {
		s.books[id] = catalog.Book{ID: id, Title: "Title", Authors: []catalog.Author{{ID: 1, Name: "A"}}}
	}
	var on atomic.Bool
	on.Store(true)
	books := layers.Coalesced(s, coalesce.Settings{Workers: 1}, on.Load)
	var all sync.WaitGroup
	var came atomic.Int64
	for i := range int64(60) {
		all.Go(func() {
			came.Add(1)
			b, err := books.Get(t.Context(), i%20)
			if err != nil || b.ID != i%20 {
				t.Errorf("%d: %+v %v", i, b, err)
				return
			}
			b.Authors[0].Name = "changed by " + b.Title // its own
		})
	}
	for came.Load() < 60 || s.many.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	close(s.open)
	all.Wait()
	if s.one.Load() != 0 || s.many.Load() > 20 {
		t.Errorf("%d single queries, %d together", s.one.Load(), s.many.Load())
	}
	if s.books[3].Authors[0].Name != "A" {
		t.Error("one caller changed what the others got")
	}
	if _, err := books.Get(t.Context(), 99); problem.Of(err).Code != "book_not_found" {
		t.Errorf("%v", err)
	}
	before := s.many.Load()
	on.Store(false)
	if _, err := books.Get(t.Context(), 1); err != nil || s.one.Load() != 1 || s.many.Load() != before {
		t.Errorf("switched off: %v, %d and %d queries", err, s.one.Load(), s.many.Load())
	}
}

func TestAFullQueueIsSaidSo(t *testing.T) {
	s := &shelf{open: make(chan struct{})}
	books := layers.Coalesced(s, coalesce.Settings{Workers: 1, Waiting: 1}, func() bool { return true })
	ctx, end := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for id := range int64(2) {
		all.Go(func() {
			_, err := books.Get(ctx, id)
			if e := problem.Of(err); err != nil && !errors.Is(err, context.Canceled) && e.Kind != problem.Unavailable {
				t.Error(err)
			}
		})
		for id == 0 && s.many.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	for id := int64(7); ; id++ { // each another one: a key that waits already is joined
		_, err := books.Get(ended(), id)
		if e := problem.Of(err); e.Kind == problem.Unavailable && e.RetryAfter > 0 {
			break
		}
	}
	end()
	close(s.open)
	all.Wait()
}

// ended gives a context that is over, for a question that only wants to know whether it would wait.
func ended() context.Context {
	ctx, end := context.WithCancel(context.Background())
	end()
	return ctx
}
