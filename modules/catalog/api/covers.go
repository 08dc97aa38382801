package api

import (
	"context"
	"fmt"
	"net/http"

	"bookvault/modules/catalog"
	"bookvault/platform/rest"
)

type coverOutput struct {
	Status       int
	ContentType  string `header:"Content-Type"`
	ETag         string `header:"ETag"`
	CacheControl string `header:"Cache-Control"`
	Nosniff      string `header:"X-Content-Type-Options"`
	Body         []byte
}

// forever is for an address that names the version of the cover: what is behind it never changes.
const forever = "public, max-age=31536000, immutable"

func (o *operations) cover(ctx context.Context, in *struct {
	IDInput
	Size        string `query:"size" enum:"large,small" default:"large"`
	V           int32  `query:"v" minimum:"0" doc:"The cover's version, as in a title's own cover address: such an answer can be kept for ever."`
	IfNoneMatch string `header:"If-None-Match"`
}) (*coverOutput, error) {
	c, err := o.service.Cover(ctx, in.ID, catalog.CoverSize(in.Size))
	if err != nil {
		return nil, err
	}
	out := &coverOutput{Status: http.StatusOK, ETag: fmt.Sprintf(`"%d-%s"`, c.Version, c.Size), CacheControl: revalidate}
	if in.V == c.Version {
		out.CacheControl = forever
	}
	o.share(ctx, TitleTag(in.ID))
	if rest.NoneMatch(in.IfNoneMatch, out.ETag) {
		out.Status = http.StatusNotModified
		return out, nil
	}
	out.ContentType, out.Nosniff, out.Body = c.ContentType, "nosniff", c.Image
	return out, nil
}

type coverSet struct {
	Body struct {
		Version int32  `json:"version" doc:"Of the cover."`
		Cover   string `json:"cover" doc:"Its address; add &size=small for lists."`
	}
}

func (o *operations) setCover(ctx context.Context, in *struct {
	IDInput
	RawBody []byte
}) (*coverSet, error) {
	version, err := o.service.SetCover(ctx, in.ID, in.RawBody)
	if err != nil {
		return nil, err
	}
	out := &coverSet{}
	out.Body.Version, out.Body.Cover = version, CoverAddress(in.ID, version)
	return out, nil
}

func (o *operations) removeCover(ctx context.Context, in *IDInput) (*noContent, error) {
	return nil, o.service.RemoveCover(ctx, in.ID)
}
