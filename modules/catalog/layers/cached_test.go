package layers_test

import (
	"context"
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"bookvault/modules/catalog"
	"bookvault/modules/catalog/layers"
	"bookvault/platform/cache"
	"bookvault/platform/problem"
	"bookvault/platform/wal"
)

// ill is a shelf that can fail for want of its database.
type ill struct {
	*shelf
	fails atomic.Bool
}

func (s *ill) failure() error {
	if s.fails.Load() {
		return problem.New(problem.Unavailable, "database_unavailable", "The database does not answer right now.")
	}
	return nil
}

// Get reads one, or fails.
func (s *ill) Get(ctx context.Context, id int64) (catalog.Book, error) {
	if err := s.failure(); err != nil {
		return catalog.Book{}, err
	}
	return s.shelf.Get(ctx, id)
}

// Many reads several, or fails.
func (s *ill) Many(ctx context.Context, ids []int64) (map[int64]catalog.Book, error) {
	if err := s.failure(); err != nil {
		return nil, err
	}
	return s.shelf.Many(ctx, ids)
}

func keptTitles(t *testing.T, s cache.Settings[layers.Packed]) *layers.KeptTitles {
	t.Helper()
	s.Cost = layers.PackedBytes
	kept, err := cache.NewAside[int64](s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kept.Close)
	return kept
}

// eventually asks until it holds: the memory takes a new value in behind.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begin := time.Now(); !holds(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > 5*time.Second {
			t.Fatal(what)
		}
	}
}

func TestTitlesAreKeptUntilTheyChange(t *testing.T) {
	s := &shelf{books: map[int64]catalog.Book{}, open: make(chan struct{})}
	close(s.open)
	for id := int64(1); id <= 4; id++ {
		s.books[id] = catalog.Book{ID: id, Version: 1, Authors: []catalog.Author{{Name: "A"}}}
	}
	kept := keptTitles(t, cache.Settings[layers.Packed]{})
	books := layers.CacheAside(s, kept)
	eventually(t, "never kept", func() bool {
		before := s.one.Load()
		b, err := books.Get(t.Context(), 1)
		if err != nil || b.Version != 1 {
			t.Fatalf("%+v %v", b, err)
		}
		b.Authors[0].Name = "changed" // their own
		return s.one.Load() == before
	})
	if b, _ := books.Get(t.Context(), 1); b.Authors[0].Name != "A" {
		t.Error("one caller changed what the others get")
	}
	if _, err := books.Get(t.Context(), 99); problem.Of(err).Code != "book_not_found" {
		t.Errorf("%v", err)
	}
	asked := s.many.Load()
	many, err := books.Many(t.Context(), []int64{1, 2, 3, 99})
	if err != nil || len(many) != 3 || s.many.Load() != asked+1 {
		t.Errorf("%v %v after %d questions", many, err, s.many.Load()-asked)
	}
	eventually(t, "many are not kept", func() bool {
		before := s.many.Load()
		if many, err = books.Many(t.Context(), []int64{1, 2, 3}); err != nil || len(many) != 3 {
			t.Fatalf("%v %v", many, err)
		}
		return s.many.Load() == before
	})
	s.books[1] = catalog.Book{ID: 1, Version: 2}
	kept.Invalidate(wal.Position{}, 1)
	if b, err := books.Get(t.Context(), 1); err != nil || b.Version != 2 {
		t.Errorf("after the change: %+v %v", b, err)
	}
}

