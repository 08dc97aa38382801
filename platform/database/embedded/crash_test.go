package embedded

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// holdFolder makes this test binary a process that starts a cluster in the named folder, says so, and waits to be killed.
const holdFolder = "BOOKVAULT_TEST_HOLD_FOLDER"

func TestMain(m *testing.M) {
	if folder := os.Getenv(holdFolder); folder != "" {
		c, err := Start(context.Background(), Settings{Dir: folder, Replica: true, Throwaway: true, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("primary")
		fmt.Println("replica", c.WaitReplica(context.Background()))
		time.Sleep(time.Minute)
		os.Exit(0)
	}
	code := m.Run()
	if made.dir != "" {
		code = max(code, failed(Remove(context.Background(), made.dir)))
	}
	os.Exit(max(code, failed(goleak.Find())))
}

// failed tells of an error as an exit status.
func failed(err error) int {
	if err == nil {
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// holder is another process that runs a cluster.
type holder struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
}

// hold starts this test binary as another process on a folder.
func hold(t *testing.T, folder string) *holder {
	t.Helper()
	h := &holder{cmd: exec.Command(os.Args[0])}
	h.cmd.Env = append(os.Environ(), holdFolder+"="+folder)
	h.run(t)
	return h
}

func (h *holder) run(t *testing.T) {
	t.Helper()
	out, err := h.cmd.StdoutPipe()
	if err == nil {
		err = h.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	h.lines = bufio.NewScanner(out)
	t.Cleanup(h.kill)
}

// says waits until the process has printed a line.
func (h *holder) says(t *testing.T, want string) {
	t.Helper()
	for h.lines.Scan() {
		if h.lines.Text() == want {
			return
		}
		t.Log("the other process says:", h.lines.Text())
	}
	t.Fatalf("the other process ended without saying %q", want)
}

func (h *holder) kill() {
	_ = h.cmd.Process.Kill()
	_ = h.cmd.Wait()
}

// postmaster gives the process id of the server on a data folder.
func postmaster(t *testing.T, data string) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(data, "postmaster.pid"))
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestOurProcessIsKilled(t *testing.T) {
	t.Parallel()
	folder := begun(t, dir(t))
	h := hold(t, folder)
	h.says(t, "replica <nil>")
	state, running := Running(folder)
	if !running {
		t.Fatal("the other process is not found")
	}
	query(t, state.PrimaryDSN, "CREATE TABLE kept AS SELECT 'acknowledged' AS word")
	if _, err := Start(t.Context(), Settings{Dir: folder}); !errors.Is(err, ErrInUse) {
		t.Errorf("beside the other process: %v, want ErrInUse", err)
	}
	h.kill()
	left := postmaster(t, filepath.Join(folder, "primary"))
	if syscall.Kill(left, 0) != nil {
		t.Fatal("the server did not outlive its parent, so this test shows nothing")
	}
	if _, running := Running(folder); running {
		t.Error("Running after the process was killed")
	}
	asked := time.Now()
	c := start(t, Settings{Dir: folder, Replica: true, Throwaway: true})
	t.Logf("started again in %v", time.Since(asked).Round(time.Millisecond))
	waitReplica(t, c)
	if now := postmaster(t, filepath.Join(folder, "primary")); now == left {
		t.Error("the old server is still there")
	}
	if got := query(t, c.PrimaryDSN(), "SELECT word FROM kept"); got != "acknowledged" {
		t.Errorf("the row is %q", got)
	}
}

func TestEverythingIsKilledAndTheProcessIdIsSomebodyElses(t *testing.T) {
	t.Parallel()
	folder := begun(t, dir(t))
	h := hold(t, folder)
	h.says(t, "primary")
	state, _ := Running(folder)
	query(t, state.PrimaryDSN, "CREATE TABLE kept AS SELECT 'acknowledged' AS word")
	left := postmaster(t, filepath.Join(folder, "primary"))
	h.kill()
	if err := syscall.Kill(left, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	// As after a reboot: the number in the pid file belongs to another program, here to this one.
	pidFile := filepath.Join(folder, "primary", "postmaster.pid")
	text, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), "\n")
	if err := os.WriteFile(pidFile, []byte(strconv.Itoa(os.Getpid())+"\n"+rest), 0o600); err != nil {
		t.Fatal(err)
	}
	c := start(t, Settings{Dir: folder, Replica: true, Throwaway: true})
	waitReplica(t, c)
	if got := query(t, c.PrimaryDSN(), "SELECT word FROM kept"); got != "acknowledged" {
		t.Errorf("the row is %q", got)
	}
}

func TestServersThatAreKilledComeBack(t *testing.T) {
	t.Parallel()
	c := start(t, Settings{Dir: begun(t, dir(t)), Replica: true, Throwaway: true})
	waitReplica(t, c)
	query(t, c.PrimaryDSN(), "CREATE TABLE kept AS SELECT 'acknowledged' AS word")
	for _, s := range []*server{c.replica, c.primary} {
		left := postmaster(t, s.data)
		if err := syscall.Kill(left, syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		within(t, 20*time.Second, "the "+s.name+" answers again", func() bool {
			return s.answers(t.Context()) == nil && postmaster(t, s.data) != left
		})
	}
	query(t, c.PrimaryDSN(), "CREATE TABLE later AS SELECT word FROM kept")
	within(t, 20*time.Second, "the replica follows again", func() bool {
		seen, err := tryQuery(c.ReplicaDSNs()[0], "SELECT to_regclass('later')::text")
		return err == nil && seen == "later"
	})
}

func TestAnInterruptedFirstStart(t *testing.T) {
	t.Parallel()
	for _, point := range []string{"primary" + halfMade, "replica" + halfMade} {
		t.Run(point, func(t *testing.T) {
			folder := dir(t)
			if strings.HasPrefix(point, "replica") {
				begun(t, folder)
			}
			h := hold(t, folder)
			within(t, 20*time.Second, "the folder is being made", func() bool {
				found, _ := filepath.Glob(filepath.Join(folder, point+"*", "base"))
				return len(found) > 0
			})
			h.kill()
			c := start(t, Settings{Dir: folder, Replica: true, Throwaway: true})
			waitReplica(t, c)
			if got := query(t, c.ReplicaDSNs()[0], "SELECT 'whole'"); got != "whole" {
				t.Errorf("got %q", got)
			}
			if slots := query(t, c.AdminDSN(), "SELECT count(*)::text FROM pg_replication_slots"); slots != "1" {
				t.Errorf("%s replication slots, want 1", slots)
			}
		})
	}
}

func TestACancelledStartLeavesNothing(t *testing.T) {
	t.Parallel()
	folder := dir(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if c, err := Start(ctx, Settings{Dir: folder, Throwaway: true, Logger: slog.New(slog.DiscardHandler)}); err == nil {
		stop(t, c)
		t.Fatal("started in 200 ms, so nothing was cancelled")
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*"+halfMade+"*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	start(t, Settings{Dir: folder, Throwaway: true})
}

func TestAReplicaThatCannotFollowIsBuiltAnew(whole *testing.T) {
	t := whole
	t.Parallel()
	folder := begun(t, dir(t))
	c := start(t, Settings{Dir: folder, Replica: true, Throwaway: true})
	waitReplica(t, c)
	broken := []struct {
		name  string
		spoil func() error
	}{
		{"no control file", func() error { return os.Remove(filepath.Join(folder, "replica", "global", "pg_control")) }},
		{"not a data folder", func() error { return os.Remove(filepath.Join(folder, "replica", "PG_VERSION")) }},
		{"promoted", func() error { return os.Remove(filepath.Join(folder, "replica", "standby.signal")) }},
		// It was promoted, so its log went its own way, and is told to follow again.
		{"diverged", func() error { return os.WriteFile(filepath.Join(folder, "replica", "standby.signal"), nil, 0o644) }},
	}
	for i, b := range broken {
		t.Run(b.name, func(t *testing.T) {
			if b.name == "diverged" && query(t, c.ReplicaAdminDSN(), "SELECT pg_promote()::text") != "true" {
				t.Fatal("the replica was not promoted")
			}
			stop(t, c)
			if err := b.spoil(); err != nil {
				t.Fatal(err)
			}
			c = start(whole, Settings{Dir: folder, Replica: true, Throwaway: true})
			table := "after_" + strconv.Itoa(i)
			query(t, c.PrimaryDSN(), "CREATE TABLE "+table+" ()")
			within(t, 40*time.Second, "the replica is there again", func() bool {
				var found bool
				err := c.replica.ask(t.Context(), "SELECT pg_is_in_recovery() AND EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming')", &found)
				if err != nil || !found {
					return false
				}
				// It may be on its way down to be built anew, between the two looks.
				seen, err := tryQuery(c.ReplicaDSNs()[0], "SELECT to_regclass('"+table+"')::text")
				return err == nil && seen == table
			})
		})
	}
	stop(t, c)
	c = start(t, Settings{Dir: folder, Throwaway: true}) // and without a replica nothing of it stays
	if slots := query(t, c.AdminDSN(), "SELECT count(*)::text FROM pg_replication_slots"); slots != "0" {
		t.Errorf("%s replication slots, want 0", slots)
	}
	if _, err := os.Stat(filepath.Join(folder, "replica")); !errors.Is(err, os.ErrNotExist) {
		t.Error("the replica's folder is still there")
	}
}
