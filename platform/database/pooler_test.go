package database_test

import (
	"context"
	"fmt"
	"net"
	"os"
	osexec "os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"

	"github.com/jackc/pgx/v5"
	"gorm.io/gorm"
)

// bouncer starts PgBouncer in transaction mode in front of a database, with fewer connections to it than there are callers.
func bouncer(t *testing.T, dsn string) (address string) {
	t.Helper()
	program, err := osexec.LookPath("pgbouncer")
	if err != nil {
		program = "/usr/sbin/pgbouncer"
		if _, err = os.Stat(program); err != nil && os.Getenv("CI") != "true" {
			t.Skip("pgbouncer is not installed (Debian: apt-get install pgbouncer)")
		}
	}
	to, err := pgx.ParseConfig(dsn)
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t)
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := free.Addr().(*net.TCPAddr).Port
	_ = free.Close()
	ini := filepath.Join(h.Dir, "bouncer.ini")
	text := fmt.Sprintf("[databases]\n%s = host=%s port=%d user=%s\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\nunix_socket_dir =\nauth_type = any\n"+
		"pool_mode = transaction\ndefault_pool_size = 3\nmax_client_conn = 100\n", to.Database, to.Host, to.Port, to.User, port)
	if err := os.WriteFile(ini, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	c := osexec.Command(program, "-q", ini)
	c.SysProcAttr, c.Dir = h.As, h.Dir
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		_ = c.Wait() // it ends by the signal
	})
	address = fmt.Sprintf("host=127.0.0.1 port=%d user=%s dbname=%s sslmode=disable", port, to.User, to.Database)
	within(t, 30*time.Second, "PgBouncer answers", func() bool {
		conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
	return address
}

// Everything works through PgBouncer in transaction mode, with many callers on three connections: reads, searches, transactions of both
// kinds, the log of changes; and session locks beside it.
func TestATransactionPoolerMayStandBeforeThePrimary(t *testing.T) {
	direct := dbtest.DSN(t)
	db, err := database.Open(t.Context(), database.Settings{Primary: bouncer(t, direct), Direct: direct, Pooler: true, MaxConns: 12, SearchMaxConns: 4, BackgroundMaxConns: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	exec(t, db, t.Context(), "CREATE TABLE notes (n int, who text)")
	heard := make(chan database.Heard, 1000)
	db.Feed().Subscribe("notes", func(h database.Heard) { heard <- h })
	if err := db.Feed().Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	const callers, rounds = 10, 15
	for who := range callers {
		all.Go(func() {
			ctx, reader := database.WithReader(context.Background(), "")
			for n := range rounds {
				err := db.InTx(ctx, func(tx *gorm.DB) error {
					if err := tx.Exec("INSERT INTO notes VALUES (?, ?)", n, fmt.Sprint(who)).Error; err != nil {
						return err
					}
					return database.Changed(tx, "notes", int64(who))
				})
				if err == nil {
					err = db.InPgxTx(ctx, func(tx pgx.Tx) error {
						_, err := tx.Exec(ctx, "UPDATE notes SET n = n + 100 WHERE n = $1 AND who = $2", n, fmt.Sprint(who))
						return err
					})
				}
				var seen, found int
				if err == nil {
					err = db.Read(ctx).Raw("SELECT count(*) FROM notes WHERE who = ? AND n >= 100", fmt.Sprint(who)).Row().Scan(&seen)
				}
				if err == nil {
					err = db.Search(ctx).Raw("SELECT count(*) FROM notes WHERE who = ?", fmt.Sprint(who)).Row().Scan(&found)
				}
				if err != nil || seen != n+1 || found != n+1 || reader.Token() == "" {
					t.Errorf("caller %d in round %d: %v; reads %d, finds %d", who, n, err, seen, found)
					return
				}
			}
		})
	}
	all.Wait()
	lock, err := db.TryLock(t.Context(), "pooler")
	if err != nil || lock == nil {
		t.Fatalf("the lock beside it: %v", err)
	}
	if again, err := db.TryLock(t.Context(), "pooler"); err != nil || again != nil {
		t.Errorf("it is held twice: %v", err)
	}
	lock.Release()
	if len(heard) < callers*rounds {
		t.Errorf("%d changes were heard of", len(heard))
	}
}
