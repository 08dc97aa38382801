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
	// Detour says how reads of a way apart take the usual way while theirs fails, by its name, primary-catalog and so on. Nil: none does.
	Detour func(way string) Detour
}

// Guard puts breakers before all servers, hedges before reads from replicas, and opens detours; it gives the breakers. It must be called before db is used.
func (db *DB) Guard(g Guards) []*resilience.Breaker {
	var all []*resilience.Breaker
	for _, s := range append(db.servers(), db.ways()...) {
		b := g.Breaker(s.name)
		s.breaker.Store(b)
		all = append(all, b)
	}
	for _, way := range db.apart {
		if g.Detour != nil {
			db.openDetour(way, g.Detour(way.primary.name))
		}
	}
	if len(db.replicas) > 0 {
		db.hedges = map[bool]*resilience.Hedge{false: g.Hedge("reads"), true: g.Hedge("searches")}
	}
	return all
}

// Gone tells whether an error says that a server is not there (any more), rather than something about what was asked.
func Gone(err error) bool { return serverGone(err) }

// allow asks to call the server. nil must be followed by record, or by giveBack.
func (s *server) allow() error {
	if b := s.breaker.Load(); b != nil {
		return b.Allow()
	}
	return nil
}

// record tells how a call began that allow let through. Waiting in vain for a connection of our own says nothing of the server.
func (s *server) record(err error, took time.Duration) {
	b := s.breaker.Load()
	switch {
	case b == nil:
	case errors.Is(err, errBusy):
		b.GiveBack()
	default:
		b.Record(err, took)
	}
}

// giveBack gives back the leave to ask that allow gave, since nothing was asked.
func (s *server) giveBack() {
	if b := s.breaker.Load(); b != nil {
		b.GiveBack()
	}
}

// probe is for a question of our own that is asked all the time: its failures count, its successes only while callers are kept away, so
// that they hide nothing. It is asked also while the breaker lets nobody through, since somebody must see that the server is back.
func (s *server) probe(ask func() error) error {
	if s.allow() != nil {
		return ask()
	}
	b, begin := s.breaker.Load(), time.Now()
	closed := b == nil || b.State() == resilience.Closed
	err := ask()
	switch {
	case b == nil:
	case err == nil && closed:
		b.GiveBack()
	case errors.Is(err, context.DeadlineExceeded):
		b.Record(resilience.ErrTooSlow, time.Since(begin)) // the time was ours, and not a caller's
	default:
		b.Record(err, time.Since(begin))
	}
	return err
}

// open tells whether the server's breaker lets nobody through.
func (s *server) open() bool {
	b := s.breaker.Load()
	return b != nil && b.State() == resilience.Open
}

// again has callers try a server at once that was seen to answer while they were kept away, rather than when its breaker's time has passed.
// Connections from before are given up: what they would fail with says nothing of now.
func (s *server) again() {
	if b := s.breaker.Load(); b != nil {
		b.TryNow(func() {
			for _, p := range s.pools() {
				p.pgx.Reset()
			}
		})
	}
}

// OnReturn has fn called when the primary is seen to answer again after it did not, or while callers are kept away from it. It must be called
// before the feed is started.
func (db *DB) OnReturn(fn func()) { db.returns = append(db.returns, fn) }

// returned takes in that the primary answers again, by whichever way it is asked.
func (db *DB) returned() {
	db.primary.again()
	for _, way := range db.ways() {
		way.again()
	}
	for _, fn := range db.returns {
		fn()
	}
}

// ask has a read answered by a server that pick has chosen, and by the primary if that one turns out to be gone or falls silent.
func (r *router) ask(ctx context.Context, s *server, instead bool, read func(context.Context, *sql.DB) error) error {
	if s == r.db.primary {
		return r.askPrimary(ctx, instead, read)
	}
	begin := time.Now()
	waiting, w := s.silent.begin(ctx)
	err := read(waiting, r.pool(s).sql)
	silent := w.over()
	if silent && err == nil {
		err = errSilent // it answered at the last moment, and the rows ended with the wait
	}
	if silent {
		s.record(resilience.ErrTooSlow, time.Since(begin)) // it was us who left, and not a caller
	} else {
		s.record(err, time.Since(begin))
	}
	if !r.failed(ctx, s, err, silent) {
		return err
	}
	if err := r.db.primary.allow(); err != nil {
		return err
	}
	r.chosen(ctx, r.db.primary, time.Now())
	return r.askPrimary(ctx, true, read)
}

// askPrimary has a read answered by the primary, whose breaker has let the call through. instead tells that it stands in for replicas.
func (r *router) askPrimary(ctx context.Context, instead bool, read func(context.Context, *sql.DB) error) error {
	primary := r.db.primary
	if instead {
		leave, err := r.standIn(ctx)
		if err != nil {
			primary.record(err, 0) // nothing was asked
			return err
		}
		defer leave()
		r.db.counts.standIns.Add(1)
	}
	for try := 1; ; try++ {
		begin := time.Now()
		err := read(ctx, r.pool(primary).sql)
		primary.record(err, time.Since(begin))
		// A connection from before a restart is found out by using it; there may be others.
		if err == nil || try == attempts || ctx.Err() != nil || !serverGone(err) || Unreachable(err) || primary.allow() != nil {
			return err
		}
	}
}

// hedged has a query answered, and asks another server too when a replica is late.
func (r *router) hedged(ctx context.Context, s *server, instead bool, query string, args []any) (*sql.Rows, error) {
	asked := func(ctx context.Context, s *server, instead bool) (rows *sql.Rows, err error) {
		err = r.ask(ctx, s, instead, func(ctx context.Context, db *sql.DB) (err error) {
			rows, err = db.QueryContext(ctx, query, args...)
			return err
		})
		return rows, err
	}
	hedge := r.db.hedges[r.search]
	if s == r.db.primary || hedge == nil {
		return asked(ctx, s, instead)
	}
	return resilience.Hedged(ctx, hedge,
		func(ctx context.Context) (*sql.Rows, error) { return asked(ctx, s, instead) },
		func(ctx context.Context) (*sql.Rows, error) {
			other, instead, err := r.pick(ctx, s)
			if err != nil {
				return nil, resilience.ErrNobodyElse
			}
			return asked(ctx, other, instead)
		},
		func(late *sql.Rows) { _ = late.Close() })
}
