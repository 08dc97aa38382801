package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"bookvault/platform/wal"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/plugin/dbresolver"
)

// readResolver and searchResolver name the two sets of pools to dbresolver. A statement that names none has dbresolver look for the names of
// its tables by a regular expression over the whole text: a twentieth of BookVault's processor time at the desk.
const readResolver, searchResolver = "read", "search"

// avoidAfterFailure is how long a replica gets no reads after one failed for want of it. The watcher knows sooner or later
// for good; this bridges the time until it does.
const avoidAfterFailure = time.Second

// openGORM puts GORM and dbresolver over our pools. dbresolver has no health checks and hands its policies no context, so it is
// given exactly one replica a set, which is our own router: it has the context of each query.
func (db *DB) openGORM() (*gorm.DB, error) {
	g, err := gorm.Open(onConn(db.primary.main.sql), &gorm.Config{
		SkipDefaultTransaction: true, // one statement is one transaction already
		TranslateError:         true,
		DisableAutomaticPing:   true, // Open has asked the primary, and a search need not cost a connection before the first one
		Logger:                 statementLog{db.settings.Logger},
	})
	if err != nil {
		return nil, fmt.Errorf("opening GORM: %w", err)
	}
	resolver := dbresolver.Register(dbresolver.Config{
		Replicas: []gorm.Dialector{onConn(&router{db: db})},
	}, readResolver).Register(dbresolver.Config{
		Sources:  []gorm.Dialector{onConn(db.primary.search.sql)},
		Replicas: []gorm.Dialector{onConn(&router{db: db, search: true})},
	}, searchResolver)
	if err := g.Use(resolver); err != nil {
		return nil, fmt.Errorf("opening dbresolver: %w", err)
	}
	return g, errors.Join(
		g.Callback().Create().Before("*").Register("bookvault:in_tx", onlyInTx),
		g.Callback().Update().Before("*").Register("bookvault:in_tx", onlyInTx),
		g.Callback().Delete().Before("*").Register("bookvault:in_tx", onlyInTx),
		g.Callback().Raw().Before("*").Register("bookvault:in_tx", onlyInTx),
	)
}

func onConn(c gorm.ConnPool) gorm.Dialector {
	return discreet{postgres.New(postgres.Config{Conn: c}).(*postgres.Dialector)}
}

// discreet keeps the values of parameters out of the log, where names, addresses and hashes have no business.
type discreet struct{ *postgres.Dialector }

// Explain gives a statement for the log, with its placeholders.
func (discreet) Explain(sql string, _ ...any) string { return sql }

// ErrNotInTx says that a write was tried outside InTx, where nobody would remember what its author must see afterwards.
var ErrNotInTx = errors.New("writes belong into database.InTx")

func onlyInTx(tx *gorm.DB) {
	if _, ok := tx.Statement.ConnPool.(gorm.TxCommitter); !ok {
		_ = tx.AddError(ErrNotInTx)
	}
}

// router is the one replica that dbresolver knows: a gorm.ConnPool that chooses a server for each query.
type router struct {
	db     *DB
	search bool // on the connections for searches
}

func (r *router) pool(s *server) *pool {
	if r.search {
		return s.search
	}
	return s.main
}

// pick chooses the server for a read, whose breaker has let the call through: of the replicas that are up, not too far behind and fresh
// enough for this reader two at random, and of these the one with fewer connections in use (the power of two choices: as good as asking
// all, and nobody runs after the one that was idle a moment ago); else the primary. instead tells that the primary stands in for replicas.
// besides is one that is not wanted, or nil.
func (r *router) pick(ctx context.Context, besides *server) (s *server, instead bool, err error) {
	now := time.Now()
	r.db.reading(now)
	needs, on := r.db.needs(ctx), r.db.useReplicas.Load() && len(r.db.replicas) > 0
	if needs != wal.Beyond && on {
		for not := []*server{besides}; ; {
			s := r.choose(needs, now, not)
			if s == nil {
				break
			}
			if s.allow() == nil {
				return r.chosen(ctx, s, now), false, nil
			}
			not = append(not, s)
		}
	}
	if err := r.db.primary.allow(); err != nil {
		return nil, false, err
	}
	return r.chosen(ctx, r.db.primary, now), on && ctx.Value(primaryKey{}) == nil, nil
}

// Choice names the server that a read of a context would be put to now: the whole of the decision but for breakers, and no read.
func (db *DB) Choice(ctx context.Context) string {
	r, s, now := router{db: db}, db.primary, time.Now()
	db.reading(now)
	if needs := db.needs(ctx); needs != wal.Beyond && db.useReplicas.Load() {
		if replica := r.choose(needs, now, nil); replica != nil {
			s = replica
		}
	}
	db.note(ctx, s, now)
	return s.name
}

func (r *router) chosen(ctx context.Context, s *server, now time.Time) *server {
	s.reads.Add(1)
	r.db.note(ctx, s, now)
	return s
}

// choose gives a replica that may answer and is none of those named; nil when there is none.
func (r *router) choose(needs wal.Position, now time.Time, not []*server) *server {
	var room [8]*server
	fresh := room[:0]
	for _, s := range r.db.replicas {
		if !slices.Contains(not, s) && s.fresh(r.db, needs, now) {
			fresh = append(fresh, s)
		}
	}
	switch n := len(fresh); n {
	case 0:
		return nil
	case 1:
		return fresh[0]
	default:
		one := rand.IntN(n)
		other := (one + 1 + rand.IntN(n-1)) % n
		if r.inUse(fresh[other]) < r.inUse(fresh[one]) {
			one = other
		}
		return fresh[one]
	}
}

