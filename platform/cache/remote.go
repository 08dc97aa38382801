package cache

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/resilience"
)

// RemoteSettings of the remote tier; the zero value of each has the meaning in its comment.
type RemoteSettings struct {
	URL string // redis://, rediss:// (TLS) or unix:// address of a Redis or Valkey; must be given
	// Version is that of the program. What another version has written is not read, since its values may be of another form.
	Version string

	Timeout  time.Duration // of a call, connecting included; 5 ms
	TTL      time.Duration // of a value there at most; 60 s
	MaxValue int           // bytes of a value that is written, at most; 256 KiB
	Calls    int           // at once, at most; more are refused; 64
	Conns    int           // connections, by which those calls go, one after the other on each; 8
	Queue    int           // values that wait to be written, at most; more are dropped; 256

	// Enabled is asked each time; false lets nobody ask or write. Nil: always on.
	Enabled func() bool
	// Breaker says when the sidecar counts as ill; its zero value is that of resilience. Name, Failed, Enabled, Metrics and Logger are
	// set here.
	Breaker resilience.BreakerSettings

	Registry prometheus.Registerer // nil: no metrics
	Logger   *slog.Logger          // nil: slog.Default()
}

// Remote is the remote tier (1A): a Redis or Valkey beside the processes, in which they find what others have loaded. All caches of a
// process share it. It is there for speed alone: whatever it lost, kept too long or made up, nobody gets what this process knows to be
// old (tier.go), and when it is ill a caller waits no longer than Timeout until the breaker opens, and not at all from then on.
type Remote struct {
	s       RemoteSettings
	dial    dialer
	breaker *resilience.Breaker

	prefix atomic.Pointer[string]       // of keys, with the era; nil while it is not known
	client atomic.Pointer[remoteClient] // nil until it has answered
	slots  chan struct{}                // one for each call under way
	queue  chan func()                  // writes

	lock    sync.Mutex
	quit    context.CancelFunc // nil unless it runs
	running sync.WaitGroup
}

// NewRemote makes the tier, not yet connected. The error says what is wrong with the address, without its password.
func NewRemote(s RemoteSettings) (*Remote, error) {
	s.Timeout = cmp.Or(s.Timeout, 5*time.Millisecond)
	s.TTL = cmp.Or(s.TTL, time.Minute)
	s.MaxValue = cmp.Or(s.MaxValue, 256<<10)
	s.Calls = cmp.Or(s.Calls, 64)
	s.Conns = cmp.Or(s.Conns, 8)
	s.Queue = cmp.Or(s.Queue, 256)
	s.Logger = cmp.Or(s.Logger, slog.Default())
	if s.Enabled == nil {
		s.Enabled = func() bool { return true }
	}
	dial, err := newDialer(s.URL, s.Timeout)
	if err != nil {
		return nil, err
	}
	r := &Remote{s: s, dial: dial, slots: make(chan struct{}, s.Calls), queue: make(chan func(), s.Queue)}
	breaker := s.Breaker
	breaker.Name, breaker.Failed, breaker.Enabled = "remote-cache", nil, nil
	breaker.Metrics, breaker.Logger = resilience.NewMetrics(s.Registry), s.Logger
	r.breaker = resilience.NewBreaker(breaker)
	return r, nil
}

// SetEra says which history of the database the positions are of: its identity, its timeline, and when its server started. Values of
// another one are not seen. Until it is set, and when it is empty, nobody asks or writes.
func (r *Remote) SetEra(era string) {
	if era == "" {
		r.prefix.Store(nil)
		return
	}
	prefix := fmt.Sprintf("bookvault:%s:%s:", r.s.Version, era)
	r.prefix.Store(&prefix)
}

// usable gives the prefix of keys, or "" while the tier cannot be used.
func (r *Remote) usable() string {
	prefix := r.prefix.Load()
	if prefix == nil || !r.s.Enabled() {
		return ""
	}
	return *prefix
}

// Start connects, behind: the process starts although the sidecar is down, and uses it once it is there. Started again while it runs,
// or after Stop, it is idempotent.
func (r *Remote) Start(context.Context) error {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.quit != nil {
		return nil
	}
	running, quit := context.WithCancel(context.Background())
	r.quit = quit
	r.running.Go(func() { r.connect(running) })
	for range r.s.writersAtOnce() {
		r.running.Go(func() { r.write(running) })
	}
	return nil
}

// Stop ends what is under way and hangs up. Values that wait to be written are dropped. Idempotent, and safe before Start.
func (r *Remote) Stop(context.Context) error {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.quit == nil {
		return nil
	}
	r.quit()
	r.quit = nil
	r.running.Wait()
	if client := r.client.Swap(nil); client != nil {
		client.close()
	}
	for range cap(r.slots) { // calls under way end when their connection has had no answer
		r.slots <- struct{}{}
	}
	for range cap(r.slots) {
		<-r.slots
	}
	for len(r.queue) > 0 {
		<-r.queue
	}
	return nil
}

// Between two tries to connect for the first time. Later on the client does so itself, with each call that the breaker lets through.
const connectEvery = 500 * time.Millisecond

// connect makes the client as soon as the sidecar answers.
func (r *Remote) connect(running context.Context) {
	told := false
	for {
		client := newRemoteClient(r.dial, r.s.Conns)
		err := client.connect(running)
		if err == nil {
			r.client.Store(client)
			r.s.Logger.Info("the remote cache is connected")
			return
		}
		client.close()
		if !told {
			told = true
			r.s.Logger.Warn("the remote cache does not answer; it is used once it does", "error", err)
		}
		select {
		case <-running.Done():
			return
		case <-time.After(connectEvery):
		}
	}
}

// Breaker gives the breaker before the tier.
func (r *Remote) Breaker() *resilience.Breaker { return r.breaker }

// Health tells how the tier is, for /readyz. The error is a word of caution: the library works without it.
func (r *Remote) Health(context.Context) (map[string]any, error) {
	enabled, connected, state := r.s.Enabled(), r.client.Load() != nil, r.breaker.State()
	detail := map[string]any{"enabled": enabled, "connected": connected, "breaker": state.String(), "era_known": r.prefix.Load() != nil}
	if enabled && (!connected || state != resilience.Closed) {
		return detail, errRemoteUnusable
	}
	return detail, nil
}

var errRemoteUnusable = errors.New("the remote cache does not answer in time; every process loads for itself")