func TestAnOlderCopyStandsInWhileTheDatabaseFails(t *testing.T) {
	s := &ill{shelf: &shelf{books: map[int64]catalog.Book{1: {ID: 1, Version: 1}, 2: {ID: 2, Version: 1}}, open: make(chan struct{})}}
	close(s.open)
	var now atomic.Int64
	clock := func() time.Time { return time.Unix(now.Load(), 0) }
	kept := keptTitles(t, cache.Settings[layers.Packed]{TTL: time.Minute, Keep: time.Hour, Early: -1, Clock: clock})
	var on atomic.Bool
	on.Store(true)
	type promised struct{}
	books := layers.StaleOnError(layers.CacheAside(s, kept), kept, on.Load, func(ctx context.Context) bool { return ctx.Value(promised{}) != nil })
	for _, id := range []int64{1, 2} {
		eventually(t, "never kept", func() bool {
			before := s.one.Load()
			_, _ = books.Get(t.Context(), id)
			return s.one.Load() == before
		})
	}
	now.Add(3 * 60) // past its time
	s.fails.Store(true)
	if b, err := books.Get(t.Context(), 1); err != nil || !b.Stale || b.ID != 1 {
		t.Errorf("%+v %v", b, err)
	}
	if many, err := books.Many(t.Context(), []int64{1, 2}); err != nil || len(many) != 2 || !many[2].Stale {
		t.Errorf("%+v %v", many, err)
	}
	if b, err := books.Get(context.WithValue(t.Context(), promised{}, true), 1); problem.Of(err).Kind != problem.Unavailable {
		t.Errorf("who was promised a write that may not have been heard of got a copy from before it: %+v %v", b, err)
	}
	if _, err := books.Many(t.Context(), []int64{1, 3}); problem.Of(err).Kind != problem.Unavailable {
		t.Errorf("half of what was asked for is no answer: %v", err)
	}
	kept.Invalidate(wal.Position{}, 1)
	if _, err := books.Get(t.Context(), 1); problem.Of(err).Kind != problem.Unavailable {
		t.Errorf("what is known to have changed never stands in: %v", err)
	}
	on.Store(false)
	if _, err := books.Get(t.Context(), 2); problem.Of(err).Kind != problem.Unavailable {
		t.Errorf("switched off: %v", err)
	}
	on.Store(true)
	s.fails.Store(false)
	if b, err := books.Get(t.Context(), 2); err != nil || b.Stale {
		t.Errorf("the stale copy was kept as if it were fresh: %+v %v", b, err)
	}
}

// finder counts what it is asked.
type finder struct {
	catalog.Search
	asked []catalog.Criteria
	typed []string
}

// Find remembers the question.
func (f *finder) Find(_ context.Context, c catalog.Criteria) (catalog.Found, error) {
	f.asked = append(f.asked, c)
	return catalog.Found{IDs: []int64{int64(len(f.asked))}}, nil
}

// Suggest remembers what was typed.
func (f *finder) Suggest(_ context.Context, typed string, limit int) ([]catalog.Suggestion, error) {
	f.typed = append(f.typed, typed)
	return []catalog.Suggestion{{Text: typed, Kind: "title"}}[:min(1, limit)], nil
}

// failingFinder finds nothing any more once it fails.
type failingFinder struct {
	finder
	fails error
}

// Find fails, or finds.
func (f *failingFinder) Find(ctx context.Context, c catalog.Criteria) (catalog.Found, error) {
	if f.fails != nil {
		return catalog.Found{}, f.fails
	}
	return f.finder.Find(ctx, c)
}

