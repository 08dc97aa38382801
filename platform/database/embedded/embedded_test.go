package embedded

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// start brings a cluster up in a folder and has it stopped when the test ends.
func start(t *testing.T, s Settings) *Cluster {
	t.Helper()
	s.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	c, err := Start(t.Context(), s)
	if errors.Is(err, ErrNoPrograms) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

func stop(t *testing.T, c *Cluster) {
	t.Helper()
	if err := c.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// dir gives a folder that an unprivileged user can reach: t.TempDir's parents are open, its own mode is widened by Start.
func dir(t *testing.T) string {
	t.Helper()
	d, err := os.MkdirTemp("", "bookvault-embedded-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := Remove(context.Background(), d); err != nil {
			t.Error(err)
		}
	})
	return d
}

// query runs one statement at an address and gives its single value as text.
func query(t *testing.T, dsn, sql string) string {
	t.Helper()
	value, err := tryQuery(dsn, sql)
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

// tryQuery is query where the server may be away: a replica that is built anew, say.
func tryQuery(dsn, sql string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(ctx) }()
	var value *string
	if err := conn.QueryRow(ctx, sql).Scan(&value); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", err
	}
	if value == nil {
		return "", nil
	}
	return *value, nil
}

// within waits until a condition holds, or fails the test.
func within(t *testing.T, limit time.Duration, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", limit, what)
		}
	}
}

// made is a cluster that was stopped, for tests of what comes after the first start: each takes a copy.
var made struct {
	once sync.Once
	dir  string
	err  error
}

// begun puts a cluster into a folder that was started before, in a tenth of the time that a first start takes.
func begun(t *testing.T, folder string) string {
	t.Helper()
	made.once.Do(func() {
		if made.dir, made.err = os.MkdirTemp("", "bookvault-embedded-"); made.err != nil {
			return
		}
		c, err := Start(context.Background(), Settings{Dir: made.dir, Throwaway: true, Logger: slog.New(slog.DiscardHandler)})
		if err == nil {
			err = c.Stop(context.Background())
		}
		made.err = err
	})
	if errors.Is(made.err, ErrNoPrograms) && os.Getenv("CI") != "true" {
		t.Skip(made.err)
	}
	if made.err != nil {
		t.Fatal(made.err)
	}
	if said, err := exec.Command("cp", "-a", filepath.Join(made.dir, "primary"), folder).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, said)
	}
	return folder
}

func waitReplica(t *testing.T, c *Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 40*time.Second)
	defer cancel()
	if err := c.WaitReplica(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestFirstStartLaterStartAndStop(t *testing.T) {
	folder := dir(t)
	asked := time.Now()
	c := start(t, Settings{Dir: folder, Replica: true})
	primary := time.Since(asked)
	waitReplica(t, c)
	t.Logf("first start: primary %v, replica %v", primary.Round(time.Millisecond), time.Since(asked).Round(time.Millisecond))

	query(t, c.PrimaryDSN(), "CREATE TABLE kept (word text)")
	query(t, c.PrimaryDSN(), "INSERT INTO kept VALUES ('Kiều')")
	within(t, 5*time.Second, "the replica has the row", func() bool {
		return query(t, c.ReplicaDSNs()[0], "SELECT to_regclass('kept')::text") != "" && query(t, c.ReplicaDSNs()[0], "SELECT word FROM kept") == "Kiều"
	})
	for setting, want := range map[string]string{
		"server_encoding": "UTF8", "data_checksums": "on", "listen_addresses": "", "fsync": "on", "synchronous_commit": "on", "TimeZone": "UTC",
	} {
		if got := query(t, c.PrimaryDSN(), "SHOW "+setting); got != want {
			t.Errorf("%s is %q, want %q", setting, got, want)
		}
	}
	if got := query(t, c.PrimaryDSN(), "SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user"); got != "false" {
		t.Error("the application's role is a superuser")
	}
	if got := query(t, c.ReplicaAdminDSN(), "SELECT pg_is_in_recovery()::text"); got != "true" {
		t.Error("the replica is not one")
	}
	if info, err := os.Stat(c.state.SocketDir); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the sockets' folder: %v, %v; want mode 700", info, err)
	}

	asked = time.Now()
	stop(t, c)
	if took := time.Since(asked); took > 5*time.Second {
		t.Errorf("stopping took %v", took)
	}
	stop(t, c) // again does no harm

	asked = time.Now()
	c = start(t, Settings{Dir: folder, Replica: true})
	primary = time.Since(asked)
	waitReplica(t, c)
	t.Logf("later start: primary %v, replica %v", primary.Round(time.Millisecond), time.Since(asked).Round(time.Millisecond))
	if got := query(t, c.PrimaryDSN(), "SELECT word FROM kept"); got != "Kiều" {
		t.Errorf("the row is %q after a restart", got)
	}
}

