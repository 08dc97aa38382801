// Package faulttest puts real faults between a program and a server that it depends on, for tests and for the bench: toxiproxy in
// this process, through which the connections to one server pass.
package faulttest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/jackc/pgx/v5"
	"github.com/rs/zerolog"
)

// Path is a way to a server that can be made to fail.
type Path struct {
	// Address is host:port on loopback, from where the way leads to the server.
	Address string

	proxy *toxiproxy.Proxy
	relay net.Listener // behind the proxy
	taken atomic.Int64
}

// To opens a way to a server, by a network ("tcp" or "unix") and an address.
func To(network, address string) (p *Path, err error) {
	p = &Path{}
	if p.relay, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	go p.pass(network, address)
	address = p.relay.Addr().String()
	zerolog.SetGlobalLevel(zerolog.Disabled) // some toxics do not ask which logger they were given
	p.proxy = toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), "way", "127.0.0.1:0", address)
	if err := p.proxy.Start(); err != nil {
		p.Close()
		return nil, fmt.Errorf("start toxiproxy: %w", err)
	}
	p.Address = p.proxy.Listen
	return p, nil
}

// pass takes connections that came through, counts them, and carries them on to the server, also one that listens on a socket in the file
// system, which toxiproxy cannot reach.
func (p *Path) pass(network, address string) {
	for {
		from, err := p.relay.Accept()
		if err != nil {
			return
		}
		p.taken.Add(1)
		to, err := net.Dial(network, address)
		if err != nil {
			_ = from.Close()
			continue
		}
		copied := func(a, b net.Conn) { _, _ = io.Copy(a, b); _, _ = a.Close(), b.Close() }
		go copied(to, from)
		go copied(from, to)
	}
}

// ToPostgres opens a way to a PostgreSQL, and gives the database's address by it.
func ToPostgres(dsn string) (p *Path, through string, err error) {
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, "", err
	}
	if p, err = To(pgNetwork(c)); err != nil {
		return nil, "", err
	}
	way := url.URL{Scheme: "postgres", User: url.User(c.User), Host: p.Address, Path: "/" + c.Database, RawQuery: "sslmode=disable"}
	if c.Password != "" {
		way.User = url.UserPassword(c.User, c.Password)
	}
	return p, way.String(), nil
}

// pgNetwork gives the network and the address of a PostgreSQL.
func pgNetwork(c *pgx.ConnConfig) (network, address string) {
	if strings.HasPrefix(c.Host, "/") {
		return "unix", fmt.Sprintf("%s/.s.PGSQL.%d", c.Host, c.Port)
	}
	return "tcp", net.JoinHostPort(c.Host, fmt.Sprint(c.Port))
}

// Connections tells how many connections have reached the server's side.
func (p *Path) Connections() int64 { return p.taken.Load() }

// Close ends the way and what is under way on it.
func (p *Path) Close() {
	if p.proxy != nil {
		p.proxy.Stop()
	}
	if p.relay != nil {
		_ = p.relay.Close()
	}
}

// Fault is a way in which a server fails.
type Fault struct {
	Name       string
	kind       string // toxiproxy's word for it; "" cuts the way altogether
	attributes map[string]int64
	share      float64 // of connections
}

// The faults of a line or of a server behind it.
var (
	// Cut refuses connections and ends those that there are.
	Cut = Fault{Name: "cut"}
	// Reset breaks connections off once something is asked on them.
	Reset = Fault{"reset", "reset_peer", map[string]int64{"timeout": 0}, 1}
	// Silence has half of the connections, at random, never bring an answer.
	Silence = Fault{"timeouts at random", "timeout", map[string]int64{"timeout": 0}, 0.5}
	// Modem lets 7 KB/s through.
	Modem = Fault{"a modem's bandwidth", "bandwidth", map[string]int64{"rate": 7}, 1}
)

// Latency holds every answer back for a time.
func Latency(d time.Duration) Fault {
	return Fault{fmt.Sprint("latency of ", d), "latency", map[string]int64{"latency": d.Milliseconds()}, 1}
}

// Begin has the way fail so.
func (p *Path) Begin(f Fault) error {
	if f.kind == "" {
		p.proxy.Stop()
		return nil
	}
	toxic, err := json.Marshal(map[string]any{"name": f.Name, "type": f.kind, "stream": "downstream", "toxicity": f.share, "attributes": f.attributes})
	if err != nil {
		return err
	}
	_, err = p.proxy.Toxics.AddToxicJson(strings.NewReader(string(toxic)))
	return err
}

// End has it fail so no more.
func (p *Path) End(ctx context.Context, f Fault) error {
	if f.kind == "" {
		return p.proxy.Start()
	}
	return p.proxy.Toxics.RemoveToxic(ctx, f.Name)
}
