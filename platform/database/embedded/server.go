package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// server is one postmaster that we start and stop: the primary or the replica.
type server struct {
	name       string // in the names of its log files
	data       string
	socketDir  string
	port       int // only a part of the socket's name: nothing listens on the network
	parameters map[string]string
	programs   Programs
	account    account
	folder     folder
	log        *slog.Logger

	mu     sync.Mutex
	cmd    *exec.Cmd
	exited chan struct{} // closed when cmd has ended; nil before the first start
}

// dsn is the server's address for a role and a database. It names every setting that PG* variables could replace.
func (s *server) dsn(role, database string) string {
	q := url.Values{"host": {s.socketDir}, "port": {strconv.Itoa(s.port)}, "user": {role}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + q.Encode()
}

// start runs the postmaster and waits until it takes connections, however long it recovers from its log. A start that fails
// because the shared memory of a killed postmaster is still in use is tried again for a few seconds; so is one that met the postmaster of
// a killed BookVault, which was only about to start when it was looked for.
func (s *server) start(ctx context.Context) error {
	for try := 0; ; try++ {
		err := s.startOnce(ctx)
		if err == nil || try == 25 {
			return err
		}
		switch {
		case strings.Contains(err.Error(), `"postmaster.pid" already exists`):
			if err := stopOrphan(ctx, s.data, s.log); err != nil {
				return err
			}
		case !strings.Contains(err.Error(), "shared memory block"):
			return err
		}
		if !sleep(ctx, 200*time.Millisecond) {
			return err
		}
	}
}

func (s *server) startOnce(ctx context.Context) error {
	// Until PostgreSQL opens its own log, it writes here. A file and not a pipe, since it may outlive us.
	first, err := os.OpenFile(s.folder.firstWords(s.name), os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the log of the %s: %w", s.name, err)
	}
	defer func() { _ = first.Close() }()

	args := []string{"-D", s.data, "-p", strconv.Itoa(s.port)}
	for key, value := range s.parameters {
		args = append(args, "-c", key+"="+value)
	}
	cmd := exec.Command(s.programs.path("postgres"), args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = "/", environment(), s.account.attributes()
	cmd.Stdout, cmd.Stderr = first, first

	s.mu.Lock()
	if ctx.Err() != nil { // a stop came first
		s.mu.Unlock()
		return ctx.Err()
	}
	if err := cmd.Start(); err != nil {
		s.mu.Unlock()
		return fmt.Errorf("starting the %s: %w", s.name, err)
	}
	exited := make(chan struct{})
	s.cmd, s.exited = cmd, exited
	s.mu.Unlock()
	go func() {
		_ = cmd.Wait()
		close(exited)
	}()

	slow := time.After(5 * time.Second)
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		if s.answers(ctx) == nil {
			return nil
		}
		select {
		case <-slow:
			s.log.Info("PostgreSQL is still starting; after a crash it first recovers from its log", "server", s.name)
		case <-exited:
			return fmt.Errorf("the %s ended while it started (its log is in %s): %s", s.name, s.folder.logs(), s.lastWords())
		case <-ctx.Done():
			return errors.Join(fmt.Errorf("waiting for the %s to take connections: %w", s.name, ctx.Err()), s.stop(time.Second))
		case <-time.After(wait):
		}
	}
}

// answers tells whether the server takes connections.
func (s *server) answers(ctx context.Context) error {
	return s.ask(ctx, "SELECT 1", new(int))
}

// ask runs one query as the superuser on a connection of its own and scans its single row.
func (s *server) ask(ctx context.Context, query string, into ...any) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.dsn(adminRole, "postgres"))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	return conn.QueryRow(ctx, query).Scan(into...)
}

// ended is closed when the server is not running.
func (s *server) ended() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.exited == nil {
		none := make(chan struct{})
		close(none)
		return none
	}
	return s.exited
}

// stop ends the server: connections are cut and a checkpoint is written. If that takes longer than allowed, it is stopped
// without the checkpoint, and recovers from its log at the next start. A server that is not running is no error.
func (s *server) stop(within time.Duration) error {
	exited := s.ended()
	s.mu.Lock()
	cmd := s.cmd
	s.mu.Unlock()
	if cmd == nil {
		return nil
	}
	for _, step := range []struct {
		signal syscall.Signal
		wait   time.Duration
	}{{syscall.SIGINT, within}, {syscall.SIGQUIT, time.Second}, {syscall.SIGKILL, time.Second}} {
		select {
		case <-exited:
			return nil
		default:
		}
		_ = cmd.Process.Signal(step.signal)
		select {
		case <-exited:
			return nil
		case <-time.After(step.wait):
		}
	}
	return fmt.Errorf("the %s (process %d) does not end", s.name, cmd.Process.Pid)
}

// says tells whether what the server has written since it started holds any of some words.
func (s *server) says(any []string) bool {
	text := s.written()
	return slices.ContainsFunc(any, func(words string) bool { return strings.Contains(text, words) })
}

// written gives what the server has written since it started.
func (s *server) written() string {
	text, _ := os.ReadFile(s.folder.firstWords(s.name))
	logs, _ := filepath.Glob(filepath.Join(s.folder.logs(), s.name+"-*.log"))
	if len(logs) > 0 && strings.Contains(string(text), "log output") {
		newest, _ := os.ReadFile(logs[len(logs)-1])
		text = append(text, newest...)
	}
	return string(text)
}

// lastWords gives why the server ended: from the last line that says so, else the end of what it wrote. PostgreSQL's log
// collector, if it came to that, may write them a moment after the server is gone.
func (s *server) lastWords() string {
	var lines []string
	for range 10 {
		lines = strings.Split(strings.TrimSpace(s.written()), "\n")
		for i := len(lines) - 1; i >= 0 && i > len(lines)-20; i-- {
			refusal := strings.Contains(lines[i], "the database system is") // what we are told who ask whether it is up yet
			if !refusal && strings.Contains(lines[i], "FATAL:") || strings.Contains(lines[i], "PANIC:") {
				return strings.Join(lines[i:], " | ")
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	return strings.Join(lines[max(0, len(lines)-3):], " | ")
}

// run runs one of PostgreSQL's programs to its end as the account; its words are in the error. When ctx ends, it and what it
// started are killed.
func (c *Cluster) run(ctx context.Context, program string, args ...string) error {
	return c.account.run(ctx, c.programs, program, args...)
}

func (a account) run(ctx context.Context, programs Programs, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, programs.path(program), args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = "/", environment(), a.attributes()
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &words, &words
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, errors.Join(err, ctx.Err()), bytes.TrimSpace(words.Bytes()))
	}
	return nil
}

// environment is what PostgreSQL's programs get to see: none of the PG* variables that would change what they do.
func environment() []string {
	return []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
}
