package modules

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/modules/catalog"
	"bookvault/modules/members"
	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/database/faulttest"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
	"bookvault/platform/resilience"
)

// Real faults between the catalogue and PostgreSQL: its way alone passes toxiproxy, the desk's does not.

// What is asked of times here is what no busy machine misses; go run ./bench faults measures them.

// openFor is how long the breakers of these tests stay open.
const openFor = time.Second

// ailing is a library whose catalogue can be cut off from its database.
type ailing struct {
	*Library
	way       *faulttest.Path
	catalogue *database.DB
	staff     context.Context
	book      int64
}

var faults = []faulttest.Fault{faulttest.Latency(5 * time.Second), faulttest.Reset, faulttest.Cut}

func (l *ailing) begin(t *testing.T, f faulttest.Fault) {
	t.Helper()
	if err := l.way.Begin(f); err != nil {
		t.Fatal(err)
	}
}

func (l *ailing) end(t *testing.T, f faulttest.Fault) {
	t.Helper()
	if err := l.way.End(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

func TestTheCataloguesFailureIsNotTheDesks(t *testing.T) {
	l := openAiling(t)
	well := l.lend(t, 20)
	for _, f := range faults {
		t.Run(f.Name, func(t *testing.T) {
			l.begin(t, f)
			began := time.Now()
			l.untilOpen(t)
			t.Logf("open after %v", time.Since(began))

			var took []time.Duration
			for len(took) < 500 {
				asked := time.Now()
				_, err := l.Catalog.Book(l.staff, l.book)
				switch {
				case err == nil:
					t.Fatal("a title came through")
				case errors.Is(err, resilience.ErrOpen) && problem.Of(err).RetryAfter > 0:
					took = append(took, time.Since(asked))
				case time.Since(began) > 20*time.Second: // a few try whether it is well again
					t.Fatalf("while it is open: %v", err)
				}
			}
			if p99 := quantile(took, 0.99); p99 > 100*time.Millisecond {
				t.Errorf("callers of what is dead are answered in %v", p99)
			}
			ill := l.lend(t, 20) // fails the test when one command fails
			t.Logf("a command takes %v well, %v during the fault; callers of the catalogue are refused in %v", well, ill, quantile(took, 0.99))
			if ill > max(2*well, 500*time.Millisecond) {
				t.Errorf("a command takes %v, and took %v", ill, well)
			}

			if lent := l.lendOne(t); lent.Title != "" || !lent.Untitled {
				t.Errorf("the catalogue is out of reach, and the desk heard of %q", lent.Title)
			}
			open := l.fillDetour(t)
			for _, on := range []bool{true, false} { // loans are shown without their titles, unless that is switched off
				l.Patterns.Fallback.Store(on)
				list, _, err := l.Borrowing.Loans(l.staff, "", borrowing.LoanFilter{Limit: 1})
				if shown := err == nil && len(list) == 1 && list[0].Untitled; shown != on || !on && problem.Of(err).Kind != problem.Unavailable {
					t.Errorf("fallback %v: %v, %v", on, list, err)
				}
			}

			open()
			l.end(t, f)
			l.wellAgain(t)
		})
	}
}

// fillDetour has titles not come by the other way either.
func (l *ailing) fillDetour(t *testing.T) (open func()) {
	t.Helper()
	detour := l.policies.For("catalog-detour").Bulkhead()
	most, _ := detour.Limits()
	for range most {
		if _, err := detour.Enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return func() {
		for range most {
			detour.Leave()
		}
	}
}

// wellAgain waits until titles come again, to readers and to the desk.
func (l *ailing) wellAgain(t *testing.T) {
	t.Helper()
	ended := time.Now()
	for good := 0; good < 20; {
		if _, err := l.Catalog.Book(l.staff, l.book); err != nil {
			good = 0
			time.Sleep(10 * time.Millisecond)
		} else {
			good++
		}
		if time.Since(ended) > openFor+20*time.Second {
			t.Fatal("the catalogue does not recover")
		}
	}
	t.Logf("well again after %v", time.Since(ended))
	for l.lendOne(t).Title != "Emma" {
		if time.Since(ended) > 2*(openFor+20*time.Second) {
			t.Fatal("the desk does not hear of titles again")
		}
	}
}

// Faults that let something through: answers that never come on some of the connections, a thin line, servers that stand still.
func TestHalfAFaultOfTheCatalogueIsNotTheDesksEither(t *testing.T) {
	l := openAiling(t)
	partly := []struct {
		name  string
		begin func() (end func())
	}{
		{faulttest.Silence.Name, func() func() { l.begin(t, faulttest.Silence); return func() { l.end(t, faulttest.Silence) } }},
		{faulttest.Modem.Name, func() func() { l.begin(t, faulttest.Modem); return func() { l.end(t, faulttest.Modem) } }},
		{"servers stand still", func() func() { return l.freeze(t) }},
	}
	for _, f := range partly {
		t.Run(f.name, func(t *testing.T) {
			end := f.begin()
			var readers sync.WaitGroup
			for range 4 {
				readers.Go(func() {
					for range 3 {
						_, _ = l.Catalog.Book(l.staff, l.book)
					}
				})
			}
			took := l.lend(t, 5) // fails the test when one command fails
			readers.Wait()
			t.Logf("a command takes %v", took)
			end()
			l.wellAgain(t)
		})
	}
}

// freeze stops the servers of the catalogue's connections in their tracks (SIGSTOP).
func (l *ailing) freeze(t *testing.T) (release func()) {
	t.Helper()
	var servers []int
	for _, c := range l.catalogue.Pool().AcquireAllIdle(t.Context()) {
		servers = append(servers, int(c.Conn().PgConn().PID()))
		c.Release()
	}
	if len(servers) == 0 {
		t.Error("the catalogue has no connection")
	}
	for _, pid := range servers {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Skipf("the servers are not ours to stop: %v", err)
		}
	}
	return func() {
		for _, pid := range servers {
			_ = syscall.Kill(pid, syscall.SIGCONT)
		}
	}
}

// TestWithoutThePatternsTheDeskWaits is what the patterns are for: the same fault without them holds up every command.
func TestWithoutThePatternsTheDeskWaits(t *testing.T) {
	l := openAiling(t)
	for _, s := range []*atomic.Bool{&l.Patterns.CircuitBreaker, &l.Patterns.Bulkhead, &l.Patterns.Retry} {
		s.Store(false)
	}
	latency := faulttest.Latency(500 * time.Millisecond)
	l.begin(t, latency)
	if took := l.lend(t, 2); took < 500*time.Millisecond {
		t.Errorf("a command takes %v", took)
	}
	l.end(t, latency)
}

// untilOpen has readers and the desk ask until a breaker refuses them: that of the catalogue, or of its way to the server.
func (l *ailing) untilOpen(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	var refused atomic.Bool
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for time.Now().Before(deadline) && !refused.Load() {
				if _, err := l.Catalog.Book(l.staff, l.book); errors.Is(err, resilience.ErrOpen) {
					refused.Store(true)
				}
				_, _, _ = l.Borrowing.Loans(l.staff, "", borrowing.LoanFilter{Limit: 10})
			}
		})
	}
	readers.Wait()
	if !refused.Load() {
		t.Fatal("no breaker opens")
	}
}

