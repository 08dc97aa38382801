package modules

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bookvault/modules/catalog"
	"bookvault/modules/members"
	"bookvault/platform/database"
	"bookvault/platform/database/faulttest"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// While the catalogue's own way fails its titles and searches come by the other way, and the desk hears what a title is called.
func TestTheCatalogueIsReadByTheOtherWay(t *testing.T) {
	l := openAiling(t)
	l.Patterns.Fallback.Store(true)
	for _, f := range []faulttest.Fault{faulttest.Latency(20 * time.Second), faulttest.Reset, faulttest.Cut} {
		t.Run(f.Name, func(t *testing.T) {
			l.wellAgain(t)
			l.begin(t, f)
			defer l.end(t, f)
			for began := time.Now(); ; { // a way that falls silent is found out, and a title may take 300 ms here
				ctx, _ := database.WithReader(l.staff, "")
				if _, err := l.Catalog.Book(ctx, l.book); err == nil {
					break
				} else if time.Since(began) > 20*time.Second {
					t.Fatalf("no title comes: %v", err)
				}
			}
			for n := range 50 {
				ctx, _ := database.WithReader(l.staff, "") // as each request has one
				if b, err := l.Catalog.Book(ctx, l.book); err != nil || b.Title != "Emma" {
					t.Fatalf("a title: %q, %v", b.Title, err)
				}
				if page, err := l.Catalog.Search(ctx, wordsOf(t, fmt.Sprintf("emma %s", strings.Repeat("e", n%2)))); err != nil || page.Partial {
					t.Fatalf("a search: %+v, %v", page, err)
				}
			}
			if lent := l.lendOne(t); lent.Title != "Emma" {
				t.Errorf("the desk hears of %q", lent.Title)
			}
		})
	}
}

// Nor is the desk held up when what the catalogue asks by the other way hangs there, however much is asked: few take it at a time.
func TestADeadCataloguesFloodIsNotTheDesks(t *testing.T) {
	l := openAiling(t)
	l.Patterns.Fallback.Store(true)
	well := l.lend(t, 20)
	l.begin(t, faulttest.Cut)
	defer l.end(t, faulttest.Cut)
	locked, err := l.db.Pool().Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = locked.Rollback(context.Background()) }()
	if _, err := locked.Exec(t.Context(), `LOCK TABLE catalog.books IN ACCESS EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
	detour := l.policies.For("catalog-detour").Bulkhead()
	most, _ := detour.Limits()
	flood, dry := context.WithCancel(l.staff)
	var all sync.WaitGroup
	var asked, seen atomic.Int64
	for n := range 24 {
		all.Go(func() {
			for i := 0; flood.Err() == nil; i++ {
				ctx, _ := database.WithReader(flood, "")
				if n%2 == 0 {
					_, _ = l.Catalog.Book(ctx, l.book+int64(i)<<10)
				} else {
					_, _ = l.Catalog.Search(ctx, wordsOf(t, fmt.Sprintf("word%d of%d", i, n)))
				}
				asked.Add(1)
				seen.Store(max(seen.Load(), int64(detour.InUse())))
			}
		})
	}
	for seen.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	took := l.lend(t, 20) // fails the test when one command fails
	dry()
	all.Wait()
	t.Logf("a command takes %v well, %v while the catalogue is asked %d times in vain, %d at once by the other way", well, took, asked.Load(), seen.Load())
	if took > max(2*well, 700*time.Millisecond) {
		t.Errorf("a command takes %v, and took %v", took, well)
	}
	if seen.Load() > int64(most) {
		t.Errorf("%d took the other way at once, and %d may", seen.Load(), most)
	}
}

// The detour is told of where dependencies are, and is off with the pattern that it belongs to.
func TestTheDetourIsSeenAndSwitched(t *testing.T) {
	l := openAiling(t)
	secret, _, err := l.Members.IssueToken(members.AsCommand(t.Context()), identity.Administrator, "", "test", time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	r, w := httptest.NewRequest("GET", "/api/ops/v1/resilience", nil), httptest.NewRecorder()
	r.Header.Set("Authorization", "Bearer "+secret)
	l.Handler.ServeHTTP(w, r)
	var list struct{ Items []dependencyBody }
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil {
		t.Fatalf("%v: %s", err, w.Body)
	}
	told := false
	for _, d := range list.Items {
		told = told || d.Name == "catalog-detour" && d.State == "closed" && d.Compartment != nil && d.Compartment.Concurrent == 4 && d.Compartment.Queue == 20
	}
	if !told {
		t.Errorf("nothing is told of it: %s", w.Body)
	}
	l.begin(t, faulttest.Cut)
	defer l.end(t, faulttest.Cut)
	ctx, _ := database.WithReader(l.staff, "")
	if _, err := l.Catalog.Book(ctx, l.book); problem.Of(err).Kind != problem.Unavailable {
		t.Errorf("switched off, a title comes by the other way: %v", err)
	}
	l.Patterns.Fallback.Store(true)
	ctx, _ = database.WithReader(l.staff, "")
	if _, err := l.Catalog.Book(ctx, l.book); err != nil {
		t.Errorf("switched on: %v", err)
	}
}

// wordsOf makes a search.
func wordsOf(t *testing.T, text string) catalog.Criteria {
	t.Helper()
	q, err := catalog.ParseQuery(text, catalog.DefaultQueryLimits)
	if err != nil {
		t.Error(err)
	}
	return catalog.Criteria{Query: q, Sort: catalog.ByRelevance, Limit: 10}
}
