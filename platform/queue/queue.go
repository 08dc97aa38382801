// Package queue is a durable queue between a request and the database (pattern 14): what is published is on disk when Publish returns,
// and handlers write it into the database in batches, behind.
//
// The disk is NATS JetStream's. By default a server of it runs inside this process, listens nowhere and syncs every write; its store is
// a folder that one process holds (store.go). With a URL an external NATS is used instead. Records that are published at the same time
// share one message, so that they share one sync (publish.go). What a handler refuses is put aside with the reason, so that it holds up
// nothing (drain.go). A record may be handed to its handler more than once, after a crash: handlers must not mind.
//
// The package knows neither the database nor what is written; modules/<name>/layers publish and handle, and platform/queue/aside keeps
// what was refused.
package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bookvault/platform/problem"
)

// Handler writes records of its topic, in the order given, in one transaction. An error that Settings.Refuses blames on the records has
// them tried in halves, until those at fault are put aside; after any other one all are tried again until it succeeds.
type Handler func(ctx context.Context, records []Record) error

// Poisoned is a record that its handler refuses.
type Poisoned struct {
	Record
	Reason string
}

// Aside keeps records that were refused. It must be able to take any.
type Aside interface {
	Put(ctx context.Context, refused []Poisoned) error
}

// Settings of a queue.
type Settings struct {
	Dir string // of the stores, when there is no URL

	URL      string // of an external NATS with JetStream; empty: one inside this process
	Replicas int    // of each message there; 1

	Partitions    int           // messages of one are written in order; 1
	MaxBytes      int64         // of all that waits; 256 MiB
	MinFree       int64         // bytes of the disk that are left to others; 64 MiB
	MaxWaiting    int           // records that wait to be published; 10,000
	PublishWithin time.Duration // time for a message to be on disk, outside of this machine a second at most; 5 s
	FlushRecords  int           // of one transaction at most; 5,000
	FlushEvery    time.Duration // time between the beginnings of two transactions of less than that; 25 ms
	TakeOverEvery time.Duration // time between two looks for stores of processes that died; 30 s

	Refuses  func(error) bool // whether an error of a handler is the records' fault
	Aside    Aside
	Registry prometheus.Registerer // nil: no metrics
	Logger   *slog.Logger
}

func (s *Settings) complete() {
	setDefault(&s.Replicas, 1)
	setDefault(&s.Partitions, 1)
	setDefault(&s.MaxBytes, 256<<20)
	setDefault(&s.MinFree, 64<<20)
	setDefault(&s.MaxWaiting, 10_000)
	setDefault(&s.PublishWithin, 5*time.Second)
	if s.URL != "" {
		s.PublishWithin = min(s.PublishWithin, time.Second)
	}
	setDefault(&s.FlushRecords, 5000)
	setDefault(&s.FlushEvery, 25*time.Millisecond)
	setDefault(&s.TakeOverEvery, 30*time.Second)
	if s.Refuses == nil {
		s.Refuses = func(error) bool { return false }
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
}

func setDefault[T int | int64 | time.Duration](value *T, standard T) {
	if *value <= 0 {
		*value = standard
	}
}

// Queue takes records and has them written. Make it with New, name the handlers, then Start.
type Queue struct {
	s        Settings
	handlers map[string]Handler
	lanes    []*lane
	metrics  *metrics

	store  atomic.Pointer[store] // nil while there is none to publish to
	own    atomic.Int64          // the number of our store, which we do not take over from ourselves; 0: none yet
	broken chan *store           // says that a store failed
	alone  atomic.Int64          // Unix nanoseconds until which an external one that failed is left alone; 0: it is well

	lock  sync.Mutex
	state state
	quit  context.CancelFunc
	done  chan struct{}
}

type state int

const (
	fresh state = iota
	running
	stopped
)

// New makes a queue. It opens nothing yet.
func New(s Settings) *Queue {
	s.complete()
	q := &Queue{s: s, handlers: map[string]Handler{}, broken: make(chan *store, 1)}
	for n := range s.Partitions {
		q.lanes = append(q.lanes, &lane{q: q, partition: n})
	}
	q.metrics = newMetrics(q)
	if s.Registry != nil {
		s.Registry.MustRegister(q)
	}
	return q
}

// Handle names the handler of a topic, before Start.
func (q *Queue) Handle(topic string, h Handler) { q.handlers[topic] = h }

// backlogWithin bounds the wait of Start for what an earlier process left.
const backlogWithin = 10 * time.Second

// Start opens the store, with what an earlier process left in it, and begins to write. It returns when what was left is written, so that
// whoever asks the database sees it; if that takes long, it goes on behind. Starting twice is one start.
func (q *Queue) Start(ctx context.Context) error {
	q.lock.Lock()
	defer q.lock.Unlock()
	if q.state != fresh {
		return nil
	}
	first, err := q.open(ctx)
	if err != nil {
		return fmt.Errorf("open the queue: %w", err)
	}
	run, quit := context.WithCancel(context.WithoutCancel(ctx))
	q.state, q.quit, q.done = running, quit, make(chan struct{})
	go q.supervise(run, first)
	waiting, cancel := context.WithTimeout(ctx, backlogWithin)
	defer cancel()
	if err := q.Drained(waiting); err != nil && ctx.Err() == nil {
		q.s.Logger.Warn("what the queue held from before is still being written", "error", err)
	}
	return ctx.Err()
}

// Stop takes no more records, writes those that it can until ctx ends, and closes the store, which keeps the rest. It is safe before
// Start and twice.
func (q *Queue) Stop(ctx context.Context) error {
	q.lock.Lock()
	defer q.lock.Unlock()
	if q.state != running {
		return nil
	}
	q.state = stopped
	for _, l := range q.lanes {
		l.close()
	}
	within, cancel := withinHalf(ctx) // others have to stop after us
	defer cancel()
	left := q.Drained(within)
	q.quit()
	<-q.done
	if left != nil {
		q.s.Logger.Warn("the queue was not empty when it was closed; what it holds is kept for the next start", "error", left)
	}
	return nil
}

// withinHalf leaves half of the time that is left.
func withinHalf(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline, bounded := ctx.Deadline()
	if !bounded {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)/2)
}