// A page that was shown stands in, marked, while searching fails or takes too long: for nobody who was promised a write, not once a title has
// changed, and not in place of an answer to what was asked wrongly.
func TestAnOlderPageStandsInWhileSearchingFails(t *testing.T) {
	f := &failingFinder{}
	var now atomic.Int64
	pages := cache.Settings[catalog.Found]{TTL: time.Minute, Keep: time.Hour, Early: -1, Clock: func() time.Time { return time.Unix(now.Load(), 0) }}
	through, kept, err := layers.ReadThrough(f, pages, cache.Settings[[]catalog.Suggestion]{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kept.Close)
	type promised struct{}
	var on atomic.Bool
	on.Store(true)
	search := layers.StaleSearches(through, kept, on.Load, func(ctx context.Context) bool { return ctx.Value(promised{}) != nil })
	c := catalog.Criteria{Sort: catalog.Newest, Limit: 20, Reader: "vi"}
	eventually(t, "never kept", func() bool {
		n := len(f.asked)
		if found, err := search.Find(t.Context(), c); err != nil || found.Stale {
			t.Fatalf("%+v %v", found, err)
		}
		return len(f.asked) == n
	})
	now.Add(3 * 60) // past its time
	expect := func(what string, ctx context.Context, c catalog.Criteria, stands bool) {
		t.Helper()
		if found, err := search.Find(ctx, c); stands != (err == nil && found.Stale && len(found.IDs) == 1) || !stands && !errors.Is(err, f.fails) {
			t.Errorf("%s: %+v %v", what, found, err)
		}
	}
	for _, f.fails = range []error{catalog.SearchTooSlow(), problem.New(problem.Unavailable, "database_unavailable", "Not now.")} {
		expect("while it fails", t.Context(), c, true)
	}
	other := c
	other.Reader = "en"
	expect("the same list for a reader of another language", t.Context(), other, true)
	other.Limit = 10
	expect("another list", t.Context(), other, false)
	other = c
	other.Available = true
	expect("what is on the shelf", t.Context(), other, false)
	expect("a reader who was promised a write", context.WithValue(t.Context(), promised{}, true), c, false)
	on.Store(false)
	expect("switched off", t.Context(), c, false)
	on.Store(true)
	f.fails = problem.InvalidField("query.q", "is wrong")
	expect("a question at fault", t.Context(), c, false)
	f.fails = catalog.SearchTooSlow()
	kept.Forget(wal.Position{})
	expect("after a change", t.Context(), c, false)
}

func TestSearchesAreReadThroughAndForgottenTogether(t *testing.T) {
	f := &finder{}
	search, kept, err := layers.ReadThrough(f, cache.Settings[catalog.Found]{}, cache.Settings[[]catalog.Suggestion]{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kept.Close)
	query, err := catalog.ParseQuery(`"truyện kiều" nguyễn 1820`, catalog.DefaultQueryLimits)
	if err != nil {
		t.Fatal(err)
	}
	year := 1820
	c := catalog.Criteria{Query: query, Genre: "Poetry", YearFrom: &year, Sort: catalog.Newest, Limit: 20, Reader: "vi",
		After: &catalog.Place{Phase: 1, ID: 7, Rank: 0.25, Instead: map[string][]string{"a": {"b"}}}}
	find := func(c catalog.Criteria) int64 {
		found, err := search.Find(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		return found.IDs[0]
	}
	eventually(t, "never kept", func() bool { n := len(f.asked); find(c); return len(f.asked) == n })
	last := f.asked[len(f.asked)-1]
	if last.Query.Key != query.Key || !slices.EqualFunc(last.Query.Terms, query.Terms, func(a, b catalog.QueryTerm) bool {
		return a.ISBN == b.ISBN && a.Open == b.Open && slices.EqualFunc(a.Forms, b.Forms, slices.Equal[[]string])
	}) || *last.YearFrom != 1820 || last.After.Rank != 0.25 || last.Genre != "Poetry" {
		t.Errorf("the search was asked something else: %+v", last)
	}
	n := len(f.asked)
	c.Reader = "en" // which matters to no order but the alphabet's
	find(c)
	if len(f.asked) != n {
		t.Error("the same list for readers of two languages was searched for twice")
	}
	c.Available = true
	find(c)
	find(c)
	if len(f.asked) != n+2 {
		t.Error("what is on the shelf was kept")
	}
	for _, typed := range []string{`kiều "x" %d`, ""} {
		got, err := search.Suggest(t.Context(), typed, 5)
		if err != nil || len(got) != 1 || got[0].Text != typed {
			t.Errorf("%q: %v %v", typed, got, err)
		}
	}
	c.Available = false
	kept.Forget(wal.Position{})
	if before := len(f.asked); find(c) == 0 || len(f.asked) != before+1 {
		t.Error("after a change nothing was searched for")
	}
}
