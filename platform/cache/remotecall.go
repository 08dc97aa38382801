package cache

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/rueidis"
)

// Why a call of the remote tier brought nothing.
var (
	errTimeout = errors.New("the remote cache did not answer in time")
	errRefused = errors.New("the remote cache is not asked: it is not connected, is ill, or has enough to do")
)

// writersAtOnce write what was loaded.
const writersAtOnce = 2

// answer is what a call brought: a value a key, nil where there is none.
type answer struct {
	values [][]byte
	err    error
}

// get reads keys in one call.
func (r *Remote) get(keys []string) ([][]byte, error) {
	return r.call(func(ctx context.Context, client rueidis.Client) ([][]byte, error) {
		if len(keys) == 1 {
			value, err := client.Do(ctx, client.B().Get().Key(keys[0]).Build()).AsBytes()
			if rueidis.IsRedisNil(err) {
				return [][]byte{nil}, nil
			}
			if said, ok := rueidis.IsRedisErr(err); ok && strings.HasPrefix(said.Error(), "WRONGTYPE") {
				return [][]byte{{}}, nil // something lies there, but nothing of ours
			}
			return [][]byte{value}, err
		}
		messages, err := client.Do(ctx, client.B().Mget().Key(keys...).Build()).ToArray()
		if err != nil {
			return nil, err
		}
		if len(messages) != len(keys) {
			return nil, fmt.Errorf("%d answers to %d keys", len(messages), len(keys))
		}
		values := make([][]byte, len(messages))
		for i := range messages {
			if values[i], err = messages[i].AsBytes(); err != nil && !rueidis.IsRedisNil(err) {
				return nil, err
			}
		}
		return values, nil
	})
}

// set writes a key. What the sidecar says against it (it is full, or a replica) is refusal, an error for whoever counts, but no
// illness: it may be read from.
func (r *Remote) set(key string, value []byte, ttl time.Duration) error {
	said, err := r.call(func(ctx context.Context, client rueidis.Client) ([][]byte, error) {
		err := client.Do(ctx, client.B().Set().Key(key).Value(rueidis.BinaryString(value)).Px(ttl).Build()).Error()
		if _, refusal := rueidis.IsRedisErr(err); refusal {
			return [][]byte{[]byte(err.Error())}, nil
		}
		return nil, err
	})
	if err == nil && len(said) > 0 {
		err = fmt.Errorf("the remote cache refuses a write: %s", said[0])
	}
	return err
}

// call makes one call if the breaker lets it, and ends after Timeout whatever the client does: that one connects by its own time.
func (r *Remote) call(do func(context.Context, rueidis.Client) ([][]byte, error)) ([][]byte, error) {
	client := r.client.Load()
	if client == nil {
		return nil, errRefused
	}
	select {
	case r.slots <- struct{}{}:
	default:
		return nil, errRefused
	}
	if err := r.breaker.Allow(); err != nil {
		<-r.slots
		return nil, errRefused
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.s.Timeout)
	defer cancel()
	began, done := time.Now(), make(chan answer, 1)
	go func() {
		defer func() { <-r.slots }()
		values, err := do(ctx, *client)
		done <- answer{values, err}
	}()
	var a answer
	select {
	case a = <-done:
	case <-ctx.Done():
		a.err = errTimeout
	}
	if errors.Is(a.err, context.DeadlineExceeded) {
		a.err = errTimeout // the breaker takes deadlines for a caller's
	}
	r.breaker.Record(a.err, time.Since(began))
	return a.values, a.err
}

// write does what waits to be written until the tier stops.
func (r *Remote) write(running context.Context) {
	for {
		select {
		case <-running.Done():
			return
		case one := <-r.queue:
			one()
		}
	}
}
