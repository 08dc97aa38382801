package harness

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestMediansAndTheirIntervals(t *testing.T) {
	var twelve []float64
	for i := range 12 {
		twelve = append(twelve, float64(12-i))
	}
	if m := Median(twelve); m != 6.5 {
		t.Errorf("%v", m)
	}
	if low, high := Interval(twelve); low != 3 || high != 10 { // the third and the tenth of twelve: 96 %
		t.Errorf("%v to %v", low, high)
	}
	if low, high := Interval([]float64{3, 1, 2}); low != 1 || high != 3 {
		t.Errorf("%v to %v", low, high)
	}
	if !math.IsNaN(Median(nil)) {
		t.Error("a median of nothing")
	}
	if r := Ratios([]float64{2, 9}, []float64{4, 3}); r[0] != 0.5 || r[1] != 3 {
		t.Errorf("%v", r)
	}
}

func TestAnswersAreReadWhole(t *testing.T) {
	in := bufio.NewReader(strings.NewReader("HTTP/1.1 200 OK\r\ncontent-length: 5\r\nX: y\r\n\r\nhelloHTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nHTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"))
	var body bytes.Buffer
	if err := read(in, &body); err != nil || body.String() != "hello" {
		t.Errorf("%q %v", body.String(), err)
	}
	if err := read(in, &body); err != nil || body.String() != "hello" {
		t.Errorf("%q %v", body.String(), err)
	}
	if err := read(in, &body); err == nil || !strings.Contains(err.Error(), "busy") {
		t.Errorf("%v", err)
	}
}

func TestLoadCountsWhatIsAnswered(t *testing.T) {
	var asked atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		if r.URL.Path == "/slow" {
			time.Sleep(20 * time.Millisecond)
		}
		_, _ = w.Write([]byte("ok"))
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	load := Load{Address: address, Clients: 1, For: 200 * time.Millisecond, Next: func(*rand.Rand) []byte { return Get(address, "/slow") },
		Check: func(_, body []byte) error {
			if string(body) != "ok" {
				t.Errorf("%q", body)
			}
			return nil
		}}
	r, err := load.Run(context.Background())
	if err != nil || r.Requests != asked.Load() || r.Percentile(50) < 20 || r.PerSecond() > 50 {
		t.Errorf("%d of %d, %v ms, %v", r.Requests, asked.Load(), r.Percentile(50), err)
	}
	load.Rate = 200 // four times what one slow client can: whoever waits for a free one waits too
	if r, err = load.Run(context.Background()); err != nil || r.Percentile(95) < 60 {
		t.Errorf("at a rate of arrival it is %v ms, %v", r.Percentile(95), err)
	}
}

// TestManyClientsGetWholeAnswers has answers come in pieces, some larger than what is read at once, and requests larger than a socket takes.
func TestManyClientsGetWholeAnswers(t *testing.T) {
	whole := strings.Repeat("0123456789", 20_000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		sent, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/full" {
			http.Error(w, "no more", http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, whole[:len(whole)/2])
		w.(http.Flusher).Flush()
		_, _ = fmt.Fprint(w, whole[len(whole)/2:], len(sent))
	}))
	defer server.Close()
	address := strings.TrimPrefix(server.URL, "http://")
	large := bytes.Repeat([]byte("x"), 3<<20)
	looked := 0
	load := Load{Address: address, Clients: 8, For: 300 * time.Millisecond, Next: func(r *rand.Rand) []byte {
		if r.IntN(20) == 0 {
			return Post(address, "/", large)
		}
		return Get(address, "/")
	}, Check: func(request, body []byte) error {
		looked++
		if sent, ok := bytes.CutPrefix(body, []byte(whole)); !ok || (string(sent) != "0") != bytes.HasPrefix(request, []byte("POST")) {
			return fmt.Errorf("%d bytes, %.20q at the end", len(body), sent)
		}
		return nil
	}}
	r, err := load.Run(t.Context())
	if err != nil || r.Requests < 8 || looked == 0 || r.Times.TotalCount() != r.Requests {
		t.Errorf("%d requests, %d looked at, %v", r.Requests, looked, err)
	}
	load.Next = func(*rand.Rand) []byte { return Get(address, "/full") }
	if _, err = load.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "answered 503: no more") {
		t.Errorf("a refusal ends it: %v", err)
	}
	server.Close()
	if _, err = load.Run(t.Context()); err == nil {
		t.Error("nobody answers")
	}
}

func TestProcessorTimeIsThatOfAChild(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("processor time is read from /proc, which this system does not have")
	}
	p, err := Start(t.Context(), t.TempDir(), "busy", "", nil, "sh", "-c", "while :; do :; done")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if cpu, err := p.CPU(); err != nil {
			t.Fatal(err)
		} else if cpu >= 50*time.Millisecond {
			return
		}
		if time.Since(begin) > 10*time.Second {
			t.Fatal("a child that does nothing but work takes no processor time")
		}
	}
}

// Whoever sleeps by Go's timers wakes up to a millisecond late, which is more than an answer from memory takes.
func TestRequestsAreSentWhenTheyAreDue(t *testing.T) {
	c, err := newClock()
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	least := time.Hour
	for range 50 {
		due := time.Now().Add(300 * time.Microsecond)
		c.until(due)
		late := time.Since(due)
		if late < 0 {
			t.Fatalf("woken %v too early", -late)
		}
		least = min(least, late)
	}
	if runtime.GOOS == "linux" && least > 500*time.Microsecond {
		t.Errorf("woken %v too late at best", least)
	}
	c.until(time.Now().Add(-time.Second)) // what is due already is not waited for
}
