package database_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	osexec "os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"bookvault/platform/database"
	"bookvault/platform/database/dbtest"
	"bookvault/platform/database/embedded"
	"bookvault/platform/problem"

	"gorm.io/gorm"
)

// house is PostgreSQL servers that nobody looks after but the test, as an operator's tool would.
type house struct {
	t    *testing.T
	bin  string
	dir  string
	as   *syscall.SysProcAttr
	made int
}

func newHouse(t *testing.T) *house {
	programs, err := embedded.FindPrograms(t.Context(), "", 0)
	if errors.Is(err, embedded.ErrNoPrograms) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "bookvault-house-") // short: a socket's address has 107 bytes at most
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	h := &house{t: t, bin: programs.Bin, dir: dir}
	if os.Geteuid() == 0 { // PostgreSQL refuses root
		who, err := user.Lookup("postgres")
		if err != nil {
			t.Fatal(err)
		}
		uid, _ := strconv.Atoi(who.Uid)
		gid, _ := strconv.Atoi(who.Gid)
		h.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		if err := os.Chown(dir, uid, gid); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func (h *house) run(program string, args ...string) {
	h.t.Helper()
	c := osexec.Command(filepath.Join(h.bin, program), args...)
	c.SysProcAttr, c.Dir, c.Env = h.as, h.dir, append(os.Environ(), "LC_ALL=C")
	log, err := os.CreateTemp("", "house")
	if err != nil {
		h.t.Fatal(err)
	}
	defer os.Remove(log.Name())
	c.Stdout, c.Stderr = log, log // a file: a pipe would be held open by the server
	if err := c.Run(); err != nil {
		said, _ := os.ReadFile(log.Name())
		server, _ := os.ReadFile(args[len(args)-1]) // of pg_ctl start
		h.t.Fatalf("%s %v: %v\n%s%s", program, args, err, said, server)
	}
}

// host is one server: its folder is its data's, and its socket's.
type host struct {
	h   *house
	dir string
}

func (h *house) host() host {
	h.made++
	return host{h, filepath.Join(h.dir, fmt.Sprint("s", h.made))}
}

// first makes the first primary, which waits for a replica if it is to.
func (h *house) first(settings string) host {
	one := h.host()
	h.run("initdb", "-D", one.dir, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
	text := "listen_addresses = ''\nunix_socket_directories = '" + one.dir + "'\nshared_buffers = 16MB\nmax_connections = 60\nfsync = off\nwal_receiver_timeout = 5s\n" + settings
	if err := os.WriteFile(filepath.Join(one.dir, "postgresql.auto.conf"), []byte(text), 0o644); err != nil {
		h.t.Fatal(err)
	}
	one.start()
	return one
}

// standby makes a replica of a server.
func (h *house) standby(of host) host {
	one := h.host()
	h.run("pg_basebackup", "-D", one.dir, "-h", of.dir, "-U", "postgres", "-R", "-X", "stream", "-c", "fast", "--no-sync")
	one.configure("unix_socket_directories = '" + one.dir + "'")
	one.start()
	return one
}

func (s host) configure(line string) {
	s.h.t.Helper()
	f, err := os.OpenFile(filepath.Join(s.dir, "postgresql.auto.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		s.h.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(line + "\n"); err != nil {
		s.h.t.Fatal(err)
	}
}

// set changes a running server's settings.
func (s host) set(line string) {
	s.configure(line)
	s.h.run("pg_ctl", "reload", "-D", s.dir)
}

func (s host) start() {
	s.h.t.Helper()
	for _, lock := range []string{"postmaster.pid", ".s.PGSQL.5432.lock"} { // of one that was killed, or copied
		_ = os.Remove(filepath.Join(s.dir, lock))
	}
	s.h.run("pg_ctl", "start", "-D", s.dir, "-w", "-t", "60", "-l", filepath.Join(s.dir, "log"))
	s.h.t.Cleanup(func() {
		if pid := s.pid(); pid > 0 {
			s.signal(syscall.SIGCONT)
			s.signal(syscall.SIGQUIT)
		}
	})
}

func (s host) pid() int {
	text, err := os.ReadFile(filepath.Join(s.dir, "postmaster.pid"))
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	return pid
}

// signal reaches the server and all its processes, each of which has a session of its own.
func (s host) signal(sig syscall.Signal) {
	pid := s.pid()
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	_ = syscall.Kill(pid, sig)
	for _, child := range strings.Fields(string(children)) {
		if n, err := strconv.Atoi(child); err == nil && n > 1 {
			_ = syscall.Kill(n, sig)
		}
	}
}

func address(hosts ...host) string {
	dirs := make([]string, len(hosts))
	for i, s := range hosts {
		dirs[i] = s.dir
	}
	return "host=" + strings.Join(dirs, ",") + " port=5432 user=postgres dbname=postgres sslmode=disable"
}

// readers read on and on, as strangers; the errors that they meet and the longest wait are counted.
type readers struct {
	reads, errs atomic.Int64
	longest     atomic.Int64
	stop        context.CancelFunc
	done        chan struct{}
}

func readOn(t *testing.T, db *database.DB) *readers {
	ctx, cancel := context.WithCancel(t.Context())
	r := &readers{stop: cancel, done: make(chan struct{})}
	go func() {
		defer close(r.done)
		for ctx.Err() == nil {
			one, _ := database.WithReader(ctx, "")
			begun := time.Now()
			var n int
			if err := db.Read(one).Raw("SELECT count(*) FROM notes").Row().Scan(&n); err != nil && ctx.Err() == nil {
				r.errs.Add(1)
				t.Logf("a read failed: %v", err)
			}
			r.reads.Add(1)
			r.longest.Store(max(r.longest.Load(), int64(time.Since(begun))))
			time.Sleep(time.Millisecond)
		}
	}()
	return r
}

// over ends them, and says how they fared.
func (r *readers) over(t *testing.T, what string) {
	t.Helper()
	r.stop()
	<-r.done
	t.Logf("%s: %d reads, %d errors, the longest wait %v", what, r.reads.Load(), r.errs.Load(), time.Duration(r.longest.Load()).Round(time.Millisecond))
	if r.errs.Load() > 0 || r.reads.Load() == 0 {
		t.Errorf("%s: %d of %d reads failed", what, r.errs.Load(), r.reads.Load())
	}
}

func write(ctx context.Context, db *database.DB, n int) error {
	return db.InTx(ctx, func(tx *gorm.DB) error { return tx.Exec("INSERT INTO notes VALUES (?)", n).Error })
}

// The servers of a library fail one after the other, as in docs/FAULTS.md. Readers go on throughout, and nothing that was acknowledged
// is lost, also when the primary is lost for good.
func TestServersFailOneAfterTheOther(t *testing.T) {
	h := newHouse(t)
	primary := h.first("synchronous_standby_names = 'ANY 1 (*)'\nsynchronous_commit = local\n")
	near, far := h.standby(primary), h.standby(primary)
	db, err := database.Open(t.Context(), database.Settings{Primary: address(primary, near), Replicas: []string{address(near), address(far)}, Synchronous: true,
		MaxConns: 8, MinConns: 1, SearchMaxConns: 2, BackgroundMaxConns: 1, CommitTimeout: 20 * time.Second, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	exec(t, db, t.Context(), "CREATE TABLE notes (n int)")
	usable := func(replica int) bool {
		_ = one[int](t, db.Read(fresh(t)), "SELECT 1") // reading keeps the watchers awake
		return db.Stats()[replica].Usable
	}
	both := func() {
		t.Helper()
		within(t, 60*time.Second, "both replicas answer reads", func() bool { return usable(1) && usable(2) })
	}
	both()
	written := 0
	put := func() {
		t.Helper()
		if err := write(t.Context(), db, written+1); err != nil {
			t.Fatalf("a write: %v", err)
		}
		written++
	}
	put()

	t.Run("a replica is paused under load", func(t *testing.T) {
		reading := readOn(t, db)
		far.signal(syscall.SIGSTOP)
		begun := time.Now()
		within(t, 30*time.Second, "it gets no reads", func() bool { return !usable(2) })
		t.Logf("no more reads after %v", time.Since(begun).Round(time.Millisecond))
		before := db.Stats()[2].Reads
		for range 200 {
			_ = one[int](t, db.Read(fresh(t)), "SELECT 1")
		}
		if after := db.Stats()[2].Reads; after != before {
			t.Errorf("it was chosen for %d reads more", after-before)
		}
		put()
		far.signal(syscall.SIGCONT)
		both()
		reading.over(t, "paused")
	})
	t.Run("a replica is killed", func(t *testing.T) {
		reading := readOn(t, db)
		far.signal(syscall.SIGKILL)
		within(t, 30*time.Second, "it gets no reads", func() bool { return !usable(2) })
		put()
		far.start()
		both()
		reading.over(t, "killed")
	})
	t.Run("the primary is killed and comes back", func(t *testing.T) {
		reading := readOn(t, db)
		primary.signal(syscall.SIGKILL)
		refused := func() bool {
			begun := time.Now()
			p := problem.Of(write(t.Context(), db, -1))
			return p.Code == "no_primary" && p.Kind.Status() == 503 && p.RetryAfter > 0 && time.Since(begun) < 20*time.Second
		}
		within(t, 30*time.Second, "writes are refused with a time to try again", refused)
		if n := one[int](t, db.Read(fresh(t)), "SELECT count(*) FROM notes"); n < written {
			t.Errorf("%d of %d are read", n, written)
		}
		primary.start()
		within(t, 60*time.Second, "writes go on", func() bool { return write(t.Context(), db, written+1) == nil })
		written++
		both()
		reading.over(t, "killed and back")
	})
	t.Run("the primary is lost and a replica is promoted", func(t *testing.T) {
		reading := readOn(t, db)
		for range 20 {
			put()
		}
		primary.signal(syscall.SIGKILL)
		begun := time.Now()
		near.set("synchronous_standby_names = ''") // there is nobody to wait for until the operator has made another one
		h.run("pg_ctl", "promote", "-D", near.dir, "-w")
		within(t, 60*time.Second, "writes go on", func() bool { return write(t.Context(), db, written+1) == nil })
		written++
		t.Logf("writes go on %v after the primary was lost", time.Since(begun).Round(time.Millisecond))
		reading.over(t, "promoted")
	})
	if n := one[int](t, db.Read(database.Primary(t.Context())), "SELECT count(*) FROM notes WHERE n > 0"); n < written {
		t.Errorf("%d writes were acknowledged, and %d are there", written, n)
	}
}

func TestSynchronousNeedsAServerThatIsSetUpForIt(t *testing.T) {
	_, err := database.Open(t.Context(), database.Settings{Primary: dbtest.DSN(t), Synchronous: true})
	if !errors.Is(err, database.ErrNotSynchronous) {
		t.Errorf("opened with %v", err)
	}
}
