package cache

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// heap gives what is in use of it, when all rubbish is gone.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// TestAFullCacheTakesNoMoreThanItsBound fills caches with far more than fits and looks at the heap: values of any size, and what the
// cache itself takes, are within the bound.
func TestAFullCacheTakesNoMoreThanItsBound(t *testing.T) {
	for _, of := range []struct{ bound, size int }{{8, 0}, {8, 100}, {8, 1000}, {8, 20_000}, {6, 300}, {12, 300}, {48, 300}} {
		bound, size := of.bound<<20, of.size
		t.Run(fmt.Sprint(size, " bytes in ", of.bound, " MiB"), func(t *testing.T) {
			before := heap()
			c, err := NewReadThrough(Settings[[]byte]{Name: "full", MaxBytes: int64(bound), Registry: prometheus.NewRegistry(), Cost: func(b []byte) int64 { return int64(cap(b)) }},
				func(context.Context, int64) ([]byte, bool, error) { return make([]byte, size), true, nil })
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(c.Close)
			for i := range int64(2 * bound / (size + 250)) {
				c.c.put(i, make([]byte, size), true, c.c.stamps.of(stripeOf(i)))
				if i%1000 == 0 {
					c.c.memory.Wait()
				}
			}
			c.c.memory.Wait()
			took, entries := heap()-before, c.c.memory.Metrics.KeysAdded()-c.c.memory.Metrics.KeysEvicted()
			t.Logf("%d entries take %.1f MiB of %d", entries, float64(took)/(1<<20), bound>>20)
			if took > int64(bound) || took < int64(bound)*6/10 {
				t.Errorf("%d bytes of %d", took, bound)
			}
			runtime.KeepAlive(c)
		})
	}
}