func TestASecondProcessIsRefusedAndCanJoin(t *testing.T) {
	t.Parallel()
	folder := dir(t)
	if _, running := Running(folder); running {
		t.Error("Running before the start")
	}
	c := start(t, Settings{Dir: begun(t, folder), Throwaway: true})
	_, err := Start(t.Context(), Settings{Dir: folder})
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), strconv.Itoa(os.Getpid())) {
		t.Errorf("the second start answered %v, want ErrInUse and our process id", err)
	}
	if err := Remove(t.Context(), folder); !errors.Is(err, ErrInUse) {
		t.Errorf("Remove of a running one answered %v", err)
	}
	if err := c.Announce("127.0.0.1:18080"); err != nil {
		t.Fatal(err)
	}
	state, running := Running(folder)
	if !running || state.Address != "127.0.0.1:18080" || state.PID != os.Getpid() || query(t, state.PrimaryDSN, "SELECT 'joined'") != "joined" {
		t.Errorf("Running = %+v, %v", state, running)
	}
	if info, err := os.Stat(c.folder.statePath()); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the state file: %v, %v; want mode 600", info, err)
	}
	stop(t, c)
	if _, running := Running(folder); running {
		t.Error("Running after the stop")
	}
}

func TestAnotherMajorVersionIsRefusedAndNothingTouched(t *testing.T) {
	t.Parallel()
	folder := dir(t)
	data := filepath.Join(folder, "primary")
	if err := os.MkdirAll(filepath.Join(data, "base"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"PG_VERSION": "9\n", "base/1": "a row", "postmaster.pid": "1\n"} {
		if err := os.WriteFile(filepath.Join(data, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before := tree(t, data)
	_, err := Start(t.Context(), Settings{Dir: folder, Replica: true})
	if !errors.Is(err, ErrOtherMajor) || strings.Contains(err.Error(), "\n") {
		t.Errorf("answered %v, want ErrOtherMajor in one line", err)
	}
	if after := tree(t, data); after != before {
		t.Errorf("the folder was touched:\n%s\nnow\n%s", before, after)
	}
	// What is no PostgreSQL folder at all is not ours to fill either.
	if err := os.Remove(filepath.Join(data, "PG_VERSION")); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), Settings{Dir: folder}); err == nil || !strings.Contains(err.Error(), "PG_VERSION") {
		t.Errorf("a folder without PG_VERSION: %v", err)
	}
}

// tree lists a folder with owners, modes, times and contents.
func tree(t *testing.T, root string) string {
	t.Helper()
	var b strings.Builder
	err := filepath.Walk(root, func(path string, info os.FileInfo, err error) error {
		if err != nil {
			return err
		}
		text, _ := os.ReadFile(path)
		b.WriteString(path + " " + info.Mode().String() + " " + info.ModTime().String() + " " + string(text) + "\n")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestADeepFolderHasItsSocketsElsewhere(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(dir(t), strings.Repeat("deep down ", 12), "it's a, \"folder\"")
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	c := start(t, Settings{Dir: begun(t, folder), Throwaway: true, Replica: true})
	waitReplica(t, c)
	sockets := c.state.SocketDir
	if query(t, c.ReplicaDSNs()[0], "SELECT 'here'") != "here" || strings.HasPrefix(sockets, folder) {
		t.Errorf("sockets in %s", sockets)
	}
	stop(t, c)
	if _, err := os.Stat(sockets); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the temporary folder %s is still there", sockets)
	}
}

func TestStopIsBoundedWhileClientsAreBusy(t *testing.T) {
	t.Parallel()
	c := start(t, Settings{Dir: begun(t, dir(t)), Throwaway: true, Replica: true})
	waitReplica(t, c)
	conn, err := pgx.Connect(t.Context(), c.PrimaryDSN())
	if err != nil {
		t.Fatal(err)
	}
	asleep := make(chan error, 1)
	go func() { _, err := conn.Exec(context.Background(), "SELECT pg_sleep(60)"); asleep <- err }()
	within(t, 5*time.Second, "the query runs", func() bool {
		return query(t, c.AdminDSN(), "SELECT count(*)::text FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(60)'") == "1"
	})
	asked := time.Now()
	stop(t, c)
	if took := time.Since(asked); took > 5*time.Second {
		t.Errorf("stopping took %v", took)
	}
	if err := <-asleep; err == nil {
		t.Error("the query ended well")
	}
}
