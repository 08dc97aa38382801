package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

type byHeader struct{}

// Authenticate reads a role from the bearer, which is enough to test who may call what.
func (byHeader) Authenticate(r *http.Request) (identity.Principal, error) {
	token, ok := BearerOf(r)
	if ok && token == "" {
		return identity.Principal{Role: identity.Public}, nil
	}
	if token == "left" {
		return identity.Principal{}, fmt.Errorf("read token: %w", context.Canceled)
	}
	role, err := identity.ParseRole(token)
	if !ok || err != nil {
		return identity.Principal{}, problem.New(problem.Unauthenticated, "invalid_token", "This token is not valid.")
	}
	return identity.Principal{MemberID: 1, Role: role}, nil
}

type echoIn struct {
	Command
	ID    int64  `path:"id" minimum:"1"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"20"`
	Who   string `query:"who"`
	Body  struct {
		Title string            `json:"title" minLength:"1" maxLength:"50"`
		Tags  []string          `json:"tags,omitempty" maxItems:"3"`
		Notes map[string]string `json:"notes,omitempty"`
		Count int64             `json:"count,omitempty"`
	}
}
type echoOut struct {
	Link string `header:"Link"`
	Body struct {
		Title string `json:"title"`
		Limit int    `json:"limit"`
	}
}

func testAPI(t *testing.T) *API {
	t.Helper()
	api := New(Settings{Version: "test", MaxBody: 1000})
	api.SetAuthenticator(byHeader{})
	Register(api, Route{Method: "POST", Path: "/api/t/v1/echo/{id}", ID: "echo", Summary: "Echo", Tag: "test", Who: identity.Desk},
		func(ctx context.Context, in *echoIn) (*echoOut, error) {
			if in.Body.Title == "boom" {
				return nil, errors.New("secret cause")
			}
			if in.Body.Title == "no" {
				return nil, problem.Refused(problem.Reason{Code: "item_on_loan", Detail: "On loan."})
			}
			out := &echoOut{}
			out.Body.Title, out.Body.Limit = in.Body.Title, in.Limit
			next := "abc"
			out.Link = NextLink(ctx, &next)
			return out, nil
		})
	Register(api, Route{Method: "GET", Path: "/api/t/v1/things/{id}", ID: "thing", Summary: "Thing", Tag: "test", Who: identity.Public},
		func(ctx context.Context, in *struct {
			ID string `path:"id"`
		}) (*echoOut, error) {
			out := &echoOut{}
			out.Body.Title = in.ID
			return out, nil
		})
	return api
}

