package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"time"

	"bookvault/bench/harness"
)

// labPattern is one that is switched, with the work that it is for and what it is usually claimed to better.
type labPattern struct {
	name     string   // as config.yaml has it
	switches []string // what is switched; none: the name
	behind   []string // patterns that would answer before it does; they are off on both sides
	server   string   // which server it is measured in, by a name; servers with other settings have other names
	settings []string
	near     bool          // it does not depend on what is behind: loopback says all
	warm     time.Duration // of its first round, which does not count; 0: half a round
	about    string
	work     work
	figures  []labFigure
}

// work is requests.
type work struct {
	trial   func(l *lab, s *labServer) harness.Trial
	refused bool // refusals are part of it
}

// labFigure is one thing that is measured, and what is usually claimed of it.
type labFigure struct {
	name, unit, claim string
	of                func(sample) float64
}

func p50Of(claim string) labFigure {
	return labFigure{"p50", "ms", claim, func(s sample) float64 { return s.Percentile(50) }}
}
func p99Of(claim string) labFigure {
	return labFigure{"p99", "ms", claim, func(s sample) float64 { return s.Percentile(99) }}
}
func rateOf(claim string) labFigure {
	return labFigure{"requests a second", "1/s", claim, func(s sample) float64 { return s.PerSecond() }}
}
func queriesOf(claim string) labFigure {
	return labFigure{"database calls a request", "calls", claim, func(s sample) float64 { return s.queries }}
}
func databaseOf(claim string) labFigure {
	return labFigure{"PostgreSQL's processor time a request", "us", claim, func(s sample) float64 { return s.each(s.database) }}
}
func oursOf(claim string) labFigure {
	return labFigure{"BookVault's processor time a request", "us", claim, func(s sample) float64 { return s.each(s.ours) }}
}

// Work that several patterns are for.
var (
	hotTitles = work{trial: func(l *lab, s *labServer) harness.Trial {
		return harness.Trial{Next: func(r *rand.Rand, _ int) []byte { return title(s.Address, l.hot[skewed(r, len(l.hot))]) }}
	}}
	rush = work{trial: func(l *lab, s *labServer) harness.Trial { // more at once than a process has connections
		return harness.Trial{Clients: 64, Next: func(r *rand.Rand, _ int) []byte { return title(s.Address, l.hot[skewed(r, len(l.hot))]) }}
	}}
	evenTitles = work{trial: func(l *lab, s *labServer) harness.Trial {
		return harness.Trial{Next: func(r *rand.Rand, _ int) []byte { return title(s.Address, l.hot[r.IntN(len(l.hot))]) }}
	}}
	anyTitle = work{trial: func(l *lab, s *labServer) harness.Trial {
		return harness.Trial{Next: func(r *rand.Rand, _ int) []byte { return title(s.Address, l.library.IDs[r.IntN(len(l.library.IDs))]) }}
	}}
	hotSearches = work{trial: func(l *lab, s *labServer) harness.Trial {
		return harness.Trial{Next: func(r *rand.Rand, _ int) []byte {
			return harness.Get(s.Address, "/api/catalog/v1/books?limit=20&q="+l.words[skewed(r, min(200, len(l.words)))], "Accept-Encoding", "identity")
		}}
	}}
	codedSearches = work{trial: func(l *lab, s *labServer) harness.Trial {
		return harness.Trial{Next: func(r *rand.Rand, _ int) []byte {
			return harness.Get(s.Address, "/api/catalog/v1/books?limit=50&q="+l.words[skewed(r, min(200, len(l.words)))], "Accept-Encoding", "gzip, zstd")
		}}
	}}
	figuresOfAll = work{trial: func(_ *lab, s *labServer) harness.Trial {
		return harness.Trial{Clients: 4, Next: func(*rand.Rand, int) []byte {
			return harness.Get(s.Address, "/api/catalog/v1/statistics", "Accept-Encoding", "identity")
		}}
	}}
	countsOfCopies = work{trial: func(l *lab, s *labServer) harness.Trial {
		return harness.Trial{Next: func(r *rand.Rand, _ int) []byte {
			return harness.Get(s.Address, fmt.Sprintf("/api/borrowing/v1/availability?book_ids=%d,%d", l.hot[skewed(r, len(l.hot))], l.hot[skewed(r, len(l.hot))]), "Authorization", "Bearer "+l.token)
		}}
	}}
	ratings = work{trial: func(l *lab, s *labServer) harness.Trial {
		return harness.Trial{Next: func(r *rand.Rand, _ int) []byte {
			request := harness.Post(s.Address, fmt.Sprintf("/api/catalog/v1/books/%d/rating", l.hot[r.IntN(len(l.hot))]), fmt.Appendf(nil, `{"stars": %d}`, 1+r.IntN(5)), "Authorization", "Bearer "+l.patron)
			return append([]byte("PUT"), request[len("POST"):]...)
		}}
	}}
	lending = work{trial: func(l *lab, s *labServer) harness.Trial {
		step := make([]int, l.clients)
		return harness.Trial{Next: func(_ *rand.Rand, n int) []byte {
			step[n]++
			path, body := "check-ins", map[string]string{"barcode": l.copies[n]}
			if step[n]%2 == 1 {
				path, body = "loans", map[string]string{"barcode": l.copies[n], "member_card": l.cards[n]}
			}
			text, _ := json.Marshal(body) // of strings: it cannot fail
			return harness.Post(s.Address, "/api/borrowing/v1/"+path, text, "Authorization", "Bearer "+l.token)
		}}
	}}
	greedy = work{refused: true, trial: func(l *lab, s *labServer) harness.Trial {
		return harness.Trial{From: "127.0.0.9", Next: func(r *rand.Rand, _ int) []byte { return title(s.Address, l.library.IDs[r.IntN(len(l.library.IDs))]) }}
	}}
)

