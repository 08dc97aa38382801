package modules

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"

	"bookvault/modules/borrowing"
	"bookvault/modules/catalog"
	"bookvault/modules/members"
	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
	"bookvault/platform/resilience"
)

// Real faults between the catalogue and PostgreSQL: its way alone passes toxiproxy, the desk's does not.

// openFor is how long the breakers of these tests stay open.
const openFor = time.Second

// ailing is a library whose catalogue can be cut off from its database.
type ailing struct {
	*Library
	proxy *toxiproxy.Proxy
	staff context.Context
	book  int64
}

// fault is a way in which a dependency fails.
type fault struct {
	name  string
	begin func(*testing.T, *toxiproxy.Proxy)
	end   func(*testing.T, *toxiproxy.Proxy)
}

func toxic(name, attributes string) fault {
	return fault{name, func(t *testing.T, p *toxiproxy.Proxy) {
		if _, err := p.Toxics.AddToxicJson(strings.NewReader(fmt.Sprintf(`{"name": %q, "type": %q, "attributes": %s}`, name, name, attributes))); err != nil {
			t.Fatal(err)
		}
	}, func(t *testing.T, p *toxiproxy.Proxy) {
		if err := p.Toxics.RemoveToxic(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}}
}

var faults = []fault{
	toxic("latency", `{"latency": 5000}`),
	toxic("reset_peer", `{"timeout": 0}`),
	{"cut", func(_ *testing.T, p *toxiproxy.Proxy) { p.Stop() }, func(t *testing.T, p *toxiproxy.Proxy) {
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
	}},
}

func TestTheCataloguesFailureIsNotTheDesks(t *testing.T) {
	l := openAiling(t)
	well := l.lend(t, 20)
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			f.begin(t, l.proxy)
			began := time.Now()
			l.untilOpen(t)
			t.Logf("open after %v", time.Since(began))

			var took []time.Duration
			for range 500 {
				asked := time.Now()
				if _, err := l.Catalog.Book(l.staff, l.book); !errors.Is(err, resilience.ErrOpen) || problem.Of(err).RetryAfter <= 0 {
					t.Fatalf("while it is open: %v", err)
				}
				took = append(took, time.Since(asked))
			}
			if p99 := quantile(took, 0.99); p99 > 5*time.Millisecond {
				t.Errorf("callers of what is dead are answered in %v", p99)
			}
			ill := l.lend(t, 20) // fails the test when one command fails
			t.Logf("a command takes %v well, %v during the fault; callers of the catalogue are refused in %v", well, ill, quantile(took, 0.99))
			if ill > max(2*well, 100*time.Millisecond) {
				t.Errorf("a command takes %v, and took %v", ill, well)
			}

			if lent := l.lendOne(t); lent.Title != "" {
				t.Errorf("the catalogue is out of reach, and the desk heard of %q", lent.Title)
			}

			f.end(t, l.proxy)
			ended := time.Now()
			for good := 0; good < 20; {
				if _, err := l.Catalog.Book(l.staff, l.book); err != nil {
					good = 0
					time.Sleep(10 * time.Millisecond)
				} else {
					good++
				}
				if time.Since(ended) > openFor+3*time.Second {
					t.Fatal("the catalogue does not recover")
				}
			}
			t.Logf("well again after %v", time.Since(ended))
			for l.lendOne(t).Title != "Emma" {
				if time.Since(ended) > 2*(openFor+3*time.Second) {
					t.Fatal("the desk does not hear of titles again")
				}
			}
		})
	}
}

// TestWithoutThePatternsTheDeskWaits is what the patterns are for: the same fault without them holds up every command.
func TestWithoutThePatternsTheDeskWaits(t *testing.T) {
	l := openAiling(t)
	for _, s := range []*atomic.Bool{&l.Patterns.CircuitBreaker, &l.Patterns.Bulkhead, &l.Patterns.Retry} {
		s.Store(false)
	}
	latency := toxic("latency", `{"latency": 500}`)
	latency.begin(t, l.proxy)
	if took := l.lend(t, 2); took < 500*time.Millisecond {
		t.Errorf("a command takes %v", took)
	}
	latency.end(t, l.proxy)
}

// untilOpen has readers ask until both breakers before the catalogue are open: its own, and the desk's.
func (l *ailing) untilOpen(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Second)
	var readers sync.WaitGroup
	for range 8 {
		readers.Go(func() {
			for time.Now().Before(deadline) && l.policies.For("catalog-database").Breaker().State() != resilience.Open {
				_, _ = l.Catalog.Book(l.staff, l.book)
			}
		})
	}
	readers.Wait()
	for l.policies.For("catalog").Breaker().State() != resilience.Open && time.Now().Before(deadline) {
		_, _, _ = l.Borrowing.Loans(l.staff, "", borrowing.LoanFilter{Limit: 10})
	}
	for _, name := range []string{"catalog-database", "catalog"} {
		if state := l.policies.For(name).Breaker().State(); state != resilience.Open {
			t.Fatalf("the breaker before %s is %v", name, state)
		}
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
	proxy, through := proxied(t, dsn)
	direct, catalogue := opened(t, dsn), opened(t, through)
	defaults, err := os.ReadFile("../config.yaml")
	if err != nil {
		t.Fatal(err)
	}
	settings, err := config.Load(config.Sources{Defaults: defaults, Flags: map[string]string{
		"database.embedded.data": t.TempDir(), "patterns.cache_aside.enabled": "false", "patterns.fallback.enabled": "false",
		"resilience.breaker.open_for": openFor.String(), "resilience.breaker.window": "2s",
		"resilience.catalog.timeout": "300ms", "resilience.catalog.slow_after": "250ms", "resilience.neighbours.timeout": "300ms",
	}})
	if err != nil {
		t.Fatal(err)
	}
	library, err := Assemble(Foundations{Version: "test", Settings: settings, DB: direct, CatalogDB: catalogue, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	l := &ailing{Library: library, proxy: proxy, staff: identity.WithPrincipal(t.Context(), identity.Principal{MemberID: 1, Role: identity.Librarian, Via: identity.ViaToken})}
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

// proxied puts toxiproxy before a server, and gives the address that leads through it. The test's server listens on a socket in the file
// system, which toxiproxy cannot reach: a relay in between can.
func proxied(t *testing.T, dsn string) (*toxiproxy.Proxy, string) {
	t.Helper()
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	relay, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = relay.Close() })
	go func() {
		for {
			from, err := relay.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("unix", fmt.Sprintf("%s/.s.PGSQL.%d", c.Host, c.Port))
			if err != nil {
				_ = from.Close()
				continue
			}
			pass := func(a, b net.Conn) { _, _ = io.Copy(a, b); _, _ = a.Close(), b.Close() }
			go pass(to, from)
			go pass(from, to)
		}
	}()
	proxy := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), "catalog", "127.0.0.1:0", relay.Addr().String())
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	address := url.URL{Scheme: "postgres", User: url.UserPassword(c.User, c.Password), Host: proxy.Listen, Path: "/" + c.Database, RawQuery: "sslmode=disable"}
	return proxy, address.String()
}
