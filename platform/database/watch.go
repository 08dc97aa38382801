package database

import (
	"context"
	"errors"
	"sync"
	"time"

	"bookvault/platform/wal"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// progress is what a watcher last saw of its server.
type progress struct {
	at       wal.Position // the primary: written up to here; a replica: replayed up to here
	asked    time.Time    // when
	caughtUp time.Time    // it held everything that the primary had written by then; of the primary itself, the time of the look
}

// The questions a watcher asks. Of the primary it is how far the log is made, not how far it is written: a transaction that need not
// wait for the disk is visible before it is written. An LSN less '0/0' is a number of bytes; the name of a log file begins with its timeline.
const (
	askPrimary = `SELECT (l - '0/0')::bigint, ('x' || substr(pg_walfile_name(l), 1, 8))::bit(32)::bigint FROM pg_current_wal_insert_lsn() AS l`

	// The receiver's timeline is right at once after a failover, but shown only to members of pg_read_all_stats; the control
	// file's follows at the next restart point, and until then the replica counts as being on an old timeline: safe, not fast.
	askReplica = `SELECT (pg_last_wal_replay_lsn() - '0/0')::bigint,
		COALESCE((SELECT received_tli FROM pg_stat_wal_receiver), (SELECT timeline_id FROM pg_control_checkpoint()))::bigint
		WHERE pg_is_in_recovery()`
)

// Nobody reads: the watchers look only so often.
const (
	restAfter    = 2 * time.Second
	restInterval = 25 // times the usual one
)

// reading notes that somebody reads, which wakes the watchers.
func (db *DB) reading(now time.Time) {
	if before := db.lastRead.Swap(now.UnixNano()); now.UnixNano()-before > int64(restAfter) {
		db.wokenAt.Store(now.UnixNano())
	}
}

// watch starts a watcher for each server. Without replicas there is nothing to compare and none is started.
func (db *DB) watch() {
	if len(db.replicas) == 0 {
		return
	}
	for _, s := range db.servers() {
		db.watching.Go(func() { db.watchServer(db.closing, s) })
	}
}

// watchServer asks one server again and again how far it is, on a connection of its own, so that a busy pool does not make a
// fresh replica look stale. The primary is asked five times less often, by whatever way: it only dates the lag, or shows that the way leads
// there.
func (db *DB) watchServer(ctx context.Context, s *server) {
	var conn *pgx.Conn
	defer func() {
		if conn != nil {
			_ = conn.Close(context.Background())
		}
	}()
	interval := db.settings.ReplicaPoll
	if s.role == primaryOnly {
		interval *= 5
	}
	for ctx.Err() == nil {
		err := db.look(ctx, s, &conn)
		if before := s.answers.Swap(err == nil); err == nil && !before && s != db.primary { // of the primary the feed knows
			s.again()
		}
		s.fell.Store(err != nil)
		wait := interval
		if err != nil {
			if s != db.primary {
				s.progress.Store(nil)
				s.silent.fall()
			}
			if conn != nil {
				_ = conn.Close(ctx)
				conn = nil
			}
			wait = 100 * time.Millisecond
		}
		if time.Since(time.Unix(0, db.lastRead.Load())) > restAfter {
			wait = max(wait, restInterval*db.settings.ReplicaPoll)
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
}

// look asks a server once and publishes the answer.
func (db *DB) look(ctx context.Context, s *server, conn **pgx.Conn) (err error) {
	ctx, cancel := context.WithTimeout(ctx, s.silence)
	defer cancel()
	if *conn == nil {
		c, err := pgx.ParseConfig(s.dsn)
		if err != nil {
			return err
		}
		db.settings.configure(c, nil)
		// Nobody but the watcher has this connection: a question that is not answered in time ends it at once, with nothing asked of a
		// server that may be dead.
		c.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
			return &pgconn.DeadlineContextWatcherHandler{Conn: conn.Conn()}
		}
		s.role.validate(c)
		if *conn, err = pgx.ConnectConfig(ctx, c); err != nil {
			return err
		}
	}
	asked := time.Now()
	question := askReplica
	if s.role == primaryOnly {
		question = askPrimary
	}
	at, err := askPosition(ctx, *conn, question)
	if err != nil {
		return err
	}
	if s == db.primary {
		db.history.add(asked, at)
		db.known.advance(at)
		s.progress.Store(&progress{at: at, asked: asked, caughtUp: asked})
		return nil
	}
	s.progress.Store(&progress{at: at, asked: asked, caughtUp: db.history.caughtUp(at)})
	return nil
}

func askPosition(ctx context.Context, conn *pgx.Conn, question string) (wal.Position, error) {
	var lsn, timeline *int64
	if err := conn.QueryRow(ctx, question).Scan(&lsn, &timeline); err != nil {
		return wal.Position{}, err
	}
	if lsn == nil || timeline == nil || *timeline <= 0 {
		return wal.Position{}, errors.New("the server does not say how far it is")
	}
	return wal.Position{Timeline: uint32(*timeline), LSN: wal.End(uint64(*lsn))}, nil
}

// history remembers when the primary was where, so that a replica's position can be turned into an age. Comparing clocks or
// asking for the last replayed transaction would call an idle system late.
type history struct {
	mu     sync.Mutex
	points []point // in time, positions never falling; the newest last
}

type point struct {
	when time.Time
	at   wal.Position
}

const longestHistory = 1024

// add notes where the primary was. While it stands still the last point only gets newer; a new timeline begins anew.
func (h *history) add(when time.Time, at wal.Position) {
	h.mu.Lock()
	defer h.mu.Unlock()
	last := len(h.points) - 1
	switch {
	case last >= 0 && h.points[last].at == at:
		h.points[last].when = when
	case last >= 0 && h.points[last].at.Timeline != at.Timeline:
		h.points = append(h.points[:0], point{when, at})
	case last+1 == longestHistory:
		h.points = append(h.points[:0], append(h.points[longestHistory/2:], point{when, at})...)
	default:
		h.points = append(h.points, point{when, at})
	}
}

// caughtUp gives the latest time at which the primary had written no more than a replica has replayed; the zero time when
// that is longer ago than is remembered.
func (h *history) caughtUp(replayed wal.Position) time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := len(h.points) - 1; i >= 0; i-- {
		if replayed.Includes(h.points[i].at) {
			return h.points[i].when
		}
	}
	return time.Time{}
}
