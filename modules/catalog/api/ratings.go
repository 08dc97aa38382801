package api

import (
	"context"
	"math"
	"net/http"
	"time"

	"bookvault/modules/catalog"
	"bookvault/platform/hlc"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
	"bookvault/platform/rest"
)

// registerRatings adds what members think of titles, and what is looked at.
func (o *operations) registerRatings(api *rest.API) {
	route := func(method, path, id, summary, detail string, who identity.Role, status int) rest.Route {
		return rest.Route{Method: method, Path: root + path, ID: id, Summary: summary, Detail: detail, Tag: tag, Who: who, Status: status}
	}
	const accepted = "202: it is safe on disk and I see it at once; other processes and the average follow within moments. 200: it is there for everybody. " +
		"503: nothing was changed."
	rest.Register(api, route("GET", "/books/{id}/rating", "get-my-rating", "What I think of a title", "stars is null when I have not rated it.", identity.Patron, 0), o.myRating)
	rest.Register(api, route("PUT", "/books/{id}/rating", "rate-book", "Rate a title", accepted, identity.Patron, http.StatusAccepted), o.rate)
	rest.Register(api, route("DELETE", "/books/{id}/rating", "withdraw-rating", "Take my rating of a title back", accepted, identity.Patron, http.StatusAccepted), o.unrate)
	rest.Register(api, route("GET", "/me/ratings", "list-my-ratings", "What I think of titles, newest first",
		"Ratings that I gave and did not take back. One of the last moments (202) may follow.", identity.Patron, 0), o.myRatings)
	rest.Register(api, route("GET", "/ratings", "list-ratings", "What members together think of titles", "In the order asked for; a title that nobody rated has none.", identity.Public, 0), o.ratings)
	rest.Register(api, route("POST", "/books/{id}/views", "count-view", "Count a view of a title",
		"Kept is the number alone: not by whom, nor from where. It is added within moments; the last second's are lost when the server dies.", identity.Public, http.StatusNoContent), o.viewed)
	rest.Register(api, route("GET", "/popular", "list-popular", "Titles that are looked at most these days", "A view counts half as much two weeks later.", identity.Public, 0), o.popular)
}

type ratingView struct {
	BookID  int64      `json:"book_id"`
	Stars   *int       `json:"stars" minimum:"1" maximum:"5" doc:"null: none."`
	RatedAt *time.Time `json:"rated_at" doc:"When it was given or taken back; null when it never was."`
}

type ratingOutput struct {
	Status int
	Body   ratingView
}

func showRating(r catalog.Rating, behind bool) *ratingOutput {
	out := &ratingOutput{Status: http.StatusOK, Body: ratingView{BookID: r.BookID}}
	if behind {
		out.Status = http.StatusAccepted
	}
	if r.Stars > 0 {
		out.Body.Stars = &r.Stars
	}
	if at := r.RatedAt(); !at.IsZero() {
		out.Body.RatedAt = &at
	}
	return out
}

func (o *operations) myRating(ctx context.Context, in *IDInput) (*ratingOutput, error) {
	r, err := o.service.MyRating(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	r.BookID = in.ID
	return showRating(r, false), nil
}

type myRatingsOutput struct {
	Link string `header:"Link"`
	Body rest.Page[ratingView]
}

func (o *operations) myRatings(ctx context.Context, in *struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
	Cursor string `query:"cursor" maxLength:"200"`
}) (*myRatingsOutput, error) {
	const scope = "my ratings"
	var before hlc.Time
	if in.Cursor != "" {
		if err := rest.DecodeCursor(scope, in.Cursor, &before); err != nil {
			return nil, err
		}
	}
	list, err := o.service.MyRatings(ctx, before, in.Limit+1)
	if err != nil {
		return nil, err
	}
	out := &myRatingsOutput{Body: rest.Page[ratingView]{Items: make([]ratingView, 0, len(list))}}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		next := rest.EncodeCursor(scope, list[in.Limit-1].At)
		out.Body.NextCursor, out.Link = &next, rest.NextLink(ctx, &next)
	}
	for _, r := range list {
		out.Body.Items = append(out.Body.Items, showRating(r, false).Body)
	}
	return out, nil
}

func (o *operations) rate(ctx context.Context, in *struct {
	IDInput
	Body struct {
		Stars int `json:"stars" minimum:"1" maximum:"5" doc:"5 is best."`
	}
}) (*ratingOutput, error) {
	r, behind, err := o.service.Rate(ctx, in.ID, in.Body.Stars)
	if err != nil {
		return nil, err
	}
	return showRating(r, behind), nil
}

func (o *operations) unrate(ctx context.Context, in *IDInput) (*ratingOutput, error) {
	r, behind, err := o.service.Rate(ctx, in.ID, 0)
	if err != nil {
		return nil, err
	}
	return showRating(r, behind), nil
}

type totalView struct {
	BookID  int64    `json:"book_id"`
	Average *float64 `json:"average" doc:"Of the stars, to a hundredth; null when nobody rated."`
	Ratings int64    `json:"ratings" doc:"How many members rated it."`
}

type ratingsInput struct {
	BookIDs []int64 `query:"book_ids" required:"true" minItems:"1" maxItems:"200" doc:"Ids of titles, parted by commas."`
}

func (o *operations) ratings(ctx context.Context, in *ratingsInput) (*struct{ Body rest.Page[totalView] }, error) {
	for _, id := range in.BookIDs {
		if id < 1 || id > catalog.MaxID {
			return nil, problem.InvalidField("query.book_ids", "must be ids of titles, parted by commas")
		}
	}
	totals, err := o.service.RatingTotals(ctx, in.BookIDs)
	if err != nil {
		return nil, err
	}
	views := make([]totalView, len(totals))
	for i, t := range totals {
		views[i] = totalView{BookID: t.BookID, Ratings: t.Ratings}
		if t.Ratings > 0 {
			average := math.Round(t.Average()*100) / 100
			views[i].Average = &average
		}
	}
	return &struct{ Body rest.Page[totalView] }{rest.Page[totalView]{Items: views}}, nil
}

func (o *operations) viewed(ctx context.Context, in *IDInput) (*noContent, error) {
	return nil, o.service.Viewed(ctx, in.ID)
}

type popularView struct {
	Book  bookView `json:"book"`
	Views int64    `json:"views" doc:"Since counting began."`
}

func (o *operations) popular(ctx context.Context, in *struct {
	Limit int `query:"limit" minimum:"1" maximum:"50" default:"12"`
}) (*struct{ Body rest.Page[popularView] }, error) {
	titles, err := o.service.Popular(ctx, in.Limit)
	if err != nil {
		return nil, err
	}
	views := make([]popularView, len(titles))
	for i := range titles {
		views[i] = popularView{Book: show(&titles[i].Book), Views: titles[i].Views}
	}
	return &struct{ Body rest.Page[popularView] }{rest.Page[popularView]{Items: views}}, nil
}
