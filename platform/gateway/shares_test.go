package gateway

import (
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// table keeps buckets as the sidecar does, and can be out of reach.
type table struct {
	lock   sync.Mutex
	fullAt map[string]time.Time
	asked  int
	most   int
	gone   bool
}

// Settle adds what was spent.
func (p *table) Settle(clients []string, spent, full []time.Duration) ([]time.Duration, error) {
	p.lock.Lock()
	defer p.lock.Unlock()
	if p.asked++; p.gone {
		return nil, errors.New("out of reach")
	}
	p.most = max(p.most, len(clients))
	debts := make([]time.Duration, len(clients))
	for i, client := range clients {
		at := p.fullAt[client]
		if now := time.Now(); at.Before(now) {
			at = now
		}
		p.fullAt[client] = at.Add(spent[i])
		debts[i] = min(time.Until(p.fullAt[client]), 2*full[i])
	}
	return debts, nil
}

func TestProcessesShareWhatAClientMayAsk(t *testing.T) {
	const processes, lease = 4, 5
	ask := func(t *testing.T, purse *table, from func(int) string) (through int) {
		for process := range processes {
			h := limited(func(s *RateLimit) { s.Purse, s.Lease = purse, lease })
			through += passed(h, 100, func(i int) string { synctest.Wait(); return from(i + 100*process) }, "GET /api/catalog/v1/books/1", nil)
		}
		return through
	}
	one := always("192.0.2.1:1")
	t.Run("one client", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			purse := &table{fullAt: map[string]time.Time{}}
			n := ask(t, purse, one)
			if n < 20 || n > 20+processes*lease {
				t.Errorf("%d requests went through, of a share of 20", n)
			}
			if purse.asked > n/lease+processes {
				t.Errorf("the purse was asked %d times for %d requests", purse.asked, n)
			}
		})
	})
	t.Run("out of reach", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			if n := ask(t, &table{gone: true}, one); n != processes*20 {
				t.Errorf("%d requests went through; each process lets 20", n)
			}
		})
	})
	t.Run("many clients", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			purse := &table{fullAt: map[string]time.Time{}}
			if n := ask(t, purse, func(i int) string { return "192.0.2." + strconv.Itoa(i%40) + ":1" }); n != 400 {
				t.Errorf("%d of 400 requests went through", n)
			}
		})
	})
}

// A client of whom the others know nothing for long is forgotten, and no more are remembered than may be.
func TestWhatIsSharedIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := RateLimit{Rate: 10, Burst: 20, SearchCost: 5, SignInRate: 1, SignInBurst: 3, CrawlRate: 1, CrawlBurst: 2, Clients: 1000,
			Purse: &table{fullAt: map[string]time.Time{}}, Lease: 5}
		l := newLimiter(s, newProofs(s.Clients, "bv_session"))
		spend := func(key uint64) {
			l.shares.spend(l, key, l.read, &exchange{}, nil, false, time.Now().UnixNano())
		}
		for key := range uint64(2 * sharesOpen) {
			spend(key + 1)
		}
		if n := len(l.shares.open); n != sharesOpen {
			t.Errorf("%d clients are remembered", n)
		}
		time.Sleep(sharesForgets + time.Second)
		for range 5 {
			spend(1)
		}
		synctest.Wait()
		if n := len(l.shares.open); n != 1 {
			t.Errorf("%d clients are remembered after a while", n)
		}
	})
}
