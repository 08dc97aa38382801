package borrowing_test

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// TestOneCheckOutAfterAnother prints what a check-out and a check-in take, one after another; it fails only when they are absurdly
// slow, since the machine may be busy.
func TestOneCheckOutAfterAnother(t *testing.T) {
	l := opened(t, 50)
	for i := range 200 {
		l.add(fmt.Sprintf("B%d", i), i%100+1)
	}
	var out, in []time.Duration
	for i := range 200 {
		card, barcode := fmt.Sprintf("C%d", i%50+1), fmt.Sprintf("B%d", i)
		start := time.Now()
		l.mustLend(card, barcode)
		out = append(out, time.Since(start))
		start = time.Now()
		l.checkIn(barcode, "main")
		in = append(in, time.Since(start))
	}
	slices.Sort(out)
	slices.Sort(in)
	t.Logf("check-out p50 %v p95 %v; check-in p50 %v p95 %v", out[100], out[190], in[100], in[190])
	if out[100] > 250*time.Millisecond {
		t.Errorf("half of the check-outs take longer than %v", out[100])
	}
	l.consistent()
}
