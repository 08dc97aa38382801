package api

import (
	"context"

	"bookvault/platform/rest"
)

// listOut is a page of a list as it is answered.
type listOut[B any] struct {
	Link string `header:"Link"`
	Body rest.Page[B]
}

// listed answers with a page of things, each as body writes it. scope names the whole list, and last gives the place after which
// its next part begins.
func listed[T, B any](ctx context.Context, things []T, more bool, scope string, body func(T) B, last func(B) int64) *listOut[B] {
	p := page(things, more, scope, body, last)
	return &listOut[B]{Link: rest.NextLink(ctx, p.NextCursor), Body: p}
}

// page is that without the answer around it.
func page[T, B any](things []T, more bool, scope string, body func(T) B, last func(B) int64) rest.Page[B] {
	p := rest.Page[B]{Items: bodies(things, body)}
	if more && len(things) > 0 {
		cursor := rest.EncodeCursor(scope, last(p.Items[len(p.Items)-1]))
		p.NextCursor = &cursor
	}
	return p
}

// bodies writes each of some things.
func bodies[T, B any](things []T, body func(T) B) []B {
	list := make([]B, len(things))
	for i, t := range things {
		list[i] = body(t)
	}
	return list
}

// place opens a cursor; 0 for none.
func place(scope, cursor string) (at int64, err error) {
	if cursor != "" {
		err = rest.DecodeCursor(scope, cursor, &at)
	}
	return at, err
}
