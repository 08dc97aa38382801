package queue

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"bookvault/platform/database/faulttest"
	"bookvault/platform/problem"
)

// external runs a NATS server of its own on a port, as another machine would; port -1 takes a free one. It gives its address.
func external(t *testing.T, folder string, port int) (s *server.Server, url string) {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: folder, SyncAlways: true, NoSigs: true, NoLog: true, NoSystemAccount: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		t.Fatal("NATS does not start")
	}
	t.Cleanup(func() { halt(s) })
	return s, s.ClientURL()
}

func halt(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// Two processes with one external NATS: what either accepts is written once, whichever of both writes it, also when the one that accepted it
// is gone.
func TestWithAnExternalNATSAnyProcessWritesWhatAnotherAccepted(t *testing.T) {
	_, url := external(t, t.TempDir(), -1)
	s := &sink{}
	remote := func(c *Settings) { c.URL = url }
	s.failing(func([]Record) error { return errDown })
	first := open(t, "", s, remote)
	for n := range uint64(20) {
		if err := first.Publish(t.Context(), record(n, n)); err != nil {
			t.Fatal(err)
		}
	}
	stop(t, first) // what it could not write stays in NATS
	s.failing(nil)
	second := open(t, "", s, remote)
	for n := uint64(20); n < 40; n++ {
		if err := second.Publish(t.Context(), record(n, n)); err != nil {
			t.Fatal(err)
		}
	}
	if depth, err := closed(t, "", s, remote).Look(t.Context()); err != nil || depth.Messages > 40 {
		t.Errorf("looked at from outside: %+v, %v", depth, err)
	}
	until(t, "all are written", func() bool { return len(s.seen()) == 40 })
	drained(t, second)
	for key, values := range s.seen() {
		if values[0] != key {
			t.Errorf("%d has %v", key, values)
		}
	}
}

// While an external NATS is away callers hear at once that nothing was taken; when it is back, what it had is still there.
func TestAnExternalNATSThatGoesAndComesBack(t *testing.T) {
	folder := t.TempDir()
	away, url := external(t, folder, -1)
	port, err := strconv.Atoi(url[strings.LastIndexByte(url, ':')+1:])
	if err != nil {
		t.Fatal(err)
	}
	s := &sink{}
	s.failing(func([]Record) error { return errDown })
	q := open(t, "", s, func(c *Settings) { c.URL, c.PublishWithin = url, time.Second })
	if err := q.Publish(t.Context(), record(1, 1)); err != nil {
		t.Fatal(err)
	}
	halt(away)
	if err := q.Publish(t.Context(), record(2, 2)); problem.Of(err).Kind != problem.Unavailable || problem.Of(err).RetryAfter <= 0 {
		t.Errorf("while NATS is away: %v", err)
	}
	external(t, folder, port)
	until(t, "it takes records again", func() bool { return q.Publish(t.Context(), record(3, 3)) == nil })
	s.failing(nil)
	until(t, "what was there before, and what came after, is written", func() bool { seen := s.seen(); return len(seen[1]) > 0 && len(seen[3]) > 0 })
	if got := s.seen(); len(got[2]) > 0 {
		t.Errorf("what was sent to nobody is there: %v", got)
	}
}

// Nobody waits long for an external NATS that does not answer, and once it is known to be ill nobody but the one who tries.
func TestAnExternalNATSThatHangsIsLeftAlone(t *testing.T) {
	_, url := external(t, t.TempDir(), -1)
	way, err := faulttest.To("tcp", strings.TrimPrefix(url, "nats://"))
	if err != nil {
		t.Fatal(err)
	}
	defer way.Close()
	q := open(t, "", &sink{}, func(c *Settings) { c.URL = "nats://" + way.Address })
	if err := q.Publish(t.Context(), record(1, 1)); err != nil {
		t.Fatal(err)
	}
	hangs := faulttest.Latency(time.Minute)
	if err := way.Begin(hangs); err != nil {
		t.Fatal(err)
	}
	begun := time.Now()
	if err := q.Publish(t.Context(), record(2, 2)); !Fails(err) || time.Since(begun) > 3*time.Second {
		t.Fatalf("the first heard %v after %v", err, time.Since(begun))
	}
	begun = time.Now()
	for i := range 100 {
		if err := q.Publish(t.Context(), record(uint64(10+i), 1)); !Fails(err) {
			t.Fatalf("the next: %v", err)
		}
	}
	if took := time.Since(begun); took > 500*time.Millisecond {
		t.Errorf("a hundred waited %v for what is known to be ill", took)
	}
	if err := way.End(t.Context(), hangs); err != nil {
		t.Fatal(err)
	}
	until(t, "it takes records again", func() bool { return q.Publish(t.Context(), record(3, 3)) == nil })
}
