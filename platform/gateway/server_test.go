package gateway

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"
)

func testServer(t *testing.T, adjust ...func(*ServerSettings)) *Server {
	t.Helper()
	settings := ServerSettings{HeaderTimeout: time.Second, ReadTimeout: time.Second, WriteTimeout: time.Minute, IdleTimeout: time.Minute,
		MaxHeader: 8 << 10, MaxConnections: 100, Logger: slog.New(slog.DiscardHandler)}
	for _, change := range adjust {
		change(&settings)
	}
	server, err := Listen("127.0.0.1:0", settings)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Stop(context.Background()) })
	return server
}

func TestARequestInFlightIsAnsweredAndNoNewOneAccepted(t *testing.T) {
	server := testServer(t)
	begun, finish := make(chan struct{}), make(chan struct{})
	server.Serve(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-finish
		_, _ = io.WriteString(w, "answered")
	}), nil)
	answer := make(chan string, 1)
	go func() {
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		got, err := client.Get("http://" + server.Address())
		if err != nil {
			answer <- err.Error()
			return
		}
		defer got.Body.Close()
		body, _ := io.ReadAll(got.Body)
		answer <- string(body)
	}()
	<-begun
	stopped := make(chan error, 1)
	go func() { stopped <- server.Stop(context.Background()) }()
	for { // until the listener is closed
		connection, err := net.Dial("tcp", server.Address())
		if errors.Is(err, syscall.ECONNREFUSED) {
			break
		}
		if err == nil {
			connection.Close()
		}
	}
	select {
	case err := <-stopped:
		t.Fatalf("stopped before the answer: %v", err)
	default:
	}
	close(finish)
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if got := <-answer; got != "answered" {
		t.Errorf("the client got %q", got)
	}
	if err := server.Stop(context.Background()); err != nil {
		t.Errorf("the second stop: %v", err)
	}
}

func TestAnEndlessRequestIsCut(t *testing.T) {
	server := testServer(t)
	begun := make(chan struct{})
	server.Serve(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(begun)
		<-r.Context().Done()
	}), nil)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	asked := make(chan error, 1)
	go func() {
		got, err := client.Get("http://" + server.Address())
		if err == nil {
			got.Body.Close()
		}
		asked <- err
	}()
	<-begun
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	if err := server.Stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if err := <-asked; err == nil {
		t.Error("the client got an answer")
	}
}

func TestAConnectionOnWhichNothingIsAskedDoesNotHoldTheStop(t *testing.T) {
	server := testServer(t)
	server.Serve(okHandler, nil)
	connection, err := net.Dial("tcp", server.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	for fresh := 0; fresh == 0; { // until the server has accepted it
		server.lock.Lock()
		fresh = len(server.fresh)
		server.lock.Unlock()
	}
	begin := time.Now()
	if err := server.Stop(context.Background()); err != nil || time.Since(begin) > 2*time.Second {
		t.Errorf("stop took %v: %v", time.Since(begin), err)
	}
}

func TestStopBeforeServeFreesThePort(t *testing.T) {
	server := testServer(t)
	if _, err := Listen(server.Address(), ServerSettings{}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("a taken port: %v", err)
	}
	for range 2 {
		if err := server.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	}
	listener, err := net.Listen("tcp", server.Address())
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
}

func TestAHeaderThatIsTooLargeIsRefused(t *testing.T) {
	server := testServer(t)
	server.Serve(okHandler, nil)
	r, _ := http.NewRequest("GET", "http://"+server.Address(), nil)
	r.Header.Set("X-Long", strings.Repeat("x", 9<<10))
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	got.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if got.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("answered %d", got.StatusCode)
	}
}

func TestConnectionsBeyondTheLimitWait(t *testing.T) {
	server := testServer(t, func(s *ServerSettings) { s.MaxConnections = 1 })
	server.Serve(okHandler, nil)
	first, err := net.Dial("tcp", server.Address())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(first, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := first.Read(make([]byte, 512)); err != nil {
		t.Fatal(err)
	}
	second, err := net.Dial("tcp", server.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	if _, err := io.WriteString(second, "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if err := second.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if n, err := second.Read(make([]byte, 1)); err == nil {
		t.Errorf("answered %d bytes beyond the limit", n)
	}
	first.Close()
	if err := second.SetReadDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Read(make([]byte, 1)); err != nil {
		t.Errorf("not answered when there was room: %v", err)
	}
}
