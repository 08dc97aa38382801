// Package database is the way to PostgreSQL: pools of connections, reads from replicas that are fresh enough for whoever asks,
// transactions that end as they say they did, and migrations.
//
// Modules see three doors: Read and Search for queries, InTx (or InPgxTx) for everything that writes. Which server answers a
// read is decided by replicas.go, what a reader must see by consistency.go. The servers may be our own (embedded/, the next
// room) or anybody's; this package knows only their addresses.
package database

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"bookvault/platform/resilience"
	"bookvault/platform/telemetry"
	"bookvault/platform/wal"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/gorm"
	"gorm.io/plugin/dbresolver"
)

// Settings say which servers there are and how hard they may be used. Zero values are replaced by the defaults named here.
type Settings struct {
	Primary  string   // address (URL or key=value) of the server that takes writes
	Replicas []string // addresses of its streaming replicas; they need not answer yet
	Direct   string   // address of the primary that passes no transaction pooler, for session locks; Primary
	Pooler   bool     // a transaction pooler such as PgBouncer stands in front: no named statements, no session parameters

	ApplicationName    string // shown in pg_stat_activity; "bookvault"
	MaxConns           int32  // connections to the primary for reads and transactions; as sizes.go derives
	ReplicaMaxConns    int32  // connections to each replica for reads; MaxConns
	SearchMaxConns     int32  // connections to each server for searches; as sizes.go derives
	BackgroundMaxConns int32  // connections to the primary for work behind the requests (Background); as sizes.go derives
	MinConns           int32  // connections to each server that are kept open when idle; 2

	ConnectTimeout           time.Duration // for one connection; 5 s
	AcquireTimeout           time.Duration // wait for a free connection; 2 s
	StatementTimeout         time.Duration // one statement; 15 s
	LockTimeout              time.Duration // wait for a lock; 5 s
	IdleInTransactionTimeout time.Duration // a transaction in which nothing happens; 30 s
	CommitTimeout            time.Duration // a COMMIT, which no client can cancel; 15 s
	MaxConnLifetime          time.Duration // a connection's age, give or take a tenth; 30 min
	MaxConnIdleTime          time.Duration // an unused connection beyond MinConns; 5 min
	LeakThreshold            time.Duration // a connection that is held longer is told of, with the place that took it; 60 s

	ReplicaMaxLag  time.Duration // a replica that is further behind gets no reads; 1 s
	ReplicaSilence time.Duration // a replica that has not answered for so long gets no reads; 700 ms
	FallbackShare  float64       // share of the primary's connections, above 0 to 1, for reads that no replica can answer; 0.5
	Synchronous    bool          // a COMMIT counts only when a replica has it too; the server must be set up for it
	ReplicaPoll    time.Duration // how often a replica is asked how far it has replayed; 20 ms (25 times less often while nobody reads)

	FeedPoll     time.Duration // how often the log of changes is looked at; 25 ms
	FeedSilence  time.Duration // age of the last look from which copies are not trusted; 100 ms
	FeedPatience time.Duration // wait of a reader for a look; 50 ms
	FeedKept     time.Duration // age from which rows of the log are cleared away; 5 min

	Logger *slog.Logger // nil: slog.Default()

	sizes Sizes
}

