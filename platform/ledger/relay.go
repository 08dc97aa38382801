package ledger

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// RelaySettings say what a relay carries to whom; zero values are replaced by the defaults named here.
type RelaySettings struct {
	Schema   string
	Consumer string
	Handle   Handler
	Batch    int           // messages at once; 500
	Poll     time.Duration // how often it looks when nobody wakes it, for what other processes wrote; 1 s
	Gather   time.Duration // time between two looks at least, so that under load one carries what many wrote; 25 ms
	Logger   *slog.Logger  // slog.Default
}

// Relay is the goroutine that carries an outbox to its consumer: one at a time over all processes, and another takes over where
// the first ended. Stop is synchronous, idempotent, and safe before Start.
type Relay struct {
	db       Pool
	outbox   *Outbox
	settings RelaySettings
	wake     chan struct{}
	did      relayed

	lock  sync.Mutex
	quit  chan struct{}      // closed: finish the batch under way and end; nil before Start
	abort context.CancelFunc // end at once
	done  chan struct{}
}

// NewRelay makes a relay over the primary's pool.
func NewRelay(db Pool, s RelaySettings) *Relay {
	if s.Batch <= 0 {
		s.Batch = 500
	}
	if s.Poll <= 0 {
		s.Poll = time.Second
	}
	if s.Gather <= 0 {
		s.Gather = 25 * time.Millisecond
	}
	if s.Logger == nil {
		s.Logger = slog.Default()
	}
	return &Relay{db: db, outbox: NewOutbox(s.Schema, s.Consumer), settings: s, wake: make(chan struct{}, 1)}
}

// Nudge wakes the relay: something was committed. It never waits.
func (r *Relay) Nudge() {
	select {
	case r.wake <- struct{}{}:
	default: // it is being woken already
	}
}

// Start registers the consumer and begins to carry.
func (r *Relay) Start(ctx context.Context) error {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.quit != nil {
		return nil
	}
	if err := r.outbox.Register(ctx, r.db); err != nil {
		return err
	}
	running, abort := context.WithCancel(context.WithoutCancel(ctx))
	r.quit, r.abort, r.done = make(chan struct{}), abort, make(chan struct{})
	go r.run(running, r.quit, r.done)
	return nil
}

// Stop ends the relay after the batch that is under way. When ctx ends before, the batch is rolled back, and comes again.
func (r *Relay) Stop(ctx context.Context) error {
	r.lock.Lock()
	defer r.lock.Unlock()
	if r.quit == nil {
		return nil
	}
	close(r.quit)
	var err error
	select {
	case <-r.done:
	case <-ctx.Done():
		err = fmt.Errorf("stop the relay of %s: %w", r.settings.Consumer, ctx.Err())
	}
	r.abort()
	<-r.done
	r.quit = nil
	return err
}

func (r *Relay) run(ctx context.Context, quit <-chan struct{}, done chan<- struct{}) {
	defer close(done)
	const soon = 10 * time.Millisecond
	timer := time.NewTimer(0)
	defer timer.Stop()
	patience := soon
	var last time.Time
	for {
		select {
		case <-quit:
			return
		case <-r.wake:
			patience = soon
			select { // what comes after a pause is carried at once
			case <-quit:
				return
			case <-time.After(r.settings.Gather - time.Since(last)):
			}
		case <-timer.C:
		}
		last = time.Now()
		// Messages held back by an older transaction are looked for again soon, then less often, up to the poll.
		wait := r.settings.Poll
		switch r.drain(ctx, quit) {
		case some:
			wait, patience = min(r.settings.Gather, wait), soon
		case held:
			wait, patience = min(patience, wait), 2*patience
		case nothing:
			patience = soon
		}
		timer.Reset(wait)
	}
}

func ended(quit <-chan struct{}) bool {
	select {
	case <-quit:
		return true
	default:
		return false
	}
}

// left is what there may be to carry after a look.
type left int

const (
	nothing left = iota
	some         // what was written meanwhile
	held         // messages that wait for an older transaction, or could not be delivered
)

// drain delivers what is there, and tells what there may be afterwards.
func (r *Relay) drain(ctx context.Context, quit <-chan struct{}) left {
	r.did.begins()
	for !ended(quit) {
		n, waits, err := r.outbox.Deliver(ctx, r.db, r.settings.Batch, r.settings.Handle)
		switch {
		case err != nil && ctx.Err() == nil:
			r.did.failures.Add(1)
			r.settings.Logger.LogAttrs(ctx, slog.LevelWarn, "the outbox could not be relayed; it will be tried again",
				slog.String("consumer", r.settings.Consumer), slog.Any("error", err))
			return held
		case waits:
			return held
		case n == 0:
			r.did.carried()
			return nothing
		}
		r.did.messages.Add(int64(n))
		if n < r.settings.Batch {
			return some
		}
	}
	return nothing
}
