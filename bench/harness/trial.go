package harness

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http/httputil"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// Trial is load of which some may fail, as it does during a fault: Load ends then, Trial counts. Its clients have patience, and hang up
// when it is over, as people do.
type Trial struct {
	Address string
	From    string // address on loopback that it comes from; "" for any
	Clients int    // at once
	// Rate is arrivals a second, whatever became of those before (an open loop); an arrival that finds all clients waiting is lost. 0: each
	// client asks again when it was answered (a closed loop).
	Rate     float64
	For      time.Duration
	Patience time.Duration // 2 s
	Seed     uint64
	// Next gives the next request of a client.
	Next func(r *rand.Rand, client int) []byte
	// Heard is told how each request was answered; status 0: it was not. Nil: nobody is.
	Heard func(client, status int, body []byte)
	// Until ends the trial early, once it is true. Nil: nothing does. It is asked after each request.
	Until func() bool
}

// Slot is the time over which Tally counts one of its series.
const Slot = 250 * time.Millisecond

// Tally is what became of the requests.
type Tally struct {
	Asked   int64
	Served  int64 // answered with what was asked for, or a refusal by rule (a status below 500, but not 429)
	Refused int64 // 429 and 503, at once or not
	Failed  int64 // 500 and worse, or the connection was lost
	Late    int64 // not answered within Clients' patience; of an open loop also those that found no client

	Seconds  float64
	Times    *hdrhistogram.Histogram // microseconds, of what was served
	Refusals *hdrhistogram.Histogram // the same of what was refused
	Slots    []SlotTally             // by the Slot in which the answer came, or the patience ended
}

// SlotTally is what happened in one Slot.
type SlotTally struct{ Heard, Served int64 }

// WellAfter gives the time from the beginning of the trial after which a share of the requests was served in each slot of a second.
// ok is false when that never was.
func (t *Tally) WellAfter(share float64) (after time.Duration, ok bool) {
	const second = int(time.Second / Slot)
	run := 0
	for i, s := range t.Slots {
		if s.Heard == 0 || float64(s.Served) < share*float64(s.Heard) {
			run = 0
		} else if run++; run == second {
			return time.Duration(i+1-second) * Slot, true
		}
	}
	return 0, false
}

// Lost gives the share of requests that were not served.
func (t *Tally) Lost() float64 {
	if t.Asked == 0 {
		return 0
	}
	return float64(t.Asked-t.Served) / float64(t.Asked)
}

// PerSecond gives the rate of what was served.
func (t *Tally) PerSecond() float64 { return float64(t.Served) / t.Seconds }

// Percentile gives a quantile of the times of what was served, in milliseconds.
func (t *Tally) Percentile(p float64) float64 { return float64(t.Times.ValueAtQuantile(p)) / 1000 }

// String tells it in a line.
func (t *Tally) String() string {
	return fmt.Sprintf("%d asked, %d served (%.0f/s, p50 %.1f ms, p99 %.1f ms), %d refused (p99 %.1f ms), %d failed, %d late", t.Asked, t.Served, t.PerSecond(),
		t.Percentile(50), t.Percentile(99), t.Refused, float64(t.Refusals.ValueAtQuantile(99))/1000, t.Failed, t.Late)
}

// trial is a Trial under way.
type trial struct {
	Trial
	ctx   context.Context
	begin time.Time

	lock  sync.Mutex
	tally *Tally
}

// Run sends the load. The error is that of ctx, or there is no clock to be had.
func (s Trial) Run(ctx context.Context) (*Tally, error) {
	if s.Patience == 0 {
		s.Patience = 2 * time.Second
	}
	t := &trial{Trial: s, ctx: ctx, begin: time.Now(), tally: &Tally{Times: newTimes(), Refusals: newTimes()}}
	if s.Rate > 0 {
		c, err := newClock()
		if err != nil {
			return nil, err
		}
		t.open(c)
		c.close()
	} else {
		t.closed()
	}
	t.tally.Seconds = time.Since(t.begin).Seconds()
	return t.tally, ctx.Err()
}

func (t *trial) over() bool {
	return t.ctx.Err() != nil || time.Since(t.begin) >= t.For || t.Until != nil && t.Until()
}