func (s Settings) withDefaults() Settings {
	s.Direct = cmp.Or(s.Direct, s.Primary)
	s.ApplicationName = cmp.Or(s.ApplicationName, "bookvault")
	s.MinConns = cmp.Or(s.MinConns, 2)
	s.LeakThreshold = cmp.Or(s.LeakThreshold, time.Minute)
	s.ReplicaSilence = cmp.Or(s.ReplicaSilence, 700*time.Millisecond)
	s.FallbackShare = cmp.Or(s.FallbackShare, 0.5)
	s.ConnectTimeout = cmp.Or(s.ConnectTimeout, 5*time.Second)
	s.AcquireTimeout = cmp.Or(s.AcquireTimeout, 2*time.Second)
	s.StatementTimeout = cmp.Or(s.StatementTimeout, 15*time.Second)
	s.LockTimeout = cmp.Or(s.LockTimeout, 5*time.Second)
	s.IdleInTransactionTimeout = cmp.Or(s.IdleInTransactionTimeout, 30*time.Second)
	s.CommitTimeout = cmp.Or(s.CommitTimeout, 15*time.Second)
	s.MaxConnLifetime = cmp.Or(s.MaxConnLifetime, 30*time.Minute)
	s.MaxConnIdleTime = cmp.Or(s.MaxConnIdleTime, 5*time.Minute)
	s.ReplicaMaxLag = cmp.Or(s.ReplicaMaxLag, time.Second)
	s.ReplicaPoll = cmp.Or(s.ReplicaPoll, 20*time.Millisecond)
	s.FeedPoll = cmp.Or(s.FeedPoll, 25*time.Millisecond)
	s.FeedSilence = cmp.Or(s.FeedSilence, 100*time.Millisecond)
	s.FeedPatience = cmp.Or(s.FeedPatience, 50*time.Millisecond)
	s.FeedKept = cmp.Or(s.FeedKept, 5*time.Minute)
	if s.Logger == nil {
		s.Logger = slog.Default()
	}
	return s
}

// rememberedMembers bounds how many members' last writes are remembered. A forgotten one still reads their own writes through
// the token, and without it after at most ReplicaMaxLag.
const rememberedMembers = 10_000

// DB is the database as modules see it. Close it when done.
type DB struct {
	*shared
	gorm     *gorm.DB
	primary  *server
	replicas []*server
	detour   atomic.Pointer[detour] // of a way apart: for its reads while it fails; nil: there is none

	closing      context.Context // ends with Close
	stopWatching context.CancelFunc
	watching     sync.WaitGroup
}

// shared is what is known of a database, by whatever way it is reached (see Apart).
type shared struct {
	settings    Settings
	useReplicas atomic.Bool
	liveViews   atomic.Bool   // materialized views are not read
	skew        atomic.Int64  // nanoseconds that the primary's clock is ahead
	fallback    chan struct{} // a place for each read that the primary may answer for want of a replica
	lastRead    atomic.Int64  // Unix nanoseconds: the watchers rest while nobody reads
	wokenAt     atomic.Int64  // Unix nanoseconds: somebody read after a rest
	own         Reader        // everything that this process committed
	known       reached       // how far the primary is known to be
	feed        *Feed
	written     *lru.Cache[int64, wal.Position]
	history     history
	counts      counts
	apart       []*DB                      // the primary again, by ways of their own
	returns     []func()                   // called when the primary answers again
	hedges      map[bool]*resilience.Hedge // of reads from replicas, by whether they are searches; empty: none
}

// server is one PostgreSQL server with our pools to it.
type server struct {
	name       string // "primary", "replica-1" …: in metrics
	dsn        string
	role       role
	silence    time.Duration // that is put up with when it is asked how far it is
	main       *pool
	search     *pool
	background *pool // of the primary by the usual way; nil elsewhere

	breaker   atomic.Pointer[resilience.Breaker] // nil: none stands before it; a watcher may look before there is one
	progress  atomic.Pointer[progress]           // what the watcher last saw; nil while a replica shows nothing
	answers   atomic.Bool                        // whether the watcher's last look succeeded
	fell      atomic.Bool                        // whether it did not; neither holds before the first one
	downUntil atomic.Int64                       // Unix nanoseconds: a read failed for want of the server
	reads     atomic.Int64                       // reads that it was chosen for
	silent    silence                            // of a replica: reads that wait for it go elsewhere when it falls silent
}

// pools gives the server's pools by their names.
func (s *server) pools() map[string]*pool {
	all := map[string]*pool{"main": s.main, "search": s.search}
	if s.background != nil {
		all["background"] = s.background
	}
	return all
}

// pool is one pgxpool and the same connections as a *sql.DB, which GORM needs.
type pool struct {
	pgx   *pgxpool.Pool
	sql   *sql.DB
	taken *holders
}