// note tells the reader of a context what the read that begins now will include at least: of a replica what it had replayed at the
// last look, of the primary what comes before the position that anybody here knows it to have. Just there may stand a COMMIT that is
// in the log and not yet visible, and whoever hears of it later may be told that very position, if nothing was written since.
func (db *DB) note(ctx context.Context, s *server, now time.Time) {
	reader, ok := ctx.Value(readerKey{}).(*Reader)
	if !ok {
		return
	}
	at := db.known.now()
	if at.LSN > 0 {
		at.LSN--
	}
	if p := s.progress.Load(); s != db.primary && p != nil {
		at = p.at
	}
	reader.saw(s.name, at, now)
}

func (r *router) inUse(s *server) int32 { return r.pool(s).pgx.Stat().AcquiredConns() }

// fresh tells whether a replica may answer a read that needs a position. How far it is behind is measured at the last look at
// the primary: while that one does not answer, a replica that had everything goes on answering.
func (s *server) fresh(db *DB, needs wal.Position, now time.Time) bool {
	p, primary := s.progress.Load(), db.primary.progress.Load()
	return p != nil && primary != nil && now.UnixNano() >= s.downUntil.Load() && now.Sub(p.asked) <= db.silenceNow(now) &&
		p.at.Timeline == primary.at.Timeline && p.at.Includes(needs) && primary.caughtUp.Sub(p.caughtUp) <= db.settings.ReplicaMaxLag
}

// silenceNow is for how long a replica may have said nothing. While nobody reads it is asked seldom, and the first reads after that find
// out for the others.
func (db *DB) silenceNow(now time.Time) time.Duration {
	rest := restInterval * db.settings.ReplicaPoll
	if now.UnixNano()-db.wokenAt.Load() > int64(rest) {
		return db.settings.ReplicaSilence + db.settings.ReplicaPoll
	}
	return db.settings.ReplicaSilence + rest
}

// failed tells whether a read failed for want of the replica, so that the primary should have it, and has the replica avoided.
func (r *router) failed(ctx context.Context, s *server, err error, silent bool) bool {
	if err == nil || s == r.db.primary || ctx.Err() != nil || !silent && !serverGone(err) && !inConflict(err) {
		return false
	}
	if silent || serverGone(err) {
		s.downUntil.Store(time.Now().Add(avoidAfterFailure).UnixNano())
	}
	r.db.counts.fallbacks.Add(1)
	r.db.settings.Logger.Warn("a read goes to the primary, since its replica failed", "replica", s.name, "error", err)
	return true
}

// standIn takes a place for a read that the primary answers in place of the replicas: they leave the writers their share of its
// connections, however many read. Whoever finds none within AcquireTimeout is told that the database is busy.
func (r *router) standIn(ctx context.Context) (leave func(), err error) {
	select {
	case r.db.fallback <- struct{}{}:
		return func() { <-r.db.fallback }, nil
	default:
	}
	wait := time.NewTimer(r.db.settings.AcquireTimeout)
	defer wait.Stop()
	select {
	case r.db.fallback <- struct{}{}:
		return func() { <-r.db.fallback }, nil
	case <-wait.C:
		return nil, errBusy
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// QueryContext runs a query on the server that fits, and on the primary if that one turns out to be gone.
func (r *router) QueryContext(ctx context.Context, query string, args ...any) (rows *sql.Rows, err error) {
	err = r.detoured(ctx, func(ctx context.Context, r *router) error {
		s, instead, err := r.pick(ctx, nil)
		if err == nil {
			rows, err = r.hedged(ctx, s, instead, query, args)
		}
		return err
	})
	if err != nil {
		return nil, explain(ctx, err)
	}
	return rows, nil
}

// QueryRowContext is QueryContext for one row, which brings its own error. A row cannot be thrown away, so a late one is waited for.
func (r *router) QueryRowContext(ctx context.Context, query string, args ...any) (row *sql.Row) {
	err := r.detoured(ctx, func(ctx context.Context, r *router) error {
		s, instead, err := r.pick(ctx, nil)
		if err != nil {
			return err
		}
		return r.ask(ctx, s, instead, func(ctx context.Context, db *sql.DB) error {
			row = db.QueryRowContext(ctx, query, args...)
			return row.Err()
		})
	})
	if err == nil {
		return row
	}
	nowhere := sql.OpenDB(refusing{explain(ctx, err)}) // database/sql makes no row of an error by itself
	defer func() { _ = nowhere.Close() }()
	return nowhere.QueryRowContext(ctx, query, args...)
}

// refusing is a connector that connects nobody.
type refusing struct{ because error }

// Connect gives the reason.
func (r refusing) Connect(context.Context) (driver.Conn, error) { return nil, r.because }

// Driver gives none.
func (refusing) Driver() driver.Driver { return nil }

// ExecContext refuses: what executes writes.
func (r *router) ExecContext(context.Context, string, ...any) (sql.Result, error) {
	return nil, ErrNotInTx
}

// PrepareContext refuses: a prepared statement would stay with one server. pgx keeps statements a connection by itself.
func (r *router) PrepareContext(context.Context, string) (*sql.Stmt, error) {
	return nil, errors.New("statements are not prepared here: pgx does so itself, for each connection")
}
