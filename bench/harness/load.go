package harness

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http/httputil"
	"strconv"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/sync/errgroup"
)

// Load is requests on kept connections, each client's next one when its last was answered (a closed loop), or at a rate of arrival.
type Load struct {
	Address string
	Clients int
	For     time.Duration
	Seed    uint64
	// Next gives a client's next request, ready to be sent (see Get).
	Next func(*rand.Rand) []byte
	// Rate is arrivals a second over all clients; 0: a closed loop. A request's time then counts from when it should have been sent, also
	// when its client was still busy.
	Rate float64
	// Check is given the body of every hundredth answer; its error ends the run. Nil: only the status is looked at.
	Check func(request, body []byte) error
}

// Result is what came of it.
type Result struct {
	Requests int64
	Seconds  float64
	Times    *hdrhistogram.Histogram // microseconds
}

// PerSecond gives the rate of answers.
func (r Result) PerSecond() float64 { return float64(r.Requests) / r.Seconds }

// Percentile gives a quantile of the times, in milliseconds.
func (r Result) Percentile(p float64) float64 { return float64(r.Times.ValueAtQuantile(p)) / 1000 }

func newTimes() *hdrhistogram.Histogram {
	return hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)
}

// Get makes a request for a path.
func Get(address, path string, headers ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\n", path, address)
	for i := 0; i+1 < len(headers); i += 2 {
		fmt.Fprintf(&b, "%s: %s\r\n", headers[i], headers[i+1])
	}
	b.WriteString("\r\n")
	return b.Bytes()
}

// Post makes a request with a JSON body.
func Post(address, path string, body []byte, headers ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST %s HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n", path, address, len(body))
	for i := 0; i+1 < len(headers); i += 2 {
		fmt.Fprintf(&b, "%s: %s\r\n", headers[i], headers[i+1])
	}
	b.WriteString("\r\n")
	b.Write(body)
	return b.Bytes()
}

// Run sends the load. Any answer that is no success and not 304 ends it with an error, so that nobody measures refusals.
func (l Load) Run(ctx context.Context) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, l.For+30*time.Second)
	defer cancel()
	begin := time.Now()
	var result Result
	var err error
	if l.Rate > 0 {
		result, err = l.inGoroutines(ctx, begin, begin.Add(l.For))
	} else {
		result, err = l.inLoop(ctx, begin.Add(l.For))
	}
	result.Seconds = time.Since(begin).Seconds()
	if err != nil {
		return result, fmt.Errorf("load on %s: %w", l.Address, err)
	}
	return result, nil
}

// inGoroutines runs each client in a goroutine of its own.
func (l Load) inGoroutines(ctx context.Context, begin, end time.Time) (Result, error) {
	results := make([]Result, l.Clients)
	all, ctx := errgroup.WithContext(ctx)
	for i := range l.Clients {
		all.Go(func() (err error) {
			results[i], err = l.client(ctx, i, begin, end)
			return err
		})
	}
	err := all.Wait()
	sum := Result{Times: newTimes()}
	for _, r := range results {
		if r.Times != nil {
			sum.Requests += r.Requests
			sum.Times.Merge(r.Times)
		}
	}
	return sum, err
}

