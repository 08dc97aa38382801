package catalog

import (
	"context"
	"time"

	"bookvault/platform/problem"
)

// Books keeps titles. Every method that takes an id answers BookNotFound for one that is unknown or deleted.
type Books interface {
	// Get reads one title.
	Get(ctx context.Context, id int64) (Book, error)
	// Many reads titles in one go; ids that are unknown or deleted are left out.
	Many(ctx context.Context, ids []int64) (map[int64]Book, error)
	// Create stores a new title: its id, version and the ids of its authors are made. An author that names an id which is
	// unknown is refused.
	Create(ctx context.Context, b Book) (Book, error)
	// CreateOnce is Create under a key: the title that was made under it before is given again, as it was.
	CreateOnce(ctx context.Context, b Book, c Creation) (Book, error)
	// Update replaces a title. It answers VersionConflict unless the title is at b.Version; 0 stands for any.
	Update(ctx context.Context, b Book) (Book, error)
	// Delete leaves a tombstone of a title at that version (0: any), which nothing finds any more.
	Delete(ctx context.Context, id int64, version int32) error
	// Merge leaves a tombstone of a title at that version (0: any) that leads to another one; those that led to it lead there too.
	Merge(ctx context.Context, id, into int64, version int32) error
	// MergedInto says which titles those with the ids have become; ids that were never merged are left out.
	MergedInto(ctx context.Context, ids []int64) (map[int64]int64, error)
}

// Authors reads what is known of authors, and the genres that titles have.
type Authors interface {
	Author(ctx context.Context, id int64) (Author, error)
	// Genres lists genres by their folded name, after the key given.
	Genres(ctx context.Context, after string, limit int) ([]Genre, error)
}

// Genre is a genre as it was first written, and its folded name.
type Genre struct{ Key, Name string }

// Covers keeps uploaded covers, already in their sizes.
type Covers interface {
	// Cover reads a cover. The error is a problem cover_not_found.
	Cover(ctx context.Context, bookID int64, size CoverSize) (Cover, error)
	// SetCover stores both sizes and gives the new version.
	SetCover(ctx context.Context, bookID int64, covers []Cover) (int32, error)
	// RemoveCover takes it away; it is no error when there was none.
	RemoveCover(ctx context.Context, bookID int64) error
}

// Availabilities keeps the copy of what borrowing knows.
type Availabilities interface {
	SetAvailability(ctx context.Context, list []Availability) error
}

// Holdings is what the catalogue must ask of borrowing before a title goes.
type Holdings interface {
	// CloseTitle sees to it that the title can have no items, loans or holds from now on. While there are any it is refused,
	// with every reason. It may be called again for a title that is closed.
	CloseTitle(ctx context.Context, bookID int64) error
	// MergeTitle moves the items, loans and holds of a title to another one, and sees to it that it can have none from now on. It
	// may be called again.
	MergeTitle(ctx context.Context, from, into int64) error
}

// Settings are what a library can set.
type Settings struct {
	Limits Limits
	Query  QueryLimits
	Search SearchSettings
	Cover  CoverSettings
}

// DefaultSettings are the settings of a library that sets none.
func DefaultSettings() Settings {
	return Settings{Limits: DefaultLimits, Query: DefaultQueryLimits, Search: DefaultSearchSettings, Cover: DefaultCoverSettings}
}

// Stores are where the catalogue keeps and finds things.
type Stores struct {
	Books          Books
	Authors        Authors
	Covers         Covers
	Search         Search
	Availabilities Availabilities
	Statistics     Statistics
	Ratings        Ratings
	RatingRows     RatingRows
	Counts         Counts
	CountRows      CountRows
	Departures     Departures
}

// Service is the catalogue: what the API and other modules call.
type Service struct {
	stores   Stores
	holdings Holdings
	settings Settings
	now      func() time.Time
	decoders chan struct{} // a place for each cover that may be decoded at once
}

// New makes the catalogue. Without holdings (SetHoldings) titles cannot be deleted.
func New(stores Stores, settings Settings, now func() time.Time) *Service {
	return &Service{stores: stores, settings: settings, now: now, decoders: make(chan struct{}, max(1, settings.Cover.AtOnce))}
}

// SetHoldings introduces borrowing. It is called once, before the first request.
func (s *Service) SetHoldings(h Holdings) { s.holdings = h }

// Settings gives the settings in force.
func (s *Service) Settings() Settings { return s.settings }

// Book reads a title.
func (s *Service) Book(ctx context.Context, id int64) (Book, error) {
	return s.stores.Books.Get(ctx, id)
}

// Author reads an author.
func (s *Service) Author(ctx context.Context, id int64) (Author, error) {
	return s.stores.Authors.Author(ctx, id)
}

// Genres lists the genres after a key, at most limit.
func (s *Service) Genres(ctx context.Context, after string, limit int) ([]Genre, error) {
	return s.stores.Authors.Genres(ctx, after, limit)
}

// Titles gives what other modules show of titles; ids that are unknown or deleted are left out. A title that became another one is
// shown as that one, under the id that was asked for.
func (s *Service) Titles(ctx context.Context, ids []int64) (map[int64]Title, error) {
	books, err := s.stores.Books.Many(ctx, ids)
	if err == nil {
		err = s.followMerges(ctx, ids, books)
	}
	if err != nil {
		return nil, err
	}
	titles := make(map[int64]Title, len(books))
	for id, b := range books {
		t := Title{ID: b.ID, Title: b.Title, Language: b.Language}
		for _, a := range b.Authors {
			t.Authors = append(t.Authors, a.Name)
		}
		titles[id] = t
	}
	return titles, nil
}

// Create stores a new title. What is wrong with it is told all at once.
func (s *Service) Create(ctx context.Context, b Book) (Book, error) {
	if err := s.check(&b); err != nil {
		return Book{}, err
	}
	return s.stores.Books.Create(ctx, b)
}

// Replace puts the title b in the place of the one with its id, which must be at version b.Version (0: at any).
func (s *Service) Replace(ctx context.Context, b Book) (Book, error) {
	if err := s.check(&b); err != nil {
		return Book{}, err
	}
	return s.stores.Books.Update(ctx, b)
}

func (s *Service) check(b *Book) error {
	b.Tidy()
	if fields := s.settings.Limits.Check(b, s.now()); len(fields) > 0 {
		return problem.Invalid("invalid_request", "Some of the fields are not right. "+fields[0].Field+": "+fields[0].Detail, fields...)
	}
	return nil
}

// Delete closes the title in borrowing, which refuses while there are items or holds, and then leaves a tombstone. When it
// fails half way it can be repeated.
func (s *Service) Delete(ctx context.Context, id int64, version int32) error {
	b, err := s.stores.Books.Get(ctx, id)
	if err != nil {
		return err
	}
	if version != 0 && version != b.Version {
		return VersionConflict(b.Version)
	}
	if s.holdings == nil {
		return problem.New(problem.Unavailable, "holdings_unknown", "Borrowing cannot be asked whether this title is in use; try again later.")
	}
	if err := s.holdings.CloseTitle(ctx, id); err != nil {
		return err
	}
	return s.stores.Books.Delete(ctx, id, version)
}

// SetAvailability takes over what borrowing says of titles, in any order and as often as it likes.
func (s *Service) SetAvailability(ctx context.Context, list []Availability) error {
	return s.stores.Availabilities.SetAvailability(ctx, list)
}
