package resilience

import (
	"cmp"
	"context"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/bulkhead"
	"github.com/prometheus/client_golang/prometheus"
)

// ErrFull is the answer of a compartment in which no more may work or wait.
var ErrFull = bulkhead.ErrFull

// BulkheadSettings say how many may work in a compartment, and wait for it; the zero value of each has the meaning in its comment.
type BulkheadSettings struct {
	Name       string        // of the compartment, in metrics
	Concurrent uint          // calls at once; 10
	Queue      int           // calls that wait at most; none
	MaxWait    time.Duration // that one waits at most; 1 s
	Enabled    func() bool   // asked each time; nil: always on
	Metrics    *Metrics
}

// Bulkhead is a compartment of its own for the work on one part of the library: what fills it leaves the others their room. Whoever
// finds its queue full hears so at once.
type Bulkhead struct {
	s       BulkheadSettings
	permits bulkhead.Bulkhead[any]
	inUse   atomic.Int64
	waiting atomic.Int64
	full    atomic.Uint64
}

// NewBulkhead makes an empty compartment.
func NewBulkhead(s BulkheadSettings) *Bulkhead {
	s.Concurrent = cmp.Or(s.Concurrent, 10)
	s.MaxWait = cmp.Or(s.MaxWait, time.Second)
	if s.Enabled == nil {
		s.Enabled = func() bool { return true }
	}
	b := &Bulkhead{s: s, permits: bulkhead.New[any](s.Concurrent)}
	label := labelled("compartment", s.Name)
	s.Metrics.gauge("bookvault_bulkhead_in_use", "Calls at work in a compartment.", label, func() float64 { return float64(b.inUse.Load()) })
	s.Metrics.gauge("bookvault_bulkhead_waiting", "Calls that wait for a compartment.", label, func() float64 { return float64(b.waiting.Load()) })
	s.Metrics.counter("bookvault_bulkhead_full_total", "Calls that were refused, since a compartment and its queue were full.", label, &b.full)
	return b
}

// Enter takes a place, waiting for it as long as it may. entered says whether Leave is to be called: switched off, nobody counts.
// The error is ErrFull, or that of ctx.
func (b *Bulkhead) Enter(ctx context.Context) (entered bool, err error) {
	if !b.s.Enabled() {
		return false, nil
	}
	if !b.permits.TryAcquirePermit() {
		if err := b.wait(ctx); err != nil {
			return false, err
		}
	}
	b.inUse.Add(1)
	return true, nil
}

func (b *Bulkhead) wait(ctx context.Context) error {
	defer b.waiting.Add(-1)
	if b.waiting.Add(1) > int64(b.s.Queue) {
		b.full.Add(1)
		return ErrFull
	}
	err := b.permits.AcquirePermitWithMaxWait(ctx, b.s.MaxWait)
	if err == ErrFull {
		b.full.Add(1)
	}
	return err
}

// Leave gives a place back.
func (b *Bulkhead) Leave() {
	b.inUse.Add(-1)
	b.permits.ReleasePermit()
}

// Full tells whether whoever came now would be refused at once. It is a glance: by the time they come it may be otherwise.
func (b *Bulkhead) Full() bool {
	return b.s.Enabled() && b.inUse.Load() >= int64(b.s.Concurrent) && b.waiting.Load() >= int64(b.s.Queue)
}

// Limits tells how many may be at work in it, and how many may wait.
func (b *Bulkhead) Limits() (concurrent, queue int) { return int(b.s.Concurrent), b.s.Queue }

// InUse tells how many are at work in it.
func (b *Bulkhead) InUse() int { return int(b.inUse.Load()) }

// Waiting tells how many wait for a place.
func (b *Bulkhead) Waiting() int { return int(b.waiting.Load()) }

func labelled(name, value string) prometheus.Labels { return prometheus.Labels{name: value} }
