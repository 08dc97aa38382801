package database

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// cancelPatience is how long the server may take to hear that a statement is to end, and to end it.
const cancelPatience = time.Second

// canceller ends a statement on the server when its caller leaves, and keeps the connection.
//
// pgx's own handler gives up the request to cancel when the statement ends before it, and then waits for a while that it calls
// arbitrary. On a busy machine that is too short: the request arrives late and ends the next caller's statement. This one waits
// until the server has closed the request's connection, which it does after it has signalled the statement's process; a signal that
// finds the process idle is ignored. Where the server does not answer in time the connection is given up instead.
type canceller struct {
	conn     *pgconn.PgConn
	patience time.Duration // for the request, and for the statement's end after it

	answered chan bool // whether the server took the request
}

// HandleCancel is called when the caller has left. A server that has fallen silent is told nothing, and its connection is given up at once:
// whoever waits is to be answered by another.
func (c *canceller) HandleCancel(left context.Context) {
	if errors.Is(context.Cause(left), errSilent) {
		_ = c.conn.Conn().SetDeadline(time.Now())
		c.answered = make(chan bool, 1)
		c.answered <- false
		return
	}
	deadline := time.Now().Add(c.patience)
	_ = c.conn.Conn().SetDeadline(deadline) // a connection that is closed already needs none
	answered := make(chan bool, 1)
	c.answered = answered
	go func() {
		ctx, cancel := context.WithDeadline(context.Background(), deadline)
		defer cancel()
		err := c.conn.CancelRequest(ctx)
		// It tells nothing of a reading that the deadline ended.
		answered <- err == nil && time.Now().Before(deadline)
	}()
}

// HandleUnwatchAfterCancel is called when the statement has ended, and before anybody else gets the connection.
func (c *canceller) HandleUnwatchAfterCancel() {
	if <-c.answered {
		_ = c.conn.Conn().SetDeadline(time.Time{}) // as above
		return
	}
	_ = c.conn.Close(context.Background()) // nobody knows when the request will be carried out
}
