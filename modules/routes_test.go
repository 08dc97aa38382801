package modules_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/modules"
	"bookvault/modules/members"
	"bookvault/platform/config"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/gateway"
	"bookvault/platform/identity"
	"bookvault/platform/rest"
)

const walkersPassword = "walks through every door"

// house is the library as it is served, with one member a role and what each can show at the door.
type house struct {
	library *modules.Library
	handler http.Handler
	proofs  map[string]proof
}

// proof is what a request carries to say who sends it, and what that is worth.
type proof struct {
	header, value string
	role          identity.Role
	refused       bool // whatever the route: a proof that was sent and is not valid
}

func openHouse(t *testing.T) house {
	t.Helper()
	db := dbtest.New(t)
	defaults, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(config.Sources{Defaults: defaults})
	if err != nil {
		t.Fatal(err)
	}
	library, err := modules.Assemble(modules.Foundations{Version: "test", Settings: settings, DB: db, Registry: prometheus.NewRegistry(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	handler := gateway.Chain(library.Handler, gateway.Settings{Logger: slog.New(slog.DiscardHandler), AccessLog: "off", MaxBody: 1 << 20,
		RequestTimeout: 15 * time.Second, UploadTimeout: time.Minute, Registry: prometheus.NewRegistry(),
		Compression: gateway.Compression{Enabled: &library.Patterns.Compression, MinSize: int(settings.Compression.MinSize)}})
	h := house{library: library, handler: handler, proofs: map[string]proof{
		"nobody":          {role: identity.Public},
		"a made-up token": {header: "Authorization", value: "Bearer bv_" + strings.Repeat("x", 43), refused: true},
		"a broken token":  {header: "Authorization", value: "Bearer nonsense", refused: true},
		"a password":      {header: "Authorization", value: "Basic cGF0cm9uOnBhdHJvbg==", refused: true},
		"an old cookie":   {header: "Cookie", value: "bv_session=" + strings.Repeat("x", 43), role: identity.Public},
		"a broken cookie": {header: "Cookie", value: "bv_session=\"; DROP TABLE", role: identity.Public},
	}}
	for role := identity.Patron; role <= identity.Administrator; role++ {
		card := "walk-" + role.String()
		if _, err := library.Members.Enrol(t.Context(), members.NewMember{Card: card, Name: "Walking " + role.String(), Role: role, Password: walkersPassword}); err != nil {
			t.Fatal(err)
		}
		token, _, err := library.Members.IssueToken(t.Context(), role, card, "walk", 0)
		if err != nil {
			t.Fatal(err)
		}
		h.proofs[role.String()+"'s token"] = proof{header: "Authorization", value: "Bearer " + token, role: role}
		started, err := library.Members.SignIn(t.Context(), members.SignIn{Login: card, Password: walkersPassword})
		if err != nil {
			t.Fatal(err)
		}
		h.proofs[role.String()+"'s session"] = proof{header: "Cookie", value: "bv_session=" + started.Token, role: role}
	}
	expired, made, err := library.Members.IssueToken(t.Context(), identity.Administrator, "walk-administrator", "expired", 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Pool().Exec(t.Context(), `UPDATE members.api_tokens SET expires_at = now() - interval '1 second' WHERE id = $1`, made.ID); err != nil {
		t.Fatal(err)
	}
	h.proofs["an expired token"] = proof{header: "Authorization", value: "Bearer " + expired, refused: true}
	return h
}

var parameter = regexp.MustCompile(`\{[^}]+\}`)

// knock sends a request that says nothing sensible to a route: who may call it is decided before what was asked.
func (h house) knock(method string, route rest.Route, p proof, headers ...string) (int, string) {
	body := ""
	if method == "POST" || method == "PUT" || method == "PATCH" {
		body = `{"not":"sensible"}`
	}
	r := httptest.NewRequest(method, parameter.ReplaceAllString(route.Path, "999999999"), strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if p.header != "" {
		r.Header.Set(p.header, p.value)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	var problem struct{ Code string }
	_ = json.Unmarshal(w.Body.Bytes(), &problem)
	return w.Code, problem.Code
}

// Every route answers every caller as it declares: whoever may is let in (to be told that the request makes no sense), whoever may
// not is told to sign in, or that the role is too low, and a proof that is not valid is never taken for nobody.
func TestEveryRouteLetsInWhomItDeclares(t *testing.T) {
	h := openHouse(t)
	if len(h.library.Routes) < 15 {
		t.Fatalf("only %d routes: this is not the whole library", len(h.library.Routes))
	}
	for _, route := range h.library.Routes {
		for name, p := range h.proofs {
			methods := []string{route.Method}
			if route.Method == "GET" {
				methods = append(methods, "HEAD")
			}
			if strings.HasSuffix(name, "session") && route.Path == "/api/members/v1/sessions" && route.Method == "DELETE" {
				continue // it would let itself in, and out for good
			}
			for _, method := range methods {
				status, code := h.knock(method, route, p)
				if method == "HEAD" { // says the same without words
					code = map[int]string{401: "sign_in_needed", 403: "role_needed"}[status]
				}
				where := fmt.Sprintf("%s %s (%s) by %s: %d %s", method, route.Path, route.Who, name, status, code)
				switch {
				case status >= 500:
					t.Errorf("%s: failed", where)
				case p.refused:
					if status != 401 || code == "" {
						t.Errorf("%s: not refused", where)
					}
				case p.role >= route.Who:
					if code == "sign_in_needed" || code == "role_needed" || status == 401 && code != "sign_in_failed" {
						t.Errorf("%s: not let in", where)
					}
				case p.role == identity.Public:
					if status != 401 || code != "sign_in_needed" {
						t.Errorf("%s: not told to sign in", where)
					}
				default:
					if status != 403 || code != "role_needed" {
						t.Errorf("%s: let in with too low a role", where)
					}
				}
			}
		}
	}
}

// What changes something is never anybody's to do, but for signing in and out, and being counted among those who looked at a title; and no other site's page does it with a reader's cookie.
func TestNoRouteChangesThingsForAnybody(t *testing.T) {
	h := openHouse(t)
	open := []string{"POST /api/members/v1/sessions", "DELETE /api/members/v1/sessions", "POST /api/catalog/v1/books/{id}/views"}
	for _, route := range h.library.Routes {
		if route.Method == "GET" {
			continue
		}
		name := route.Method + " " + route.Path
		if route.Who <= identity.Public && !slices.Contains(open, name) {
			t.Errorf("%s is open to anybody", name)
		}
		for header, value := range map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"} {
			if status, code := h.knock(route.Method, route, h.proofs["administrator's session"], header, value); status != 403 || code != "cross_origin_refused" {
				t.Errorf("%s from another site's page (%s): %d %s", name, header, status, code)
			}
		}
	}
}

// No operation is in the document that was not registered with a role, and each says in the document who may call it.
func TestTheDocumentHasTheDeclaredRoutesAndNoOther(t *testing.T) {
	h := openHouse(t)
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, httptest.NewRequest("GET", "/openapi.json", nil))
	var document struct {
		Paths map[string]map[string]struct {
			Who string `json:"x-who"`
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &document); err != nil {
		t.Fatal(err)
	}
	declared := map[string]string{}
	for _, route := range h.library.Routes {
		declared[route.Method+" "+route.Path] = route.Who.String()
	}
	for path, operations := range document.Paths {
		for method, operation := range operations {
			name := strings.ToUpper(method) + " " + path
			if declared[name] != operation.Who || operation.Who == "" {
				t.Errorf("%s: the document says %q, the route %q", name, operation.Who, declared[name])
			}
			delete(declared, name)
		}
	}
	if len(declared) > 0 {
		t.Errorf("not in the document: %v", declared)
	}
}

// A route that does not say who may call it stops the program before it serves anything.
func TestARouteWithoutARoleIsRefused(t *testing.T) {
	for _, who := range []identity.Role{identity.Undeclared, identity.Administrator + 1, -1} {
		refused := func() (refused bool) {
			defer func() { refused = recover() != nil }()
			rest.Register(rest.New(rest.Settings{MaxBody: 1}), rest.Route{Method: "GET", Path: "/api/x", ID: "x", Summary: "x", Tag: "x", Who: who},
				func(context.Context, *struct{}) (*struct{}, error) { return nil, nil })
			return false
		}()
		if !refused {
			t.Errorf("a route for %v was registered", who)
		}
	}
}
