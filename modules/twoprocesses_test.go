package modules_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/modules"
	"bookvault/modules/borrowing"
	"bookvault/modules/catalog"
	"bookvault/modules/members"
	"bookvault/platform/cache/redistest"
	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/gateway"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// process is the library as one process serves it: its own memory, a database that it shares.
type process struct {
	library *modules.Library
	handler http.Handler
	metrics *prometheus.Registry
}

// serving starts a process on a database.
func serving(t *testing.T, db *database.DB, remote string) process {
	t.Helper()
	defaults, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(config.Sources{Defaults: defaults})
	if err != nil {
		t.Fatal(err)
	}
	settings.Database.Embedded.Data = t.TempDir()
	settings.Telemetry.AccessLog = "off"
	settings.Cache.Remote = remote
	settings.Cache.Fresh, settings.Cache.FreshTitles = time.Second, time.Second // so that the remote tier is asked
	settings.RateLimit.Exempt = []string{"192.0.2.0/24"}                        // httptest's requests all come from there
	log := slog.New(slog.DiscardHandler)
	p := process{metrics: prometheus.NewRegistry()}
	if p.library, err = modules.Assemble(modules.Foundations{Version: "test", Settings: settings, DB: db, Registry: p.metrics, Logger: log}); err != nil {
		t.Fatal(err)
	}
	if err := p.library.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.library.Stop(t.Context()) })
	p.handler = gateway.Chain(p.library.Handler, modules.GatewaySettings(settings, p.library, p.metrics, log))
	within(t, "the process hears of changes", 5*time.Second, func() bool { return db.Feed().Trusted(t.Context()) })
	return p
}

// do sends a request, and gives the status, the headers and the body.
func (p process) do(method, path, body string, headers ...string) (int, http.Header, string) {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if body == "" {
		r = httptest.NewRequest(method, path, nil)
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w.Code, w.Header(), w.Body.String()
}

// version gives the version of a title as a caller sees it, and the caller's new token.
func (p process) version(t *testing.T, id int64, headers ...string) (int32, string) {
	t.Helper()
	status, h, body := p.do("GET", fmt.Sprintf("/api/catalog/v1/books/%d", id), "", headers...)
	var b struct{ Version int32 }
	if err := json.Unmarshal([]byte(body), &b); err != nil || status != 200 {
		t.Errorf("%d %s", status, body)
	}
	return b.Version, h.Get("BookVault-Consistency")
}

// events counts what a cache did; the gateway's has no name.
func (p process) events(t *testing.T, cache, event string) (n float64) {
	t.Helper()
	families, err := p.metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			named := f.GetName() == "bookvault_cache_events_total" || f.GetName() == "bookvault_gateway_cache_events_total"
			if named && labels["cache"] == cache && labels["event"] == event {
				n += m.GetCounter().GetValue()
			}
		}
	}
	return n
}

func within(t *testing.T, what string, limit time.Duration, holds func() bool) time.Duration {
	t.Helper()
	begin := time.Now()
	for !holds() {
		if time.Since(begin) > limit {
			t.Fatalf("not within %v: %s", limit, what)
		}
		time.Sleep(200 * time.Microsecond)
	}
	return time.Since(begin)
}

// generous is how long a busy machine may need for what takes a tenth of a second; how long it takes is measured by the bench.
const generous = 5 * time.Second

