package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"bookvault/platform/wal"

	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/plugin/dbresolver"
)

// searchResolver names the second set of pools to dbresolver.
const searchResolver = "search"

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
	}).Register(dbresolver.Config{
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
// enough for this reader the one with the fewest connections in use; else the primary. besides is one that is not wanted, or nil.
func (r *router) pick(ctx context.Context, besides *server) (*server, error) {
	now := time.Now()
	r.db.lastRead.Store(now.UnixNano())
	if needs := r.db.needs(ctx); needs != wal.Beyond && r.db.useReplicas.Load() {
		for refused := []*server(nil); ; {
			var best *server
			for _, s := range r.db.replicas {
				if s != besides && s.fresh(r.db, needs, now) && !slices.Contains(refused, s) && (best == nil || r.inUse(s) < r.inUse(best)) {
					best = s
				}
			}
			if best == nil {
				break
			}
			if best.allow() == nil {
				return r.chosen(ctx, best, now), nil
			}
			refused = append(refused, best)
		}
	}
	if err := r.db.primary.allow(); err != nil {
		return nil, err
	}
	return r.chosen(ctx, r.db.primary, now), nil
}

func (r *router) chosen(ctx context.Context, s *server, now time.Time) *server {
	s.reads.Add(1)
	r.db.note(ctx, s, now)
	return s
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
	reader.saw(at, now)
}

func (r *router) inUse(s *server) int32 { return r.pool(s).pgx.Stat().AcquiredConns() }

// fresh tells whether a replica may answer a read that needs a position. How far it is behind is measured at the last look at
// the primary: while that one does not answer, a replica that had everything goes on answering.
func (s *server) fresh(db *DB, needs wal.Position, now time.Time) bool {
	p, primary := s.progress.Load(), db.primary.progress.Load()
	return p != nil && primary != nil && now.UnixNano() >= s.downUntil.Load() &&
		p.at.Timeline == primary.at.Timeline && p.at.Includes(needs) && primary.caughtUp.Sub(p.caughtUp) <= db.settings.ReplicaMaxLag
}

// failed tells whether a read failed for want of the replica, so that the primary should have it, and has the replica avoided.
func (r *router) failed(ctx context.Context, s *server, err error) bool {
	if err == nil || s == r.db.primary || ctx.Err() != nil || !serverGone(err) && !inConflict(err) {
		return false
	}
	if serverGone(err) {
		s.downUntil.Store(time.Now().Add(avoidAfterFailure).UnixNano())
	}
	r.db.counts.fallbacks.Add(1)
	r.db.settings.Logger.Warn("a read goes to the primary, since its replica failed", "replica", s.name, "error", err)
	return true
}

// QueryContext runs a query on the server that fits, and on the primary if that one turns out to be gone.
func (r *router) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	s, err := r.pick(ctx, nil)
	if err != nil {
		return nil, explain(ctx, err)
	}
	rows, err := r.hedged(ctx, s, query, args)
	return rows, explain(ctx, err)
}

// QueryRowContext is QueryContext for one row. A row cannot be given back with an error of ours, nor thrown away, so it is asked for once,
// and where its server's breaker is open the attempt tells.
func (r *router) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	s, err := r.pick(ctx, nil)
	if err != nil {
		return r.pool(r.db.primary).sql.QueryRowContext(ctx, query, args...)
	}
	begin := time.Now()
	row := r.pool(s).sql.QueryRowContext(ctx, query, args...)
	s.record(row.Err(), time.Since(begin))
	if r.failed(ctx, s, row.Err()) {
		r.db.note(ctx, r.db.primary, time.Now())
		row = r.pool(r.db.primary).sql.QueryRowContext(ctx, query, args...)
	}
	return row
}

// ExecContext refuses: what executes writes.
func (r *router) ExecContext(context.Context, string, ...any) (sql.Result, error) {
	return nil, ErrNotInTx
}

// PrepareContext refuses: a prepared statement would stay with one server. pgx keeps statements a connection by itself.
func (r *router) PrepareContext(context.Context, string) (*sql.Stmt, error) {
	return nil, errors.New("statements are not prepared here: pgx does so itself, for each connection")
}
