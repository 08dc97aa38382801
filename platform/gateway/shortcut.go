package gateway

import (
	"bufio"
	"bytes"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpguts"
)

// Shortcut answers what is in the response cache without net/http's server, which takes about twice as long around an answer that is
// ready as that answer itself takes: it starts a goroutine that watches the connection for each request, sorts headers, and writes
// in several buffers, all of it for handlers that may take long.
//
// It sits in the connection's Read. When net/http waits for the next request of a connection, whatever arrives is looked at first: a
// plain GET that came whole, in one piece, and that the cache can answer now, goes through the very same chain of handlers right here,
// and the wait goes on. Anything else (a body, a second request behind the first, a header that asks for something of the connection, TLS)
// is handed on as it came, and net/http never knows that there was anybody in between.
type shortcut struct {
	handler http.Handler
	holds   func(*http.Request) bool // whether the cache can answer that now
	write   time.Duration            // for an answer
	idle    time.Duration            // until the next request
	stopped atomic.Bool              // the server is being stopped: net/http says goodbye

	taken atomic.Uint64 // answers that were given here
}

// shortcutListener has its connections pass by a shortcut, once there is one.
type shortcutListener struct {
	net.Listener
	way *atomic.Pointer[shortcut]
}

// Accept waits for the next connection.
func (l shortcutListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &shortConn{Conn: c, way: l.way}, nil
}

// shortConn is a connection whose Read answers what it can. waiting, renewed and the reader belong to the goroutine that serves the
// connection.
type shortConn struct {
	net.Conn
	way     *atomic.Pointer[shortcut]
	waiting bool      // net/http waits for the next request, the first of the connection excepted
	renewed time.Time // when the connection's time limits were set last
	address string

	answering sync.Mutex // held while an answer is on its way; Close waits for it
}

// Close closes the connection when no answer is on its way.
func (c *shortConn) Close() error {
	c.answering.Lock()
	defer c.answering.Unlock()
	return c.Conn.Close()
}

// Read gives net/http the bytes that are not answered here. A read of one byte is its watch for the end of the connection.
func (c *shortConn) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if err != nil || !c.waiting || len(p) == 1 {
			return n, err
		}
		way := c.way.Load()
		if way == nil || !way.answers(c, p[:n]) {
			c.waiting = false
			return n, nil
		}
	}
}

// answers answers a request if it can be answered here.
func (s *shortcut) answers(c *shortConn, sent []byte) bool {
	if s.stopped.Load() || !isPlain(sent) {
		return false
	}
	r, err := http.ReadRequest(bufio.NewReaderSize(bytes.NewReader(sent), len(sent)))
	if err != nil || !isSimple(r) || !s.holds(r) {
		return false
	}
	if c.address == "" {
		c.address = c.RemoteAddr().String()
	}
	r.RemoteAddr = c.address
	c.answering.Lock()
	defer c.answering.Unlock()
	if now := time.Now(); now.Sub(c.renewed) > time.Second {
		c.renewed = now
		_ = c.SetWriteDeadline(now.Add(s.write + time.Second)) // an error here is one of the write below
		_ = c.SetReadDeadline(now.Add(s.idle + time.Second))
	}
	w := newShortAnswer()
	defer w.free()
	s.handler.ServeHTTP(w, r)
	s.taken.Add(1)
	if _, err := w.send(c.Conn); err != nil || w.close {
		_ = c.Conn.Close() // the next read says so to net/http
	}
	return true
}

// isPlain tells whether bytes are the whole header of one GET in printable ASCII, and nothing else.
func isPlain(sent []byte) bool {
	if !bytes.HasPrefix(sent, []byte("GET /")) || !bytes.HasSuffix(sent, []byte("\r\n\r\n")) {
		return false
	}
	for i := 0; i < len(sent)-4; i++ {
		switch b := sent[i]; {
		case b >= ' ' && b < 0x7f:
		case b == '\r' && sent[i+1] == '\n' && sent[i+2] != '\r' && sent[i+2] != ' ':
			i++
		default:
			return false
		}
	}
	return true
}

// connectionFields ask for something of the connection, or say that there is a body: net/http knows what to do about them.
var connectionFields = []string{"Content-Length", "Transfer-Encoding", "Trailer", "Te", "Upgrade", "Expect", "Keep-Alive", "Proxy-Connection", "Http2-Settings"}

// isSimple tells whether a request asks for nothing but an answer.
func isSimple(r *http.Request) bool {
	if r.ProtoMajor != 1 || r.ProtoMinor != 1 || r.Host == "" || !httpguts.ValidHostHeader(r.Host) {
		return false
	}
	for _, name := range connectionFields {
		if r.Header[name] != nil {
			return false
		}
	}
	if asks := r.Header["Connection"]; asks != nil && (len(asks) > 1 || asks[0] != "keep-alive") {
		return false
	}
	for name := range r.Header {
		if !httpguts.ValidHeaderFieldName(name) {
			return false
		}
	}
	return r.ContentLength == 0 && r.Body == http.NoBody
}