// client is one connection.
func (l Load) client(ctx context.Context, n int, begin, end time.Time) (Result, error) {
	result := Result{Times: newTimes()}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", l.Address)
	if err != nil {
		return result, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	reader := bufio.NewReaderSize(conn, 64<<10)
	random := rand.New(rand.NewPCG(l.Seed, uint64(n)))
	every := time.Duration(0)
	due := begin
	var turns *clock
	if l.Rate > 0 {
		if turns, err = newClock(); err != nil {
			return result, err
		}
		defer turns.close()
		every = time.Duration(float64(time.Second) * float64(l.Clients) / l.Rate)
		due = begin.Add(time.Duration(random.Float64() * float64(every)))
	}
	var body bytes.Buffer
	for {
		start := time.Now()
		if l.Rate > 0 {
			turns.until(due)
			start, due = due, due.Add(every)
		}
		if start.After(end) {
			return result, nil
		}
		request := l.Next(random)
		if _, err := conn.Write(request); err != nil {
			return result, err
		}
		into := io.Discard
		looked := l.Check != nil && result.Requests%100 == 0
		if looked {
			body.Reset()
			into = &body
		}
		if err := read(reader, into); err != nil {
			return result, fmt.Errorf("%s: %w", firstLine(request), err)
		}
		if looked {
			if err := l.Check(request, body.Bytes()); err != nil {
				return result, err
			}
		}
		result.Requests++
		_ = result.Times.RecordValue(max(1, time.Since(start).Microseconds())) // beyond a minute the run has failed anyway
	}
}

func firstLine(request []byte) []byte {
	line, _, _ := bytes.Cut(request, []byte("\r\n"))
	return line
}

// read takes one answer and insists on a success or 304.
func read(r *bufio.Reader, body io.Writer) error {
	status, length, _, err := readHeader(r, nil, nil)
	switch {
	case err != nil:
		return err
	case status == 304:
		return nil
	case status < 200 || status > 299:
		text, _ := io.ReadAll(io.LimitReader(r, min(max(length, 0), 500)))
		return fmt.Errorf("answered %d: %s", status, text)
	}
	return readBody(r, body, length)
}

// readBody takes a body of a length, or in chunks where there is none.
func readBody(r *bufio.Reader, body io.Writer, length int64) error {
	if length != chunked {
		_, err := io.CopyN(body, r, length)
		return err
	}
	if _, err := io.Copy(body, httputil.NewChunkedReader(r)); err != nil {
		return err
	}
	for { // the trailer, which is empty as a rule
		line, err := r.ReadSlice('\n')
		if err != nil || len(line) <= 2 {
			return err
		}
	}
}

// chunked is the length of a body whose end is told by itself.
const chunked = -1

var contentLength, transferEncoding = []byte("Content-Length:"), []byte("Transfer-Encoding: chunked")

// readHeader takes the header of an answer: its status, the length of its body (chunked when it tells its end itself), and the value of
// one field (such as "Etag:"). all takes the fields as they are, where it is not nil.
func readHeader(r *bufio.Reader, field []byte, all *bytes.Buffer) (status int, length int64, value string, err error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return 0, 0, "", err
	}
	if len(line) < 12 {
		return 0, 0, "", fmt.Errorf("no answer: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, 0, "", err
	}
	is := func(name []byte) bool { return len(line) > len(name) && bytes.EqualFold(line[:len(name)], name) }
	for {
		if line, err = r.ReadSlice('\n'); err != nil {
			return 0, 0, "", err
		}
		if all != nil {
			all.Write(line)
		}
		switch {
		case len(line) <= 2:
			return status, length, value, nil
		case is(contentLength):
			if length, err = strconv.ParseInt(string(bytes.TrimSpace(line[len(contentLength):])), 10, 64); err != nil {
				return 0, 0, "", err
			}
		case is(transferEncoding):
			length = chunked
		case field != nil && is(field):
			value = string(bytes.TrimSpace(line[len(field):]))
		}
	}
}

// Conn is one kept connection of a client that looks at answers.
type Conn struct {
	conn   net.Conn
	reader *bufio.Reader
	field  []byte
	header bytes.Buffer
	body   bytes.Buffer
}

// Dial connects. field is the header field that Ask gives.
func Dial(ctx context.Context, address, field string) (*Conn, error) {
	return dial(ctx, net.Dialer{}, address, field)
}

func dial(ctx context.Context, dialer net.Dialer, address, field string) (*Conn, error) {
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &Conn{conn: conn, reader: bufio.NewReaderSize(conn, 64<<10), field: []byte(field + ":")}, nil
}

// Header gives the fields of the last answer, a line each, for whoever wonders about it.
func (c *Conn) Header() string { return c.header.String() }

// Close hangs up.
func (c *Conn) Close() { _ = c.conn.Close() }

// Ask sends a request within half a minute, and gives the status, the field's value, and the body, which is good until the next one.
func (c *Conn) Ask(request []byte) (status int, value string, body []byte, err error) {
	if err := c.conn.SetDeadline(time.Now().Add(30 * time.Second)); err != nil {
		return 0, "", nil, err
	}
	if _, err := c.conn.Write(request); err != nil {
		return 0, "", nil, err
	}
	c.header.Reset()
	status, length, value, err := readHeader(c.reader, c.field, &c.header)
	if err != nil {
		return 0, "", nil, err
	}
	c.body.Reset()
	if status != 304 {
		err = readBody(c.reader, &c.body, length)
	}
	return status, value, c.body.Bytes(), err
}