// cachesBefore are the patterns that keep answers or values before the database is asked.
var cachesBefore = []string{"gateway_cache", "cache_aside", "read_through", "write_through", "remote_cache"}

const (
	claimHit      = "-50 to -80 ms on a hit"
	claimRate     = "+40 to +60 %"
	claimDatabase = "-60 to -80 %"
)

// labPatterns are measured in this order.
var labPatterns = []labPattern{
	{name: "compression", server: "plain", near: true, about: "pages of searches", work: codedSearches, behind: []string{},
		figures: []labFigure{{"bytes of an answer", "B", "-60 to -80 %", func(s sample) float64 { return s.bytes }}, oursOf("+5 to +10 %")}},
	{name: "gateway_cache", server: "plain", about: "hot titles", work: hotTitles,
		figures: []labFigure{p50Of("-80 to -150 ms"), rateOf("+200 to +300 %"), queriesOf("-70 to -90 %"), databaseOf("-70 to -90 %")}},
	{name: "cache_aside", server: "plain", about: "hot titles", work: hotTitles, behind: []string{"gateway_cache"},
		figures: []labFigure{p50Of(claimHit), rateOf(claimRate), queriesOf(claimDatabase), databaseOf(claimDatabase)}},
	{name: "read_through", server: "plain", about: "searches for popular words", work: hotSearches, behind: []string{"gateway_cache"},
		figures: []labFigure{p50Of(claimHit), rateOf(claimRate), queriesOf(claimDatabase), databaseOf(claimDatabase)}},
	{name: "write_through", server: "plain", about: "counts of copies, asked for with a token", work: countsOfCopies, behind: []string{"gateway_cache"},
		figures: []labFigure{p50Of("-50 to -80 ms"), rateOf(""), queriesOf("")}},
	{name: "write_through", server: "plain", about: "check-outs and check-ins, each of which leaves counts behind", work: lending, figures: []labFigure{p50Of("+5 to +10 ms")}},
	{name: "remote_cache", server: "small", settings: []string{"BOOKVAULT_CACHE_REMOTE=redis", "BOOKVAULT_CACHE_TITLES=1MiB", "BOOKVAULT_CACHE_REMOTE_TIMEOUT=100ms", "BOOKVAULT_CACHE_REMOTE_CONNECTIONS=32"}, warm: 6 * time.Second, about: "titles that another process has loaded, and this one's memory does not hold", work: evenTitles,
		behind: []string{"gateway_cache"}, figures: []labFigure{p50Of(claimHit), rateOf(claimRate), queriesOf(claimDatabase), databaseOf(claimDatabase)}},
	{name: "coalescing", server: "plain", about: "a rush for hot titles that no cache holds, 64 readers", work: rush, behind: cachesBefore,
		figures: []labFigure{rateOf("+40 to +60 %"), queriesOf("-60 to -80 % for duplicates"), databaseOf("")}},
	{name: "read_replicas", server: "plain", about: "titles that no cache holds", work: anyTitle, behind: cachesBefore,
		figures: []labFigure{p50Of("-20 to -40 %"), rateOf("")}},
	{name: "hedging", server: "plain", about: "titles that no cache holds", work: anyTitle, behind: cachesBefore, figures: []labFigure{p99Of("")}},
	{name: "circuit_breaker", switches: []string{"circuit_breaker", "retry", "fallback", "bulkhead"}, server: "plain", near: true, about: "what the policies cost while all is well: titles that no cache holds", work: anyTitle, behind: cachesBefore,
		figures: []labFigure{rateOf(""), oursOf("")}},
	{name: "adaptive_limit", server: "plain", near: true, about: "what it costs while all is well: titles that no cache holds", work: anyTitle, behind: cachesBefore, figures: []labFigure{rateOf("")}},
	{name: "rate_limit", server: "limited", settings: []string{"BOOKVAULT_RATE_LIMIT_EXEMPT=127.0.0.1/32"}, about: "one client that asks as fast as it can", work: greedy, behind: cachesBefore,
		figures: []labFigure{{"titles it is served a second", "1/s", "protection +90 %", func(s sample) float64 { return s.PerSecond() }}, {"PostgreSQL's processor time a second", "ms", "", func(s sample) float64 { return float64(s.database.Milliseconds()) / s.Seconds }}}},
	{name: "materialized_views", server: "plain", about: "figures of the whole library", work: figuresOfAll, behind: cachesBefore,
		figures: []labFigure{p50Of("-80 to -95 %"), databaseOf("-70 to -90 %")}},
	{name: "write_behind", server: "plain", about: "ratings", work: ratings,
		figures: []labFigure{p50Of("-90 to -95 %"), rateOf("+200 to +400 %"), databaseOf("")}},
	{name: "group_commit", server: "plain", about: "check-outs and check-ins of 16 desks", work: lending,
		figures: []labFigure{rateOf("+100 to +200 % (append-only)"), p50Of(""), databaseOf("")}},
}
