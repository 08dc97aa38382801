package rest

import (
	"context"
	"fmt"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// Route declares one operation of the API.
type Route struct {
	Method  string
	Path    string // with {parameters}
	ID      string // operation id, kebab-case, stable
	Summary string
	Detail  string // more words for the document; may be empty
	Tag     string // the module, for grouping in the document
	Who     identity.Role
	Status  int   // of success; 200 when zero, 204 for outputs without a body is set by the caller
	MaxBody int64 // bytes of the body; the API's setting when zero
	// Configure may change huma's operation for what is unusual (raw bodies, several content types).
	Configure func(*huma.Operation)
}

// Register adds an operation. It panics where the route declares no role or its declaration is broken: a server with such a
// route must not start.
func Register[I, O any](api *API, route Route, handler func(context.Context, *I) (*O, error)) {
	if route.Who < identity.Public || route.Who > identity.Administrator {
		panic(fmt.Sprintf("rest: %s %s declares no role: say who may call it", route.Method, route.Path))
	}
	if route.ID == "" || route.Tag == "" || route.Summary == "" {
		panic(fmt.Sprintf("rest: %s %s needs an ID, a Tag and a Summary", route.Method, route.Path))
	}
	checkShape(route, reflect.TypeFor[I]())
	checkShape(route, reflect.TypeFor[O]())
	if route.MaxBody == 0 {
		route.MaxBody = api.settings.MaxBody
	}
	op := huma.Operation{
		OperationID: route.ID, Method: route.Method, Path: route.Path, Summary: route.Summary, Description: route.Detail,
		Tags: []string{route.Tag}, DefaultStatus: route.Status, MaxBodyBytes: route.MaxBody + 1, // huma refuses at the limit, not above it
		RejectUnknownQueryParameters: true,
		Extensions:                   map[string]any{"x-who": route.Who.String()},
		Middlewares:                  huma.Middlewares{api.access(route)},
	}
	if route.Who > identity.Public {
		op.Security = []map[string][]string{{"session": {}}, {"token": {}}}
	}
	if route.Configure != nil {
		route.Configure(&op)
	}
	api.routes = append(api.routes, route)
	huma.Register(api.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := repeated(ctx, api.settings.RepeatWait, in, handler)
		if err != nil {
			return nil, api.answer(ctx, err)
		}
		return out, nil
	})
}

// access finds out the caller and refuses who may not call the route, before the body is read. A public route looks at a
// bearer (a wrong one is never taken for nobody), but not at the cookie, so that reading the catalogue costs no look-up.
func (a *API) access(route Route) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		c := humagin.Unwrap(hc)
		nameRoute(c.Writer, route.Path)
		caller := identity.Principal{Role: identity.Public}
		if route.Who > identity.Public || c.Request.Header.Get("Authorization") != "" {
			var err error
			if caller, err = a.authenticate(c.Request); err != nil {
				a.refuse(c, err)
				return
			}
			c.Writer = unstored{c.Writer}
		}
		if !caller.May(route.Who) {
			if !caller.SignedIn() {
				a.refuse(c, problem.New(problem.Unauthenticated, "sign_in_needed", "Sign in first, or send an API token as a bearer."))
			} else {
				a.refuse(c, problem.New(problem.Forbidden, "role_needed", "This needs the role %s; you are signed in as %s.", route.Who, caller.Role))
			}
			return
		}
		if c.Request.ContentLength > route.MaxBody {
			// Before a byte of it is read: a client that asks first (Expect: 100-continue) then never sends it.
			c.Writer.Header().Set("Connection", "close")
			a.refuse(c, problem.New(problem.TooLarge, "body_too_large", "The body is larger than this route reads."))
			return
		}
		c.Request = c.Request.WithContext(identity.WithPrincipal(c.Request.Context(), caller))
		next(hc)
	}
}

// unstored is an answer to somebody who showed who they are: no cache keeps it, whatever the operation says of its answers.
type unstored struct{ gin.ResponseWriter }

// WriteHeader takes the status, behind which the operation sets no more headers.
func (u unstored) WriteHeader(status int) {
	directives := "no-store"
	if strings.Contains(u.Header().Get("Cache-Control"), "no-transform") { // a secret is not compressed either (gateway/compress.go)
		directives += ", no-transform"
	}
	u.Header().Set("Cache-Control", directives)
	unshare(u.Header())
	u.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the real writer.
func (u unstored) Unwrap() http.ResponseWriter { return u.ResponseWriter }

// nameRoute tells the gateway, if there is one around the writer, which route answers: its log must not hold what stands in a path.
func nameRoute(w http.ResponseWriter, pattern string) {
	for {
		if log, ok := w.(interface{ Route(pattern string) }); ok {
			log.Route(pattern)
			return
		}
		inner, ok := w.(interface{ Unwrap() http.ResponseWriter })
		if !ok {
			return
		}
		w = inner.Unwrap()
	}
}

func (a *API) authenticate(r *http.Request) (identity.Principal, error) {
	if a.who == nil {
		return identity.Principal{Role: identity.Public}, nil
	}
	return a.who.Authenticate(r)
}

func (a *API) refuse(c *gin.Context, err error) {
	err = a.classify(c.Request.Context(), err)
	a.logIfInternal(c.Request.Context(), err)
	problem.Write(c.Writer, c.Request, err)
}

// Responses lists extra content for huma's document of a route whose success is not JSON.
func Responses(status int, contentTypes ...string) func(*huma.Operation) {
	return func(op *huma.Operation) {
		content := map[string]*huma.MediaType{}
		for _, ct := range contentTypes {
			content[ct] = &huma.MediaType{Schema: &huma.Schema{Type: "string", Format: "binary"}}
		}
		op.Responses = map[string]*huma.Response{fmt.Sprint(status): {Description: http.StatusText(status), Content: content}}
	}
}

// BearerOf gives the bearer token of a request, or "" when there is none. ok is false where there is an Authorization
// header that is not a bearer.
func BearerOf(r *http.Request) (token string, ok bool) {
	header := r.Header.Get("Authorization")
	if header == "" {
		return "", true
	}
	scheme, token, found := strings.Cut(header, " ")
	if !found || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", false
	}
	return strings.TrimSpace(token), true
}
