package gateway

import (
	"hash/maphash"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/problem"
)

// RateLimit says how much each client may ask.
type RateLimit struct {
	Enabled *atomic.Bool // read for each request, so that it can be switched while running; nil is off

	Rate  float64 // tokens a second that each client gets
	Burst int     // tokens that a client can have saved up

	SearchCost  int     // tokens that a search takes; everything else takes one
	SignInRate  float64 // attempts to sign in a second, from one address
	SignInBurst int     // attempts that an address can have saved up
	CrawlRate   float64 // requests a second of a robot that says it is one
	CrawlBurst  int     // requests that a robot can have saved up

	Clients int            // clients that are remembered at most; the one that has most saved up is forgotten first
	Exempt  []netip.Prefix // networks that are not limited

	Hold time.Duration // that a refusal is held back from whoever goes on asking at many times their rate; 0: none is

	Purse Purse // where processes keep the buckets together; nil: each goes by its own count
	Lease int   // tokens that each process may give a client before it tells the others
}

// limiter counts what clients ask by token buckets, each as the time at which it will be full again (the generic cell rate algorithm,
// ITU-T I.371): one number a client.
//
// A client is the token or session by which authentication has known somebody within the last minutes; else the address, of IPv6 the
// /64, since a whole one is what a single customer gets. Proofs that were made up are known to nobody, so they make no buckets.
type limiter struct {
	s       RateLimit
	seed    maphash.Seed
	buckets *slots
	shares  *shares // nil: there is nobody to share with
	known   *proofs
	tarpit  *tarpit

	read, search, pages, signIn, crawl *rateClass
}

// pagesShare is how many times the rate of the API pages and their files have, in a bucket of their own: they come from memory, and one
// page is some thirty of them.
const pagesShare = 5

// rateLimit answers 429 to a client who asks for more than its share, and tells everybody how much is left, as the IETF's draft
// "RateLimit header fields for HTTP" has it (draft-ietf-httpapi-ratelimit-headers-10).
func rateLimit(s RateLimit, known *proofs, registry prometheus.Registerer) func(http.Handler) http.Handler {
	if s.Enabled == nil {
		return func(next http.Handler) http.Handler { return next }
	}
	l := newLimiter(s, known)
	registry.MustRegister(l.collectors()...)
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			e := exchangeOf(r.Context())
			if !s.Enabled.Load() || l.exempt(e.client) || isHealth(r.URL.Path) {
				next.ServeHTTP(w, r)
				return
			}
			now := time.Now().UnixNano()
			class := l.classOf(r)
			client, proven := l.clientOf(e, r, class, now)
			left, after := class.take(l.buckets, client, now)
			h := w.Header()
			h["Ratelimit-Policy"] = class.policy
			h["Ratelimit"] = class.left[left]
			if after > 0 {
				l.tarpit.wait(r.Context(), client, class.rate, time.Unix(0, now))
				refuseRate(w, r, class, after)
				return
			}
			if l.shares != nil {
				l.shares.spend(l, client, class, e, r, proven, now)
			}
			next.ServeHTTP(w, r)
		})
	}
}

func newLimiter(s RateLimit, known *proofs) *limiter {
	return &limiter{s: s, seed: maphash.MakeSeed(), buckets: newSlots(s.Clients), shares: newShares(s), known: known, tarpit: &tarpit{hold: s.Hold, most: tarpitMost},
		read:   newRateClass("default", 0, s.Rate, s.Burst, 1),
		search: newRateClass("search", 0, s.Rate, s.Burst, s.SearchCost),
		pages:  newRateClass("pages", 3, s.Rate*pagesShare, s.Burst*pagesShare, 1),
		signIn: newRateClass("sign-in", 1, s.SignInRate, s.SignInBurst, 1),
		crawl:  newRateClass("crawl", 2, s.CrawlRate, s.CrawlBurst, 1),
	}
}

func refuseRate(w http.ResponseWriter, r *http.Request, c *rateClass, after time.Duration) {
	c.refused.Add(1)
	c.refusal.WriteAfter(w, r, after)
}

func (l *limiter) exempt(client netip.Addr) bool {
	for _, network := range l.s.Exempt {
		if network.Contains(client) {
			return true
		}
	}
	return false
}

func isHealth(path string) bool { return path == "/healthz" || path == "/readyz" }

// classOf says what kind of request it is.
func (l *limiter) classOf(r *http.Request) *rateClass {
	path := r.URL.Path
	switch {
	case r.Header["Authorization"] == nil && isRobot(r.Header["User-Agent"]):
		return l.crawl
	case !isAPI(r):
		return l.pages
	case path == "/api/catalog/v1/books" && r.URL.RawQuery != "":
		return l.search
	case path == "/api/members/v1/sessions" && r.Method == http.MethodPost:
		return l.signIn
	}
	return l.read
}

