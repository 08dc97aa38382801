package gateway

import (
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Whoever goes on asking at many times their rate waits for each refusal; others do not wait for theirs, and never for an answer.
func TestRefusalsAreHeldBackFromWhoGoesOnAsking(t *testing.T) {
	const title, hold = "GET /api/catalog/v1/books/1", 100 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		h := limited(func(s *RateLimit) { s.Hold = hold }) // ten a second, twenty at once
		begin := time.Now()
		for range 20 + 10*tarpitTimes {
			asked(h, "192.0.2.1:1", title)
		}
		if took := time.Since(begin); took != 0 {
			t.Errorf("a moderate one waited %v", took)
		}
		if w := asked(h, "192.0.2.1:1", title); w.Code != http.StatusTooManyRequests || time.Since(begin) != hold {
			t.Errorf("%d after %v", w.Code, time.Since(begin))
		}
		if w := asked(h, "192.0.2.2:1", title); w.Code != http.StatusOK || time.Since(begin) != hold {
			t.Errorf("another one: %d after %v", w.Code, time.Since(begin))
		}
		time.Sleep(time.Second)
		begin = time.Now()
		if w := asked(h, "192.0.2.1:1", title); w.Code != http.StatusOK || time.Since(begin) != 0 {
			t.Errorf("a second later: %d after %v", w.Code, time.Since(begin))
		}
	})
}

func TestNoMoreRefusalsAreHeldThanMayBe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pit := &tarpit{hold: time.Hour, most: 3}
		var lock sync.Mutex
		through := 0
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				pit.wait(t.Context(), 1, 0, time.Now())
				lock.Lock()
				through++
				lock.Unlock()
			})
		}
		synctest.Wait()
		lock.Lock()
		if through != 7 {
			t.Errorf("%d of 10 did not wait", through)
		}
		lock.Unlock()
		all.Wait()
	})
}
