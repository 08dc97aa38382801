// Package rest is the JSON API's common ground: huma on gin, so that every module's operations are declared with their
// inputs, answers and callers in one place, checked before a handler runs, and described at /openapi.json.
//
// A module's api/ folder calls Register; the handler gets a decoded, validated input and returns an output or an error.
// What reaches a handler has passed here: URL and body are valid UTF-8 without NUL, unknown fields are refused, and the
// caller has the role that the route declares. The room in front is platform/gateway; the next one inwards is modules/*/api.
package rest

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"
	"github.com/gin-gonic/gin"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// Authenticator finds out who sends a request; modules/members implements it.
type Authenticator interface {
	// Authenticate reads the bearer token, or the session cookie. No proof at all is a Public principal; a proof that is
	// malformed, unknown or expired is a problem of kind Unauthenticated.
	Authenticate(r *http.Request) (identity.Principal, error)
}

// Settings of the API.
type Settings struct {
	Version string       // of BookVault, for the OpenAPI document
	MaxBody int64        // bytes of a request body, where a route sets no limit of its own
	Logger  *slog.Logger // gets internal errors with their cause
	// RepeatWait is how long a command waits for the answer of one with the same Idempotency-Key that is being carried out.
	RepeatWait time.Duration
	Classify   func(error) *problem.Error
	// Classify turns errors of the platform (a database that does not answer, say) into problems; nil results are
	// internal errors. It may be nil.
}

// API is the whole JSON API as one http.Handler.
type API struct {
	settings Settings
	engine   *gin.Engine
	huma     huma.API
	who      Authenticator
	routes   []Route
}

// New makes an API without operations. SetAuthenticator must be called before it serves a route that is not public.
func New(s Settings) *API {
	gin.SetMode(gin.ReleaseMode)
	engine := gin.New()
	engine.RedirectTrailingSlash = false
	engine.HandleMethodNotAllowed = true
	engine.UseRawPath = true // a barcode may hold an encoded slash
	engine.NoRoute(func(c *gin.Context) {
		problem.Write(c.Writer, c.Request, problem.NotFound("no_such_path", "There is nothing at this address. The paths are listed at /docs."))
	})
	engine.NoMethod(func(c *gin.Context) {
		problem.Write(c.Writer, c.Request, problem.New(problem.MethodNotAllowed, "method_not_allowed",
			"This address does not answer %s; it answers %s.", c.Request.Method, c.Writer.Header().Get("Allow")))
	})
	api := &API{settings: s, engine: engine}
	api.huma = humagin.New(engine, openAPI(s.Version))
	api.serveDocs()
	return api
}

// SetAuthenticator says who finds out the caller of a request.
func (a *API) SetAuthenticator(who Authenticator) { a.who = who }

// Routes lists what was registered, for the test that walks all routes with all roles.
func (a *API) Routes() []Route { return a.routes }

type requestKey struct{}

// request is what a handler may want to know of its request besides its input.
type request struct {
	id     string
	url    *url.URL
	header http.Header // of its answer
}

// ServeHTTP refuses what no route should ever see, answers HEAD as GET without a body, and hands on to gin.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := checkURL(r.URL); err != nil {
		problem.Write(w, r, err)
		return
	}
	r = r.WithContext(context.WithValue(r.Context(), requestKey{}, request{id: r.Header.Get("X-Request-Id"), url: r.URL, header: w.Header()}))
	if r.Method == http.MethodHead {
		r.Method = http.MethodGet // r is our own copy; net/http drops the body of an answer to HEAD
		w = headWriter{w}
	}
	a.engine.ServeHTTP(w, r)
}

// headWriter drops the body, also where the server in front is not net/http (a test's recorder).
type headWriter struct{ http.ResponseWriter }

func (h headWriter) Write(b []byte) (int, error) { return len(b), nil }
func (h headWriter) Unwrap() http.ResponseWriter { return h.ResponseWriter }

// RequestID gives the id of the request that ctx belongs to, or "".
func RequestID(ctx context.Context) string {
	r, _ := ctx.Value(requestKey{}).(request)
	return r.id
}

// checkURL refuses paths and queries with NUL or broken UTF-8, which PostgreSQL would refuse later and less kindly.
func checkURL(u *url.URL) error {
	if badText(u.Path) {
		return &problem.Error{Kind: problem.Malformed, Code: "malformed_request",
			Detail: "The path is not valid UTF-8, or holds a NUL character.",
			Fields: []problem.Field{{Field: "path", Detail: "must be UTF-8 text without NUL"}}}
	}
	if u.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return &problem.Error{Kind: problem.Malformed, Code: "malformed_request", Detail: "The query cannot be read: " + err.Error(),
			Fields: []problem.Field{{Field: "query", Detail: "must be percent-encoded name=value pairs"}}}
	}
	for name, values := range query {
		for _, v := range append(values, name) {
			if badText(v) {
				field := "query." + strings.ToValidUTF8(strings.ReplaceAll(name, "\x00", ""), "")
				return &problem.Error{Kind: problem.Malformed, Code: "malformed_request",
					Detail: field + " is not valid UTF-8, or holds a NUL character.",
					Fields: []problem.Field{{Field: field, Detail: "must be UTF-8 text without NUL"}}}
			}
		}
	}
	return nil
}

func badText(s string) bool { return strings.IndexByte(s, 0) >= 0 || !utf8.ValidString(s) }
