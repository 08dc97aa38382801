package catalog

import (
	"context"
	"time"
)

// GenreCount is how much of the collection has a genre. The counts of copies follow the desk's within a moment.
type GenreCount struct {
	Genre             string `json:"genre" doc:"As the filter genre takes it."`
	Titles            int64  `json:"titles"`
	TitlesWithCopies  int64  `json:"titles_with_copies" doc:"Of them, those of which the library has a copy."`
	TotalQuantity     int64  `json:"total_quantity" doc:"Copies, but for withdrawn ones."`
	AvailableQuantity int64  `json:"available_quantity" doc:"Copies that could be borrowed."`
	Opinion
}

// Opinion is what members think of titles, all their ratings together.
type Opinion struct {
	Ratings       int64    `json:"ratings" doc:"How many members gave them: one who rated two titles counts twice."`
	AverageRating *float64 `json:"average_rating" doc:"The mean of these ratings, 1 to 5 stars, to a hundredth; null when nobody rated."`
}

// BookStatistics are figures of the whole collection.
type BookStatistics struct {
	AsOf   time.Time
	Stale  bool         // older figures, since the catalogue cannot be read just now
	All    GenreCount   // of all titles
	Genres []GenreCount // those with the most titles first
}

// AuthorStatistics are figures of what an author has in the collection.
type AuthorStatistics struct {
	AsOf              time.Time
	Stale             bool // older figures, since the catalogue cannot be read just now
	Titles            int64
	TotalQuantity     int64
	AvailableQuantity int64
	FirstYear         *int // of publication, of those titles; nil when no title says one
	LastYear          *int
}

// Statistics reckons figures of the collection, or keeps them ready.
type Statistics interface {
	// BookStatistics gives the figures of the collection, of at most so many genres.
	BookStatistics(ctx context.Context, genres int) (BookStatistics, error)
	// AuthorStatistics gives those of an author; zeros for one of whom there is nothing.
	AuthorStatistics(ctx context.Context, authorID int64) (AuthorStatistics, error)
}

// BookStatistics gives the figures of the collection, of at most so many genres.
func (s *Service) BookStatistics(ctx context.Context, genres int) (BookStatistics, error) {
	return s.stores.Statistics.BookStatistics(ctx, genres)
}

// AuthorStatistics gives figures of what an author has in the collection.
func (s *Service) AuthorStatistics(ctx context.Context, authorID int64) (Author, AuthorStatistics, error) {
	a, err := s.stores.Authors.Author(ctx, authorID)
	if err != nil {
		return a, AuthorStatistics{}, err
	}
	figures, err := s.stores.Statistics.AuthorStatistics(ctx, authorID)
	return a, figures, err
}
