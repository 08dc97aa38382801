package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"bookvault/modules/catalog"
	"bookvault/platform/problem"
	"bookvault/platform/rest"
)

// bookView is a title as the API answers it. What is unknown is left out.
type bookView struct {
	ID             int64            `json:"id"`
	Version        int32            `json:"version" doc:"Counts the changes; also the ETag."`
	Title          string           `json:"title"`
	Subtitle       string           `json:"subtitle,omitempty"`
	Authors        []catalog.Author `json:"authors" nullable:"false"`
	ISBN13         string           `json:"isbn13,omitempty"`
	Language       string           `json:"language,omitempty" doc:"BCP 47, such as vi or pt-BR."`
	PublishedYear  *int             `json:"published_year,omitempty" doc:"Negative before our era."`
	Publisher      string           `json:"publisher,omitempty"`
	Genres         []string         `json:"genres,omitempty" nullable:"false"`
	Subjects       []string         `json:"subjects,omitempty" nullable:"false"`
	Description    string           `json:"description,omitempty"`
	Pages          *int             `json:"pages,omitempty"`
	Series         string           `json:"series,omitempty"`
	SeriesPosition string           `json:"series_position,omitempty"`
	Cover          string           `json:"cover,omitempty" doc:"Address of the uploaded cover; add &size=small for lists."`
	CreatedAt      time.Time        `json:"created_at"`
	UpdatedAt      time.Time        `json:"updated_at"`
	Stale          bool             `json:"stale,omitempty" doc:"true: an older copy, since the catalogue cannot be read just now."`
}

func show(b *catalog.Book) bookView {
	v := bookView{
		ID: b.ID, Version: b.Version, Title: b.Title, Subtitle: b.Subtitle, Authors: b.Authors, ISBN13: b.ISBN13, Language: b.Language,
		PublishedYear: b.PublishedYear, Publisher: b.Publisher, Genres: b.Genres, Subjects: b.Subjects, Description: b.Description,
		Pages: b.Pages, Series: b.Series, SeriesPosition: b.SeriesPosition, CreatedAt: b.CreatedAt.UTC(), UpdatedAt: b.UpdatedAt.UTC(),
		Stale: b.Stale,
	}
	if b.CoverVersion > 0 {
		v.Cover = CoverAddress(b.ID, b.CoverVersion)
	}
	return v
}

type authorInput struct {
	ID   int64  `json:"id,omitempty" minimum:"0" maximum:"9007199254740991" doc:"Of an author that is known; may be left out."`
	Name string `json:"name,omitempty" doc:"Looked up, and added when it is new."`
}

// BookInput is a title as it is written. How long and how many things may be is the catalogue's setting, and told by it.
type BookInput struct {
	Title          string        `json:"title"`
	Subtitle       string        `json:"subtitle,omitempty"`
	Authors        []authorInput `json:"authors" nullable:"false" doc:"In the order of the title page."`
	ISBN13         string        `json:"isbn13,omitempty" doc:"ISBN-13 or ISBN-10, with or without hyphens; kept as ISBN-13."`
	Language       string        `json:"language,omitempty"`
	PublishedYear  *int          `json:"published_year,omitempty" minimum:"-100000" maximum:"100000" doc:"Negative before our era; there is no year 0."`
	Publisher      string        `json:"publisher,omitempty"`
	Genres         []string      `json:"genres,omitempty" nullable:"false"`
	Subjects       []string      `json:"subjects,omitempty" nullable:"false"`
	Description    string        `json:"description,omitempty"`
	Pages          *int          `json:"pages,omitempty" minimum:"1" maximum:"1000000"`
	Series         string        `json:"series,omitempty"`
	SeriesPosition string        `json:"series_position,omitempty"`
}

func (in *BookInput) book() catalog.Book {
	b := catalog.Book{
		Title: in.Title, Subtitle: in.Subtitle, ISBN13: in.ISBN13, Language: in.Language, PublishedYear: in.PublishedYear,
		Publisher: in.Publisher, Genres: in.Genres, Subjects: in.Subjects, Description: in.Description, Pages: in.Pages,
		Series: in.Series, SeriesPosition: in.SeriesPosition,
	}
	for _, a := range in.Authors {
		b.Authors = append(b.Authors, catalog.Author{ID: a.ID, Name: a.Name})
	}
	return b
}

