package harness

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// loop is all the clients of a closed loop in one thread: whichever answers have come are taken together, and their clients' next requests
// sent. A goroutine a client asks the kernel for twice as much, and what the generator takes, the server on the same machine lacks.
type loop struct {
	load    Load
	poll    int // the epoll
	clients map[int32]*looped
	times   Result
	reader  *bufio.Reader
	arrived bytes.Reader
	body    bytes.Buffer
}

// looped is one client.
type looped struct {
	file    *os.File // keeps the connection
	fd      int
	random  *rand.Rand
	request []byte
	sent    time.Time
	answer  []byte // of it what has come so far
}

// inLoop runs a closed loop until its end.
func (l Load) inLoop(ctx context.Context, end time.Time) (Result, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	poll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return Result{}, err
	}
	defer unix.Close(poll)
	p := &loop{load: l, poll: poll, clients: map[int32]*looped{}, times: Result{Times: newTimes()}, reader: bufio.NewReaderSize(nil, 64<<10)}
	defer p.close()
	for i := range l.Clients {
		if err := p.connect(ctx, i); err != nil {
			return p.times, err
		}
	}
	events := make([]unix.EpollEvent, l.Clients)
	for waiting := l.Clients; waiting > 0; {
		n, err := unix.EpollWait(poll, events, 100)
		switch {
		case ctx.Err() != nil:
			return p.times, context.Cause(ctx)
		case err != nil && !errors.Is(err, unix.EINTR):
			return p.times, err
		}
		for _, e := range events[:max(n, 0)] {
			c := p.clients[e.Fd]
			answered, err := p.take(c)
			if err == nil && answered {
				if time.Now().Before(end) {
					err = p.send(c)
				} else {
					waiting--
				}
			}
			if err != nil {
				return p.times, fmt.Errorf("%s: %w", firstLine(c.request), err)
			}
		}
	}
	return p.times, nil
}

// connect makes a client, and sends its first request. The connection is taken from Go's own poller, which would be woken by it too.
func (p *loop) connect(ctx context.Context, n int) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", p.load.Address)
	if err != nil {
		return err
	}
	defer conn.Close()
	file, err := conn.(*net.TCPConn).File()
	if err != nil {
		return err
	}
	c := &looped{file: file, fd: int(file.Fd()), random: rand.New(rand.NewPCG(p.load.Seed, uint64(n))), answer: make([]byte, 0, 16<<10)}
	p.clients[int32(c.fd)] = c
	if err := unix.SetNonblock(c.fd, true); err != nil {
		return err
	}
	if err := unix.EpollCtl(p.poll, unix.EPOLL_CTL_ADD, c.fd, &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(c.fd)}); err != nil {
		return err
	}
	return p.send(c)
}

// send sends a client's next request.
func (p *loop) send(c *looped) error {
	c.sent, c.request, c.answer = time.Now(), p.load.Next(c.random), c.answer[:0]
	for rest := c.request; len(rest) > 0; {
		n, err := unix.Write(c.fd, rest)
		switch {
		case errors.Is(err, unix.EAGAIN): // larger than what the socket takes at once
			if _, err := unix.Poll([]unix.PollFd{{Fd: int32(c.fd), Events: unix.POLLOUT}}, 1000); err != nil && !errors.Is(err, unix.EINTR) {
				return err
			}
		case errors.Is(err, unix.EINTR):
		case err != nil:
			return err
		default:
			rest = rest[n:]
		}
	}
	return nil
}

// take takes what has come for a client, and tells whether it is the whole answer.
func (p *loop) take(c *looped) (answered bool, err error) {
	if len(c.answer) == cap(c.answer) {
		c.answer = append(c.answer, make([]byte, cap(c.answer))...)[:len(c.answer)]
	}
	n, err := unix.Read(c.fd, c.answer[len(c.answer):cap(c.answer)])
	switch {
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.EINTR):
		return false, nil
	case err != nil:
		return false, err
	case n == 0:
		return false, io.ErrUnexpectedEOF
	}
	c.answer = c.answer[:len(c.answer)+n]
	p.arrived.Reset(c.answer)
	p.reader.Reset(&p.arrived)
	into := io.Discard
	looked := p.load.Check != nil && p.times.Requests%100 == 0
	if looked {
		p.body.Reset()
		into = &p.body
	}
	switch err := read(p.reader, into); {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return false, nil // the rest is on its way
	case err != nil:
		return false, err
	}
	if looked {
		if err := p.load.Check(c.request, p.body.Bytes()); err != nil {
			return false, err
		}
	}
	p.times.Requests++
	_ = p.times.Times.RecordValue(max(1, time.Since(c.sent).Microseconds())) // beyond a minute the run has failed anyway
	return true, nil
}

// close hangs up.
func (p *loop) close() {
	for _, c := range p.clients {
		_ = c.file.Close()
	}
}
