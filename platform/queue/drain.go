package queue

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"bookvault/platform/telemetry"
)

const (
	nextWithin   = 10 * time.Second // one wait for a message, after which another one begins
	fetchAtOnce  = 128              // messages
	retryLeast   = 50 * time.Millisecond
	retryMost    = 2 * time.Second
	ackWithin    = 5 * time.Second // of silence, after which an external NATS gives messages to another process
	keepEvery    = time.Second
	handleWithin = 30 * time.Second
)

// drain has the records of a stream written until ctx ends.
func (q *Queue) drain(ctx context.Context, s *store, stream string) {
	for wait := retryLeast; ctx.Err() == nil; wait = min(2*wait, retryMost) {
		c, err := s.consumer(ctx, stream)
		if err == nil {
			err = q.follow(ctx, c)
		}
		if ctx.Err() == nil {
			q.s.Logger.Warn("the queue cannot be read; trying again", "stream", stream, "error", err)
			if s.server != nil && !s.server.JetStreamEnabled() {
				q.breaks(s) // it shut itself down, for want of space most often
			}
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
}

// follow reads messages and writes them, in transactions as large as what waits allows; one after a pause goes at once.
func (q *Queue) follow(ctx context.Context, c jetstream.Consumer) error {
	var began time.Time
	for ctx.Err() == nil {
		waiting, cancel := context.WithTimeout(ctx, nextWithin)
		first, err := c.Next(jetstream.FetchContext(waiting))
		over := waiting.Err() != nil
		cancel()
		if err != nil && (over || errors.Is(err, nats.ErrTimeout)) {
			continue
		}
		if err != nil {
			return err
		}
		messages, err := q.gather(ctx, c, first, began)
		began = time.Now()
		if err == nil {
			err = q.write(ctx, messages)
		}
		if err != nil {
			q.giveBack(messages)
			return err
		}
	}
	return ctx.Err()
}

// gather takes what waits behind a first message, until that is enough for a transaction, or there is no more and the pause since the one before
// is over.
func (q *Queue) gather(ctx context.Context, c jetstream.Consumer, first jetstream.Msg, began time.Time) ([]jetstream.Msg, error) {
	messages := []jetstream.Msg{first}
	for records := count(first); records < q.s.FlushRecords; {
		batch, err := c.FetchNoWait(fetchAtOnce)
		if err != nil {
			return messages, err
		}
		got := 0
		for m := range batch.Messages() {
			messages, records, got = append(messages, m), records+count(m), got+1
		}
		if pause := q.s.FlushEvery - time.Since(began); got > 0 {
			continue
		} else if pause <= 0 {
			break
		} else {
			select {
			case <-ctx.Done():
				return messages, ctx.Err()
			case <-time.After(pause):
			}
		}
	}
	return messages, nil
}

// giveBack lets other processes on an external NATS have messages that were not written, which they would else get after AckWait.
func (q *Queue) giveBack(messages []jetstream.Msg) {
	if q.s.URL == "" {
		return // the next reader of our own store has them anyway
	}
	for _, m := range messages {
		_ = m.Nak() // of those that were let go of it says so; without a connection they come after AckWait
	}
}

// tracesOf gives the spans of whoever published what messages hold.
func tracesOf(messages []jetstream.Msg) (all []string) {
	if !telemetry.Tracing() {
		return nil
	}
	for _, m := range messages {
		all = append(all, m.Headers()[telemetry.MessageHeader]...)
	}
	return all
}

func count(m jetstream.Msg) int {
	n, _ := strconv.Atoi(m.Headers().Get("Records"))
	return max(1, n)
}

// write has what messages hold written, and then lets go of them. The error is that ctx ended; then they are kept.
func (q *Queue) write(ctx context.Context, messages []jetstream.Msg) (err error) {
	defer q.keep(messages)()
	ctx, end := telemetry.Following(ctx, "flush the queue", tracesOf(messages), telemetry.Count("messaging.batch.message_count", len(messages)))
	defer func() { end(err) }()
	topics, order := map[string][]Record{}, []string(nil)
	for _, m := range messages {
		records, err := decode(m.Data())
		if err != nil {
			if err := q.putAside(ctx, []Record{{Body: m.Data()}}, err); err != nil {
				return err
			}
			continue
		}
		for _, r := range records {
			if _, known := topics[r.Topic]; !known {
				order = append(order, r.Topic)
			}
			topics[r.Topic] = append(topics[r.Topic], r)
		}
	}
	for _, topic := range order {
		for records := topics[topic]; len(records) > 0; {
			n := min(len(records), q.s.FlushRecords)
			if err := q.settle(ctx, topic, records[:n]); err != nil {
				return err
			}
			records = records[n:]
		}
	}
	for _, m := range messages {
		if err := m.Ack(); err != nil {
			return fmt.Errorf("let go of a message: %w", err)
		}
	}
	return nil
}

// keep tells an external NATS, until it is stopped, that messages are being written, however long the database takes: it would else give them to
// another process.
func (q *Queue) keep(messages []jetstream.Msg) (stop func()) {
	if q.s.URL == "" {
		return func() {}
	}
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-end:
				return
			case <-time.After(keepEvery):
			}
			for _, m := range messages {
				_ = m.InProgress() // when it fails, they come again
			}
		}
	}()
	return func() { close(end); <-ended }
}

