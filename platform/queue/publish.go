package queue

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"bookvault/platform/telemetry"
)

// lane publishes the records of one partition, a message at a time. Who comes while a message is on its way to the disk waits for the
// next one, with all others who do; so there is no timer, and under load a sync carries many.
type lane struct {
	q         *Queue
	partition int

	lock    sync.Mutex
	waiting *batch
	busy    bool
	closed  bool
	failed  string // the id of the last message of which nobody knows whether it was stored
}

// batch is what goes into one message.
type batch struct {
	records []*Record
	bytes   int
	traces  []string      // the spans of those who published them, where they are traced
	done    chan struct{} // closed when it is on disk, or is not
	err     error
}

// partitionSeed need not be the same in the next process: order holds among what one process publishes.
var partitionSeed = maphash.MakeSeed()

// Publish returns when a record is on disk. The error is a problem of kind Unavailable with a time to wait; then it was not taken. When
// ctx ends first, it may be.
func (q *Queue) Publish(ctx context.Context, r Record) (err error) {
	if len(r.Body) > bodyAtMost || q.handlers[r.Topic] == nil {
		return fmt.Errorf("publish %q: no handler, or a body of %d bytes", r.Topic, len(r.Body))
	}
	ctx, traceparent, end := telemetry.Producing(ctx, "publish "+r.Topic)
	defer func() { end(err) }()
	n := maphash.Comparable(partitionSeed, r.Key) % uint64(len(q.lanes))
	b, err := q.lanes[n].join(&r, traceparent)
	if err != nil {
		q.metrics.refused.Add(1)
		return explain(err)
	}
	select {
	case <-b.done:
	case <-ctx.Done():
		return ctx.Err()
	}
	if b.err != nil {
		q.metrics.refused.Add(1)
		return explain(b.err)
	}
	q.metrics.accepted.Add(1)
	return nil
}

// join puts a record into the next message, and sees to it that somebody publishes.
func (l *lane) join(r *Record, traceparent string) (*batch, error) {
	l.lock.Lock()
	defer l.lock.Unlock()
	switch {
	case l.closed:
		return nil, ErrClosed
	case l.q.store.Load() == nil, l.q.leftAlone(l.busy):
		return nil, ErrFailed
	case l.waiting != nil && (len(l.waiting.records) >= l.q.s.MaxWaiting/len(l.q.lanes) || l.waiting.bytes+r.size() > batchAtMost):
		return nil, ErrFull
	}
	if l.waiting == nil {
		l.waiting = &batch{done: make(chan struct{})}
	}
	b := l.waiting
	b.records, b.bytes = append(b.records, r), b.bytes+r.size()
	if traceparent != "" && len(b.traces) < tracesAtMost {
		b.traces = append(b.traces, traceparent)
	}
	if !l.busy {
		l.busy = true
		go l.publish()
	}
	return b, nil
}

// close lets nobody in any more, and waits for those who are.
func (l *lane) close() {
	l.lock.Lock()
	l.closed = true
	l.lock.Unlock()
	for {
		l.lock.Lock()
		busy := l.busy
		l.lock.Unlock()
		if !busy {
			return
		}
		time.Sleep(time.Millisecond) // at most PublishWithin
	}
}

// publish sends messages until nobody waits.
func (l *lane) publish() {
	for {
		l.lock.Lock()
		b := l.waiting
		l.waiting, l.busy = nil, b != nil
		l.lock.Unlock()
		if b == nil {
			return
		}
		b.err = l.send(b)
		close(b.done)
	}
}

// tracesAtMost is how many of those who published a message it names, so that its header stays small.
const tracesAtMost = 32

// idHeader names a message, so that one whose storing failed half way is recognised.
const idHeader = "Bookvault-Id"

// send has a message stored.
func (l *lane) send(b *batch) error {
	s := l.q.store.Load()
	if s == nil {
		return ErrFailed
	}
	if err := l.q.space(); err != nil {
		return err
	}
	var random [16]byte
	for i := range random {
		random[i] = byte(rand.Uint32())
	}
	id := hex.EncodeToString(random[:])
	msg := &nats.Msg{Subject: subject(l.partition), Data: encode(b.records), Header: nats.Header{}}
	msg.Header.Set(idHeader, id)
	msg.Header.Set("Records", strconv.Itoa(len(b.records)))
	if len(b.traces) > 0 {
		msg.Header[telemetry.MessageHeader] = b.traces
	}
	ctx, cancel := context.WithTimeout(context.Background(), l.q.s.PublishWithin)
	defer cancel()
	begin := time.Now()
	_, err := s.js.PublishMsg(ctx, msg, jetstream.WithRetryAttempts(0))
	l.q.metrics.published(len(b.records), time.Since(begin))
	if err == nil || full(err) {
		l.q.alone.Store(0)
	}
	if err == nil {
		return nil
	}
	if full(err) {
		return fmt.Errorf("%w: %w", ErrFull, err)
	}
	l.lock.Lock()
	l.failed = id
	l.lock.Unlock()
	l.q.s.Logger.Error("a message could not be stored in the queue", "records", len(b.records), "error", err)
	l.q.breaks(s)
	if noSpace(err) {
		return fmt.Errorf("%w: %w", ErrNoSpace, err)
	}
	return fmt.Errorf("%w: %w", ErrFailed, err)
}

// full tells whether JetStream refused a message since as much waits as may wait; nothing is wrong with the store then.
func full(err error) bool {
	refused, ok := errors.AsType[*jetstream.APIError](err)
	return ok && (strings.Contains(refused.Description, "maximum") || refused.ErrorCode == 10047)
}

func noSpace(err error) bool { return strings.Contains(err.Error(), "no space left") }

// pause is for how long nobody waits for an external store that failed; then one message tries, for which nobody else waits.
const pause = 2 * time.Second

// leftAlone tells whether an external store that failed is not to be waited for. busy: somebody is trying.
func (q *Queue) leftAlone(busy bool) bool {
	until := q.alone.Load()
	return until > 0 && (busy || time.Now().UnixNano() < until)
}

// breaks has a store closed, and opened again. Until then nothing is taken.
func (q *Queue) breaks(s *store) {
	if q.s.URL != "" { // the connection mends itself
		q.alone.Store(time.Now().Add(pause).UnixNano())
		return
	}
	if q.store.CompareAndSwap(s, nil) {
		select {
		case q.broken <- s:
		default: // it is known already
		}
	}
}

// takeFailed gives the ids of messages of which it is not known whether they are stored, by partition, and forgets them.
func (q *Queue) takeFailed() map[int]string {
	ids := map[int]string{}
	for _, l := range q.lanes {
		l.lock.Lock()
		if l.failed != "" {
			ids[l.partition] = l.failed
		}
		l.failed = ""
		l.lock.Unlock()
	}
	return ids
}