func TestWhatOneProcessWritesTheOtherShows(t *testing.T) {
	one, other := dbtest.Pair(t, dbtest.Replicated())
	a, b := serving(t, one, ""), serving(t, other, "")
	command := members.AsCommand(t.Context())
	if _, err := a.library.Members.Enrol(command, members.NewMember{Card: "L-1", Name: "Librarian", Role: identity.Librarian, Password: walkersPassword}); err != nil {
		t.Fatal(err)
	}
	if _, err := a.library.Members.Create(command, members.NewMember{Card: "R-1", Name: "A Reader"}); err != nil {
		t.Fatal(err)
	}
	token, _, err := a.library.Members.IssueToken(t.Context(), identity.Librarian, "L-1", "test", 0)
	if err != nil {
		t.Fatal(err)
	}
	bearer := []string{"Authorization", "Bearer " + token}
	status, _, made := a.do("POST", "/api/catalog/v1/books", `{"title": "Truyện Kiều", "authors": [{"name": "Nguyễn Du"}]}`, bearer...)
	var book struct{ ID int64 }
	if err := json.Unmarshal([]byte(made), &book); err != nil || status != 201 {
		t.Fatalf("%d %s", status, made)
	}
	address := fmt.Sprintf("/api/catalog/v1/books/%d", book.ID)
	within(t, "both show the title", generous, func() bool { s, _, _ := b.do("GET", address, ""); return s == 200 })

	t.Run("a title", func(t *testing.T) {
		for _, p := range []process{a, b} { // into every memory
			p.version(t, book.ID)
			if _, h, _ := p.do("GET", address, ""); !strings.Contains(h.Get("Cache-Status"), "hit") {
				t.Errorf("not kept: %v", h)
			}
		}
		status, h, body := a.do("PUT", address, `{"title": "Kim Vân Kiều", "authors": [{"name": "Nguyễn Du"}]}`, append([]string{"If-Match", "1"}, bearer...)...)
		if status != 200 {
			t.Fatalf("%d %s", status, body)
		}
		written := h.Get("BookVault-Consistency")
		if v, _ := a.version(t, book.ID); v != 2 {
			t.Errorf("who wrote shows version %d", v)
		}
		if v, _ := b.version(t, book.ID, "BookVault-Consistency", written); v != 2 {
			t.Errorf("whoever brings the token is shown version %d", v)
		}
		took := within(t, "everybody sees it", generous, func() bool { v, _ := b.version(t, book.ID); return v == 2 })
		t.Logf("everybody sees it after %v", took)
		within(t, "searches find it", generous, func() bool {
			_, _, body := b.do("GET", "/api/catalog/v1/books?q=kim+van+kieu", "")
			return strings.Contains(body, "Kim Vân Kiều")
		})
	})
	t.Run("counts of copies", func(t *testing.T) {
		ctx := identity.WithPrincipal(t.Context(), identity.Principal{MemberID: 9001, Role: identity.Librarian})
		if _, err := a.library.Borrowing.AddItem(ctx, borrowing.NewItem{BookID: book.ID, Barcode: "B1", Loanable: true}, borrowing.Order{}); err != nil {
			t.Fatal(err)
		}
		available := func(p process) string {
			_, _, body := p.do("GET", fmt.Sprintf("/api/borrowing/v1/availability?book_ids=%d", book.ID), "")
			return body
		}
		within(t, "the copy counts in both", generous, func() bool {
			return strings.Contains(available(b), `"available":1`) && strings.Contains(available(a), `"available":1`)
		})
		// What was just written is shown without a load, unless this process has just then not heard of changes, as on a busy machine.
		within(t, "a count that was just written is not loaded", 5*generous, func() bool {
			loaded := a.events(t, "counts", "load")
			if _, err := a.library.Borrowing.CheckOut(ctx, borrowing.CheckOut{Card: "R-1", Barcode: "B1"}, borrowing.Order{}); err != nil {
				t.Fatal(err)
			}
			if got := available(a); !strings.Contains(got, `"available":0`) {
				t.Fatalf("after the loan there are %s", got)
			}
			if a.events(t, "counts", "load") == loaded {
				return true
			}
			if _, err := a.library.Borrowing.CheckIn(ctx, borrowing.CheckIn{Barcode: "B1"}, borrowing.Order{}); err != nil {
				t.Fatal(err)
			}
			return false
		})
		within(t, "the other sees that it is lent", generous, func() bool { return strings.Contains(available(b), `"available":0`) })
	})
	t.Run("a session", func(t *testing.T) {
		started, err := a.library.Members.SignIn(t.Context(), members.SignIn{Login: "L-1", Password: walkersPassword, Address: "192.0.2.7"})
		if err != nil {
			t.Fatal(err)
		}
		cookie := []string{"Cookie", "bv_session=" + started.Token}
		me := func(p process) int { s, _, _ := p.do("GET", "/api/members/v1/me", "", cookie...); return s }
		if me(a) != 200 || me(b) != 200 || me(b) != 200 {
			t.Error("a session that was just begun is not known")
		}
		if err := a.library.Members.SignOut(t.Context(), started.Token); err != nil {
			t.Fatal(err)
		}
		if me(a) != 401 {
			t.Error("signed out, and let in where that was said")
		}
		within(t, "the other refuses it too", generous, func() bool { return me(b) == 401 })
	})
	t.Run("the library's order", func(t *testing.T) {
		ctx := identity.WithPrincipal(t.Context(), identity.Principal{MemberID: 9001, Role: identity.Librarian})
		types := func(p process) string {
			_, _, body := p.do("GET", "/api/borrowing/v1/branches", "", bearer...)
			return body
		}
		types(a)
		types(b)
		if _, err := one.Pool().Exec(ctx, `INSERT INTO borrowing.branches (code, name) VALUES ('hill', 'On the hill')`); err != nil { // not by BookVault
			t.Fatal(err)
		}
		within(t, "both know the branch", generous, func() bool { return strings.Contains(types(a), "hill") && strings.Contains(types(b), "hill") })
	})
}

