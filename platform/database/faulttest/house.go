package faulttest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"bookvault/platform/database/embedded"
)

// House is PostgreSQL servers that nobody looks after but its owner, who plays the operator's tool: kills, pauses, promotes.
type House struct {
	// Dir is the house's folder, which PostgreSQL's user owns. It goes with Close.
	Dir string
	// As is how its programs are run: PostgreSQL refuses root.
	As *syscall.SysProcAttr

	bin   string
	hosts []Host
}

// NewHouse makes one without servers. The error is embedded.ErrNoPrograms where PostgreSQL is not installed.
func NewHouse(ctx context.Context) (_ *House, err error) {
	programs, err := embedded.FindPrograms(ctx, "", 0)
	if err != nil {
		return nil, err
	}
	h := &House{bin: programs.Bin}
	if h.Dir, err = os.MkdirTemp("/tmp", "bookvault-house-"); err != nil { // short: a socket's address has 107 bytes at most
		return nil, err
	}
	if os.Geteuid() == 0 {
		who, err := user.Lookup("postgres")
		if err != nil {
			h.Close()
			return nil, err
		}
		uid, _ := strconv.Atoi(who.Uid)
		gid, _ := strconv.Atoi(who.Gid)
		h.As = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
		if err := os.Chown(h.Dir, uid, gid); err != nil {
			h.Close()
			return nil, err
		}
	}
	return h, nil
}

// Close ends its servers, without a checkpoint, and removes all of it.
func (h *House) Close() {
	for _, s := range h.hosts {
		if pid := s.PID(); runs(pid) {
			s.Signal(syscall.SIGCONT)
			_ = syscall.Kill(pid, syscall.SIGQUIT)
		}
	}
	for _, s := range h.hosts {
		for end := time.Now().Add(10 * time.Second); runs(s.PID()) && time.Now().Before(end); {
			time.Sleep(5 * time.Millisecond)
		}
	}
	_ = os.RemoveAll(h.Dir)
}

// runs tells whether a process is there that has not ended; one that nobody has asked about since it did is not.
func runs(pid int) bool {
	if pid <= 1 || syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, state, _ := strings.Cut(string(stat), ") ")
	return err != nil || !strings.HasPrefix(state, "Z")
}

func (h *House) run(program string, args ...string) error {
	c := exec.Command(filepath.Join(h.bin, program), args...)
	c.SysProcAttr, c.Dir, c.Env = h.As, h.Dir, append(os.Environ(), "LC_ALL=C")
	log, err := os.CreateTemp("", "house")
	if err != nil {
		return err
	}
	defer func() { _, _ = log.Close(), os.Remove(log.Name()) }()
	c.Stdout, c.Stderr = log, log // a file: a pipe would be held open by the server
	if err := c.Run(); err != nil {
		said, _ := os.ReadFile(log.Name())
		server, _ := os.ReadFile(args[len(args)-1]) // of pg_ctl start
		return fmt.Errorf("%s %v: %w\n%s%s", program, args, err, said, server)
	}
	return nil
}

// Host is one server. Its folder is its data's, and its socket's.
type Host struct {
	Dir string
	h   *House
}

func (h *House) host() Host {
	one := Host{filepath.Join(h.Dir, fmt.Sprint("s", len(h.hosts)+1)), h}
	h.hosts = append(h.hosts, one)
	return one
}

// First makes a primary and starts it, with settings as lines of postgresql.conf.
func (h *House) First(settings string) (Host, error) {
	one := h.host()
	if err := h.run("initdb", "-D", one.Dir, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"); err != nil {
		return one, err
	}
	text := "listen_addresses = ''\nunix_socket_directories = '" + one.Dir + "'\nshared_buffers = 16MB\nmax_connections = 60\nfsync = off\nwal_receiver_timeout = 5s\nwal_retrieve_retry_interval = 500ms\n" + settings
	if err := os.WriteFile(filepath.Join(one.Dir, "postgresql.auto.conf"), []byte(text), 0o644); err != nil {
		return one, err
	}
	return one, one.Start()
}

// Standby makes a replica of a server and starts it.
func (h *House) Standby(of Host) (Host, error) {
	one := h.host()
	if err := h.run("pg_basebackup", "-D", one.Dir, "-h", of.Dir, "-U", "postgres", "-R", "-X", "stream", "-c", "fast", "--no-sync"); err != nil {
		return one, err
	}
	if err := one.configure("unix_socket_directories = '" + one.Dir + "'"); err != nil {
		return one, err
	}
	return one, one.Start()
}

func (s Host) configure(line string) error {
	f, err := os.OpenFile(filepath.Join(s.Dir, "postgresql.auto.conf"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	_, err = f.WriteString(line + "\n")
	return err
}

// Set changes a running server's settings.
func (s Host) Set(line string) error {
	if err := s.configure(line); err != nil {
		return err
	}
	return s.h.run("pg_ctl", "reload", "-D", s.Dir)
}

// Start starts it, also one that was killed.
func (s Host) Start() error {
	for _, lock := range []string{"postmaster.pid", ".s.PGSQL.5432.lock"} { // of one that was killed, or copied
		_ = os.Remove(filepath.Join(s.Dir, lock))
	}
	return s.h.run("pg_ctl", "start", "-D", s.Dir, "-w", "-t", "60", "-l", filepath.Join(s.Dir, "log"))
}

// Promote makes a replica the primary.
func (s Host) Promote() error { return s.h.run("pg_ctl", "promote", "-D", s.Dir, "-w") }

// PID gives its first process; 0 when it was not started.
func (s Host) PID() int {
	text, err := os.ReadFile(filepath.Join(s.Dir, "postmaster.pid"))
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	return pid
}

// Processes gives all of its processes; each has a session of its own.
func (s Host) Processes() []int {
	pid := s.PID()
	all := []int{pid}
	children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for _, child := range strings.Fields(string(children)) {
		if n, err := strconv.Atoi(child); err == nil && n > 1 {
			all = append(all, n)
		}
	}
	return all
}

// Signal reaches all of its processes.
func (s Host) Signal(sig syscall.Signal) {
	for _, pid := range s.Processes() {
		if pid > 1 {
			_ = syscall.Kill(pid, sig)
		}
	}
}

// Address is that of several servers, of which one is the primary, or of one.
func Address(hosts ...Host) string {
	dirs := make([]string, len(hosts))
	for i, s := range hosts {
		dirs[i] = s.Dir
	}
	return "host=" + strings.Join(dirs, ",") + " port=5432 user=postgres dbname=postgres sslmode=disable"
}
