package database_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/database/faulttest"
)

// One connection, and callers who leave at every moment of a statement: before it, in it, as it ends. Who comes next on the same
// connection never pays for it, and finds it soon.
func TestACancellationNeverMeetsTheNextStatement(t *testing.T) {
	db := dbtest.New(t, dbtest.With(func(s *database.Settings) { s.MaxConns = 1 }))
	left, done, begun := 0, 0, time.Now()
	for ; done < 200 || left < 50 && done < 2000; done++ { // a busy machine may be late with those who leave
		ctx, cancel := context.WithCancel(t.Context())
		leaves := time.AfterFunc(time.Duration(rand.IntN(4000))*time.Microsecond, cancel)
		// Some end long after the caller left, some at the same moment.
		_, err := db.Pool().Exec(ctx, `SELECT pg_sleep($1)`, []float64{0.001, 0.004, 0.03}[rand.IntN(3)])
		leaves.Stop()
		cancel()
		if err != nil {
			left++
			if ctx.Err() == nil || !errors.Is(err, context.Canceled) && !strings.Contains(err.Error(), "57014") {
				t.Fatalf("who left is answered %v", err)
			}
		}
		if _, err := db.Pool().Exec(t.Context(), `SELECT 1`); err != nil {
			t.Fatalf("who came next is answered %v, after %d who left", err, left)
		}
	}
	if left < 50 {
		t.Errorf("only %d left", left)
	}
	t.Logf("%d of %d left, in %v", left, done, time.Since(begun))
}

func TestAConnectionWhoseCancellationIsUnansweredIsGivenUp(t *testing.T) {
	c := dbtest.New(t).Pool().Config().ConnConfig.Copy()
	for patience, closed := range map[time.Duration]bool{time.Nanosecond: true, 10 * time.Second: false} {
		c.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler { return database.Canceller(conn, patience) }
		conn, err := pgx.ConnectConfig(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
		if _, err := conn.Exec(ctx, `SELECT pg_sleep(5)`); err == nil {
			t.Error("it was not cancelled")
		}
		cancel()
		if conn.IsClosed() != closed {
			t.Errorf("with a patience of %v the connection is closed: %v", patience, conn.IsClosed())
		}
		_ = conn.Close(t.Context())
	}
}

// Who leaves a server that has fallen silent asks nothing more of it, not even to stop.
func TestASilentServerIsNotAskedToStop(t *testing.T) {
	way, through, err := faulttest.ToPostgres(dbtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(way.Close)
	c, err := pgx.ParseConfig(through)
	if err != nil {
		t.Fatal(err)
	}
	c.BuildContextWatcherHandler = func(conn *pgconn.PgConn) ctxwatch.Handler { return database.Canceller(conn, time.Minute) }
	conn, err := pgx.ConnectConfig(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	made := way.Connections()
	dead := faulttest.Latency(time.Hour)
	if err := way.Begin(dead); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = way.End(context.Background(), dead) }()
	ctx, leave := context.WithCancelCause(t.Context())
	time.AfterFunc(10*time.Millisecond, func() { leave(database.ErrSilent) })
	if _, err := conn.Exec(ctx, `SELECT 1`); err == nil {
		t.Error("it answered")
	}
	if !conn.IsClosed() || way.Connections() != made {
		t.Errorf("closed: %v, and %d more connections were made to say so", conn.IsClosed(), way.Connections()-made)
	}
}
