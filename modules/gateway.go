package modules

import (
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/modules/catalog"
	catalogapi "bookvault/modules/catalog/api"
	membersapi "bookvault/modules/members/api"
	"bookvault/platform/cache"
	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/gateway"
	"bookvault/platform/httpcache"
	"bookvault/platform/identity"
	"bookvault/platform/resilience"
	"bookvault/platform/rest"
	"bookvault/platform/wal"
)

// What the gateway is told of the configuration and of the modules behind it.

// GatewaySettings are those of the chain in front of a library.
func GatewaySettings(c *config.Config, l *Library, registry prometheus.Registerer, log *slog.Logger) gateway.Settings {
	var routes []string
	for _, route := range l.Routes {
		routes = append(routes, route.Path)
	}
	return gateway.Settings{
		HSTS: c.Server.TLS.HSTS, Routes: routes, Logger: log, AccessLog: c.Telemetry.AccessLog, AccessLogRate: c.Telemetry.AccessLogRate, TrustedProxies: networks(c.Server.TrustedProxies), Registry: registry,
		MaxBody: int64(c.Server.MaxBody), RequestTimeout: c.Server.RequestTimeout, UploadTimeout: c.Server.ReadTimeout,
		Consistency: gateway.Consistency{News: l.feed, SessionCookie: membersapi.CookieName, Least: leastOf(l.feed)},
		Cache: gateway.Cache{Made: l.keep, Settings: httpcache.Settings{
			Name: "bookvault", MaxBytes: int64(c.GatewayCache.MaxMemory), MaxObject: int64(c.GatewayCache.MaxAnswer), Timeout: c.Server.RequestTimeout,
			IgnoreReload: true, Compress: true, MinCompress: int(c.Compression.MinSize), TakeTargeted: true, Validate: true,
			Enabled: l.Patterns.GatewayCache.Load, Compressing: l.Patterns.Compression.Load, Registry: registry,
		}},
		RateLimit: rateLimit(c.RateLimit, &l.Patterns.RateLimit, l.Remote),
		Overload: resilience.ShedSettings{Least: uint(c.Resilience.AdaptiveLimit.Least), Most: uint(c.Resilience.AdaptiveLimit.Most),
			Enabled: l.Patterns.AdaptiveLimit.Load},
		Full:        l.full,
		Streams:     streams,
		Compression: gateway.Compression{Enabled: &l.Patterns.Compression, MinSize: int(c.Compression.MinSize)},
	}
}

// full tells of a search that the compartment for searches takes no more. Nothing else is sure to need a place: most titles are in memory.
func (l *Library) full(r *http.Request) bool {
	return r.URL.Path == searchPath && r.Method == http.MethodGet && l.searching.Full()
}

const searchPath = "/api/catalog/v1/books"

func rateLimit(c config.RateLimit, enabled *atomic.Bool, remote *cache.Remote) gateway.RateLimit {
	limit := gateway.RateLimit{Enabled: enabled, Rate: c.Rate, Burst: c.Burst, SearchCost: c.SearchCost, SignInRate: c.SignInRate, SignInBurst: c.SignInBurst,
		CrawlRate: c.CrawlRate, CrawlBurst: c.CrawlBurst, Clients: c.Clients, Exempt: networks(c.Exempt), Lease: c.Lease, Hold: c.Hold}
	if remote != nil { // a nil *Remote is no nil Purse
		limit.Purse = remote
	}
	return limit
}

// networks reads what config has held to be networks.
func networks(written []string) []netip.Prefix {
	var all []netip.Prefix
	for _, network := range written {
		all = append(all, netip.MustParsePrefix(network))
	}
	return all
}

// vouching tells the gateway whose proof of identity is true, so that they have a share of their own there.
type vouching struct{ rest.Authenticator }

// Authenticate finds out the caller.
func (v vouching) Authenticate(r *http.Request) (identity.Principal, error) {
	p, err := v.Authenticator.Authenticate(r)
	if err == nil && p.Role > identity.Public {
		gateway.Vouch(r.Context(), p.Role, p.MemberID)
	}
	return p, err
}

// shared says for how long whole answers are kept; the catalogue names what each shows.
func shared(c config.GatewayCache) rest.Shared {
	return rest.Shared{Fresh: c.Fresh, Stale: c.Stale, Ill: c.Ill}
}

// keep takes the gateway's cache, and has the answers that show a title forgotten when it is changed, by whatever process.
func (l *Library) keep(kept *httpcache.Cache) {
	l.answers = kept
	l.feed.Subscribe(database.ViewsChanged, func(database.Heard) { kept.Purge(catalogapi.FiguresTag) })
	l.feed.Subscribe(catalog.Changes, func(h database.Heard) {
		if len(h.Keys) == 0 {
			kept.PurgeAll()
			return
		}
		tags := make([]string, 0, len(h.Keys)+1)
		tags = append(tags, catalogapi.AnyTitle)
		for _, id := range h.Keys {
			tags = append(tags, catalogapi.TitleTag(id))
		}
		kept.Purge(tags...)
	})
}

// ready tells whether the gateway's cache has the answer to a GET of the API; nil where the settings want no shortcut to it.
func (l *Library) ready(c config.GatewayCache) func(*http.Request) bool {
	if l.answers == nil || !c.Shortcut {
		return nil
	}
	return func(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") && l.answers.Holds(r) }
}

// leastOf has answers of the catalogue, which may be kept for everybody, include every change that was heard of: what is read after
// a purge must not come from a replica that does not know the change yet.
func leastOf(feed *database.Feed) func(*http.Request) wal.Position {
	return func(r *http.Request) wal.Position {
		if strings.HasPrefix(r.URL.Path, "/api/catalog/") {
			return feed.Reached(catalog.Changes).And(feed.Reached(database.ViewsChanged))
		}
		return wal.Position{}
	}
}
