// Package postgres keeps the catalogue in PostgreSQL: titles and authors on GORM, search in plain SQL. GORM does not leave
// this folder. What search finds a title by is made in one place, document.go, for every way a title gets in; how it is found
// is in search.go.
package postgres

import (
	"math/rand/v2"

	"bookvault/modules/catalog"
	"bookvault/platform/database"
	"bookvault/platform/hlc"
)

// Store keeps and finds everything of the catalogue.
type Store struct {
	db       *database.DB
	settings catalog.SearchSettings
	counts   wordCounter
	clock    *hlc.Clock // dates what comes undated
}

// New makes the catalogue's store. The settings bound what a search costs.
func New(db *database.DB, settings catalog.SearchSettings) *Store {
	return &Store{db: db, settings: settings, clock: hlc.New(rand.Int64(), nil)}
}

// Stores gives the store in every part that it plays.
func (s *Store) Stores() catalog.Stores {
	return catalog.Stores{Books: s, Authors: s, Covers: s, Search: s, Availabilities: s, Statistics: s,
		Ratings: s, RatingRows: s, Counts: s, CountRows: s, Departures: s}
}
