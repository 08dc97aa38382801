package database

import (
	"sync"

	"github.com/jackc/pgx/v5/stdlib"
)

// heldConn is a connection that a transaction can hold. database/sql closes a connection on which a statement could not even
// be sent, as when its context ended a moment before, and pgxpool then takes it apart in the background: while the transaction
// is still rolling back on it, that is two users of one connection, which pgx answers with a panic. Held, a connection is
// closed only when it is let go.
type heldConn struct {
	*stdlib.Conn

	mu           sync.Mutex
	held, closed bool
}

func (c *heldConn) hold() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = true
}

// letGo ends hold, and closes the connection if that was asked for meanwhile.
func (c *heldConn) letGo() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = false
	if c.closed {
		_ = c.Conn.Close()
	}
}

// Close gives the connection back to its pool, once nobody holds it.
func (c *heldConn) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held {
		c.closed = true
		return nil
	}
	return c.Conn.Close()
}
