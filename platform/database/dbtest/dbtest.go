// Package dbtest gives tests a real PostgreSQL: one throw-away server a test process, started when the first test asks for it,
// and a fresh, migrated database for each test: one that an earlier test is done with and that was emptied (reuse.go), or a copy of a template.
//
//	func TestMain(m *testing.M) { dbtest.Main(m) }
//	func TestLending(t *testing.T) { db := dbtest.New(t); … }
//
// It works as root and as an ordinary user. Where PostgreSQL is not installed tests are skipped, except when CI=true. The
// server itself is platform/database/embedded.
package dbtest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"bookvault/platform/database"
	"bookvault/platform/database/embedded"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"
)

// folderPrefix marks our folders under the temporary folder, so that a later run finds those of processes that were killed.
const folderPrefix = "bookvault-dbtest-"

// startWithin bounds the start of the server, and of its replica.
const startWithin = time.Minute

// shared is the server of this test process.
var shared server

type server struct {
	start   sync.Once
	err     error
	dir     string
	cluster *embedded.Cluster
	admin   *pgxpool.Pool
	numbers atomic.Int64
	fresh   fresh
	pool    pool

	join    sync.Once
	joinErr error
}

// Main runs the tests and stops the server that they used, if they used one. It exits the process.
func Main(m *testing.M) { os.Exit(Run(m)) }

// MainNoLeaks is Main for packages whose tests also must not leave goroutines behind.
func MainNoLeaks(m *testing.M) {
	code := Run(m)
	if code == 0 {
		// dbresolver makes stores of prepared statements whether or not they are used, and these have no end.
		if err := goleak.Find(goleak.IgnoreTopFunction("gorm.io/gorm/internal/lru.NewLRU[...].func1")); err != nil {
			fmt.Fprintln(os.Stderr, "dbtest:", err)
			code = 1
		}
	}
	os.Exit(code)
}

// Run is Main for packages that have something of their own to tidy up: it gives the exit status instead of exiting.
func Run(m *testing.M) int {
	code := m.Run()
	if err := shared.stop(); err != nil {
		fmt.Fprintln(os.Stderr, "dbtest: stopping the test server:", err)
		code = max(code, 1)
	}
	return code
}

type options struct {
	replicated bool
	template   string
	change     []func(*database.Settings)
}

// Option changes what New gives.
type Option func(*options)

// Replicated adds a real streaming replica, which the first test that asks for it waits for.
func Replicated() Option { return func(o *options) { o.replicated = true } }

// Empty gives a database without any of our tables, for tests of migrations.
func Empty() Option { return func(o *options) { o.template = "template1" } }

// With changes the settings that the database is opened with.
func With(change func(*database.Settings)) Option {
	return func(o *options) { o.change = append(o.change, change) }
}