func TestWhatTheEdgeRefuses(t *testing.T) {
	api := testAPI(t)
	const path = "/api/t/v1/echo/7"
	for name, c := range map[string]struct {
		method, path, auth, contentType, body string
		status                                int
		code, field                           string
	}{
		"all is well":             {"POST", path, "Bearer desk", "", `{"title":"Truyện Kiều"}`, 200, "", ""},
		"nobody signed in":        {"POST", path, "", "", `{"title":"x"}`, 401, "sign_in_needed", ""},
		"a role too low":          {"POST", path, "Bearer patron", "", `{"title":"x"}`, 403, "role_needed", ""},
		"a token made up":         {"POST", path, "Bearer nonsense", "", `{"title":"x"}`, 401, "invalid_token", ""},
		"basic authentication":    {"POST", path, "Basic abc", "", `{"title":"x"}`, 401, "invalid_token", ""},
		"bad token, public path":  {"GET", "/api/t/v1/things/1", "Bearer nonsense", "", "", 401, "invalid_token", ""},
		"an unknown field":        {"POST", path, "Bearer desk", "", `{"title":"x","price":1}`, 422, "invalid_request", "body.price"},
		"an unknown parameter":    {"POST", path + "?nope=1", "Bearer desk", "", `{"title":"x"}`, 422, "invalid_request", "query.nope"},
		"a wrong type":            {"POST", path, "Bearer desk", "", `{"title":7}`, 422, "invalid_request", "body.title"},
		"a missing field":         {"POST", path, "Bearer desk", "", `{}`, 422, "invalid_request", "body"},
		"no body":                 {"POST", path, "Bearer desk", "", ``, 400, "malformed_request", "body"},
		"not JSON":                {"POST", path, "Bearer desk", "", `{"title":`, 400, "malformed_request", "body"},
		"two documents":           {"POST", path, "Bearer desk", "", `{"title":"x"}{}`, 400, "malformed_request", "body"},
		"NUL":                     {"POST", path, "Bearer desk", "", `{"title":"a\u0000b"}`, 400, "malformed_request", "body.title"},
		"NUL deep":                {"POST", path, "Bearer desk", "", `{"title":"x","tags":["a","\u0000"]}`, 400, "malformed_request", "body.tags[1]"},
		"an escaped backslash":    {"POST", path, "Bearer desk", "", `{"title":"a\\u0000b"}`, 200, "", ""},
		"half a pair":             {"POST", path, "Bearer desk", "", `{"title":"x","tags":["a\ud800"]}`, 400, "malformed_request", "body.tags[0]"},
		"the other half":          {"POST", path, "Bearer desk", "", `{"title":"\uDC00\ud800"}`, 400, "malformed_request", "body.title"},
		"half, then no half":      {"POST", path, "Bearer desk", "", `{"title":"\ud83d\u0041"}`, 400, "malformed_request", "body.title"},
		"a pair":                  {"POST", path, "Bearer desk", "", `{"title":"\ud83d\ude00 \\ud800"}`, 200, "", ""},
		"a number out of range":   {"POST", path, "Bearer desk", "", `{"title":"x","count":9223372036854775808}`, 422, "invalid_request", "body.count"},
		"broken UTF-8":            {"POST", path, "Bearer desk", "", "{\"title\":\"a\xffb\"}", 400, "malformed_request", "body.title"},
		"broken UTF-8 in a name":  {"POST", path, "Bearer desk", "", "{\"a\xff\":\"b\"}", 400, "malformed_request", "body"},
		"too large":               {"POST", path, "Bearer desk", "", `{"title":"` + strings.Repeat("x", 2000) + `"}`, 413, "body_too_large", ""},
		"another format":          {"POST", path, "Bearer desk", "text/plain", `{"title":"x"}`, 415, "unsupported_media_type", "body"},
		"an id that is none":      {"POST", "/api/t/v1/echo/seven", "Bearer desk", "", `{"title":"x"}`, 422, "invalid_request", "path.id"},
		"a huge id":               {"POST", "/api/t/v1/echo/99999999999999999999", "Bearer desk", "", `{"title":"x"}`, 422, "invalid_request", "path.id"},
		"a negative id":           {"POST", "/api/t/v1/echo/-1", "Bearer desk", "", `{"title":"x"}`, 422, "invalid_request", "path.id"},
		"a limit too high":        {"POST", path + "?limit=201", "Bearer desk", "", `{"title":"x"}`, 422, "invalid_request", "query.limit"},
		"NUL in the path":         {"GET", "/api/t/v1/things/a%00", "", "", "", 400, "malformed_request", "path"},
		"broken UTF-8 in a query": {"POST", path + "?who=%ff", "Bearer desk", "", `{"title":"x"}`, 400, "malformed_request", "query.who"},
		"a broken query":          {"GET", "/api/t/v1/things/a?x=%zz", "", "", "", 400, "malformed_request", "query"},
		"no such path":            {"GET", "/api/t/v1/nothing", "", "", "", 404, "no_such_path", ""},
		"no such method":          {"DELETE", path, "", "", "", 405, "method_not_allowed", ""},
		"an internal error":       {"POST", path, "Bearer desk", "", `{"title":"boom"}`, 500, "internal_error", ""},
		"a caller who left":       {"POST", path, "Bearer left", "", `{"title":"x"}`, 503, "request_cancelled", ""},
		"a refusal":               {"POST", path, "Bearer desk", "", `{"title":"no"}`, 409, "item_on_loan", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
			if c.auth != "" {
				r.Header.Set("Authorization", c.auth)
			}
			if c.contentType != "" {
				r.Header.Set("Content-Type", c.contentType)
			}
			w := httptest.NewRecorder()
			r.Header.Set("X-Request-Id", "r1")
			api.ServeHTTP(w, r)
			if w.Code != c.status {
				t.Fatalf("%d %s, want %d", w.Code, w.Body, c.status)
			}
			if c.status == 200 {
				return
			}
			var p problem.Details
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatalf("not a problem: %s", w.Body)
			}
			if w.Header().Get("Content-Type") != problem.ContentType || p.Code != c.code || p.Status != c.status || p.RequestID != "r1" {
				t.Errorf("%s: %s", w.Header().Get("Content-Type"), w.Body)
			}
			if c.field != "" && (len(p.Errors) == 0 || p.Errors[0].Field != c.field) {
				t.Errorf("field %q not named: %s", c.field, w.Body)
			}
			if strings.Contains(w.Body.String(), "secret") {
				t.Errorf("shows its inside: %s", w.Body)
			}
		})
	}
}

