// Package api is the catalogue over HTTP: titles, search, suggestions, covers, authors and genres under /api/catalog/v1.
// Reading is for everybody; editing needs a librarian.
//
// An operation decodes, calls the Service and encodes; rules are the Service's. This package knows nothing of the database.
// Imports are in importing/, beside it.
package api

import (
	"context"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"bookvault/modules/catalog"
	"bookvault/platform/identity"
	"bookvault/platform/rest"
)

type operations struct {
	service *catalog.Service
	shared  rest.Shared
}

const (
	root = "/api/catalog/v1"
	tag  = "catalog"
)

// Register adds the catalogue's operations to the API. shared says how long what the public reads may be kept for everybody; its tags
// are filled in here: "titles" for what any title's change may change, title-17 for what shows that one.
func Register(api *rest.API, service *catalog.Service, shared rest.Shared) {
	o := &operations{service: service, shared: shared}
	route := func(method, path, id, summary string, who identity.Role, status int) rest.Route {
		return rest.Route{Method: method, Path: root + path, ID: id, Summary: summary, Tag: tag, Who: who, Status: status}
	}
	search := route("GET", "/books", "search-books", "Search titles, or list them all", identity.Public, 0)
	search.Detail = "Words in any order, phrases in quotes, ISBNs. The last word may be the beginning of one; end with a space to say that it is whole. " +
		"Accents do not matter, and one typo a word is forgiven when nothing matches."
	rest.Register(api, search, o.search)
	rest.Register(api, route("GET", "/suggest", "suggest", "Complete what is typed: titles, authors, genres", identity.Public, 0), o.suggest)
	rest.Register(api, route("POST", "/books", "create-book", "Add a title", identity.Librarian, http.StatusCreated), o.create)
	rest.Register(api, route("GET", "/books/{id}", "get-book", "A title", identity.Public, 0), o.get)
	rest.Register(api, route("PUT", "/books/{id}", "replace-book", "Change a title; If-Match (or version) says which one was edited", identity.Librarian, 0), o.replace)
	rest.Register(api, route("POST", "/books/{id}/merge", "merge-book", "Make a title one with another: its items, loans and holds move, and its address leads there", identity.Librarian, 0), o.merge)
	rest.Register(api, route("DELETE", "/books/{id}", "delete-book", "Delete a title that has no items, loans, holds or open charges", identity.Librarian, http.StatusNoContent), o.remove)

	cover := route("GET", "/books/{id}/cover", "get-cover", "A title's uploaded cover", identity.Public, 0)
	cover.Configure = rest.Responses(http.StatusOK, "image/jpeg")
	rest.Register(api, cover, o.cover)
	upload := route("PUT", "/books/{id}/cover", "set-cover", "Upload a title's cover: JPEG, PNG or WebP", identity.Librarian, 0)
	upload.MaxBody = service.Settings().Cover.MaxBytes
	upload.Configure = func(op *huma.Operation) {
		picture := &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
		op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"image/jpeg": picture, "image/png": picture, "image/webp": picture}}
	}
	rest.Register(api, upload, o.setCover)
	rest.Register(api, route("DELETE", "/books/{id}/cover", "remove-cover", "Take a title's cover away", identity.Librarian, http.StatusNoContent), o.removeCover)

	rest.Register(api, route("GET", "/authors/{id}", "get-author", "An author; GET /books?author={id} lists the titles", identity.Public, 0), o.author)
	rest.Register(api, route("GET", "/authors/{id}/statistics", "author-statistics", "How much of an author the library has", identity.Public, 0), o.authorStatistics)
	rest.Register(api, route("GET", "/statistics", "catalog-statistics", "How much the library has, in all and by genre", identity.Public, 0), o.statistics)
	rest.Register(api, route("GET", "/genres", "list-genres", "All genres", identity.Public, 0), o.genres)
	o.registerRatings(api)
}

// IDInput is the id of a title or an author in a path. (Embedded, so exported: huma looks at no other.)
type IDInput struct {
	ID int64 `path:"id" minimum:"1" maximum:"9007199254740991"`
}

// noContent is the answer of operations that have nothing to say.
type noContent struct{}

// optional is a parameter that may be left out, told apart from one that is zero.
type optional[T any] struct {
	Value T
	IsSet bool
}

// Schema is that of the value (huma.SchemaProvider).
func (o optional[T]) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeOf(o.Value))
}

// Receiver tells huma where to put the value (huma.ParamWrapper).
func (o *optional[T]) Receiver() reflect.Value { return reflect.ValueOf(o).Elem().Field(0) }

// OnParamSet tells whether there was one (huma.ParamReactor).
func (o *optional[T]) OnParamSet(isSet bool, _ any) { o.IsSet = isSet }

// pointer gives the value, nil for none.
func (o optional[T]) pointer() *T {
	if !o.IsSet {
		return nil
	}
	v := o.Value
	return &v
}

var _ = []any{huma.ParamWrapper(&optional[int]{}), huma.ParamReactor(&optional[int]{})}

// AnyTitle is the tag of answers that a change of any title may change.
const AnyTitle = "titles"

// TitleTag is the tag of answers that show a title.
func TitleTag(id int64) string { return "title-" + strconv.FormatInt(id, 10) }

// share marks an answer as one for everybody until one of the tags is purged.
func (o *operations) share(ctx context.Context, tags ...string) {
	s := o.shared
	s.Tags = tags
	rest.Share(ctx, s)
}

// revalidate has caches ask each time, with the ETag: an answer is never older than the title.
const revalidate = "no-cache"
