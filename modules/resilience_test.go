package modules

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"bookvault/modules/members"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/identity"
	"bookvault/platform/resilience"
)

func TestTheLayersStandInTheirOrder(t *testing.T) {
	library := assembled(t, dbtest.New(t))
	if want := []string{"stale-on-error", "cache-aside", "coalesced", "resilient"}; !slices.Equal(library.TitleLayers, want) {
		t.Errorf("on the way to a title stand %v, not %v", library.TitleLayers, want)
	}
}

// The public fills the catalogue's compartment: readers hear so at once, and the desk, the search and other modules go on.
func TestACompartmentThatIsFullLeavesTheOthersTheirRoom(t *testing.T) {
	library := assembled(t, dbtest.New(t))
	catalogue := library.policies.For("catalog-database").Bulkhead()
	concurrent, queue := catalogue.Limits()
	ctx, leave := context.WithCancel(t.Context())
	for range concurrent {
		if _, err := catalogue.Enter(ctx); err != nil {
			t.Fatal(err)
		}
		defer catalogue.Leave()
	}
	for range queue {
		go catalogue.Enter(ctx)
	}
	for catalogue.Waiting() < queue {
		time.Sleep(time.Millisecond)
	}
	ask := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		library.Handler.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w
	}
	begin := time.Now()
	w := ask("/api/catalog/v1/books/1025")
	if took := time.Since(begin); w.Code != 503 || w.Header().Get("Retry-After") != "1" || !strings.Contains(w.Body.String(), `"busy"`) || took > 500*time.Millisecond {
		t.Errorf("%d after %v: %s", w.Code, took, w.Body)
	}
	for _, path := range []string{"/api/borrowing/v1/availability?book_ids=1025", "/api/catalog/v1/suggest?q=emma"} {
		if w := ask(path); w.Code != 200 {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	library.Patterns.Bulkhead.Store(false)
	if w := ask("/api/catalog/v1/books/1025"); w.Code != 404 {
		t.Errorf("switched off: %d %s", w.Code, w.Body)
	}
	leave()
	for catalogue.Waiting() > 0 {
		time.Sleep(time.Millisecond)
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
