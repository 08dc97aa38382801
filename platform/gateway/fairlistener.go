package gateway

import (
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
)

// fairListener accepts so many connections from one address (of IPv6 the /64) at once, and closes the others: whoever holds connections
// open without asking anything on them, as slowloris does, holds few.
type fairListener struct {
	net.Listener
	most      int
	unlimited []netip.Prefix
	refused   *atomic.Int64 // counts those that were closed

	lock sync.Mutex
	open map[netip.Addr]int // only addresses that have a connection
}

// Accept waits for the next connection that may be.
func (l *fairListener) Accept() (net.Conn, error) {
	for {
		connection, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from, limited := l.whose(connection)
		if !limited {
			return connection, nil
		}
		if l.take(from) {
			return &countedConn{Conn: connection, closed: func() { l.giveBack(from) }}, nil
		}
		l.refused.Add(1)
		_ = connection.Close()
	}
}

// whose gives the address that a connection counts for, and whether it counts.
func (l *fairListener) whose(connection net.Conn) (netip.Addr, bool) {
	peer, err := netip.ParseAddrPort(connection.RemoteAddr().String())
	if err != nil {
		return netip.Addr{}, false
	}
	from := peer.Addr().Unmap()
	for _, network := range l.unlimited {
		if network.Contains(from) {
			return from, false
		}
	}
	if from.Is6() {
		whole := from.As16()
		clear(whole[8:])
		from = netip.AddrFrom16(whole)
	}
	return from, true
}

func (l *fairListener) take(from netip.Addr) bool {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.open[from] >= l.most {
		return false
	}
	l.open[from]++
	return true
}

func (l *fairListener) giveBack(from netip.Addr) {
	l.lock.Lock()
	defer l.lock.Unlock()
	if l.open[from]--; l.open[from] == 0 {
		delete(l.open, from)
	}
}

// countedConn gives its place back when it is closed, once.
type countedConn struct {
	net.Conn
	once   sync.Once
	closed func()
}

// Close closes the connection.
func (c *countedConn) Close() error {
	c.once.Do(c.closed)
	return c.Conn.Close()
}
