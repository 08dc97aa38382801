// Package catalog keeps what a title is: its facts, its authors, and how it is found. It knows nothing of copies, loans or
// members (modules/borrowing, modules/members), of PostgreSQL (postgres/, the next room) or of HTTP (api/).
package catalog

import "time"

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
}
