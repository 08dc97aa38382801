package database_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
	"bookvault/platform/wal"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

func TestMain(m *testing.M) { dbtest.MainNoLeaks(m) }

// exec runs one statement in a transaction of its own.
func exec(t *testing.T, db *database.DB, ctx context.Context, sql string, args ...any) {
	t.Helper()
	if err := db.InTx(ctx, func(tx *gorm.DB) error { return tx.Exec(sql, args...).Error }); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// one reads a single value.
func one[T any](t *testing.T, q *gorm.DB, sql string, args ...any) T {
	t.Helper()
	var v T
	if err := q.Raw(sql, args...).Scan(&v).Error; err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return v
}

// admin runs a statement as a server's superuser.
func admin(t *testing.T, dsn, sql string) (value string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if err := conn.QueryRow(ctx, sql).Scan(&value); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// within waits until a condition holds, or fails the test.
func within(t *testing.T, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", limit, what)
		}
	}
}

// fresh gives a context of a caller who needs nothing yet.
func fresh(t *testing.T) context.Context {
	ctx, _ := database.WithReader(t.Context(), "")
	return ctx
}

// onReplica tells which server answers a read. Reading also keeps the watchers awake.
func onReplica(t *testing.T, q *gorm.DB) bool {
	t.Helper()
	return one[bool](t, q, "SELECT pg_is_in_recovery()")
}

// replicated gives a database whose replica answers reads.
func replicated(t *testing.T, opts ...dbtest.Option) *database.DB {
	t.Helper()
	db := dbtest.New(t, append(opts, dbtest.Replicated())...)
	ctx := fresh(t)
	within(t, 20*time.Second, "the replica answers reads", func() bool { return onReplica(t, db.Read(ctx)) })
	return db
}

// pauseReplay holds the replica where it is until the test ends or the returned function is called.
func pauseReplay(t *testing.T) (resume func()) {
	t.Helper()
	dsn := dbtest.Replica(t).ReplicaAdminDSN()
	admin(t, dsn, "SELECT pg_wal_replay_pause()::text")
	within(t, 5*time.Second, "replay is paused", func() bool { return admin(t, dsn, "SELECT pg_get_wal_replay_pause_state()") == "paused" })
	resume = func() { admin(t, dsn, "SELECT pg_wal_replay_resume()::text") }
	t.Cleanup(resume)
	return resume
}

func TestReadersSeeTheirOwnWritesAtOnce(t *testing.T) {
	db := replicated(t)
	ctx := fresh(t)
	exec(t, db, ctx, "CREATE TABLE notes (n int)")
	replicaReads := 0
	for i := range 300 {
		exec(t, db, ctx, "INSERT INTO notes VALUES (?)", i)
		time.Sleep(time.Duration(i%8) * 2 * time.Millisecond) // at once, and while the replica is just about to have it
		var seen struct {
			N       int
			Replica bool
		}
		if err := db.Read(ctx).Raw("SELECT count(*) AS n, pg_is_in_recovery() AS replica FROM notes").Scan(&seen).Error; err != nil {
			t.Fatal(err)
		}
		if seen.N != i+1 {
			t.Fatalf("after write %d its author reads %d rows (from the replica: %v)", i+1, seen.N, seen.Replica)
		}
		if seen.Replica {
			replicaReads++
		}
	}
	if replicaReads == 0 {
		t.Error("the replica answered none of the reads, so this test shows nothing")
	}
	t.Logf("the replica answered %d of 300 reads", replicaReads)
}

