package cache

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gomodule/redigo/redis"
)

// Why a call of the remote tier brought nothing.
var (
	errTimeout = errors.New("the remote cache did not answer in time")
	errRefused = errors.New("the remote cache is not asked: it is not connected, is ill, or has enough to do")
)

// writersAtOnce write what was loaded, by a part of the connections.
func (s RemoteSettings) writersAtOnce() int { return max(2, s.Conns/4) }

// answer is what a call brought: a value a key, nil where there is none.
type answer struct {
	values [][]byte
	err    error
}

// get reads keys in one call.
func (r *Remote) get(keys []string) ([][]byte, error) {
	return r.call(func(ctx context.Context, client *remoteClient) ([][]byte, error) {
		return client.do(ctx, func(conn redis.Conn) ([][]byte, error) {
			if len(keys) > 1 {
				return valuesOf(conn, keys)
			}
			value, err := redis.Bytes(conn.Do("GET", keys[0]))
			if errors.Is(err, redis.ErrNil) {
				return [][]byte{nil}, nil
			}
			if said, ok := refusal(err); ok && strings.HasPrefix(said.Error(), "WRONGTYPE") {
				return [][]byte{{}}, nil // something lies there, but nothing of ours
			}
			return [][]byte{value}, err
		})
	})
}

// set writes a key. What the sidecar says against it (it is full, or a replica) is refusal, an error for whoever counts, but no
// illness: it may be read from.
func (r *Remote) set(key string, value []byte, ttl time.Duration) error {
	said, err := r.call(func(ctx context.Context, client *remoteClient) ([][]byte, error) {
		return client.do(ctx, func(conn redis.Conn) ([][]byte, error) {
			_, err := conn.Do("SET", key, value, "PX", ttl.Milliseconds())
			if _, refused := refusal(err); refused {
				return [][]byte{[]byte(err.Error())}, nil
			}
			return nil, err
		})
	})
	if err == nil && len(said) > 0 {
		err = fmt.Errorf("the remote cache refuses a write: %s", said[0])
	}
	return err
}

// call makes one call if the breaker lets it, and ends after Timeout whatever the client does: that one connects by its own time.
func (r *Remote) call(do func(context.Context, *remoteClient) ([][]byte, error)) ([][]byte, error) {
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
	late := time.NewTimer(r.s.Timeout)
	defer late.Stop()
	began, done := time.Now(), make(chan answer, 1)
	go func() {
		defer func() { <-r.slots }()
		values, err := do(context.Background(), client)
		done <- answer{values, err}
	}()
	var a answer
	select {
	case a = <-done:
	case <-late.C:
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
