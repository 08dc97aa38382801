// Package live sends news to whoever listens, as Server-Sent Events (WHATWG HTML, "Server-sent events"): a Hub that modules publish
// to, and an http.Handler's worth of streaming (stream.go). It knows nothing of who may hear what: a listener brings a filter.
//
// Everything is bounded: what is kept for those who come back, what waits for a slow reader, and how many listen, in all, for one member
// and from one address. Publishing never waits. Who missed something, because they were away for too long or read too slowly, is told to
// ask for everything anew ("resync"); so an event needs to say only what changed, and not how.
package live

import (
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// ErrTooMany says that there are as many listeners as there may be, in all, of one member, or from one address.
var ErrTooMany = errors.New("live: too many listeners")

// Resync is the name of the event that says: something was missed, so ask for everything anew.
const Resync = "resync"

// Event is one piece of news.
type Event struct {
	Name     string // of the kind of news: account, hold_ready, desk, patterns
	Audience string // whom it is for, in the words of whoever publishes and subscribes: "member/17"
	Data     string // one line of JSON

	number int64
}

// Settings of a Hub; the zero value of each has the meaning in its comment.
type Settings struct {
	Kept       int           // events kept for those who come back; 1,024
	Buffer     int           // events that wait for one listener at most; 64
	Most       int           // listeners in all; 2,000
	PerMember  int           // listeners of one member; 8
	PerAddress int           // listeners from one address; 64
	Heartbeat  time.Duration // between two signs of life while there is no news; 15 s
	Age        time.Duration // after which a stream ends, so that a page that nobody looks at is no reason to stay signed in; 30 min
	Registry   prometheus.Registerer
}

// Hub hands news to listeners.
type Hub struct {
	s     Settings
	era   string // tells the numbers of this process's events from those of others
	count prometheus.Gauge
	sent  prometheus.Counter
	lost  prometheus.Counter

	lock      sync.Mutex
	number    int64
	kept      []Event // the newest, oldest first
	listeners map[*Listener]bool
	members   map[int64]int
	addresses map[string]int
	closed    bool
}

// New makes a hub.
func New(s Settings) *Hub {
	or := func(n *int, standard int) {
		if *n <= 0 {
			*n = standard
		}
	}
	or(&s.Kept, 1024)
	or(&s.Buffer, 64)
	or(&s.Most, 2000)
	or(&s.PerMember, 8)
	or(&s.PerAddress, 64)
	if s.Heartbeat <= 0 {
		s.Heartbeat = 15 * time.Second
	}
	if s.Age <= 0 {
		s.Age = 30 * time.Minute
	}
	h := &Hub{s: s, era: strconv.FormatUint(rand.Uint64(), 36), listeners: map[*Listener]bool{}, members: map[int64]int{}, addresses: map[string]int{},
		count: prometheus.NewGauge(prometheus.GaugeOpts{Name: "bookvault_live_listeners", Help: "Streams of live events that are open."}),
		sent:  prometheus.NewCounter(prometheus.CounterOpts{Name: "bookvault_live_events_total", Help: "Live events handed to listeners."}),
		lost:  prometheus.NewCounter(prometheus.CounterOpts{Name: "bookvault_live_resyncs_total", Help: "Listeners who missed something and were told so."})}
	if s.Registry != nil {
		s.Registry.MustRegister(h.count, h.sent, h.lost)
	}
	return h
}

// Listener is one open stream.
type Listener struct {
	Member  int64
	Address string

	hub    *Hub
	wants  func(audience string) bool
	events chan Event
	missed chan struct{} // something did not fit; one is enough
	ended  chan struct{} // closed: whose it is has signed out, or the process stops
	once   sync.Once
}

// Listen adds a listener of a member at an address, who wants what is for some audiences. last is the id of the last event that they have
// seen, "" for a new one; what came since is handed to them first, or they hear that they missed it. ErrTooMany.
func (h *Hub) Listen(member int64, address, last string, wants func(audience string) bool) (*Listener, error) {
	l := &Listener{Member: member, Address: address, hub: h, wants: wants, events: make(chan Event, h.s.Buffer), missed: make(chan struct{}, 1), ended: make(chan struct{})}
	h.lock.Lock()
	defer h.lock.Unlock()
	if h.closed || len(h.listeners) >= h.s.Most || h.members[member] >= h.s.PerMember || h.addresses[address] >= h.s.PerAddress {
		return nil, ErrTooMany
	}
	h.listeners[l] = true
	h.members[member]++
	h.addresses[address]++
	h.count.Set(float64(len(h.listeners)))
	if last == "" {
		return l, nil
	}
	since, known := h.parse(last)
	if !known || since < h.number-int64(len(h.kept)) {
		l.miss()
		return l, nil
	}
	for _, e := range h.kept {
		if e.number > since {
			l.offer(e)
		}
	}
	return l, nil
}

// parse reads the id of an event of this process.
func (h *Hub) parse(id string) (number int64, known bool) {
	era, text, _ := strings.Cut(id, "-")
	number, err := strconv.ParseInt(text, 10, 64)
	return number, err == nil && era == h.era && number >= 0
}

func (h *Hub) id(number int64) string { return h.era + "-" + strconv.FormatInt(number, 10) }

// Publish hands events to whoever wants them. It never waits.
func (h *Hub) Publish(events ...Event) {
	h.lock.Lock()
	defer h.lock.Unlock()
	for _, e := range events {
		h.number++
		e.number = h.number
		h.kept = append(h.kept, e)
		if len(h.kept) > 2*h.s.Kept { // now and then, so that it costs nothing
			h.kept = append([]Event(nil), h.kept[len(h.kept)-h.s.Kept:]...)
		}
		for l := range h.listeners {
			l.offer(e)
		}
	}
}

// Missed tells every listener that something may have been missed.
func (h *Hub) Missed() {
	h.lock.Lock()
	defer h.lock.Unlock()
	h.number++ // who comes back with an older id missed it too
	h.kept = nil
	for l := range h.listeners {
		l.miss()
	}
}

// End ends the streams of members; of nobody named: all.
func (h *Hub) End(members ...int64) {
	h.lock.Lock()
	defer h.lock.Unlock()
	for l := range h.listeners {
		if len(members) == 0 {
			l.end()
		}
		for _, m := range members {
			if l.Member == m {
				l.end()
			}
		}
	}
}

// Close ends all streams, and lets nobody listen any more.
func (h *Hub) Close() {
	h.lock.Lock()
	h.closed = true
	h.lock.Unlock()
	h.End()
}

// Listening tells whether anybody wants what is for an audience.
func (h *Hub) Listening(audience string) bool {
	h.lock.Lock()
	defer h.lock.Unlock()
	for l := range h.listeners {
		if l.wants(audience) {
			return true
		}
	}
	return false
}

// offer hands over an event, if it is wanted and there is room. The caller has the hub's lock.
func (l *Listener) offer(e Event) {
	if !l.wants(e.Audience) {
		return
	}
	select {
	case l.events <- e:
		l.hub.sent.Inc()
	default:
		l.miss()
	}
}

func (l *Listener) miss() {
	l.hub.lost.Inc()
	select {
	case l.missed <- struct{}{}:
	default: // it will be told already
	}
}

func (l *Listener) end() { l.once.Do(func() { close(l.ended) }) }

// Leave takes the listener out of the hub.
func (l *Listener) Leave() {
	h := l.hub
	h.lock.Lock()
	defer h.lock.Unlock()
	if !h.listeners[l] {
		return
	}
	delete(h.listeners, l)
	h.count.Set(float64(len(h.listeners)))
	if h.members[l.Member]--; h.members[l.Member] == 0 {
		delete(h.members, l.Member)
	}
	if h.addresses[l.Address]--; h.addresses[l.Address] == 0 {
		delete(h.addresses, l.Address)
	}
}
