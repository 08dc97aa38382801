package modules

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"bookvault/modules/members"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/identity"
	"bookvault/platform/resilience"
	"bookvault/platform/rest"
)

func TestTheLayersStandInTheirOrder(t *testing.T) {
	library := assembled(t, dbtest.New(t))
	if want := []string{"stale-on-error", "cache-aside", "coalesced", "resilient"}; !slices.Equal(library.TitleLayers, want) {
		t.Errorf("on the way to a title stand %v, not %v", library.TitleLayers, want)
	}
}

// Whatever fills the compartment of one part, its callers hear so at once, and the other parts go on.
func TestACompartmentThatIsFullLeavesTheOthersTheirRoom(t *testing.T) {
	library := assembled(t, dbtest.New(t))
	secret, _, err := library.Members.IssueToken(members.AsCommand(t.Context()), identity.Librarian, "", "test", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(path string) *httptest.ResponseRecorder {
		r, w := httptest.NewRequest("GET", path, nil), httptest.NewRecorder()
		r.Header.Set("Authorization", "Bearer "+secret)
		if !strings.HasPrefix(path, "/api/members/") {
			r = r.WithContext(forDesk(r.Context())) // as the gateway knows whoever works there
		}
		library.Handler.ServeHTTP(w, r)
		return w
	}
	busy := func(w *httptest.ResponseRecorder) bool {
		return w.Code == 503 && w.Header().Get("Retry-After") == "1" && strings.Contains(w.Body.String(), `"busy"`)
	}
	parts := []struct{ compartment, path string }{
		{"borrowing-database", "/api/borrowing/v1/hold-shelf?branch=main"},
		{"catalog-database", "/api/catalog/v1/books/1025"},
		{"imports-database", "/api/catalog/v1/imports/1"},
		{"members-database", "/api/members/v1/members?q=reader"},
		{"search-database", "/api/catalog/v1/suggest?q=emma"},
		{"statistics-database", "/api/catalog/v1/statistics"},
		{"reports-database", "/api/borrowing/v1/statistics"},
	}
	for _, part := range parts {
		t.Run(part.compartment, func(t *testing.T) {
			full := library.policies.For(part.compartment).Bulkhead()
			concurrent, queue := full.Limits()
			ctx, leave := context.WithCancel(t.Context())
			for range concurrent {
				if _, err := full.Enter(ctx); err != nil {
					t.Fatal(err)
				}
				defer full.Leave()
			}
			var waiting sync.WaitGroup
			for range queue {
				waiting.Go(func() { _, _ = full.Enter(ctx) })
			}
			defer waiting.Wait()
			defer leave()
			for full.Waiting() < queue {
				time.Sleep(time.Millisecond)
			}
			for _, other := range parts { // without what stands in, on and off
				library.Patterns.Fallback.Store(false)
				shares := library.policies.For(other.compartment).Bulkhead() == full
				if w := ask(other.path); busy(w) != shares || !shares && w.Code >= 500 {
					t.Errorf("%s: %d %s", other.path, w.Code, w.Body)
				}
				library.Patterns.Fallback.Store(true)
				if w := ask(other.path); shares && strings.HasSuffix(other.path, "/statistics") && (w.Code != 200 || !strings.Contains(w.Body.String(), `"stale":true`) || w.Header().Get("Cache-Status") != rest.StoodIn) {
					t.Errorf("%s of before: %d %v %s", other.path, w.Code, w.Header(), w.Body)
				}
			}
			library.Patterns.Bulkhead.Store(false)
			defer library.Patterns.Bulkhead.Store(true)
			if w := ask(part.path); w.Code >= 500 {
				t.Errorf("switched off: %d %s", w.Code, w.Body)
			}
		})
	}
}

func TestAnAdministratorSeesHowDependenciesStand(t *testing.T) {
	library := assembled(t, dbtest.New(t))
	secret, _, err := library.Members.IssueToken(members.AsCommand(t.Context()), identity.Administrator, "", "test", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	ill := library.policies.For("catalog")
	for range 5 {
		_ = ill.Breaker().Allow()
		ill.Breaker().Record(resilience.ErrTooSlow, time.Second)
	}
	r := httptest.NewRequest("GET", "/api/ops/v1/resilience", nil)
	r.Header.Set("Authorization", "Bearer "+secret)
	w := httptest.NewRecorder()
	library.Handler.ServeHTTP(w, r)
	var list struct{ Items []dependencyBody }
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || w.Code != http.StatusOK {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	states := map[string]string{}
	for _, d := range list.Items {
		states[d.Name] = d.State
		if d.Name == "borrowing-database" && (d.Compartment == nil || d.Compartment.Concurrent != 10 || d.Compartment.Queue != 50) {
			t.Errorf("the desk's compartment is %+v", d.Compartment)
		}
		if open := d.Name == "catalog"; open != (d.RetryAfter > 0) {
			t.Errorf("%s may be tried again after %d ms", d.Name, d.RetryAfter)
		}
	}
	for _, s := range library.policies.stacks {
		want, failing := "closed", false
		if s == ill {
			want, failing = "open", true
		}
		detail, err := breakerHealth(s)(t.Context())
		if states[s.Name()] != want || detail["breaker"] != want || (err != nil) != failing {
			t.Errorf("%s is %q, and for readyz %v, %v", s.Name(), states[s.Name()], detail, err)
		}
	}
}
