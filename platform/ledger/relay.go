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
	for {
		select {
		case <-quit:
			return
		case <-r.wake:
			patience = soon
		case <-timer.C:
		}
		held := r.drain(ctx, quit)
		// Messages held back by an older transaction are looked for again soon, then less often, up to the poll.
		wait := r.settings.Poll
		if held {
			wait, patience = min(patience, wait), 2*patience
		} else {
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

// drain delivers until nothing is left, and tells whether messages are held back or could not be delivered.
func (r *Relay) drain(ctx context.Context, quit <-chan struct{}) (held bool) {
	r.did.begins()
	for !ended(quit) {
		n, held, err := r.outbox.Deliver(ctx, r.db, r.settings.Batch, r.settings.Handle)
		switch {
		case err != nil && ctx.Err() == nil:
			r.did.failures.Add(1)
			r.settings.Logger.LogAttrs(ctx, slog.LevelWarn, "the outbox could not be relayed; it will be tried again",
				slog.String("consumer", r.settings.Consumer), slog.Any("error", err))
			return true
		case n == 0:
			if !held {
				r.did.carried()
			}
			return held
		}
		r.did.messages.Add(int64(n))
	}
	return false
}