// closed has each client ask again when it was answered.
func (t *trial) closed() {
	var all sync.WaitGroup
	for n := range t.Clients {
		all.Go(func() {
			c := &caller{n: n, random: rand.New(rand.NewPCG(t.Seed, uint64(n)))}
			defer c.hangUp()
			for !t.over() {
				if status := t.ask(c, time.Now()); status == 0 {
					time.Sleep(10 * time.Millisecond) // whoever cannot connect does not try in a spin
				}
			}
		})
	}
	all.Wait()
}

// open has requests arrive at random, as those of many people do (a Poisson process).
func (t *trial) open(arrivals *clock) {
	var lock sync.Mutex
	var free []*caller // the last one that was answered asks next, so that there are no more connections than are needed
	for n := range t.Clients {
		free = append(free, &caller{n: n, random: rand.New(rand.NewPCG(t.Seed, uint64(n)))})
	}
	random := rand.New(rand.NewPCG(t.Seed, 1<<32))
	var all sync.WaitGroup
	for due := t.begin; !t.over(); {
		due = due.Add(time.Duration(random.ExpFloat64() / t.Rate * float64(time.Second)))
		arrivals.until(due)
		at := due
		lock.Lock()
		last := len(free) - 1
		if last < 0 {
			lock.Unlock()
			t.count(0, at.Add(-t.Patience)) // lost
			continue
		}
		c := free[last]
		free = free[:last]
		lock.Unlock()
		all.Go(func() {
			t.ask(c, at)
			lock.Lock()
			free = append(free, c)
			lock.Unlock()
		})
	}
	all.Wait()
	for _, c := range free {
		c.hangUp()
	}
}

// caller is a client with the connection that it keeps.
type caller struct {
	n      int
	conn   *Conn
	random *rand.Rand
}

func (c *caller) hangUp() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

// ask sends one request that was due at a time, and counts what became of it.
func (t *trial) ask(c *caller, due time.Time) (status int) {
	request := t.Next(c.random, c.n)
	end := due.Add(t.Patience)
	var body []byte
	err := c.connect(t.ctx, t.Address, t.From, end)
	if err == nil {
		status, body, err = c.conn.askUntil(request, end)
	}
	if err != nil {
		c.hangUp()
		status = 0
	}
	if t.Heard != nil {
		t.Heard(c.n, status, body)
	}
	if t.ctx.Err() == nil {
		t.count(status, due)
	}
	return status
}

func (t *trial) count(status int, due time.Time) {
	now := time.Now()
	took := max(1, min(now.Sub(due), time.Minute).Microseconds())
	t.lock.Lock()
	defer t.lock.Unlock()
	t.tally.Asked++
	slot := int(now.Sub(t.begin) / Slot)
	for len(t.tally.Slots) <= slot {
		t.tally.Slots = append(t.tally.Slots, SlotTally{})
	}
	t.tally.Slots[slot].Heard++
	switch {
	case status == 0 && now.Sub(due) >= t.Patience:
		t.tally.Late++
	case status == 429 || status == 503:
		t.tally.Refused++
		_ = t.tally.Refusals.RecordValue(took)
	case status == 0 || status >= 500:
		t.tally.Failed++
	default:
		t.tally.Served++
		_ = t.tally.Times.RecordValue(took)
		t.tally.Slots[slot].Served++
	}
}

func (c *caller) connect(ctx context.Context, address, from string, end time.Time) (err error) {
	if c.conn != nil {
		return nil
	}
	dialer := net.Dialer{Deadline: end}
	if from != "" {
		dialer.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
	}
	c.conn, err = dial(ctx, dialer, address, "")
	return err
}

// askUntil sends a request and gives the answer, if it comes before a time.
func (c *Conn) askUntil(request []byte, end time.Time) (status int, body []byte, err error) {
	if err := c.conn.SetDeadline(end); err != nil {
		return 0, nil, err
	}
	if _, err := c.conn.Write(request); err != nil {
		return 0, nil, err
	}
	status, length, _, err := readHeader(c.reader, nil, nil)
	if err != nil {
		return 0, nil, err
	}
	c.body.Reset()
	switch {
	case status == 304 || status == 204:
	case length < 0:
		_, err = c.body.ReadFrom(httputil.NewChunkedReader(c.reader))
		if err == nil {
			_, err = c.reader.ReadSlice('\n') // the line that ends the trailers, of which there are none
		}
	default:
		_, err = io.CopyN(&c.body, c.reader, length)
	}
	return status, c.body.Bytes(), err
}
