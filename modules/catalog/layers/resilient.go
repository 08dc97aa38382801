package layers

import (
	"context"

	"bookvault/modules/catalog"
	"bookvault/platform/hlc"
	"bookvault/platform/resilience"
)

// Resilient puts policies before the stores (patterns 5 and 6): titles, authors and covers have a compartment, searches another, so
// that slow ones leave titles their room, and figures a third. What only reads is made anew when it failed for want of the database; what writes is not.
// The copy of borrowing's counts comes from the relay, which waits its own way, and stays as it is.
func Resilient(stores catalog.Stores, titles, search, statistics *resilience.Stack) catalog.Stores {
	stores.Books = &resilientBooks{stores.Books, titles}
	stores.Authors = &resilientAuthors{stores.Authors, titles}
	stores.Covers = &resilientCovers{stores.Covers, titles}
	stores.Search = &resilientSearch{stores.Search, search}
	stores.Statistics = &resilientStatistics{stores.Statistics, statistics}
	stores.RatingRows = &resilientRatings{stores.RatingRows, titles}
	stores.Ratings = stores.RatingRows
	return stores
}

type resilientBooks struct {
	next  catalog.Books
	stack *resilience.Stack
}

func (r *resilientBooks) inner() any { return r.next }

// Get reads one title.
func (r *resilientBooks) Get(ctx context.Context, id int64) (catalog.Book, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) (catalog.Book, error) { return r.next.Get(ctx, id) })
}

// Many reads titles in one go, and takes one place for all of them.
func (r *resilientBooks) Many(ctx context.Context, ids []int64) (map[int64]catalog.Book, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) (map[int64]catalog.Book, error) { return r.next.Many(ctx, ids) })
}

// MergedInto says which titles those with the ids have become.
func (r *resilientBooks) MergedInto(ctx context.Context, ids []int64) (map[int64]int64, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) (map[int64]int64, error) { return r.next.MergedInto(ctx, ids) })
}

// Create stores a new title.
func (r *resilientBooks) Create(ctx context.Context, b catalog.Book) (catalog.Book, error) {
	return resilience.Do(ctx, r.stack, func(ctx context.Context) (catalog.Book, error) { return r.next.Create(ctx, b) })
}

// CreateOnce stores a new title under a key.
func (r *resilientBooks) CreateOnce(ctx context.Context, b catalog.Book, c catalog.Creation) (catalog.Book, error) {
	return resilience.Do(ctx, r.stack, func(ctx context.Context) (catalog.Book, error) { return r.next.CreateOnce(ctx, b, c) })
}

// Update replaces a title.
func (r *resilientBooks) Update(ctx context.Context, b catalog.Book) (catalog.Book, error) {
	return resilience.Do(ctx, r.stack, func(ctx context.Context) (catalog.Book, error) { return r.next.Update(ctx, b) })
}

// Delete leaves a tombstone.
func (r *resilientBooks) Delete(ctx context.Context, id int64, version int32) error {
	return do(ctx, r.stack, func(ctx context.Context) error { return r.next.Delete(ctx, id, version) })
}

// Merge leaves a tombstone that leads to another title.
func (r *resilientBooks) Merge(ctx context.Context, id, into int64, version int32) error {
	return do(ctx, r.stack, func(ctx context.Context) error { return r.next.Merge(ctx, id, into, version) })
}

type resilientAuthors struct {
	next  catalog.Authors
	stack *resilience.Stack
}

func (r *resilientAuthors) inner() any { return r.next }

// Author reads an author.
func (r *resilientAuthors) Author(ctx context.Context, id int64) (catalog.Author, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) (catalog.Author, error) { return r.next.Author(ctx, id) })
}

// Genres lists genres.
func (r *resilientAuthors) Genres(ctx context.Context, after string, limit int) ([]catalog.Genre, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) ([]catalog.Genre, error) { return r.next.Genres(ctx, after, limit) })
}

type resilientCovers struct {
	next  catalog.Covers
	stack *resilience.Stack
}

func (r *resilientCovers) inner() any { return r.next }

