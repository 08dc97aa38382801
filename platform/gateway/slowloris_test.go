package gateway

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"
)

// A thousand connections from one address send the header of a request a byte at a time. Others are answered all the while, and the slow
// ones are gone when the time for a header is over.
func TestAThousandSlowConnectionsHinderNobodyElse(t *testing.T) {
	const slow, allowed = 1000, 50
	server, err := Listen("127.0.0.1:0", ServerSettings{HeaderTimeout: time.Second, ReadTimeout: 5 * time.Second, WriteTimeout: 5 * time.Second, IdleTimeout: 5 * time.Second,
		MaxHeader: 32 << 10, MaxConnections: 100, MaxPerAddress: allowed, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	server.Serve(http.HandlerFunc(ok), nil)
	defer func() { _ = server.Stop(context.Background()) }()

	attacker := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}, Timeout: 5 * time.Second}
	var held []net.Conn
	defer func() {
		for _, c := range held {
			_ = c.Close()
		}
	}()
	begin := time.Now()
	for range slow {
		c, err := attacker.Dial("tcp", server.Address())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nX-")
		held = append(held, c)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 5 * time.Second}
	for i := range 20 {
		for _, c := range held {
			_, _ = io.WriteString(c, "a") // those that were closed say so here
		}
		asked := time.Now()
		answer, err := client.Get(fmt.Sprintf("http://%s/", server.Address()))
		if err != nil {
			t.Fatalf("request %d: %v", i, err)
		}
		_ = answer.Body.Close()
		if took := time.Since(asked); took > time.Second {
			t.Errorf("request %d took %v", i, took)
		}
	}
	if refused := server.refused.Load(); refused != slow-allowed {
		t.Errorf("the metric says that %d connections were refused, of %d with %d allowed", refused, slow, allowed)
	}
	if open := server.open.Load(); open > allowed+1 {
		t.Errorf("the metric says that %d connections are open", open)
	}
	// Whatever is still open was let in, and ends with the time for a header.
	open := 0
	for _, c := range held {
		_ = c.SetReadDeadline(begin.Add(4 * time.Second))
		if _, err := io.Copy(io.Discard, c); err != nil {
			if e, is := err.(net.Error); is && e.Timeout() {
				open++
			}
		}
	}
	if open > 0 {
		t.Errorf("%d slow connections are still open after %v", open, time.Since(begin))
	}
}
