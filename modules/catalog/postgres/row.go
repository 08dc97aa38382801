package postgres

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"bookvault/modules/catalog"
)

// bookRow is a title as its table keeps it. rowOf makes every column that follows from others, so that a title that was
// typed in, imported or seeded is found in the same way.
type bookRow struct {
	ID             int64           `gorm:"column:id;primaryKey;autoIncrement:false"`
	Shard          int16           `gorm:"column:shard"`
	Version        int32           `gorm:"column:version"`
	Title          string          `gorm:"column:title"`
	Subtitle       string          `gorm:"column:subtitle"`
	Authors        string          `gorm:"column:authors;type:jsonb"`
	Genres         string          `gorm:"column:genres;type:jsonb"`
	Subjects       string          `gorm:"column:subjects;type:jsonb"`
	Language       string          `gorm:"column:language"`
	Publisher      string          `gorm:"column:publisher"`
	PublishedYear  *int            `gorm:"column:published_year"`
	ISBN13         *string         `gorm:"column:isbn13"`
	Series         string          `gorm:"column:series"`
	SeriesPosition string          `gorm:"column:series_position"`
	Pages          *int            `gorm:"column:pages"`
	Description    string          `gorm:"column:description"`
	CoverVersion   int32           `gorm:"column:cover_version;->"` // changed by the covers alone
	SortTitle      string          `gorm:"column:sort_title"`
	TitleKey       string          `gorm:"column:title_key"`
	Doc            pgtype.TSVector `gorm:"column:doc;type:tsvector"`
	CreatedAt      time.Time       `gorm:"column:created_at;autoCreateTime:false"`
	UpdatedAt      time.Time       `gorm:"column:updated_at;autoUpdateTime:false"`
}

// TableName names the table for GORM.
func (bookRow) TableName() string { return "catalog.books" }

// readColumns are the columns of a title's own answer: not what search keeps for itself.
const readColumns = "id, version, title, subtitle, authors, genres, subjects, language, publisher, published_year, isbn13, " +
	"series, series_position, pages, description, cover_version, created_at, updated_at"

// copyColumns and copyValues are a title for COPY. The version starts at 1 and the times are the database's.
var copyColumns = []string{"id", "shard", "title", "subtitle", "authors", "genres", "subjects", "language", "publisher", "published_year",
	"isbn13", "series", "series_position", "pages", "description", "sort_title", "title_key", "doc"}

func (r *bookRow) copyValues() []any {
	return []any{r.ID, r.Shard, r.Title, r.Subtitle, r.Authors, r.Genres, r.Subjects, r.Language, r.Publisher, r.PublishedYear,
		r.ISBN13, r.Series, r.SeriesPosition, r.Pages, r.Description, r.SortTitle, r.TitleKey, r.Doc}
}

// rowOf turns a title into its row. Its authors must have their ids.
func rowOf(b *catalog.Book) bookRow { return rowBy(b, nil) }

// read gives where readColumns go, in their order.
func (r *bookRow) read() []any {
	return []any{&r.ID, &r.Version, &r.Title, &r.Subtitle, &r.Authors, &r.Genres, &r.Subjects, &r.Language, &r.Publisher, &r.PublishedYear, &r.ISBN13,
		&r.Series, &r.SeriesPosition, &r.Pages, &r.Description, &r.CoverVersion, &r.CreatedAt, &r.UpdatedAt}
}

// rowBy is rowOf with a wordbook, for many titles in a row.
func rowBy(b *catalog.Book, w *catalog.Wordbook) bookRow {
	title := w.Terms(b.Title)
	r := bookRow{
		ID: b.ID, Shard: catalog.ShardOfID(b.ID), Version: b.Version, Title: b.Title, Subtitle: b.Subtitle, Authors: jsonOf(b.Authors),
		Genres: jsonOf(b.Genres), Subjects: jsonOf(b.Subjects), Language: b.Language, Publisher: b.Publisher, PublishedYear: b.PublishedYear,
		Series: b.Series, SeriesPosition: b.SeriesPosition, Pages: b.Pages, Description: b.Description,
		SortTitle: catalog.SortTitle(b.Title, b.Language), TitleKey: catalog.TitleKeyOf(title), Doc: document(b, title, w),
		CreatedAt: b.CreatedAt, UpdatedAt: b.UpdatedAt,
	}
	if b.ISBN13 != "" {
		isbn := b.ISBN13
		r.ISBN13 = &isbn
	}
	return r
}

// book turns a row that was read back into a title.
func (r *bookRow) book() (catalog.Book, error) {
	b := catalog.Book{
		ID: r.ID, Version: r.Version, Title: r.Title, Subtitle: r.Subtitle, Language: r.Language, Publisher: r.Publisher,
		PublishedYear: r.PublishedYear, Series: r.Series, SeriesPosition: r.SeriesPosition, Pages: r.Pages, Description: r.Description,
		CoverVersion: r.CoverVersion, CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt,
	}
	if r.ISBN13 != nil {
		b.ISBN13 = *r.ISBN13
	}
	if err := errors.Join(listOf(r.Authors, &b.Authors), listOf(r.Genres, &b.Genres), listOf(r.Subjects, &b.Subjects)); err != nil {
		return b, fmt.Errorf("read the lists of title %d: %w", r.ID, err)
	}
	return b, nil
}

func listOf[T any](text string, into *[]T) error {
	if text == "[]" {
		*into = []T{}
		return nil
	}
	return json.Unmarshal([]byte(text), into)
}

func jsonOf[T any](list []T) string {
	if len(list) == 0 {
		return "[]"
	}
	b, err := json.Marshal(list)
	if err != nil {
		panic("catalog: a list that is not JSON: " + err.Error()) // strings and numbers only
	}
	return string(b)
}
