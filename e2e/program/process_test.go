// Package program_test runs the program as a person would: it builds it, starts it, reads what it prints, kills it, and looks at
// what is left. The browser journeys are in the folder above.
package program_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bookvault/platform/database/dbtest"
)

// programFolder is where the program under test is built, for the tests of this process.
var programFolder string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if programFolder, err = os.MkdirTemp("", "bookvault-program-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer func() { _ = os.RemoveAll(programFolder) }()
		return dbtest.Run(m)
	}())
}

var buildProgram = sync.OnceValues(func() (string, error) {
	if *another != "" {
		return *another, nil
	}
	program := filepath.Join(programFolder, "bookvault")
	if said, err := exec.Command("go", "build", "-o", program, "bookvault").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, said)
	}
	return program, nil
})

// program gives the path of the program, built by the first test that asks.
func program(t *testing.T) string {
	t.Helper()
	path, err := buildProgram()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// patience is how long anything may take here before a test gives up. It is no measure: machines that test are slow.
const patience = 60 * time.Second

// newHome makes a folder for a library. It may be entered by PostgreSQL's user, as a clone in /srv might.
func newHome(t *testing.T) string {
	t.Helper()
	home, err := os.MkdirTemp("", "bookvault-home-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(home, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for begin := time.Now(); len(postgresOf(home)) > 0 && time.Since(begin) < 2*time.Second; {
			time.Sleep(20 * time.Millisecond) // a worker that is just leaving
		}
		for _, pid := range postgresOf(home) {
			t.Errorf("PostgreSQL is left running as process %d", pid)
			_ = syscall.Kill(pid, syscall.SIGQUIT)
		}
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	})
	return home
}

// command runs the program to its end and gives its standard output, standard error and exit status.
func command(t *testing.T, home string, environ []string, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var out, words bytes.Buffer
	process := exec.CommandContext(ctx, program(t), args...)
	process.Dir, process.Env = home, append(os.Environ(), environ...)
	process.Stdout, process.Stderr = &out, &words
	err := process.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	return out.String(), words.String(), process.ProcessState.ExitCode()
}

// serving is a server that a test has started.
type serving struct {
	command *exec.Cmd
	banner  *transcript // standard error
	log     *transcript // standard output
	url     string
	ended   chan struct{} // closed when the process is gone
}

var readyLine = regexp.MustCompile(`Ready after .*: (https?://\S+)`)

// serve starts a server on a port of its own, with an empty library unless args say otherwise, and waits until it says that it
// is ready. It is stopped at the end of the test.
func serve(t *testing.T, home string, environ []string, args ...string) *serving {
	t.Helper()
	s := &serving{banner: &transcript{grown: make(chan struct{}, 1)}, log: &transcript{grown: make(chan struct{}, 1)}, ended: make(chan struct{})}
	s.command = exec.Command(program(t), append([]string{"serve", "--address", "127.0.0.1:0",
		"--set", "telemetry.metrics_address=", "--set", "library.demonstration=never"}, args...)...)
	s.command.Dir, s.command.Env = home, append(os.Environ(), environ...)
	s.command.Stdout, s.command.Stderr = s.log, s.banner
	if err := s.command.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = s.command.Wait() // the status is read from ProcessState
		close(s.ended)
	}()
	t.Cleanup(func() {
		if s.running() {
			s.interrupt(t)
		}
	})
	limit := time.After(patience)
	for {
		if found := readyLine.FindStringSubmatch(s.banner.String()); found != nil {
			s.url = found[1]
			return s
		}
		select {
		case <-s.banner.grown:
		case <-s.ended:
			t.Fatalf("the server ended with status %d before it was ready:\n%s", s.command.ProcessState.ExitCode(), s.banner)
		case <-limit:
			_ = s.command.Process.Kill()
			t.Fatalf("the server is not ready after %v:\n%s", patience, s.banner)
		}
	}
}

func (s *serving) running() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// wait waits for the end of the process and gives its status, and how long that took.
func (s *serving) wait(t *testing.T) (status int, took time.Duration) {
	t.Helper()
	begin := time.Now()
	select {
	case <-s.ended:
	case <-time.After(patience):
		_ = s.command.Process.Kill()
		t.Fatalf("the server did not end:\n%s", s.banner)
	}
	return s.command.ProcessState.ExitCode(), time.Since(begin)
}

// interrupt is Ctrl-C. kill is kill -9: no chance to tidy up.
func (s *serving) interrupt(t *testing.T) (status int, took time.Duration) {
	t.Helper()
	if err := s.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	return s.wait(t)
}

func (s *serving) kill(t *testing.T) {
	t.Helper()
	if err := s.command.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	s.wait(t)
}

// ask sends a request with a bearer token ("" for none) and more headers (name, value, …), and gives the status and the body.
func (s *serving) ask(method, path, token, body string, headers ...string) (int, string, error) {
	r, err := http.NewRequest(method, s.url+path, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(text), err
}

// mustAsk is ask where an answer with the given status is certain.
func (s *serving) mustAsk(t *testing.T, method, path, token, body string, want int) string {
	t.Helper()
	status, text, err := s.ask(method, path, token, body)
	if err != nil || status != want {
		t.Fatalf("%s %s answered %d %s (%v), want %d", method, path, status, text, err, want)
	}
	return text
}

// tokenOf makes an API token by the command, beside the server that runs.
func tokenOf(t *testing.T, home, role string) string {
	t.Helper()
	out, words, status := command(t, home, nil, "token", "--role", role)
	if status != 0 {
		t.Fatalf("token: status %d: %s", status, words)
	}
	return strings.TrimSuffix(out, "\n")
}

// postgresOf lists the PostgreSQL servers whose data lies in the folder.
func postgresOf(home string) []int {
	var found []int
	processes, _ := filepath.Glob("/proc/[0-9]*/cwd")
	for _, link := range processes {
		if folder, err := os.Readlink(link); err == nil && strings.HasPrefix(folder, home+"/") {
			if pid, err := strconv.Atoi(strings.Split(link, "/")[2]); err == nil {
				found = append(found, pid)
			}
		}
	}
	return found
}

// leftOf gives the servers that are still there after a moment: PostgreSQL's logger ends just after the rest of it.
func leftOf(home string) (left []int) {
	for range 100 {
		if left = postgresOf(home); len(left) == 0 {
			return nil
		}
		time.Sleep(20 * time.Millisecond)
	}
	return left
}

// transcript collects what a process prints, for a reader beside it.
type transcript struct {
	lock  sync.Mutex
	text  bytes.Buffer
	grown chan struct{}
}

// Write appends, and wakes the reader.
func (t *transcript) Write(more []byte) (int, error) {
	t.lock.Lock()
	defer t.lock.Unlock()
	select {
	case t.grown <- struct{}{}:
	default:
	}
	return t.text.Write(more)
}

// String is everything so far.
func (t *transcript) String() string {
	t.lock.Lock()
	defer t.lock.Unlock()
	return t.text.String()
}
