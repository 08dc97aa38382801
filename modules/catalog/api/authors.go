package api

import (
	"context"

	"bookvault/modules/catalog"
	"bookvault/platform/problem"
	"bookvault/platform/rest"
)

type authorOutput struct {
	CacheControl string `header:"Cache-Control"`
	Body         catalog.Author
}

func (o *operations) author(ctx context.Context, in *IDInput) (*authorOutput, error) {
	a, err := o.service.Author(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	o.share(ctx, AnyTitle)
	return &authorOutput{CacheControl: revalidate, Body: a}, nil
}

type genreView struct {
	Name string `json:"name" doc:"As the filter genre takes it."`
}

type genresOutput struct {
	Link         string `header:"Link"`
	CacheControl string `header:"Cache-Control"`
	Body         rest.Page[genreView]
}

func (o *operations) genres(ctx context.Context, in *struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"100"`
	Cursor string `query:"cursor" maxLength:"2000"`
}) (*genresOutput, error) {
	const scope = "genres"
	after := ""
	if in.Cursor != "" {
		if err := rest.DecodeCursor(scope, in.Cursor, &after); err != nil {
			return nil, err
		}
		if after != catalog.Key(after) {
			return nil, problem.InvalidField("query.cursor", "must be a next_cursor of the same list")
		}
	}
	list, err := o.service.Genres(ctx, after, in.Limit+1)
	if err != nil {
		return nil, err
	}
	out := &genresOutput{CacheControl: revalidate}
	out.Body.Items = []genreView{}
	for _, g := range list[:min(len(list), in.Limit)] {
		out.Body.Items = append(out.Body.Items, genreView{Name: g.Name})
	}
	if len(list) > in.Limit {
		next := rest.EncodeCursor(scope, list[in.Limit-1].Key)
		out.Body.NextCursor, out.Link = &next, rest.NextLink(ctx, &next)
	}
	o.share(ctx, AnyTitle)
	return out, nil
}
