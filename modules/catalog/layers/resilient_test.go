package layers_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"bookvault/modules/catalog"
	"bookvault/modules/catalog/layers"
	"bookvault/platform/resilience"
	"bookvault/platform/resilience/resiliencetest"
)

var errGone = errors.New("the server is gone")

// ruin is a shelf whose every door is shut.
type ruin struct {
	catalog.Books
	catalog.Authors
	catalog.Covers
	catalog.Search
	calls []string
}

func (r *ruin) fell(what string) error { r.calls = append(r.calls, what); return errGone }

func (r *ruin) Get(context.Context, int64) (catalog.Book, error) {
	return catalog.Book{}, r.fell("get")
}
func (r *ruin) Many(context.Context, []int64) (map[int64]catalog.Book, error) {
	return nil, r.fell("many")
}
func (r *ruin) Create(context.Context, catalog.Book) (catalog.Book, error) {
	return catalog.Book{}, r.fell("create")
}
func (r *ruin) Delete(context.Context, int64, int32) error { return r.fell("delete") }
func (r *ruin) Author(context.Context, int64) (catalog.Author, error) {
	return catalog.Author{}, r.fell("author")
}
func (r *ruin) SetCover(context.Context, int64, []catalog.Cover) (int32, error) {
	return 0, r.fell("set cover")
}
func (r *ruin) Find(context.Context, catalog.Criteria) (catalog.Found, error) {
	return catalog.Found{}, r.fell("find")
}

func TestReadsAreMadeAnewAndChangesAreNot(t *testing.T) {
	r := &ruin{}
	stack := func() *resilience.Stack {
		return resilience.NewStack(resilience.StackSettings{Retry: resilience.NewRetry(resilience.RetrySettings{Backoff: 1,
			Failed: func(err error) bool { return errors.Is(err, errGone) }})})
	}
	s := layers.Resilient(catalog.Stores{Books: r, Authors: r, Covers: r, Search: r}, stack(), stack(), stack())
	tests := []struct {
		name  string
		call  func() error
		calls int
	}{
		{"get", func() error { _, err := s.Books.Get(t.Context(), 1); return err }, 3},
		{"many", func() error { _, err := s.Books.Many(t.Context(), nil); return err }, 3},
		{"author", func() error { _, err := s.Authors.Author(t.Context(), 1); return err }, 3},
		{"find", func() error { _, err := s.Search.Find(t.Context(), catalog.Criteria{}); return err }, 3},
		{"create", func() error { _, err := s.Books.Create(t.Context(), catalog.Book{}); return err }, 1},
		{"delete", func() error { return s.Books.Delete(t.Context(), 1, 0) }, 1},
		{"set cover", func() error { _, err := s.Covers.SetCover(t.Context(), 1, nil); return err }, 1},
	}
	for _, test := range tests {
		r.calls = nil
		if err := test.call(); !errors.Is(err, errGone) || !slices.Equal(r.calls, slices.Repeat([]string{test.name}, test.calls)) {
			t.Errorf("%s: %v, and called %v", test.name, err, r.calls)
		}
	}
}

func TestEveryQuestionPassesThePolicies(t *testing.T) {
	shut := resiliencetest.Shut()
	s := layers.Resilient(catalog.Stores{}, shut, shut, shut)
	for _, store := range []any{s.Books, s.Authors, s.Covers, s.Search, s.Statistics} {
		if passing := resiliencetest.Passing(t.Context(), store); len(passing) > 0 {
			t.Errorf("of %T %v pass", store, passing)
		}
	}
}
