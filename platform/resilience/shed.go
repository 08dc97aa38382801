package resilience

import (
	"cmp"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
)

// Priority says whose work is done first when there is too much of it.
type Priority int

// The priorities, the least first.
const (
	Robots Priority = iota
	Public
	Members
	Desk
	priorities
)

var priorityNames = [priorities]string{"robots", "public", "members", "desk"}

// shares are how much of the limit each priority may fill: the rest is kept for those above. The desk is never shed here; what it may
// do at once is bounded by its compartment.
var shares = [priorities]float64{0.5, 0.8, 0.9, 1}

// ShedSettings bound the limit that a shedder finds; the zero value of each has the meaning in its comment.
type ShedSettings struct {
	Least   uint        // requests at once that are always let in; 100
	Most    uint        // requests at once at most, however fast they are answered; 1000
	Enabled func() bool // asked each time; nil: always on
	Metrics *Metrics
}

// Shedder lets in as many requests at once as are answered without getting slower, and sheds the least important first. The limit
// follows what answers take now against what they took before (failsafe-go's adaptive limiter).
//
// Its own priorities are shares of that limit and not failsafe-go's, whose threshold is set anew once an interval: until then a sudden
// flood of the public's requests fills the queue, and the desk is refused with them.
type Shedder struct {
	s       ShedSettings
	limiter adaptivelimiter.AdaptiveLimiter[any]
	shed    [priorities]atomic.Uint64
}

// NewShedder makes a shedder.
func NewShedder(s ShedSettings) *Shedder {
	s.Least = cmp.Or(s.Least, 100)
	s.Most = max(s.Least, cmp.Or(s.Most, 1000))
	if s.Enabled == nil {
		s.Enabled = func() bool { return true }
	}
	limiter := adaptivelimiter.NewBuilder[any]().WithLimits(s.Least, s.Most, min(s.Most, 2*s.Least)).
		WithRecentWindow(250*time.Millisecond, 5*time.Second, 50).WithMaxLimitStabilizationWindow(10 * time.Second).Build()
	shedder := &Shedder{s: s, limiter: limiter}
	s.Metrics.gauge("bookvault_adaptive_limit", "Requests that may be at work at once, as found out.", nil, func() float64 { return float64(limiter.Limit()) })
	s.Metrics.gauge("bookvault_adaptive_limit_in_use", "Requests at work that count in it.", nil, func() float64 { return float64(limiter.Inflight()) })
	for p, name := range priorityNames {
		s.Metrics.counter("bookvault_adaptive_limit_shed_total", "Requests that were refused since there was too much to do.", labelled("priority", name), &shedder.shed[p])
	}
	return shedder
}

// Shed counts a request that was refused for another reason.
func (s *Shedder) Shed(p Priority) { s.shed[p].Add(1) }

// Admit asks to begin a request; false refuses it. done is called when it was answered: true when the time that it took tells
// something of how busy the server is, false when it failed or its client went away.
func (s *Shedder) Admit(p Priority) (done func(told bool), admitted bool) {
	if !s.s.Enabled() {
		return func(bool) {}, true
	}
	if p < Desk && float64(s.limiter.Inflight()) >= shares[p]*float64(s.limiter.Limit()) {
		s.shed[p].Add(1)
		return nil, false
	}
	permit, ok := s.limiter.TryAcquirePermit()
	switch {
	case ok:
		return func(told bool) {
			if told {
				permit.Record()
			} else {
				permit.Drop()
			}
		}, true
	case p == Desk:
		return func(bool) {}, true
	}
	s.shed[p].Add(1)
	return nil, false
}
