package program_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// endless begins a request whose body never comes to its end.
func (s *serving) endless(t *testing.T) {
	t.Helper()
	connection, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	if _, err := fmt.Fprint(connection, "POST /api/members/v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"); err != nil {
		t.Fatal(err)
	}
	time.Sleep(300 * time.Millisecond) // until it is being read; nothing tells
}

func TestARequestWithoutEndIsCutInTime(t *testing.T) {
	home := newHome(t)
	server := serve(t, home, nil)
	server.endless(t)
	begin := time.Now()
	if err := server.command.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	server.wait(t)
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("down after %v:\n%s", took, server.banner)
	}
}

func TestTheSecondCtrlCDoesNotWaitForRequests(t *testing.T) {
	home := newHome(t)
	server := serve(t, home, nil, "--set", "server.shutdown_timeout=60s")
	server.endless(t)
	if err := server.command.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	if !server.running() {
		t.Fatalf("it did not wait for the request in flight:\n%s", server.banner)
	}
	begin := time.Now()
	server.interrupt(t)
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("down %v after the second Ctrl-C:\n%s", took, server.banner)
	}
}

func TestCtrlCWhileStartingLeavesNothingBehind(t *testing.T) {
	home := newHome(t)
	banner := &transcript{grown: make(chan struct{}, 1)}
	process := exec.Command(program(t), "--address", "127.0.0.1:0", "--set", "telemetry.metrics_address=", "--set", "library.demonstration=never")
	process.Dir, process.Stderr = home, banner
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	for !strings.Contains(banner.String(), "  address") { // PostgreSQL is next
		<-banner.grown
	}
	if err := process.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	err := process.Wait()
	if took := time.Since(begin); err != nil || took > 10*time.Second || strings.Contains(banner.String(), "Ready") {
		t.Errorf("ended after %v with %v:\n%s", took, err, banner)
	}
	serve(t, home, nil) // and whatever it left half made is no obstacle
}