// Open connects to the primary, which must answer, and begins to watch the replicas, which need not answer yet: reads go to
// the primary until they do.
func Open(ctx context.Context, s Settings) (_ *DB, err error) {
	s = s.withDefaults()
	db := &DB{shared: &shared{settings: s}}
	db.feed = newFeed(db)
	db.useReplicas.Store(true)
	db.closing, db.stopWatching = context.WithCancel(context.Background())
	if db.written, err = lru.New[int64, wal.Position](rememberedMembers); err != nil {
		return nil, fmt.Errorf("making room for members' last writes: %w", err)
	}
	defer func() {
		if err != nil {
			db.closePools()
		}
	}()
	if s, err = s.sized(ctx); err != nil {
		return nil, err
	}
	db.settings = s
	db.fallback = make(chan struct{}, max(1, int(s.FallbackShare*float64(s.MaxConns))))
	if db.primary, err = s.openServer(usualWay, s.Primary, primaryOnly); err != nil {
		return nil, fmt.Errorf("database.primary: %w", err)
	}
	for i, dsn := range s.Replicas {
		replica, err := s.openServer("replica-"+strconv.Itoa(i+1), dsn, standby)
		if err != nil {
			return nil, fmt.Errorf("database.replicas[%d]: %w", i, err)
		}
		db.replicas = append(db.replicas, replica)
	}
	if err = db.primary.main.pgx.Ping(ctx); err != nil {
		return nil, fmt.Errorf("database.primary does not answer: %w", err)
	}
	if db.gorm, err = db.openGORM(); err != nil {
		return nil, err
	}
	db.watch()
	db.watching.Go(func() { db.watchLeaks(db.servers()) })
	return db, nil
}

// Close ends all connections, once those in use are given back.
func (db *DB) Close() {
	if db.stopWatching != nil {
		db.stopWatching()
	}
	_ = db.feed.Stop(context.Background())
	db.watching.Wait()
	db.closePools()
}

func (db *DB) closePools() {
	for _, s := range append(db.servers(), db.ways()...) {
		for _, p := range s.pools() {
			_ = p.sql.Close()
			p.pgx.Close()
		}
	}
}

func (db *DB) servers() []*server {
	if db.primary == nil {
		return nil
	}
	return append([]*server{db.primary}, db.replicas...)
}

// ways gives the primary again, by each way of its own.
func (db *DB) ways() (all []*server) {
	for _, way := range db.apart {
		all = append(all, way.primary)
	}
	return all
}

// Read begins a query. It is answered by a replica that is fresh enough for this context's reader, else by the primary. It
// takes queries only; what writes belongs into InTx.
func (db *DB) Read(ctx context.Context) *gorm.DB {
	return db.gorm.WithContext(ctx).Clauses(dbresolver.Use(readResolver), dbresolver.Read).Session(&gorm.Session{})
}

// Search begins a query as Read does, on connections that plan every statement for its very parameters: one plan for rare and
// for frequent words is a disaster for one of them.
func (db *DB) Search(ctx context.Context) *gorm.DB {
	return db.gorm.WithContext(ctx).Clauses(dbresolver.Use(searchResolver), dbresolver.Read).Session(&gorm.Session{})
}

// Pool gives the primary's pool, for what GORM cannot do. Writes through it move no reader forward; InPgxTx does.
func (db *DB) Pool() *pgxpool.Pool { return db.primary.main.pgx }

// UseReplicas switches reading from replicas on or off while running. Off, every read goes to the primary.
func (db *DB) UseReplicas(on bool) { db.useReplicas.Store(on) }

// UsesReplicas tells whether it is on.
func (db *DB) UsesReplicas() bool { return db.useReplicas.Load() }

// searchParameters have every search keep its plan: which way is the cheapest for these very words is chosen by who writes the statement,
// from counts that PostgreSQL does not have (ADR 0014), and planning anew would cost as much as half a search. They keep the planner from
// reading a whole table in the hope of coming upon enough matches soon: it takes matching a document for far cheaper than it is. A search
// wants its first matches, so it looks up the other table for each one, rather than reading that whole; and it is over before helpers would
// have started. Searches only read.
var searchParameters = map[string]string{"plan_cache_mode": "force_generic_plan", "enable_seqscan": "off", "default_transaction_read_only": "on",
	"enable_hashjoin": "off", "enable_mergejoin": "off", "max_parallel_workers_per_gather": "0", "jit": "off"}

// usualWay names the primary by the way that Settings.Primary gives; others have a name of their own behind it (see Apart).
const usualWay = "primary"