// Cover reads a cover.
func (r *resilientCovers) Cover(ctx context.Context, bookID int64, size catalog.CoverSize) (catalog.Cover, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) (catalog.Cover, error) { return r.next.Cover(ctx, bookID, size) })
}

// SetCover stores both sizes.
func (r *resilientCovers) SetCover(ctx context.Context, bookID int64, covers []catalog.Cover) (int32, error) {
	return resilience.Do(ctx, r.stack, func(ctx context.Context) (int32, error) { return r.next.SetCover(ctx, bookID, covers) })
}

// RemoveCover takes it away.
func (r *resilientCovers) RemoveCover(ctx context.Context, bookID int64) error {
	return do(ctx, r.stack, func(ctx context.Context) error { return r.next.RemoveCover(ctx, bookID) })
}

type resilientSearch struct {
	next  catalog.Search
	stack *resilience.Stack
}

func (r *resilientSearch) inner() any { return r.next }

// Find gives the titles that match.
func (r *resilientSearch) Find(ctx context.Context, c catalog.Criteria) (catalog.Found, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) (catalog.Found, error) { return r.next.Find(ctx, c) })
}

// Existing gives those of the words that stand in some title.
func (r *resilientSearch) Existing(ctx context.Context, words []string, open bool) ([]string, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) ([]string, error) { return r.next.Existing(ctx, words, open) })
}

// Suggest completes a key.
func (r *resilientSearch) Suggest(ctx context.Context, key string, limit int) ([]catalog.Suggestion, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) ([]catalog.Suggestion, error) { return r.next.Suggest(ctx, key, limit) })
}

type resilientStatistics struct {
	next  catalog.Statistics
	stack *resilience.Stack
}

// BookStatistics gives the figures of the collection.
func (r *resilientStatistics) BookStatistics(ctx context.Context, genres int) (catalog.BookStatistics, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) (catalog.BookStatistics, error) { return r.next.BookStatistics(ctx, genres) })
}

// AuthorStatistics gives those of an author.
func (r *resilientStatistics) AuthorStatistics(ctx context.Context, authorID int64) (catalog.AuthorStatistics, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) (catalog.AuthorStatistics, error) {
		return r.next.AuthorStatistics(ctx, authorID)
	})
}

type resilientRatings struct {
	catalog.RatingRows // what writes many comes from the queue, which waits its own way
	stack              *resilience.Stack
}

func (r *resilientRatings) inner() any { return r.RatingRows }

// Rating reads what a member thinks of a title.
func (r *resilientRatings) Rating(ctx context.Context, memberID, bookID int64) (catalog.Rating, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) (catalog.Rating, error) { return r.RatingRows.Rating(ctx, memberID, bookID) })
}

// RatingsOf reads what a member thinks of titles.
func (r *resilientRatings) RatingsOf(ctx context.Context, memberID int64, before hlc.Time, limit int) ([]catalog.Rating, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) ([]catalog.Rating, error) {
		return r.RatingRows.RatingsOf(ctx, memberID, before, limit)
	})
}

// RatingTotals reads the sums of titles.
func (r *resilientRatings) RatingTotals(ctx context.Context, bookIDs []int64) (map[int64]catalog.RatingTotal, error) {
	return resilience.Read(ctx, r.stack, func(ctx context.Context) (map[int64]catalog.RatingTotal, error) {
		return r.RatingRows.RatingTotals(ctx, bookIDs)
	})
}

// Rate writes one rating.
func (r *resilientRatings) Rate(ctx context.Context, one catalog.Rating) (_ catalog.Rating, behind bool, err error) {
	one, err = resilience.Do(ctx, r.stack, func(ctx context.Context) (catalog.Rating, error) {
		written, later, err := r.RatingRows.Rate(ctx, one)
		behind = later
		return written, err
	})
	return one, behind, err
}

// do is resilience.Do for what gives nothing but an error.
func do(ctx context.Context, s *resilience.Stack, fn func(context.Context) error) error {
	_, err := resilience.Do(ctx, s, func(ctx context.Context) (struct{}, error) { return struct{}{}, fn(ctx) })
	return err
}