// isRobot tells whether a client says that it is a robot: Googlebot, bingbot, Baiduspider, some crawler.
func isRobot(agent []string) bool {
	if len(agent) == 0 {
		return false
	}
	a := agent[0]
	if i := strings.Index(a, "ot"); i > 0 {
		for ; i > 0; i = nextIndex(a, "ot", i) {
			if a[i-1] == 'b' || a[i-1] == 'B' {
				return true
			}
		}
	}
	return strings.Contains(a, "pider") || strings.Contains(a, "rawler")
}

// nextIndex finds a word after a place; 0 when it is not there.
func nextIndex(text, word string, after int) int {
	i := strings.Index(text[after+1:], word)
	if i < 0 {
		return 0
	}
	return after + 1 + i
}

// clientOf gives the key of the bucket that a request counts in, and whether that is one of somebody who has shown who they are. Only the
// API knows people; the rest counts by address.
func (l *limiter) clientOf(e *exchange, r *http.Request, class *rateClass, now int64) (key uint64, proven bool) {
	if class.bucket == 0 {
		if proof, _ := l.known.known(e, r, now); proof != 0 {
			return proof, true
		}
	}
	address := addressKey(e.client, class.bucket)
	return max(1, maphash.Bytes(l.seed, address[:])), false
}

// addressKey is an address, of IPv6 the /64, and the bucket of a class.
func addressKey(address netip.Addr, bucket byte) (key [17]byte) {
	whole := address.As16()
	if address.Is6() {
		clear(whole[8:])
	}
	copy(key[:], whole[:])
	key[16] = bucket
	return key
}

// rateClass is one kind of requests: its price and its bucket, and headers that are ready-made, since making one costs more than
// the counting.
type rateClass struct {
	bucket   byte // classes with the same one share it
	rate     float64
	cost     int
	most     int   // requests of this kind that a full bucket pays for
	interval int64 // nanoseconds in which a token comes
	full     int64 // nanoseconds in which an empty bucket fills

	policy  []string
	refusal *problem.Ready
	left    [][]string // by the number of requests of this kind that are left
	refused atomic.Uint64
	name    string
}

func newRateClass(name string, bucket byte, rate float64, burst, cost int) *rateClass {
	c := &rateClass{name: name, bucket: bucket, rate: rate, cost: cost, most: burst / cost, interval: int64(float64(time.Second) / rate)}
	c.full = c.interval * int64(burst)
	c.refusal = problem.NewReady(problem.New(problem.TooMany, "rate_limited",
		"You ask more than your share (%d at once, %g a second of this kind). Please wait a moment; RateLimit and RateLimit-Policy say how much is left.", c.most, rate/float64(cost)))
	quoted := `"` + name + `"`
	c.policy = []string{quoted + ";q=" + strconv.Itoa(c.most) + ";w=" + strconv.Itoa(seconds(c.full))}
	for n := range c.most + 1 {
		missing := c.full - int64(n*cost)*c.interval
		c.left = append(c.left, []string{quoted + ";r=" + strconv.Itoa(n) + ";t=" + strconv.Itoa(seconds(missing))})
	}
	return c
}

// burst is how many tokens fit into a bucket.
func (c *rateClass) burst() int { return int(c.full / c.interval) }

// take takes a request's tokens out of a bucket: how many requests of this kind are left, and, where there was not enough, after how long
// there will be.
func (c *rateClass) take(buckets *slots, client uint64, now int64) (left int, after time.Duration) {
	set, place := buckets.set(client)
	fullAt := max(set.numbers[place], now)
	price := c.interval * int64(c.cost)
	if over := fullAt + price - now - c.full; over > 0 {
		set.lock.Unlock()
		return max(0, int((c.full-(fullAt-now))/price)), time.Duration(over)
	}
	set.numbers[place] = fullAt + price
	set.lock.Unlock()
	return int((c.full - (fullAt + price - now)) / price), 0
}

// collectors are the metrics.
func (l *limiter) collectors() []prometheus.Collector {
	var all []prometheus.Collector
	for _, c := range []*rateClass{l.read, l.search, l.pages, l.signIn, l.crawl} {
		all = append(all, prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "bookvault_rate_limit_refused_total",
			Help: "Requests that were answered 429, by their class.", ConstLabels: prometheus.Labels{"class": c.name}},
			func() float64 { return float64(c.refused.Load()) }))
	}
	if l.shares != nil {
		all = append(all, l.shares.collectors()...)
	}
	return all
}

func seconds(ns int64) int { return int(math.Ceil(time.Duration(ns).Seconds())) }
