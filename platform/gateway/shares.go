package gateway

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Purse is where processes that answer for the same library keep the buckets of their clients together.
type Purse interface {
	// Settle tells how much clients have spent, each as the time in which so many tokens come again, and gives for each the time until its
	// bucket is full again, whoever spent from it. full is the time in which an empty one fills. An error: nobody knows.
	Settle(clients []string, spent, full []time.Duration) (debts []time.Duration, err error)
}

// shares settle with other processes what clients spend here. Each process may give a client a lease of tokens by its own count; then it
// tells the purse, behind the request, and hears what the client has spent elsewhere. So no request waits for another process, and
// while the purse is out of reach each goes by its own count.
type shares struct {
	purse Purse
	lease int // tokens

	settling atomic.Bool
	lock     sync.Mutex
	open     map[uint64]*share // by the client's bucket here

	settled, failed atomic.Uint64
}

// share is what a client has spent here and nobody was told of.
type share struct {
	client string // by which other processes know the bucket
	spent  int64  // nanoseconds
	full   int64  // of the class
	lease  int64
	last   int64 // Unix nanoseconds
}

const (
	sharesOpen    = 8192             // clients at most of whom something is to be told; of more nobody is told
	sharesAtOnce  = 128              // clients that are told of in one go
	sharesForgets = 10 * time.Second // without a request, after which what is less than a lease is forgotten
)

func newShares(s RateLimit) *shares {
	if s.Purse == nil {
		return nil
	}
	return &shares{purse: s.Purse, lease: max(1, s.Lease), open: map[uint64]*share{}}
}

// spend notes a request that was let through, and has the purse told once a lease is spent.
func (s *shares) spend(l *limiter, key uint64, c *rateClass, e *exchange, r *http.Request, proven bool, now int64) {
	s.lock.Lock()
	one := s.open[key]
	if one == nil {
		if len(s.open) >= sharesOpen {
			s.lock.Unlock()
			return
		}
		one = &share{client: l.named(e, r, c, proven), full: c.full, lease: c.interval * int64(min(s.lease, c.burst()))}
		s.open[key] = one
	}
	one.spent += c.interval * int64(c.cost)
	one.last = now
	due := one.spent >= one.lease
	s.lock.Unlock()
	if due && s.settling.CompareAndSwap(false, true) {
		go func() {
			defer s.settling.Store(false)
			s.settle(l.buckets, time.Now().UnixNano())
		}()
	}
}

// settle tells of the leases that are spent, and takes over what is known elsewhere.
func (s *shares) settle(buckets *slots, now int64) {
	var keys []uint64
	var clients []string
	var spent, full []time.Duration
	s.lock.Lock()
	for key, one := range s.open {
		switch {
		case one.spent >= one.lease && len(keys) < sharesAtOnce:
			keys, clients = append(keys, key), append(clients, one.client)
			spent, full = append(spent, time.Duration(one.spent)), append(full, time.Duration(one.full))
			one.spent = 0
		case now-one.last > int64(sharesForgets):
			delete(s.open, key)
		}
	}
	s.lock.Unlock()
	if len(keys) == 0 {
		return
	}
	debts, err := s.purse.Settle(clients, spent, full)
	if err != nil || len(debts) != len(keys) {
		s.failed.Add(1)
		return
	}
	s.settled.Add(1)
	for i, key := range keys {
		set, place := buckets.set(key)
		set.numbers[place] = max(set.numbers[place], now+int64(debts[i]))
		set.lock.Unlock()
	}
}

// named gives the name by which other processes know a client's bucket too: its address, or a digest of what it shows to say who it is.
func (l *limiter) named(e *exchange, r *http.Request, class *rateClass, proven bool) string {
	if proven {
		sum := sha256.Sum256([]byte(l.known.shown(r)))
		return base64.RawURLEncoding.EncodeToString(sum[:16])
	}
	key := addressKey(e.client, class.bucket)
	return base64.RawURLEncoding.EncodeToString(key[:])
}

// collectors are the metrics.
func (s *shares) collectors() []prometheus.Collector {
	outcome := func(name string, count *atomic.Uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "bookvault_rate_limit_settlements_total",
			Help: "Times that other processes were told what clients have spent here, by outcome.", ConstLabels: prometheus.Labels{"outcome": name}},
			func() float64 { return float64(count.Load()) })
	}
	return []prometheus.Collector{outcome("settled", &s.settled), outcome("failed", &s.failed)}
}
