package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/netutil"
)

// ServerSettings bound what a connection may cost.
type ServerSettings struct {
	HeaderTimeout, ReadTimeout, WriteTimeout, IdleTimeout time.Duration
	MaxHeader                                             int            // bytes
	MaxConnections                                        int            // at once; more wait in the kernel's queue
	MaxPerAddress                                         int            // of those, from one address; more are closed at once. 0: no limit
	Unlimited                                             []netip.Prefix // networks for which MaxPerAddress does not hold
	TLS                                                   TLSSettings
	Logger                                                *slog.Logger
}

// newConnectionGrace is how long Stop waits for the first request on a connection that was opened just before.
const newConnectionGrace = 200 * time.Millisecond

// streamsAtOnce is how many requests one connection may have under way (HTTP/2). A page asks for some twenty files.
const streamsAtOnce = 100

// Server answers on a listener that was opened before everything else started, so that a busy port is known at once.
type Server struct {
	server    *http.Server
	listener  net.Listener
	files     *certificateFiles // of TLS; nil: there are none
	encrypted bool
	served    chan struct{} // closed when the accept loop has ended; nil before Serve
	way       atomic.Pointer[shortcut]

	most    int          // connections at once
	open    atomic.Int64 // of them
	refused atomic.Int64 // since their address had too many

	lock  sync.Mutex
	fresh map[net.Conn]struct{} // opened, and no request begun yet
}

// Listen opens host:port. Connections that arrive before Serve wait.
func Listen(address string, s ServerSettings) (*Server, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	server := &Server{fresh: map[net.Conn]struct{}{}, most: s.MaxConnections}
	if s.MaxPerAddress > 0 {
		listener = &fairListener{Listener: listener, most: s.MaxPerAddress, unlimited: s.Unlimited, open: map[netip.Addr]int{}, refused: &server.refused}
	}
	server.listener = shortcutListener{netutil.LimitListener(listener, s.MaxConnections), &server.way}
	server.server = &http.Server{
		ReadHeaderTimeout: s.HeaderTimeout, ReadTimeout: s.ReadTimeout, WriteTimeout: s.WriteTimeout, IdleTimeout: s.IdleTimeout,
		// net/http adds 4096 bytes of its own to what it is told.
		MaxHeaderBytes: max(1, s.MaxHeader-4096),
		ErrorLog:       slog.NewLogLogger(s.Logger.Handler(), slog.LevelDebug),
		ConnState:      server.remember,
		HTTP2:          &http.HTTP2Config{MaxConcurrentStreams: streamsAtOnce},
	}
	if server.encrypted = s.TLS.On(); server.encrypted {
		if server.server.TLSConfig, server.files, err = s.TLS.config(s.Logger); err != nil {
			_ = listener.Close()
			return nil, err
		}
	}
	return server, nil
}

// Address is where the server listens, as host:port.
func (s *Server) Address() string { return s.listener.Addr().String() }

// Serve answers requests with the handler until Stop; it returns at once. It is called once. holds tells whether the handler has the answer
// to a GET in its cache, so that it can be given without ado (shortcut.go); nil: nothing is.
func (s *Server) Serve(handler http.Handler, holds func(*http.Request) bool) {
	s.server.Handler = handler
	if holds != nil {
		s.way.Store(&shortcut{handler: handler, holds: holds, write: s.server.WriteTimeout, idle: s.server.IdleTimeout})
	}
	s.served = make(chan struct{})
	go func() {
		defer close(s.served)
		if err := s.serve(); !errors.Is(err, http.ErrServerClosed) {
			s.server.ErrorLog.Printf("accept connections: %v", err)
		}
	}()
}

// Stop accepts no more connections and waits for requests in flight to be answered. When ctx ends first, what is left is
// cut and the error says so. Stop is safe before Serve and may be called again.
func (s *Server) Stop(ctx context.Context) error {
	if s.served == nil {
		_ = s.listener.Close() // a second close of a listener says so, and that is all it says
		return nil
	}
	if way := s.way.Load(); way != nil {
		way.stopped.Store(true)
	}
	// Shutdown waits 5s for a connection on which nothing was ever asked; browsers open such ones in advance.
	impatience := time.AfterFunc(newConnectionGrace, s.closeFresh)
	defer impatience.Stop()
	err := s.server.Shutdown(ctx)
	if err != nil {
		err = fmt.Errorf("requests were cut before their answer: %w", errors.Join(err, s.server.Close()))
	}
	<-s.served
	return err
}

// Shortcuts is the number of answers that were given without net/http.
func (s *Server) Shortcuts() uint64 {
	if way := s.way.Load(); way != nil {
		return way.taken.Load()
	}
	return 0
}

// remember is told of a connection's states, by the goroutine that serves it.
func (s *Server) remember(connection net.Conn, state http.ConnState) {
	if c, ours := connection.(*shortConn); ours && state == http.StateIdle {
		c.waiting = true
	}
	switch state {
	case http.StateNew:
		s.open.Add(1)
	case http.StateClosed, http.StateHijacked:
		s.open.Add(-1)
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	if state == http.StateNew {
		s.fresh[connection] = struct{}{}
	} else {
		delete(s.fresh, connection)
	}
}

func (s *Server) closeFresh() {
	s.lock.Lock()
	defer s.lock.Unlock()
	for connection := range s.fresh {
		_ = connection.Close()
	}
}
