// Package catalog keeps what a title is: its facts, its authors, and how it is found. It knows nothing of copies, loans or
// members (modules/borrowing, modules/members), of PostgreSQL (postgres/, the next room) or of HTTP (api/).
package catalog

import (
	"time"

	"bookvault/platform/problem"
)

// Author is a person or body that made a title.
type Author struct {
	ID   int64  `json:"id"`
	Name string `json:"name"`
}

// Book is a title: the bibliographic record, not a copy of it. All text is NFC; empty means unknown.
type Book struct {
	ID             int64
	Version        int32 // row version, for If-Match; 1 when created
	Title          string
	Subtitle       string
	Authors        []Author // in the order of the title page; a new title names them, the id is looked up or made
	Genres         []string
	Subjects       []string
	Language       string // BCP 47
	Publisher      string
	PublishedYear  *int // negative before our era
	ISBN13         string
	Series         string
	SeriesPosition string // "1", "2.5"
	Pages          *int
	Description    string
	CoverVersion   int32 // 0: no cover was uploaded
	CreatedAt      time.Time
	UpdatedAt      time.Time
	Stale          bool // an older copy that stands in while titles cannot be read; never stored
}

// Title is what other modules need to know of a title.
type Title struct {
	ID       int64
	Title    string
	Authors  []string // names, in the order of the title page
	Language string
}

// Availability is what borrowing knows of a title's items, as the catalogue copies it for the filter "available now".
type Availability struct {
	BookID    int64
	Items     int   // items that are not withdrawn
	Available int   // items that can be borrowed now
	Holds     int   // live holds
	Position  int64 // of the change in borrowing's outbox; an older one never overwrites a newer
}

// Changes is the topic under which changes of titles are heard of, by their ids (platform/database, Feed).
const Changes = "titles"

// BookNotFound is the answer for an id that no title has, or has any more.
func BookNotFound(id int64) error {
	return problem.NotFound("book_not_found", "There is no title with the id %d.", id)
}

// AuthorNotFound is the answer for an id that no author has.
func AuthorNotFound(id int64) error {
	return problem.NotFound("author_not_found", "There is no author with the id %d.", id)
}

// VersionConflict is the answer to an edit of a title that somebody else changed in the meantime.
func VersionConflict(have int32) error {
	return problem.New(problem.PreconditionFailed, "version_conflict",
		"Somebody changed this title in the meantime: it is at version %d now. Read it again and repeat your change.", have)
}
