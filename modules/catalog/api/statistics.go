package api

import (
	"context"
	"time"

	"bookvault/modules/catalog"
	"bookvault/platform/rest"
)

// FiguresTag is the tag of answers that new figures may change.
const FiguresTag = "figures"

type statisticsInput struct {
	Genres int `query:"genres" minimum:"0" maximum:"1000" default:"100" doc:"How many genres, those with the most titles first."`
}

type allCount struct {
	Titles            int64 `json:"titles"`
	TitlesWithCopies  int64 `json:"titles_with_copies"`
	TotalQuantity     int64 `json:"total_quantity"`
	AvailableQuantity int64 `json:"available_quantity"`
	catalog.Opinion
}

type statisticsOutput struct {
	CacheControl string `header:"Cache-Control"`
	CacheStatus  string `header:"Cache-Status"`
	Body         struct {
		AsOf   time.Time            `json:"as_of" doc:"The figures hold what was so then."`
		Stale  bool                 `json:"stale,omitempty" doc:"true: older figures, since newer ones cannot be read just now."`
		All    allCount             `json:"all" doc:"Of all titles, those without a genre included."`
		Genres []catalog.GenreCount `json:"genres" nullable:"false" doc:"A title of several genres counts in each."`
	}
}

func (o *operations) statistics(ctx context.Context, in *statisticsInput) (*statisticsOutput, error) {
	figures, err := o.service.BookStatistics(ctx, in.Genres)
	if err != nil {
		return nil, err
	}
	out := &statisticsOutput{CacheControl: revalidate}
	out.Body.AsOf, out.Body.Stale, out.Body.Genres = figures.AsOf.UTC(), figures.Stale, figures.Genres
	out.Body.All = allCount{figures.All.Titles, figures.All.TitlesWithCopies, figures.All.TotalQuantity, figures.All.AvailableQuantity, figures.All.Opinion}
	if figures.Stale {
		out.CacheControl, out.CacheStatus = "no-store", rest.StoodIn
	} else {
		o.share(ctx, AnyTitle, FiguresTag)
	}
	return out, nil
}

type authorStatisticsOutput struct {
	CacheControl string `header:"Cache-Control"`
	CacheStatus  string `header:"Cache-Status"`
	Body         struct {
		ID                int64     `json:"id"`
		Name              string    `json:"name"`
		AsOf              time.Time `json:"as_of" doc:"The figures hold what was so then."`
		Stale             bool      `json:"stale,omitempty" doc:"true: older figures, since newer ones cannot be read just now."`
		Titles            int64     `json:"titles"`
		TotalQuantity     int64     `json:"total_quantity" doc:"Copies, but for withdrawn ones."`
		AvailableQuantity int64     `json:"available_quantity"`
		FirstYear         *int      `json:"first_year" doc:"The earliest year of publication among the titles; null when none says one."`
		LastYear          *int      `json:"last_year"`
	}
}

func (o *operations) authorStatistics(ctx context.Context, in *IDInput) (*authorStatisticsOutput, error) {
	a, figures, err := o.service.AuthorStatistics(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	out := &authorStatisticsOutput{CacheControl: revalidate}
	b := &out.Body
	b.ID, b.Name, b.AsOf, b.Stale = a.ID, a.Name, figures.AsOf.UTC(), figures.Stale
	b.Titles, b.TotalQuantity, b.AvailableQuantity, b.FirstYear, b.LastYear = figures.Titles, figures.TotalQuantity, figures.AvailableQuantity, figures.FirstYear, figures.LastYear
	if figures.Stale {
		out.CacheControl, out.CacheStatus = "no-store", rest.StoodIn
	} else {
		o.share(ctx, AnyTitle, FiguresTag)
	}
	return out, nil
}
