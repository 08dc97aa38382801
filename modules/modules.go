// Package modules is where the library is put together: Assemble builds the modules from the platform, in order, and
// introduces them to each other. It is the only place in which two modules meet, so reading it shows every layer of every
// request.
//
// Around it, in this package, is what the commands do with the whole: serve.go (the process, step by step), house.go and
// storage.go (settings and PostgreSQL for any command), commands.go (everything but serving). main.go is the room above;
// below are modules/<name> and platform/.
package modules

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/modules/borrowing"
	borrowingapi "bookvault/modules/borrowing/api"
	borrowinglayers "bookvault/modules/borrowing/layers"
	borrowingpostgres "bookvault/modules/borrowing/postgres"
	"bookvault/modules/catalog"
	catalogapi "bookvault/modules/catalog/api"
	"bookvault/modules/catalog/importing"
	cataloglayers "bookvault/modules/catalog/layers"
	catalogpostgres "bookvault/modules/catalog/postgres"
	"bookvault/modules/demonstration"
	"bookvault/modules/members"
	membersapi "bookvault/modules/members/api"
	memberslayers "bookvault/modules/members/layers"
	memberspostgres "bookvault/modules/members/postgres"
	"bookvault/platform/cache"
	"bookvault/platform/coalesce"
	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/gateway"
	"bookvault/platform/housekeeping"
	"bookvault/platform/httpcache"
	"bookvault/platform/ledger"
	"bookvault/platform/live"
	"bookvault/platform/queue"
	"bookvault/platform/resilience"
	"bookvault/platform/rest"
	"bookvault/web"
)

// Foundations are what modules are built on.
type Foundations struct {
	Version  string
	Settings *config.Config
	DB       *database.DB
	// CatalogDB, BorrowingDB and MembersDB are modules' own ways to the same database, each of which can fail alone; nil: DB.
	CatalogDB, BorrowingDB, MembersDB *database.DB
	Registry                          prometheus.Registerer // nil where nobody will ask for metrics
	Logger                            *slog.Logger
	LogLevel                          *slog.LevelVar // nil where it is never changed
}

// Library is the modules, built and introduced to each other.
type Library struct {
	// Handler answers the API and the pages.
	Handler http.Handler
	// Routes are the API's operations, as they were declared.
	Routes []rest.Route
	// Catalog is the catalogue, for the commands.
	Catalog *catalog.Service
	// Imports keeps the record of imports, for the commands.
	Imports importing.Jobs
	// Members is the members module, for the commands.
	Members *members.Service
	// Borrowing is the desk, for the commands.
	Borrowing *borrowing.Service
	// Housekeeping does what is due because time has passed.
	Housekeeping *housekeeping.Keeper
	// Figures refreshes the figures that are kept ready.
	Figures *housekeeping.Keeper
	// TitleLayers names the layers on the way to a title, from the outside in.
	TitleLayers []string
	// Behind is the queue of what is written behind answers.
	Behind *queue.Queue
	// Remote is the cache that processes share; nil where the settings name none.
	Remote *cache.Remote
	// Patterns are the switches that can be turned while the library runs.
	Patterns *Patterns

	db             *database.DB
	refreshTimeout time.Duration
	feed           *database.Feed
	policies       *policies
	searching      *resilience.Bulkhead
	demonstration  demonstration.Library
	seeder         seeder
	workers        []worker
	live           *live.Hub
	answers        *httpcache.Cache // the gateway's, once there is one
	writes         *behind
}

// worker is what a module does behind the requests. Stop is synchronous, and safe before Start and twice.
type worker interface {
	Start(context.Context) error
	Stop(context.Context) error
}

// Start begins the work behind the requests, module by module.
func (l *Library) Start(ctx context.Context) error {
	for _, w := range l.workers {
		if err := w.Start(ctx); err != nil {
			return errors.Join(err, l.Stop(ctx))
		}
	}
	return nil
}

// Stop ends it, the other way round.
func (l *Library) Stop(ctx context.Context) error {
	var errs []error
	for _, w := range slices.Backward(l.workers) {
		errs = append(errs, w.Stop(ctx))
	}
	return errors.Join(errs...)
}