// openServer makes the pools to one server. It does not connect yet.
func (s Settings) openServer(name, dsn string, role role) (*server, error) {
	all := &server{name: name, dsn: dsn, role: role, silence: s.ConnectTimeout}
	most := s.MaxConns
	if role == standby {
		most = cmp.Or(s.ReplicaMaxConns, s.MaxConns)
		all.silence = min(s.ConnectTimeout, s.ReplicaSilence) // whoever takes longer to say how far it is has nothing to do with reads
	}
	var errs [3]error
	all.main, errs[0] = s.openPool(dsn, role, most, s.MinConns, nil)
	all.search, errs[1] = s.openPool(dsn, role, s.SearchMaxConns, 0, searchParameters)
	if name == usualWay {
		all.background, errs[2] = s.openPool(dsn, role, s.BackgroundMaxConns, 0, nil)
	}
	if err := errors.Join(errs[:]...); err != nil {
		for _, p := range all.pools() {
			if p != nil {
				p.pgx.Close()
			}
		}
		return nil, err
	}
	return all, nil
}

func (s Settings) openPool(dsn string, of role, maxConns, minConns int32, more map[string]string) (*pool, error) {
	c, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, fmt.Errorf("reading the address of a database: %w", err)
	}
	c.MaxConns, c.MinConns = maxConns, min(minConns, maxConns)
	of.validate(c.ConnConfig)
	taken := &holders{}
	c.PrepareConn, c.AfterRelease, c.BeforeClose = taken.take, taken.give, taken.gone
	c.MaxConnLifetime, c.MaxConnLifetimeJitter = s.MaxConnLifetime, s.MaxConnLifetime/10
	c.MaxConnIdleTime, c.HealthCheckPeriod = s.MaxConnIdleTime, 15*time.Second
	c.PingTimeout = s.ConnectTimeout
	s.configure(c.ConnConfig, more)
	if telemetry.Tracing() { // who begins later makes none of the database
		c.ConnConfig.Tracer = queryTrace{c.ConnConfig.Host}
	}
	p, err := pgxpool.NewWithConfig(context.Background(), c)
	if err != nil {
		return nil, fmt.Errorf("making a pool of connections: %w", err)
	}
	db := sql.OpenDB(boundedConnector{stdlib.GetPoolConnector(p), s.AcquireTimeout})
	db.SetMaxIdleConns(0) // idle ones belong to pgxpool, which keeps, ages and checks them
	return &pool{pgx: p, sql: db, taken: taken}, nil
}

// configure sets what every connection needs: limits that the server itself keeps, and a cancelled context that cancels the
// statement on the server and leaves the connection usable.
func (s Settings) configure(c *pgx.ConnConfig, more map[string]string) {
	c.ConnectTimeout = s.ConnectTimeout
	c.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler {
		return &canceller{conn: conn, patience: cancelPatience}
	}
	if s.Pooler { // its connections change hands after each transaction, and so would these parameters
		c.DefaultQueryExecMode = pgx.QueryExecModeExec
		return
	}
	ms := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	c.RuntimeParams["application_name"] = s.ApplicationName
	c.RuntimeParams["statement_timeout"] = ms(s.StatementTimeout)
	c.RuntimeParams["lock_timeout"] = ms(s.LockTimeout)
	c.RuntimeParams["idle_in_transaction_session_timeout"] = ms(s.IdleInTransactionTimeout)
	if s.Synchronous {
		c.RuntimeParams["synchronous_commit"] = "on" // whatever the role or the database say
	}
	for key, value := range more {
		c.RuntimeParams[key] = value
	}
}

// errBusy says that no connection became free within AcquireTimeout.
var errBusy = errors.New("no connection to the database became free in time")

// boundedConnector bounds the wait for a free connection, which pgxpool itself leaves to the caller's context.
type boundedConnector struct {
	driver.Connector
	within time.Duration
}

// Connect takes a connection out of the pool.
func (c boundedConnector) Connect(ctx context.Context) (driver.Conn, error) {
	bounded, cancel := context.WithTimeoutCause(ctx, c.within, errBusy)
	defer cancel()
	conn, err := c.Connector.Connect(bounded)
	if err != nil && ctx.Err() == nil && errors.Is(context.Cause(bounded), errBusy) {
		return nil, errBusy
	}
	return conn, err
}
