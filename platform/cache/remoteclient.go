package cache

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"time"

	"github.com/gomodule/redigo/redis"
)

// databasePath is the path of an address: the number of a database, or nothing.
var databasePath = regexp.MustCompile(`^(/\d*)?$`)

// dialer connects to a Redis or Valkey.
type dialer func(context.Context) (redis.Conn, error)

// newDialer makes one for an address (see RemoteSettings.URL). The error does not quote it, since it may hold a password.
func newDialer(address string, timeout time.Duration) (dialer, error) {
	at, err := url.Parse(address)
	if err != nil {
		return nil, errAddress
	}
	answers := max(20*timeout, 500*time.Millisecond) // a caller waits no longer than timeout; the connection is good for somebody else if it is only slow
	options := []redis.DialOption{redis.DialConnectTimeout(max(20*timeout, 100*time.Millisecond)), redis.DialReadTimeout(answers), redis.DialWriteTimeout(answers),
		redis.DialClientName("bookvault")}
	switch {
	case at.Scheme == "unix" && at.Host == "" && at.Path != "":
		password, _ := at.User.Password()
		options = append(options, redis.DialUsername(at.User.Username()), redis.DialPassword(password))
		return func(ctx context.Context) (redis.Conn, error) {
			return redis.DialContext(ctx, "unix", at.Path, options...)
		}, nil
	case (at.Scheme == "redis" || at.Scheme == "rediss") && at.Host != "" && databasePath.MatchString(at.Path):
		return func(ctx context.Context) (redis.Conn, error) { return redis.DialURLContext(ctx, address, options...) }, nil
	}
	return nil, errAddress
}

// errAddress says what is wrong with an address.
var errAddress = errors.New("the address of the remote cache is none that a Redis or Valkey has; it looks like redis://host:6379/0, rediss://user:password@host:6379 or unix:///path")

// remoteClient is a fixed number of connections; calls wait for one. An answer takes a tenth of a millisecond, and making a connection as long
// as many calls have, so they are made beforehand and kept.
type remoteClient struct{ pool *redis.Pool }

// newRemoteClient makes a client with so many connections, not yet connected.
func newRemoteClient(dial dialer, connections int) *remoteClient {
	return &remoteClient{&redis.Pool{DialContext: dial, MaxIdle: connections, MaxActive: connections, Wait: true}}
}

// connect makes the connections, if it answers.
func (c *remoteClient) connect(ctx context.Context) error {
	for range c.pool.MaxActive {
		conn, err := c.pool.GetContext(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close() }() // it stays in the pool
		if _, err := conn.Do("PING"); err != nil {
			return err
		}
	}
	return nil
}

// do has a connection do something that may be done twice. Connections that were cut while nobody used them, as all are by a restart of the
// server, count for nothing: another one is taken, at last a new one.
func (c *remoteClient) do(ctx context.Context, work func(redis.Conn) ([][]byte, error)) (values [][]byte, err error) {
	for tries := c.pool.IdleCount(); ; tries-- {
		var cut bool
		if values, cut, err = c.once(ctx, work); !cut || tries <= 0 {
			return values, err
		}
	}
}

// once has a connection do something, and tells whether it was cut.
func (c *remoteClient) once(ctx context.Context, work func(redis.Conn) ([][]byte, error)) (values [][]byte, cut bool, err error) {
	conn, err := c.pool.GetContext(ctx)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = conn.Close() }()
	values, err = work(conn)
	late, isNet := errors.AsType[interface {
		error
		Timeout() bool
	}](err)
	return values, err != nil && conn.Err() != nil && (!isNet || !late.Timeout()), err
}

// close hangs up: what nobody uses at once, the others after their call.
func (c *remoteClient) close() { _ = c.pool.Close() }

// refusal tells whether an error is what the server says against a command, which is no illness.
func refusal(err error) (said redis.Error, ok bool) { return errors.AsType[redis.Error](err) }

// valuesOf gives the answers to MGET, nil where there is none.
func valuesOf(conn redis.Conn, keys []string) ([][]byte, error) {
	found, err := redis.ByteSlices(conn.Do("MGET", redis.Args{}.AddFlat(keys)...))
	if err == nil && len(found) != len(keys) {
		err = fmt.Errorf("%d answers to %d keys", len(found), len(keys))
	}
	return found, err
}