// Who a member is is kept in memory for the desk, and yet a block counts everywhere from its answer on, and its end too: whoever goes by an older
// version of the member finds that out under the member's lock.
func TestAMemberWhoIsBlockedBorrowsNowhere(t *testing.T) {
	one, other := dbtest.Pair(t)
	a, b := serving(t, one, ""), serving(t, other, "")
	command := members.AsCommand(t.Context())
	staff := identity.WithPrincipal(t.Context(), identity.Principal{MemberID: 9001, Role: identity.Librarian})
	if _, err := a.library.Members.Create(command, members.NewMember{Card: "R-1", Name: "A Reader"}); err != nil {
		t.Fatal(err)
	}
	title, err := a.library.Catalog.Create(staff, catalog.Book{Title: "Truyện Kiều", Authors: []catalog.Author{{Name: "Nguyễn Du"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.library.Borrowing.AddItem(staff, borrowing.NewItem{BookID: title.ID, Barcode: "B1", Loanable: true}, borrowing.Order{}); err != nil {
		t.Fatal(err)
	}
	elsewhere := func() context.Context { ctx, _ := database.WithReader(staff, ""); return ctx } // somebody who brings no token
	lend := func() error {
		_, err := b.library.Borrowing.CheckOut(elsewhere(), borrowing.CheckOut{Card: "R-1", Barcode: "B1"}, borrowing.Order{})
		return err
	}
	takeBack := func() {
		if _, err := b.library.Borrowing.CheckIn(elsewhere(), borrowing.CheckIn{Barcode: "B1"}, borrowing.Order{}); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 10 {
		if err := lend(); err != nil {
			t.Fatalf("round %d: not blocked any more, and refused: %v", i, err)
		}
		takeBack()
		if _, err := a.library.Members.AddBlock(command, "R-1", members.Block{Code: "conduct"}, ""); err != nil {
			t.Fatal(err)
		}
		if err := lend(); err == nil || !slices.ContainsFunc(problem.Of(err).Reasons, func(r problem.Reason) bool { return r.Code == borrowing.MemberBlocked }) {
			t.Fatalf("round %d: blocked, and answered %v", i, err)
		}
		if _, err := a.library.Members.RemoveBlock(command, "R-1", "conduct", ""); err != nil {
			t.Fatal(err)
		}
	}
	if b.events(t, "cards", "hit") == 0 {
		t.Error("nobody was in memory: nothing was proved")
	}
}

// Titles are changed and read through both processes, by readers who bring their token to either: nobody is shown less than what
// they wrote, or saw before.
func TestNobodyIsShownLessThanTheySaw(t *testing.T) {
	one, other := dbtest.Pair(t, dbtest.Replicated())
	remote := redistest.New(t).URL
	processes := []process{serving(t, one, remote), serving(t, other, remote)}
	const titles, readers, writers = 8, 6, 2
	var ids [titles]int64
	var acknowledged [titles]atomic.Int32
	ctx := identity.WithPrincipal(t.Context(), identity.Principal{MemberID: 9001, Role: identity.Librarian})
	for i := range ids {
		b, err := processes[0].library.Catalog.Create(ctx, catalog.Book{Title: fmt.Sprintf("Title %d", i), Authors: []catalog.Author{{Name: "A"}}})
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = b.ID
	}
	within(t, "both have them", generous, func() bool {
		s, _, _ := processes[1].do("GET", fmt.Sprintf("/api/catalog/v1/books/%d", ids[titles-1]), "")
		return s == 200
	})
	deadline := time.Now().Add(3 * time.Second)
	var reads atomic.Int64
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for time.Now().Before(deadline) {
				i := w*titles/writers + rand.IntN(titles/writers)
				token := ""
				written, reader := database.WithReader(ctx, "")
				b, err := processes[rand.IntN(2)].library.Catalog.Replace(written, catalog.Book{ID: ids[i], Title: "Changed", Authors: []catalog.Author{{Name: "A"}}})
				if err != nil {
					t.Error(err)
					return
				}
				acknowledged[i].Store(b.Version)
				token = reader.Token()
				if v, _ := processes[rand.IntN(2)].version(t, ids[i], "BookVault-Consistency", token); v < b.Version {
					t.Errorf("who wrote version %d is shown %d", b.Version, v)
				}
				time.Sleep(time.Duration(rand.IntN(20)) * time.Millisecond)
			}
		})
	}
	for range readers {
		all.Go(func() {
			token := one.Feed().Now(t.Context(), time.Now()).Token()
			var seen [titles]int32
			for time.Now().Before(deadline) {
				i := rand.IntN(titles)
				v, next := processes[rand.IntN(2)].version(t, ids[i], "BookVault-Consistency", token)
				if v < seen[i] {
					t.Errorf("shown version %d after %d", v, seen[i])
					return
				}
				if seen[i] = v; next != "" {
					token = next
				}
				reads.Add(1)
			}
		})
	}
	all.Wait()
	t.Logf("%d reads", reads.Load())
	if hits := processes[0].events(t, "", "hit") + processes[1].events(t, "", "hit"); hits == 0 {
		t.Error("no answer came from a cache: nothing was proved")
	}
}