// Drained waits until nothing is left to be written.
func (q *Queue) Drained(ctx context.Context) error {
	for {
		left := -1
		if s := q.store.Load(); s != nil {
			if depth, err := s.depth(ctx); err == nil && depth.Messages == 0 {
				return nil
			} else if err == nil {
				left = depth.Messages
			}
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d messages are left (-1: it is not known how many): %w", left, ctx.Err())
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// Apply hands records to their handler at once: for those that were put aside.
func (q *Queue) Apply(ctx context.Context, records ...Record) error {
	for _, r := range records {
		if err := q.handle(ctx, r.Topic, []Record{r}); err != nil {
			return err
		}
	}
	return nil
}

// retryAfter is what a client is told to wait when the queue takes nothing.
const retryAfter = 2 * time.Second

func refusal(code, detail string, cause error) error {
	e := problem.New(problem.Unavailable, code, "%s", detail).Because(cause)
	e.RetryAfter = retryAfter
	return e
}

// Why a record is not taken. All are problems of kind Unavailable, and nothing of the record stays.
var (
	ErrFull    = errors.New("the queue is full")
	ErrNoSpace = errors.New("the disk of the queue is full")
	ErrClosed  = errors.New("the queue is closed")
	ErrFailed  = errors.New("the queue cannot be written to")
)

// Fails tells of an error of Publish whether the queue cannot be written to. One that is full is well, and waits for the database; where the
// disk is full nothing more is to be written at all.
func Fails(err error) bool { return errors.Is(err, ErrFailed) }

// explain words for a client why nothing was taken.
func explain(err error) error {
	switch {
	case errors.Is(err, ErrFull):
		return refusal("queue_full", "More is waiting to be written than can wait. Nothing was changed; please try again in a moment.", err)
	case errors.Is(err, ErrNoSpace):
		return refusal("queue_no_space", "There is no space left to keep this safely. Nothing was changed; please try again later.", err)
	}
	return refusal("queue_unavailable", "This cannot be kept safely right now. Please try again in a moment.", err)
}

// supervise writes what a store holds until ctx ends; a store that fails is closed and opened again.
func (q *Queue) supervise(ctx context.Context, s *store) {
	defer close(q.done)
	var adopting sync.WaitGroup
	if q.s.URL == "" {
		adopting.Go(func() { q.adopt(ctx) })
	}
	defer adopting.Wait()
	for s != nil {
		q.store.Store(s)
		draining, stop := context.WithCancel(ctx)
		var all sync.WaitGroup
		for _, name := range s.streams {
			all.Go(func() { q.drain(draining, s, name) })
		}
		failed := false
		for !failed && ctx.Err() == nil {
			select {
			case <-ctx.Done():
			case which := <-q.broken:
				failed = which == s
			}
		}
		q.store.Store(nil)
		stop()
		all.Wait()
		s.close()
		if ctx.Err() != nil {
			return
		}
		s = q.reopen(ctx)
	}
}

// reopenEvery is the time between two attempts to open a store that failed.
const reopenEvery = 250 * time.Millisecond

// reopen opens the store again, as soon as that can be; nil when ctx ended before.
func (q *Queue) reopen(ctx context.Context) *store {
	q.s.Logger.Error("the queue failed, and takes nothing until its store can be opened again")
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(reopenEvery):
		}
		if q.s.URL == "" && q.space() != nil {
			continue
		}
		s, err := q.open(ctx)
		if err == nil {
			q.s.Logger.Info("the queue is open again")
			q.metrics.reopened.Add(1)
			return s
		}
		q.s.Logger.Warn("the queue cannot be opened yet", "error", err)
	}
}
