package rest

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
)

// Stream is an answer that is written as it comes.
type Stream = huma.StreamResponse

// NewStream makes one. write gets the request's context, sets the headers it likes, and writes until it has no more to say.
func NewStream(write func(context.Context, http.ResponseWriter)) *Stream {
	return &Stream{Body: func(hc huma.Context) {
		c := humagin.Unwrap(hc)
		write(c.Request.Context(), c.Writer)
	}}
}
