package gateway

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// echo answers what it was asked, in several ways.
func echo(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	text := fmt.Sprintf("%s %s host=%s body=%q from=%t fields=%d", r.Method, r.RequestURI, r.Host, body, r.RemoteAddr != "", len(r.Header))
	switch r.URL.Path {
	case "/sized":
		w.Header()["Content-Length"] = []string{fmt.Sprint(len(text))}
		w.Header()["X-Forged"] = []string{"one\r\nX-Two: two"}
	case "/unchanged":
		w.WriteHeader(http.StatusNotModified)
		return
	case "/empty":
		return
	case "/gone":
		w.WriteHeader(http.StatusGone)
	case "/last":
		w.Header().Set("Connection", "close")
	}
	_, _ = io.WriteString(w, text)
}

// withShortcut serves echo, and counts what came through net/http; only paths that hold says are answered by the shortcut.
func withShortcut(t *testing.T, holds func(*http.Request) bool) *Server {
	t.Helper()
	server := testServer(t)
	server.Serve(http.HandlerFunc(echo), holds)
	return server
}

// talk is a connection on which raw requests are sent.
type talk struct {
	net.Conn
	reader *bufio.Reader
}

func dial(t *testing.T, s *Server) talk {
	t.Helper()
	c, err := net.Dial("tcp", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	return talk{c, bufio.NewReader(c)}
}

// ask sends pieces of a request and gives the answer as text: status, fields without the date in their order, body.
func (c talk) ask(t *testing.T, pieces ...string) string {
	t.Helper()
	for i, piece := range pieces {
		if i > 0 {
			time.Sleep(20 * time.Millisecond) // so that it arrives by itself
		}
		if _, err := io.WriteString(c, piece); err != nil {
			t.Fatal(err)
		}
	}
	return c.answer(t)
}

func (c talk) answer(t *testing.T) string {
	t.Helper()
	answer, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var fields []string
	for name, values := range answer.Header {
		if name == "Date" {
			values = []string{fmt.Sprint(len(values))}
		}
		fields = append(fields, name+"="+strings.Join(values, ","))
	}
	slices.Sort(fields)
	return fmt.Sprintf("%s %v close=%t %s", answer.Status, fields, answer.Close, body)
}

const (
	first = "GET /first HTTP/1.1\r\nHost: x\r\n\r\n"
	held  = "GET /held HTTP/1.1\r\nHost: x\r\n\r\n"
)

// enter asks until an answer took the shortcut: net/http has answered the first request, and waits for the next one a little later.
func (c talk) enter(t *testing.T, s *Server) {
	t.Helper()
	for before := s.Shortcuts(); s.Shortcuts() == before; {
		if got := c.ask(t, held); !strings.Contains(got, "GET /held") {
			t.Fatal(got)
		}
	}
}

func TestTheShortcutAnswersAsNetHTTPDoes(t *testing.T) {
	with := withShortcut(t, func(*http.Request) bool { return true })
	without := withShortcut(t, nil)
	for _, c := range []struct {
		name   string
		pieces []string
		short  int // how many answers take it; -1: either may be
	}{
		{"a plain GET", []string{"GET /a?b=c%20d HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n"}, 1},
		{"with a length", []string{"GET /sized HTTP/1.1\r\nHost: x\r\n\r\n"}, 1},
		{"kept alive", []string{"GET /a HTTP/1.1\r\nHost: x\r\nConnection: keep-alive\r\n\r\n"}, 1},
		{"unchanged", []string{"GET /unchanged HTTP/1.1\r\nHost: x\r\n\r\n"}, 1},
		{"empty", []string{"GET /empty HTTP/1.1\r\nHost: x\r\n\r\n"}, 1},
		{"an error", []string{"GET /gone HTTP/1.1\r\nHost: x\r\n\r\n"}, 1},
		{"the last one", []string{"GET /last HTTP/1.1\r\nHost: x\r\n\r\n"}, 1},
		{"to be closed", []string{"GET /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"}, 0},
		{"in pieces", []string{"GET /a HT", "TP/1.1\r\nHost: x\r\n", "\r\n"}, -1},
		{"with a body", []string{"GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody"}, 0},
		{"with a body later", []string{"GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n", "body"}, 0},
		{"with chunks", []string{"GET /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", "4\r\nbody\r\n0\r\n\r\n"}, 0},
		{"POST", []string{"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"}, 0},
		{"HTTP/1.0", []string{"GET /a HTTP/1.0\r\nHost: x\r\n\r\n"}, 0},
		{"no host", []string{"GET /a HTTP/1.1\r\n\r\n"}, 0},
		{"two hosts", []string{"GET /a HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"}, 0},
		{"a bad host", []string{"GET /a HTTP/1.1\r\nHost: x y\r\n\r\n"}, 0},
		{"a folded field", []string{"GET /a HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n"}, 0},
		{"a field with a space", []string{"GET /a HTTP/1.1\r\nHost: x\r\nA b: c\r\n\r\n"}, 0},
		{"a field without a name", []string{"GET /a HTTP/1.1\r\nHost: x\r\n: c\r\n\r\n"}, 0},
		{"a bare newline", []string{"GET /a HTTP/1.1\nHost: x\n\n"}, 0},
		{"not ASCII", []string{"GET /a HTTP/1.1\r\nHost: x\r\nA: \xff\r\n\r\n"}, 0},
		{"expects", []string{"GET /a HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n"}, 0},
		{"nonsense", []string{"GET /\r\n\r\n"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			short, long := dial(t, with), dial(t, without)
			long.ask(t, first)
			short.enter(t, with)
			before := with.Shortcuts()
			a, b := short.ask(t, c.pieces...), long.ask(t, c.pieces...)
			if a != b {
				t.Errorf("with the shortcut    %s\nwithout the shortcut %s", a, b)
			}
			if took := int(with.Shortcuts() - before); c.short >= 0 && took != c.short {
				t.Errorf("%d answers took the shortcut, want %d", took, c.short)
			}
		})
	}
}

// Requests that come together belong to net/http, and what is not held is handed on; afterwards the shortcut is open again.
func TestTheShortcutAndNetHTTPTakeTurnsOnOneConnection(t *testing.T) {
	server := withShortcut(t, func(r *http.Request) bool { return r.URL.Path == "/held" })
	c := dial(t, server)
	const other = "POST /other HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
	for range 3 {
		c.enter(t, server)
		if got := c.ask(t, other); !strings.Contains(got, `POST /other host=x body="hi"`) {
			t.Fatal(got)
		}
		if got := c.ask(t, held+held+other); !strings.Contains(got, "GET /held") {
			t.Fatal(got)
		}
		if got := c.answer(t); !strings.Contains(got, "GET /held") {
			t.Fatal(got)
		}
		if got := c.answer(t); !strings.Contains(got, "POST /other") {
			t.Fatal(got)
		}
	}
}

// A connection that had only hits for longer than a request may take still takes a request with a body.
func TestTheTimeLimitsOfAConnectionBeginAnewWithEachAnswer(t *testing.T) {
	server := testServer(t, func(s *ServerSettings) { s.HeaderTimeout, s.ReadTimeout = 300*time.Millisecond, 300*time.Millisecond })
	server.Serve(http.HandlerFunc(echo), func(*http.Request) bool { return true })
	c := dial(t, server)
	c.enter(t, server)
	before := server.Shortcuts()
	for range 5 {
		time.Sleep(100 * time.Millisecond)
		c.ask(t, held)
	}
	if got := c.ask(t, "POST /other HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n", "hi"); !strings.Contains(got, `body="hi"`) {
		t.Error(got)
	}
	if took := server.Shortcuts() - before; took != 5 {
		t.Errorf("%d answers took the shortcut, want 5", took)
	}
}

// Stop waits for an answer of the shortcut that is being made, and closes the connection behind it.
func TestStopWaitsForAnAnswerOfTheShortcut(t *testing.T) {
	server := testServer(t)
	var slow atomic.Bool
	begun, finish := make(chan struct{}), make(chan struct{})
	server.Serve(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if slow.Load() {
			close(begun)
			<-finish
		}
		echo(w, r)
	}), func(*http.Request) bool { return true })
	c := dial(t, server)
	c.enter(t, server)
	slow.Store(true)
	if _, err := io.WriteString(c, held); err != nil {
		t.Fatal(err)
	}
	<-begun
	stopped := make(chan error, 1)
	go func() { stopped <- server.Stop(context.Background()) }()
	close(finish)
	if got := c.answer(t); !strings.Contains(got, "GET /held") {
		t.Error(got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
	if _, err := c.reader.ReadByte(); err != io.EOF {
		t.Errorf("the connection is still open: %v", err)
	}
}

func BenchmarkAHitByTheShortcut(b *testing.B) {
	s := &shortcut{handler: http.HandlerFunc(ok), holds: func(*http.Request) bool { return true }}
	near, far := net.Pipe()
	defer near.Close()
	go func() { _, _ = io.Copy(io.Discard, far) }()
	c := &shortConn{Conn: near}
	sent := []byte("GET /api/catalog/v1/books/123456 HTTP/1.1\r\nHost: localhost:8080\r\nAccept-Encoding: gzip\r\n\r\n")
	b.ReportAllocs()
	for b.Loop() {
		if !s.answers(c, sent) {
			b.Fatal("not answered")
		}
	}
}