// editedInput is what a client may send back of what it read: the rest of a title's answer is taken and not looked at.
type editedInput struct {
	BookInput
	ID        int64  `json:"id,omitempty" minimum:"1" maximum:"9007199254740991" doc:"Must be the one of the address."`
	Version   int32  `json:"version,omitempty" minimum:"1" maximum:"2147483647" doc:"The version that was edited, where no If-Match says so."`
	Cover     string `json:"cover,omitempty" doc:"Not looked at: covers are uploaded."`
	CreatedAt string `json:"created_at,omitempty" doc:"Not looked at."`
	UpdatedAt string `json:"updated_at,omitempty" doc:"Not looked at."`
	Stale     bool   `json:"stale,omitempty" doc:"Not looked at."`
}

type bookOutput struct {
	Status       int
	ETag         string `header:"ETag"`
	Location     string `header:"Location"`
	CacheControl string `header:"Cache-Control"`
	CacheStatus  string `header:"Cache-Status"`
	Body         *bookView
}

func answer(b *catalog.Book) *bookOutput {
	v := show(b)
	return &bookOutput{Status: http.StatusOK, ETag: rest.ETag(b.Version), Body: &v}
}

func (o *operations) create(ctx context.Context, in *struct {
	rest.Command
	Body BookInput
}) (*bookOutput, error) {
	asked, err := json.Marshal(in.Body)
	if err != nil {
		return nil, fmt.Errorf("hash a new title: %w", err)
	}
	b, err := o.service.CreateOnce(ctx, in.Body.book(), catalog.Creation{Key: in.IdempotencyKey, Request: sha256.Sum256(asked)})
	if err != nil {
		return nil, err
	}
	out := answer(&b)
	out.Status, out.Location = http.StatusCreated, fmt.Sprintf("%s/books/%d", root, b.ID)
	return out, nil
}

func (o *operations) get(ctx context.Context, in *struct {
	IDInput
	IfNoneMatch string `header:"If-None-Match"`
}) (*bookOutput, error) {
	b, err := o.service.Book(ctx, in.ID)
	if err != nil {
		into, err := o.service.MovedTo(ctx, in.ID, err)
		if err != nil {
			return nil, err
		}
		return &bookOutput{Status: http.StatusMovedPermanently, Location: fmt.Sprintf("%s/books/%d", root, into), CacheControl: revalidate}, nil
	}
	out := answer(&b)
	out.CacheControl = revalidate
	if b.Stale {
		out.CacheControl, out.CacheStatus = "no-store", rest.StoodIn // nobody is to keep what stands in for a failure
	} else {
		o.share(ctx, TitleTag(b.ID))
	}
	if rest.NoneMatch(in.IfNoneMatch, out.ETag) {
		out.Status, out.Body = http.StatusNotModified, nil
	}
	return out, nil
}

func (o *operations) replace(ctx context.Context, in *struct {
	IDInput
	IfMatch string `header:"If-Match" doc:"The version that was edited: its ETag."`
	Body    editedInput
}) (*bookOutput, error) {
	if in.Body.ID != 0 && in.Body.ID != in.ID {
		return nil, problem.InvalidField("body.id", "is not the one of the address")
	}
	b := in.Body.book()
	b.ID, b.Version = in.ID, in.Body.Version
	if in.IfMatch != "" || b.Version == 0 {
		var err error
		if b.Version, err = rest.IfMatch(in.IfMatch); err != nil {
			return nil, err
		}
	}
	b, err := o.service.Replace(ctx, b)
	if err != nil {
		return nil, err
	}
	return answer(&b), nil
}

func (o *operations) merge(ctx context.Context, in *struct {
	IDInput
	IfMatch string `header:"If-Match" doc:"Merge this version only; may be left out."`
	Body    struct {
		Into int64 `json:"into" minimum:"1" maximum:"9007199254740991" doc:"The title that this one is found to be. It gets the items, loans and holds."`
	}
}) (*bookOutput, error) {
	var version int32
	if in.IfMatch != "" {
		var err error
		if version, err = rest.IfMatch(in.IfMatch); err != nil {
			return nil, err
		}
	}
	b, err := o.service.Merge(ctx, in.ID, in.Body.Into, version)
	if err != nil {
		return nil, err
	}
	return answer(&b), nil
}

func (o *operations) remove(ctx context.Context, in *struct {
	IDInput
	IfMatch string `header:"If-Match" doc:"Delete this version only; may be left out."`
}) (*noContent, error) {
	var version int32
	if in.IfMatch != "" {
		var err error
		if version, err = rest.IfMatch(in.IfMatch); err != nil {
			return nil, err
		}
	}
	return nil, o.service.Delete(ctx, in.ID, version)
}
