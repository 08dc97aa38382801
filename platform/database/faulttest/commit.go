package faulttest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
)

// Commits is a way to a PostgreSQL that knows its protocol (PostgreSQL's manual, 55.7), so that it can be cut in the middle of a COMMIT.
type Commits struct {
	listener net.Listener
	network  string
	server   string
	next     atomic.Int32 // the moment at which the next COMMIT is cut; 0: none is
	cut      atomic.Int64
	rounds   atomic.Int64
	open     sync.Map // of net.Conn: both ends of all connections
	passing  sync.WaitGroup
}

// Moment is when in a COMMIT the way is cut, and how its ends hear of that.
type Moment int32

// The moments.
const (
	_              Moment = iota
	CommitNotSent         // it does not arrive, and both ends hear that the connection is gone
	AnswerNotSent         // it is carried out, and both ends hear that the connection is gone before the answer
	CommitVanishes        // it does not arrive, and neither end hears of the other any more
	AnswerVanishes        // it is carried out, and neither end hears of the other any more
)

// String says it.
func (m Moment) String() string {
	return [...]string{"", "the COMMIT is cut off", "its answer is cut off", "the COMMIT vanishes", "its answer vanishes"}[m]
}

// Committed tells whether the server carries out a COMMIT that is cut then.
func (m Moment) Committed() bool { return m == AnswerNotSent || m == AnswerVanishes }

// ToCommits opens a way to a PostgreSQL, and gives the database's address by it.
func ToCommits(dsn string) (c *Commits, through string, err error) {
	to, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, "", err
	}
	c = &Commits{}
	c.network, c.server = pgNetwork(to)
	if c.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, "", err
	}
	c.passing.Go(c.accept)
	way := url.URL{Scheme: "postgres", User: url.User(to.User), Host: c.listener.Addr().String(), Path: "/" + to.Database, RawQuery: "sslmode=disable"}
	if to.Password != "" {
		way.User = url.UserPassword(to.User, to.Password)
	}
	return c, way.String(), nil
}

// Cut has the next COMMIT cut.
func (c *Commits) Cut(at Moment) { c.next.Store(int32(at)) }

// Count tells how many were cut.
func (c *Commits) Count() int64 { return c.cut.Load() }

// RoundTrips tells how often a client waited for the server's answer: each simple query and each end of a pipeline is one.
func (c *Commits) RoundTrips() int64 { return c.rounds.Load() }

// Close ends the way and what is under way on it.
func (c *Commits) Close() {
	_ = c.listener.Close()
	c.open.Range(func(conn, _ any) bool { _ = conn.(net.Conn).Close(); return true })
	c.passing.Wait()
}

func (c *Commits) accept() {
	for {
		client, err := c.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial(c.network, c.server)
		if err != nil {
			_ = client.Close()
			continue
		}
		line := &line{of: c, client: client, server: server, answered: make(chan struct{}), gone: make(chan struct{})}
		c.open.Store(client, nil)
		c.open.Store(server, nil)
		c.passing.Go(line.up)
		c.passing.Go(line.down)
	}
}

// line is one connection.
type line struct {
	of             *Commits
	client, server net.Conn
	muted          atomic.Bool   // nothing of what the server says passes any more
	answered       chan struct{} // the server said something after that, or is gone
	gone           chan struct{} // the server is
	once           sync.Once
}

func (l *line) end() {
	_, _ = l.client.Close(), l.server.Close()
	l.of.open.Delete(l.client)
	l.of.open.Delete(l.server)
}

var errCut = errors.New("cut")

// up carries on what the client says, message by message.
func (l *line) up() {
	defer l.end()
	if _, err := l.message(4); err != nil { // the first one has no type
		return
	}
	for {
		if _, err := l.message(5); err != nil {
			return
		}
	}
}

// message carries on a message, whose head has so many bytes, of which the last four are its length.
func (l *line) message(head int) (text []byte, err error) {
	text = make([]byte, head)
	if _, err := io.ReadFull(l.client, text); err != nil {
		return nil, err
	}
	rest := int(binary.BigEndian.Uint32(text[head-4:])) - 4
	if rest < 0 || rest > 64<<20 {
		return nil, errors.New("no message of PostgreSQL")
	}
	text = append(text, make([]byte, rest)...)
	if _, err := io.ReadFull(l.client, text[head:]); err != nil {
		return nil, err
	}
	if head == 5 && (text[0] == 'Q' || text[0] == 'S') {
		l.of.rounds.Add(1)
	}
	if head == 5 && text[0] == 'Q' && bytes.HasPrefix(text[5:], []byte("commit")) {
		if at := Moment(l.of.next.Swap(0)); at != 0 {
			return nil, l.commit(at, text)
		}
	}
	_, err = l.server.Write(text)
	return text, err
}

// commit cuts the way at a moment of a COMMIT.
func (l *line) commit(at Moment, text []byte) error {
	l.muted.Store(true)
	l.of.cut.Add(1)
	if at.Committed() {
		if _, err := l.server.Write(text); err != nil {
			return err
		}
		<-l.answered
	}
	if at == CommitVanishes || at == AnswerVanishes {
		_, _ = io.Copy(io.Discard, l.client) // until the client gives up, of which the server does not hear
		<-l.gone
	}
	return errCut
}

// down carries on what the server says.
func (l *line) down() {
	defer close(l.gone)
	defer l.once.Do(func() { close(l.answered) })
	buffer := make([]byte, 32<<10)
	for {
		n, err := l.server.Read(buffer)
		if l.muted.Load() {
			l.once.Do(func() { close(l.answered) })
		} else if n > 0 {
			if _, err := l.client.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			if !l.muted.Load() {
				_ = l.client.Close()
			}
			return
		}
	}
}
