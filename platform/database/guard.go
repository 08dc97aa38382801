package database

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"bookvault/platform/resilience"
)

// Guards stand before the servers (pattern 5).
type Guards struct {
	// Breaker makes the breaker of a server by its name, primary, replica-1 and so on. What counts against a server is Gone.
	Breaker func(server string) *resilience.Breaker
	// Hedge makes the hedge of reads from replicas, of those through Read ("reads") and through Search ("searches").
	Hedge func(what string) *resilience.Hedge
}

// Guard puts breakers before all servers, and hedges before reads from replicas; it gives the breakers. It must be called before db is used.
func (db *DB) Guard(g Guards) []*resilience.Breaker {
	var all []*resilience.Breaker
	for _, s := range append(db.servers(), db.apart...) {
		s.breaker = g.Breaker(s.name)
		all = append(all, s.breaker)
	}
	if len(db.replicas) > 0 {
		db.hedges = map[bool]*resilience.Hedge{false: g.Hedge("reads"), true: g.Hedge("searches")}
	}
	return all
}

// Gone tells whether an error says that a server is not there (any more), rather than something about what was asked.
func Gone(err error) bool { return serverGone(err) }

// allow asks to call the server. nil must be followed by record.
func (s *server) allow() error {
	if s.breaker == nil {
		return nil
	}
	return s.breaker.Allow()
}

// record tells how a call began that allow let through. Waiting in vain for a connection of our own says nothing of the server.
func (s *server) record(err error, took time.Duration) {
	switch {
	case s.breaker == nil:
	case errors.Is(err, errBusy):
		s.breaker.GiveBack()
	default:
		s.breaker.Record(err, took)
	}
}

// probe is for a question of our own that is asked all the time: its failures count, its successes only while callers are kept away, so
// that they hide nothing.
func (s *server) probe(ask func() error) error {
	if err := s.allow(); err != nil {
		return err
	}
	closed, begin := s.breaker == nil || s.breaker.State() == resilience.Closed, time.Now()
	err := ask()
	switch {
	case s.breaker == nil:
	case err == nil && closed:
		s.breaker.GiveBack()
	case errors.Is(err, context.DeadlineExceeded):
		s.breaker.Record(resilience.ErrTooSlow, time.Since(begin)) // the time was ours, and not a caller's
	default:
		s.breaker.Record(err, time.Since(begin))
	}
	return err
}

// query runs a query on a server that pick has chosen, and on the primary if that one turns out to be gone.
func (r *router) query(ctx context.Context, s *server, query string, args []any) (*sql.Rows, error) {
	begin := time.Now()
	rows, err := r.pool(s).sql.QueryContext(ctx, query, args...)
	s.record(err, time.Since(begin))
	if !r.failed(ctx, s, err) {
		return rows, err
	}
	primary := r.db.primary
	if err := primary.allow(); err != nil {
		return nil, err
	}
	r.db.note(ctx, primary, time.Now())
	begin = time.Now()
	rows, err = r.pool(primary).sql.QueryContext(ctx, query, args...)
	primary.record(err, time.Since(begin))
	return rows, err
}

// hedged is query, and once more on another server when a replica is late.
func (r *router) hedged(ctx context.Context, s *server, query string, args []any) (*sql.Rows, error) {
	hedge := r.db.hedges[r.search]
	if s == r.db.primary || hedge == nil {
		return r.query(ctx, s, query, args)
	}
	return resilience.Hedged(ctx, hedge,
		func(ctx context.Context) (*sql.Rows, error) { return r.query(ctx, s, query, args) },
		func(ctx context.Context) (*sql.Rows, error) {
			other, err := r.pick(ctx, s)
			if err != nil {
				return nil, resilience.ErrNobodyElse
			}
			return r.query(ctx, other, query, args)
		},
		func(late *sql.Rows) { _ = late.Close() })
}