// settle has records written, or put aside; it tries until it has, or ctx ends.
func (q *Queue) settle(ctx context.Context, topic string, records []Record) error {
	for wait := retryLeast; ; wait = min(2*wait, retryMost) {
		begin := time.Now()
		err := q.handle(ctx, topic, records)
		if err == nil {
			q.metrics.flushed(len(records), time.Since(begin))
			return nil
		}
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case q.refuses(err) && len(records) > 1:
			half := len(records) / 2
			if err := q.settle(ctx, topic, records[:half]); err != nil {
				return err
			}
			return q.settle(ctx, topic, records[half:])
		case q.refuses(err):
			return q.putAside(ctx, records, err)
		}
		q.again(ctx, wait, "records cannot be written into the database; trying again", err)
	}
}

// again waits before another attempt.
func (q *Queue) again(ctx context.Context, wait time.Duration, what string, err error) {
	q.metrics.retries.Add(1)
	q.s.Logger.Warn(what, "error", err)
	select {
	case <-ctx.Done():
	case <-time.After(wait):
	}
}

// errHandler marks what is the record's fault by itself: nobody handles it, it cannot be read, or handling it panicked.
var errHandler = errors.New("it cannot be handled")

// Refuse is the error of a handler that cannot make sense of a record, as fmt.Errorf words it.
func Refuse(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errHandler, fmt.Errorf(format, args...))
}

func (q *Queue) refuses(err error) bool { return errors.Is(err, errHandler) || q.s.Refuses(err) }

// handle calls the handler of a topic once.
func (q *Queue) handle(ctx context.Context, topic string, records []Record) (err error) {
	h := q.handlers[topic]
	if h == nil {
		return fmt.Errorf("%w: there is no handler of %q", errHandler, topic)
	}
	defer func() {
		if fault := recover(); fault != nil { // it would end the process, again and again
			err = fmt.Errorf("%w: the handler of %q panicked: %v", errHandler, topic, fault)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, handleWithin)
	defer cancel()
	ctx, end := telemetry.Span(ctx, "write "+topic, telemetry.Count("records", len(records)))
	defer func() { end(err) }()
	return h(ctx, records)
}

// putAside keeps records that were refused, with the reason; it tries until they are kept, or ctx ends.
func (q *Queue) putAside(ctx context.Context, records []Record, why error) error {
	refused := make([]Poisoned, len(records))
	for i, r := range records {
		refused[i] = Poisoned{Record: r, Reason: why.Error()}
	}
	for wait := retryLeast; ctx.Err() == nil; wait = min(2*wait, retryMost) {
		err := q.s.Aside.Put(ctx, refused)
		if err == nil {
			q.metrics.poisoned.Add(int64(len(refused)))
			q.s.Logger.Error("a record was put aside: bookvault queue status shows it, bookvault queue retry tries it again", "topic", records[0].Topic, "reason", why)
			return nil
		}
		q.again(ctx, wait, "a record cannot be put aside; trying again", err)
	}
	return ctx.Err()
}
