// Package redistest gives tests a real Redis in a process of its own, which they can kill, hold, fill and start again.
package redistest

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gomodule/redigo/redis"
)

// Server is a Redis on 127.0.0.1 that keeps nothing on disk. It ends with the test.
type Server struct {
	URL string

	t       testing.TB
	program string
	port    int
	dir     string
	options []string
	process *exec.Cmd
}

// New starts a Redis, or skips the test where there is none; with CI=true the test fails then. Options are as on the command line:
// "--maxmemory", "2mb".
func New(t testing.TB, options ...string) *Server {
	t.Helper()
	program, err := find()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	s := &Server{t: t, program: program, port: freePort(t), dir: t.TempDir(), options: options}
	s.URL = fmt.Sprintf("redis://127.0.0.1:%d/0", s.port)
	t.Cleanup(s.Kill)
	s.Start()
	return s
}

func find() (string, error) {
	for _, name := range []string{"redis-server", "valkey-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("neither redis-server nor valkey-server is installed (Debian: apt-get install redis-server)")
}

// freePort gives a port that nobody listens on now.
func freePort(t testing.TB) int {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().(*net.TCPAddr).Port
}

// Start starts the server again after Kill, empty, and waits until it answers.
func (s *Server) Start() {
	s.t.Helper()
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = log.Close() }()
	arguments := append([]string{"--port", fmt.Sprint(s.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", s.dir, "--daemonize", "no"}, s.options...)
	s.process = exec.Command(s.program, arguments...)
	s.process.Stdout, s.process.Stderr = log, log
	s.process.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // not to outlive a test that is killed
	if err := s.process.Start(); err != nil {
		s.t.Fatal(err)
	}
	for deadline := time.Now().Add(20 * time.Second); !s.answers(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			s.t.Fatalf("%s does not answer:\n%s", s.program, said)
		}
	}
}

func (s *Server) answers() bool {
	conn, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", s.port), time.Second)
	if err != nil {
		return false
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	answer := make([]byte, 7)
	n, _ := conn.Read(answer)
	return strings.HasPrefix(string(answer[:n]), "+PONG")
}

// Address is host:port where it listens.
func (s *Server) Address() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// Kill ends the server as kill -9 does, and waits for its end. Nothing is kept.
func (s *Server) Kill() {
	if s.process == nil {
		return
	}
	_ = s.process.Process.Kill()
	_ = s.process.Wait()
	s.process = nil
}

// Hold stops the server in its tracks (SIGSTOP): connections stay, and nobody answers.
func (s *Server) Hold() { s.signal(syscall.SIGSTOP) }

// Release lets it go on.
func (s *Server) Release() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(what syscall.Signal) {
	s.t.Helper()
	if err := s.process.Process.Signal(what); err != nil {
		s.t.Fatal(err)
	}
}

// Do sends one command and gives its answer as text.
func (s *Server) Do(words ...string) string {
	s.t.Helper()
	conn := s.dial()
	defer func() { _ = conn.Close() }()
	answer, err := conn.Do(words[0], redis.Args{}.AddFlat(words[1:])...)
	if err != nil {
		s.t.Fatalf("%q: %v", words, err)
	}
	if text, is := answer.([]byte); is {
		return string(text)
	}
	return fmt.Sprint(answer)
}

// Keys lists all keys.
func (s *Server) Keys() []string {
	s.t.Helper()
	conn := s.dial()
	defer func() { _ = conn.Close() }()
	keys, err := redis.Strings(conn.Do("KEYS", "*"))
	if err != nil {
		s.t.Fatal(err)
	}
	return keys
}

func (s *Server) dial() redis.Conn {
	s.t.Helper()
	const patience = 10 * time.Second
	conn, err := redis.DialURL(s.URL, redis.DialConnectTimeout(patience), redis.DialReadTimeout(patience), redis.DialWriteTimeout(patience))
	if err != nil {
		s.t.Fatal(err)
	}
	return conn
}