func TestHeadAnswersAsGetWithoutABody(t *testing.T) {
	api := testAPI(t)
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequest("HEAD", "/api/t/v1/things/a%2Fb", nil))
	if w.Code != 200 || w.Body.Len() != 0 || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%d %q %v", w.Code, w.Body, w.Header())
	}
}

func TestAnEncodedSlashIsPartOfAParameter(t *testing.T) {
	w := httptest.NewRecorder()
	testAPI(t).ServeHTTP(w, httptest.NewRequest("GET", "/api/t/v1/things/a%2Fb", nil))
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"a/b"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

func TestARouteWithoutARoleIsRefusedAtStart(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it was registered")
		}
	}()
	Register(New(Settings{MaxBody: 10}), Route{Method: "GET", Path: "/x", ID: "x", Summary: "x", Tag: "x"},
		func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
}

type hidden struct {
	ID string `path:"id"`
}

func TestAnEmbeddedTypeThatIsNotExportedIsRefusedAtStart(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it was registered, and its parameter would never arrive")
		}
	}()
	Register(New(Settings{MaxBody: 10}), Route{Method: "GET", Path: "/x/{id}", ID: "x", Summary: "x", Tag: "x", Who: identity.Public},
		func(context.Context, *struct{ hidden }) (*struct{}, error) { return nil, nil })
}

func TestTheDocumentSaysWhoMayCall(t *testing.T) {
	api := testAPI(t)
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequest("GET", "/openapi.json", nil))
	if w.Code != 200 || !strings.Contains(w.Body.String(), `"x-who":"desk"`) || !strings.Contains(w.Body.String(), `"openapi":"3.1`) {
		t.Errorf("%d %.300s", w.Code, w.Body)
	}
	for _, path := range []string{"/docs/", "/docs/swagger-ui-bundle.js", "/docs/start.js"} {
		w := httptest.NewRecorder()
		if api.ServeHTTP(w, httptest.NewRequest("GET", path, nil)); w.Code != 200 || w.Body.Len() == 0 {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
}

// unread fails the test when somebody reads it.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was read")
	return 0, errors.New("read")
}

func TestABodyThatIsTooLargeIsRefusedBeforeItIsReadAndElseWhileItIs(t *testing.T) {
	announced := httptest.NewRequest("POST", "/api/t/v1/echo/5", unread{t})
	announced.ContentLength = 2000
	streamed := httptest.NewRequest("POST", "/api/t/v1/echo/5", strings.NewReader(`{"title":"`+strings.Repeat("x", 2000)+`"}`))
	streamed.ContentLength = -1
	for name, r := range map[string]*http.Request{"announced": announced, "streamed": streamed} {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer desk")
		w := httptest.NewRecorder()
		testAPI(t).ServeHTTP(w, r)
		if w.Code != http.StatusRequestEntityTooLarge || !strings.Contains(w.Body.String(), "body_too_large") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
}