func chosen(opts []Option) options {
	o := options{template: "bookvault"}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// New gives a test its own migrated database. It is closed and dropped when the test ends.
func New(t testing.TB, opts ...Option) *database.DB {
	t.Helper()
	o := chosen(opts)
	return o.open(t, o.create(t))
}

// Pair is New for a test of two processes: both work on one database.
func Pair(t testing.TB, opts ...Option) (one, other *database.DB) {
	t.Helper()
	o := chosen(opts)
	name := o.create(t)
	return o.open(t, name), o.open(t, name)
}

func (o options) open(t testing.TB, name string) *database.DB {
	t.Helper()
	db, err := openWith(t.Context(), t, o, name)
	if err != nil {
		t.Fatalf("dbtest: opening the test's database: %v", err)
	}
	t.Cleanup(db.Close)
	return db
}

func openWith(ctx context.Context, t testing.TB, o options, name string) (*database.DB, error) {
	t.Helper()
	s := database.Settings{Primary: address(t, shared.cluster.PrimaryDSN(), name), ApplicationName: "test", MaxConns: 10, MinConns: 1,
		SearchMaxConns: 4, Logger: slog.New(slog.DiscardHandler)}
	if o.replicated {
		for _, dsn := range Replica(t).ReplicaDSNs() {
			s.Replicas = append(s.Replicas, address(t, dsn, name))
		}
	}
	for _, change := range o.change {
		change(&s)
	}
	return database.Open(ctx, s)
}

// DSN gives the address of a fresh migrated database, for a test that opens it by itself. It is dropped when the test ends.
func DSN(t testing.TB, opts ...Option) string {
	t.Helper()
	name := chosen(opts).create(t)
	return address(t, shared.cluster.PrimaryDSN(), name)
}

// Replica gives the server of this test process with its replica streaming, for tests that do to them what only a superuser may.
// All tests of the process share it: one that holds the replica up must not run in parallel with others.
func Replica(t testing.TB) *embedded.Cluster {
	t.Helper()
	running(t)
	shared.join.Do(func() {
		shared.cluster.AddReplica()
		ctx, cancel := context.WithTimeout(context.Background(), startWithin)
		defer cancel()
		shared.joinErr = shared.cluster.WaitReplica(ctx)
	})
	if shared.joinErr != nil {
		t.Fatalf("dbtest: %v", shared.joinErr)
	}
	return shared.cluster
}

// running starts the server unless it runs already.
func running(t testing.TB) {
	t.Helper()
	shared.start.Do(func() { shared.err = shared.up() })
	switch {
	case errors.Is(shared.err, embedded.ErrNoPrograms) && os.Getenv("CI") != "true":
		t.Skipf("dbtest: %v", shared.err)
	case shared.err != nil:
		t.Fatalf("dbtest: starting the test server: %v", shared.err)
	}
}

func (s *server) up() error {
	ctx, cancel := context.WithTimeout(context.Background(), startWithin)
	defer cancel()
	sweep(ctx)
	var err error
	if s.dir, err = os.MkdirTemp("", folderPrefix); err != nil {
		return err
	}
	if err = fill(ctx, s.dir); err != nil {
		return errors.Join(err, os.RemoveAll(s.dir))
	}
	if s.cluster, err = embedded.Start(ctx, embedded.Settings{Dir: s.dir, Throwaway: true, Logger: slog.New(slog.DiscardHandler)}); err != nil {
		return errors.Join(err, os.RemoveAll(s.dir))
	}
	// The cluster's own database, which is migrated, becomes the tests' template, so nobody may stay connected to it.
	if err := s.learn(ctx); err != nil {
		return err
	}
	s.admin, err = pgxpool.New(ctx, s.cluster.AdminDSN())
	return err
}

// learn reads the template, so that databases which were used can be made like it.
func (s *server) learn(ctx context.Context) error {
	conn, err := s.connect(ctx, "bookvault")
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	s.fresh, err = learn(ctx, conn)
	return err
}

func (s *server) stop() error {
	s.pool.close(context.Background())
	if s.admin != nil {
		s.admin.Close()
	}
	if s.cluster == nil {
		return nil
	}
	return errors.Join(s.cluster.Stop(context.Background()), os.RemoveAll(s.dir))
}

// sweep removes what test processes left that were killed. A folder that is only just being made is left alone.
func sweep(ctx context.Context) {
	sweepTemplates()
	left, _ := filepath.Glob(filepath.Join(os.TempDir(), folderPrefix+"*"))
	for _, dir := range left {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > time.Minute {
			_ = embedded.Remove(ctx, dir) // refused when somebody runs it
		}
	}
}

// create gives a database like a template, which is taken back when the test ends. With a replica, which may be behind what was emptied, it is
// always a new one.
func (o options) create(t testing.TB) string {
	t.Helper()
	running(t)
	if o.template != "bookvault" || o.replicated {
		name := newDatabase(t, o.template)
		t.Cleanup(func() {
			if _, err := shared.admin.Exec(context.Background(), "DROP DATABASE "+name+" WITH (FORCE)"); err != nil {
				t.Errorf("dbtest: dropping the test's database: %v", err)
			}
		})
		return name
	}
	u := shared.pool.take(false)
	if u == nil {
		u = &used{name: newDatabase(t, o.template)}
	}
	t.Cleanup(func() { shared.giveBack(t, u) })
	return u.name
}

func newDatabase(t testing.TB, template string) string {
	t.Helper()
	name := fmt.Sprintf("test_%d", shared.numbers.Add(1))
	if _, err := shared.admin.Exec(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+template+" OWNER bookvault"); err != nil {
		t.Fatalf("dbtest: making a database for the test: %v", err)
	}
	return name
}

// address is a server's address with another database.
func address(t testing.TB, dsn, name string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatalf("dbtest: reading the server's address: %v", err)
	}
	u.Path = "/" + name
	return u.String()
}