// lend has a copy lent and given back so many times, and gives the median: the few that try whether the catalogue is well again wait for
// it, as they must. None may fail.
func (l *ailing) lend(t *testing.T, times int) time.Duration {
	t.Helper()
	var took []time.Duration
	for range times {
		begin := time.Now()
		l.lendOne(t)
		took = append(took, time.Since(begin))
	}
	return quantile(took, 0.5)
}

func (l *ailing) lendOne(t *testing.T) borrowing.Lent {
	t.Helper()
	lent, err := l.Borrowing.CheckOut(l.staff, borrowing.CheckOut{Card: "READER", Barcode: "B1"}, borrowing.Order{})
	if err != nil {
		t.Fatalf("at the desk: %v", err)
	}
	if _, err := l.Borrowing.CheckIn(l.staff, borrowing.CheckIn{Barcode: "B1"}, borrowing.Order{}); err != nil {
		t.Fatalf("at the desk: %v", err)
	}
	return lent
}

func quantile(all []time.Duration, q float64) time.Duration {
	slices.Sort(all)
	return all[min(len(all)-1, int(q*float64(len(all))))]
}

// openAiling assembles a library with a title, a copy and a reader, without caches, and with policies that act fast.
func openAiling(t *testing.T) *ailing {
	t.Helper()
	dsn := dbtest.DSN(t)
	way, through, err := faulttest.ToPostgres(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(way.Close)
	direct := opened(t, dsn)
	catalogue, err := direct.Apart("catalog", through)
	if err != nil {
		t.Fatal(err)
	}
	defaults, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(config.Sources{Defaults: defaults, Flags: map[string]string{
		"database.embedded.data": t.TempDir(), "patterns.cache_aside.enabled": "false", "patterns.fallback.enabled": "false",
		"resilience.breaker.open_for": openFor.String(), // the window is the usual one: in a shorter one a slow machine makes too few calls of 300 ms to judge by
		"resilience.catalog.timeout":  "300ms", "resilience.catalog.slow_after": "250ms", "resilience.neighbours.titles": "300ms",
	}})
	if err != nil {
		t.Fatal(err)
	}
	library, err := Assemble(Foundations{Version: "test", Settings: settings, DB: direct, CatalogDB: catalogue, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	l := &ailing{Library: library, way: way, catalogue: catalogue, staff: identity.WithPrincipal(t.Context(), identity.Principal{MemberID: 1, Role: identity.Librarian, Via: identity.ViaToken})}
	if _, err := library.Members.Create(members.AsCommand(t.Context()), members.NewMember{Card: "READER", Name: "A Reader", Role: identity.Patron}); err != nil {
		t.Fatal(err)
	}
	title, err := library.Catalog.Create(l.staff, catalog.Book{Title: "Emma", Authors: []catalog.Author{{Name: "Jane Austen"}}})
	if err != nil {
		t.Fatal(err)
	}
	l.book = title.ID
	if _, err := library.Borrowing.AddItem(l.staff, borrowing.NewItem{BookID: title.ID, Barcode: "B1", Loanable: true}, borrowing.Order{}); err != nil {
		t.Fatal(err)
	}
	return l
}

func opened(t *testing.T, dsn string) *database.DB {
	t.Helper()
	db, err := database.Open(t.Context(), database.Settings{Primary: dsn, ConnectTimeout: time.Second, AcquireTimeout: time.Second, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}