// Assemble builds the library. It starts nothing and asks nothing of the database.
func Assemble(f Foundations) (*Library, error) {
	api := rest.New(rest.Settings{Version: f.Version, MaxBody: int64(f.Settings.Server.MaxJSON), Logger: f.Logger, RepeatWait: f.Settings.Server.RepeatWait})

	patterns := newPatterns(f.Settings.Patterns, f.DB, f.Logger)
	memories, err := newMemories(f, patterns)
	if err != nil {
		return nil, err
	}
	policies := newPolicies(f, patterns, memories.remote)
	accounts, err := memories.proofs(memberslayers.Resilient(memberspostgres.New(cmp.Or(f.MembersDB, f.DB)), policies.For("members-database"), policies.For("cards-database"), ofDesk))
	if err != nil {
		return nil, err
	}
	people, err := members.New(accounts, memberSettings(f.Settings), nil)
	if err != nil {
		return nil, err
	}
	registerOperations(api, patterns)
	registerResilience(api, policies)
	registerLog(api, f.LogLevel, f.Logger)
	registerFigures(api, f.DB)

	stores := catalogpostgres.New(cmp.Or(f.CatalogDB, f.DB), catalogSettings(f.Settings).Search).Stores()                                            // GORM; reads from a replica that is fresh enough
	stores = cataloglayers.Resilient(stores, policies.For("catalog-database"), policies.For("search-database"), policies.For("statistics-database")) // retry( breaker( timeout( bulkhead( … ))))
	stores.Books = cataloglayers.Coalesced(stores.Books, coalesce.Settings{Merge: f.DB.Merge, Metrics: coalesce.NewMetrics(f.Registry, "titles")}, patterns.Coalescing.Load)
	stores.Books = cataloglayers.CacheAside(stores.Books, memories.titles)                                                    // stamped; forgets what the feed tells of
	stores.Books = cataloglayers.StaleOnError(stores.Books, memories.titles, patterns.Fallback.Load, database.MustSeeUnheard) // outermost, so that a stale answer is never kept as fresh
	stores.Statistics = cataloglayers.StaleStatistics(stores.Statistics, policies.fallback("catalog"))
	stores.Authors = cataloglayers.CacheAuthorsAside(stores.Authors, memories.authors)
	if stores.Search, err = memories.search(stores.Search); err != nil {
		return nil, err
	}
	writes := newBehind(f, patterns)
	tallies, err := writes.ratings(memories, &stores) // ratings are shown at once, safe before the answer, written behind it
	if err != nil {
		return nil, err
	}
	lists, err := writes.lists(memories, accounts)
	if err != nil {
		return nil, err
	}
	people.SetLists(lists)
	titles := catalog.New(stores, catalogSettings(f.Settings), time.Now)
	catalogapi.Register(api, titles, shared(f.Settings.GatewayCache))
	imports := catalogpostgres.NewImports(f.DB)
	uploads := importing.NewService(cataloglayers.ResilientImports(imports, policies.For("imports-database")), importSettings(f, policies.uploads))
	catalogapi.RegisterImports(api, uploads, int64(f.Settings.Server.MaxBody))

	membersapi.Register(api, people, membersapi.Settings{SecureCookies: f.Settings.Members.SecureCookies})
	api.SetAuthenticator(vouching{membersapi.NewAuthenticator(people)})

	post, err := postOffice(f.Settings)
	if err != nil {
		return nil, err
	}
	var relay *ledger.Relay
	stock := borrowingpostgres.New(cmp.Or(f.BorrowingDB, f.DB))
	asked := func(what string) coalesce.Settings {
		return coalesce.Settings{Merge: f.DB.Merge, Metrics: coalesce.NewMetrics(f.Registry, what)}
	}
	copies, err := memories.writeThrough(borrowinglayers.GatheredStore(borrowinglayers.Resilient(stock, policies.For("borrowing-database"), policies.For("reports-database")), asked("copies"), patterns.Coalescing.Load))
	if err != nil {
		return nil, err
	}
	copies = borrowinglayers.StaleStatistics(copies, policies.fallback("desk"))
	borrowers := borrowinglayers.GatheredMembers(borrowinglayers.Members(deskMembers{people}, policies.For("members")), asked("cards"), asked("members"), patterns.Coalescing.Load)
	group := borrowinglayers.Grouped(copies, groupSettings(f, patterns)) // outside of the bulkhead: a transaction takes one place, however many share it
	names := borrowinglayers.GatheredTitles(borrowinglayers.Titles(deskTitles{titles}, policies.For("catalog")), asked("names"), patterns.Coalescing.Load)
	desk := borrowing.New(copies, borrowers, names, borrowingSettings(f, people, post, group, func() { relay.Nudge() }, patterns.Fallback.Load))
	relay = stock.Relay("catalogue", f.Settings.Borrowing.RelayPoll, f.Logger, borrowing.FollowAvailability(stock.Availability, tellCatalogue(titles)))
	titles.SetHoldings(desk)
	borrowingapi.Register(api, desk)
	people.OnChange(tellDesk(desk, f.Logger))
	people.SetDesk(desk)
	people.SetCatalogue(membersCatalogue{titles, writes.aside})

	keeper := housekeeping.New(housekeepingLock(f.DB, "housekeeping"), inBackground(slices.Concat(desk.Housekeeping(), people.Housekeeping(), anchoring(f), titles.Housekeeping())),
		housekeeping.Settings{Every: f.Settings.Borrowing.HousekeepingEvery, Logger: f.Logger})
	figureKeeper := figureKeeper(f)
	if f.Registry != nil {
		f.Registry.MustRegister(keeper, figureKeeper, relay)
	}

	hub := newHub(f.Settings, f.Registry)
	tellLive(f.DB.Feed(), hub)
	registerEvents(api, hub)

	pages, err := web.Handler(web.Settings{Policy: gateway.PagePolicy, BaseURL: f.Settings.CDN.BaseURL, Minify: f.Settings.CDN.Minify, Hashed: &patterns.CDN, Registry: f.Registry,
		Titles: pageTitles{titles}})
	if err != nil {
		return nil, err
	}

	return &Library{Handler: front(api, pages), Routes: api.Routes(), Catalog: titles, Imports: imports, Members: people, Borrowing: desk, Housekeeping: keeper,
		Figures: figureKeeper, db: f.DB, refreshTimeout: f.Settings.Statistics.RefreshTimeout,
		Behind: writes.queue, writes: writes, Remote: memories.remote, TitleLayers: cataloglayers.Order(stores.Books), Patterns: patterns, policies: policies, searching: policies.For("search-database").Bulkhead(), feed: f.DB.Feed(),
		demonstration: demonstrationLibrary(f, imports, people, desk), seeder: seeder{imports: imports, stock: stock, people: people},
		workers: []worker{memories, f.DB.Feed(), people, relay, uploads, writes, tallies, keeper, figureKeeper, &indexMender{imports: imports, log: f.Logger},
			&ticker{hub: hub, patterns: patterns, registry: f.Registry}}, live: hub}, nil
}

// front parts the API and its documentation from the pages, which have every other address.
func front(api, pages http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		top, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
		switch top {
		case "api", "docs", "openapi.json", "openapi.yaml":
			api.ServeHTTP(w, r)
		default:
			pages.ServeHTTP(w, r)
		}
	})
}