func TestWhoeverWroteReadsFromThePrimaryWhileTheReplicaIsHeldUp(t *testing.T) {
	db := replicated(t, dbtest.With(func(s *database.Settings) { s.ReplicaMaxLag = time.Hour })) // the lag alone must not decide
	exec(t, db, fresh(t), "CREATE TABLE notes (n int)")
	member := identity.WithPrincipal(fresh(t), identity.Principal{MemberID: 7, Role: identity.Patron})
	within(t, 5*time.Second, "the table is on the replica", func() bool {
		return onReplica(t, db.Read(fresh(t))) && one[*string](t, db.Read(fresh(t)), "SELECT to_regclass('notes')::text") != nil
	})
	resume := pauseReplay(t)

	ctx, reader := database.WithReader(member, "")
	for i := range 50 {
		exec(t, db, ctx, "INSERT INTO notes VALUES (?)", i)
		if n := one[int](t, db.Read(ctx), "SELECT count(*) FROM notes"); n != i+1 {
			t.Fatalf("its author reads %d rows after %d writes", n, i+1)
		}
		if n := one[int](t, db.Search(ctx), "WITH all_notes AS (SELECT n FROM notes) SELECT count(*) FROM all_notes"); n != i+1 {
			t.Fatalf("its author finds %d rows after %d writes", n, i+1)
		}
	}
	if !reader.Moved() || reader.Token() == "" {
		t.Error("the reader has no token to send")
	}
	withToken, _ := database.WithReader(t.Context(), reader.Token())
	sameMember := identity.WithPrincipal(fresh(t), identity.Principal{MemberID: 7, Role: identity.Patron})
	otherMember := identity.WithPrincipal(fresh(t), identity.Principal{MemberID: 8, Role: identity.Patron})
	unknownTimeline, _ := database.WithReader(t.Context(), wal.Position{Timeline: 4711, LSN: 1}.Token())
	for name, c := range map[string]struct {
		ctx     context.Context
		replica bool
	}{
		"a stranger":                         {fresh(t), true},
		"another member":                     {otherMember, true},
		"a made-up token that is no token":   {first(database.WithReader(t.Context(), "nonsense")), true},
		"the token, elsewhere":               {withToken, false},
		"the member, without a token":        {sameMember, false},
		"an unknown timeline":                {unknownTimeline, false},
		"who asks for the primary":           {database.Primary(fresh(t)), false},
		"our own code, which has no reader":  {t.Context(), false},
		"a made-up token far in the future":  {first(database.WithReader(t.Context(), wal.Position{Timeline: 1, LSN: 1 << 62}.Token())), false},
		"a token that is older than all now": {first(database.WithReader(t.Context(), wal.Position{Timeline: 1, LSN: 1}.Token())), true},
	} {
		if got := onReplica(t, db.Read(c.ctx)); got != c.replica {
			t.Errorf("%s reads from the replica: %v, want %v", name, got, c.replica)
		}
	}

	resume()
	within(t, 10*time.Second, "the author reads from the replica again", func() bool { return onReplica(t, db.Read(ctx)) })
	if n := one[int](t, db.Read(ctx), "SELECT count(*) FROM notes"); n != 50 {
		t.Errorf("and reads %d rows there", n)
	}
}

func first[A, B any](a A, _ B) A { return a }

func TestAReplicaThatIsTooFarBehindGetsNoReads(t *testing.T) {
	db := replicated(t, dbtest.With(func(s *database.Settings) { s.ReplicaMaxLag = 300 * time.Millisecond }))
	exec(t, db, t.Context(), "CREATE TABLE notes (n int)")
	pauseReplay(t)
	exec(t, db, t.Context(), "INSERT INTO notes VALUES (1)")
	within(t, 5*time.Second, "a stranger's read goes to the primary", func() bool { return !onReplica(t, db.Read(fresh(t))) })
	if s := db.Stats()[1]; s.Usable || s.Lag < 300*time.Millisecond {
		t.Errorf("the replica's figures: %+v", s)
	}
}

// An idle system is not late: nothing was written, so nothing is missing, for however long.
func TestAnIdleReplicaIsNotLate(t *testing.T) {
	db := replicated(t, dbtest.With(func(s *database.Settings) { s.ReplicaMaxLag = 300 * time.Millisecond }))
	for end := time.Now().Add(1500 * time.Millisecond); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if !onReplica(t, db.Read(fresh(t))) {
			t.Fatalf("an idle replica lost its reads: %+v", db.Stats())
		}
	}
}

func TestReplicasCanBeSwitchedOff(t *testing.T) {
	db := replicated(t)
	db.UseReplicas(false)
	if onReplica(t, db.Read(fresh(t))) || onReplica(t, db.Search(fresh(t))) {
		t.Error("switched off, the replica still answers")
	}
	db.UseReplicas(true)
	within(t, 5*time.Second, "switched on, it answers again", func() bool { return onReplica(t, db.Search(fresh(t))) })
}

func TestReadsGoOnWhenTheReplicaIsKilled(t *testing.T) {
	db := replicated(t)
	admin(t, dbtest.Replica(t).AdminDSN(), "CHECKPOINT") // what the tests before have written need not be recovered
	admin(t, dbtest.Replica(t).ReplicaAdminDSN(), "CHECKPOINT")
	data := admin(t, dbtest.Replica(t).ReplicaAdminDSN(), "SHOW data_directory")
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	fromPrimary := 0
	within(t, time.Minute, "the replica is back", func() bool {
		if !onReplica(t, db.Read(fresh(t))) { // fails the test if the read fails
			fromPrimary++
		}
		return fromPrimary > 0 && onReplica(t, db.Read(fresh(t)))
	})
	t.Logf("%d reads went to the primary meanwhile", fromPrimary)
}

func TestAReplicaThatNeverAnswersDoesNoHarm(t *testing.T) {
	db := dbtest.New(t, dbtest.With(func(s *database.Settings) {
		s.Replicas = []string{"postgres://nobody@127.0.0.1:1/nowhere", "postgres:///x?host=/nowhere"}
	}))
	for range 20 {
		if onReplica(t, db.Read(fresh(t))) {
			t.Fatal("a replica that is not there has answered")
		}
	}
	if stats := db.Stats(); len(stats) != 3 || stats[1].Usable || stats[2].Usable {
		t.Errorf("figures: %+v", stats)
	}
}

func TestWritesBelongIntoInTx(t *testing.T) {
	db := dbtest.New(t)
	ctx := t.Context()
	exec(t, db, ctx, "CREATE TABLE notes (n int PRIMARY KEY)")
	type Note struct{ N int }
	for name, write := range map[string]func(*gorm.DB) error{
		"create": func(q *gorm.DB) error { return q.Table("notes").Create(&Note{1}).Error },
		"update": func(q *gorm.DB) error { return q.Table("notes").Where("n = 1").Update("n", 2).Error },
		"delete": func(q *gorm.DB) error { return q.Table("notes").Where("n = 1").Delete(&Note{}).Error },
		"exec":   func(q *gorm.DB) error { return q.Exec("INSERT INTO notes VALUES (3)").Error },
	} {
		for door, q := range map[string]*gorm.DB{"Read": db.Read(ctx), "Search": db.Search(ctx)} {
			if err := write(q); !errors.Is(err, database.ErrNotInTx) {
				t.Errorf("%s through %s: %v, want ErrNotInTx", name, door, err)
			}
		}
		if err := db.InTx(ctx, func(tx *gorm.DB) error { return write(tx) }); err != nil {
			t.Errorf("%s in a transaction: %v", name, err)
		}
	}
}

func TestSearchesKeepTheirPlans(t *testing.T) {
	db := replicated(t)
	for _, ctx := range []context.Context{fresh(t), database.Primary(t.Context())} {
		if got := one[string](t, db.Search(ctx), "SELECT current_setting('plan_cache_mode')"); got != "force_generic_plan" {
			t.Errorf("Search: plan_cache_mode is %s", got)
		}
		if got := one[string](t, db.Read(ctx), "SELECT current_setting('plan_cache_mode')"); got != "auto" {
			t.Errorf("Read: plan_cache_mode is %s", got)
		}
	}
}

func TestTheServerKeepsTheLimits(t *testing.T) {
	db := dbtest.New(t, dbtest.With(func(s *database.Settings) { s.StatementTimeout, s.ApplicationName = 50*time.Millisecond, "limits" }))
	for setting, want := range map[string]string{"statement_timeout": "50ms", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "30s", "application_name": "limits"} {
		if got := one[string](t, db.Read(t.Context()), "SELECT current_setting(?)", setting); got != want {
			t.Errorf("%s is %s, want %s", setting, got, want)
		}
	}
	var n int
	err := db.Read(t.Context()).Raw("SELECT 1 FROM pg_sleep(5)").Scan(&n).Error
	if p := problem.Of(err); p.Code != "database_timeout" || p.Kind.Status() != 503 {
		t.Errorf("a slow statement: %v", err)
	}
}

func TestTheWaitForAConnectionIsBounded(t *testing.T) {
	db := dbtest.New(t, dbtest.With(func(s *database.Settings) { s.MaxConns, s.AcquireTimeout = 1, 50*time.Millisecond }))
	err := db.InTx(t.Context(), func(*gorm.DB) error { // holds the only connection
		var n int
		for name, err := range map[string]error{
			"Read":    db.Read(t.Context()).Raw("SELECT 1").Scan(&n).Error,
			"InTx":    db.InTx(t.Context(), func(*gorm.DB) error { return nil }),
			"InPgxTx": db.InPgxTx(t.Context(), func(pgx.Tx) error { return nil }),
		} {
			if p := problem.Of(err); p.Code != "database_busy" || p.RetryAfter <= 0 {
				t.Errorf("%s: %v, want database_busy with a time to try again", name, err)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A caller who leaves cancels the statement on the server, and the connection stays of use.
func TestACancelledReadEndsOnTheServer(t *testing.T) {
	db := dbtest.New(t, dbtest.With(func(s *database.Settings) { s.MaxConns, s.MinConns = 1, 1 }))
	backend := one[int](t, db.Read(t.Context()), "SELECT pg_backend_pid()")
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var n int
	begun := time.Now()
	err := db.Read(ctx).Raw("SELECT 1 FROM pg_sleep(10)").Scan(&n).Error
	if err == nil || time.Since(begun) > 2*time.Second || problem.Of(err).Code == "database_unavailable" {
		t.Errorf("ended with %v after %v", err, time.Since(begun))
	}
	if after := one[int](t, db.Read(t.Context()), "SELECT pg_backend_pid()"); after != backend {
		t.Errorf("the connection was lost: backend %d, then %d", backend, after)
	}
}
