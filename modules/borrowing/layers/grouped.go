package layers

import (
	"context"
	"errors"
	"sync"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/problem"
	"bookvault/platform/resilience"
)

// GroupSettings bound how commands share transactions; the zero value of each has the meaning in its comment.
type GroupSettings struct {
	Batch    int           // commands of one transaction at most; 128
	Queue    int           // commands that wait at most; 4,096
	Parallel int           // transactions at once at most; 2
	MaxWait  time.Duration // from which the first that waits begins another transaction, where there may be one more; 2 ms
	// Together makes the context of a transaction of those of whoever asked: ended with none of them, and each of them reads what was
	// written. Nil: one without anything.
	Together func([]context.Context) context.Context
	// Ill tells of failures that are the database's, or whose end is not known: trying each command alone would be no use, or could do it
	// twice. Nil: none is.
	Ill     func(error) bool
	Enabled func() bool   // nil: always
	Metrics *GroupMetrics // nil: nobody counts
}

// Group makes one transaction of commands that arrive together (group commit).
//
// There is no timer while nothing is to do. A command that comes while no transaction runs has one at once, alone; those that come while
// one runs wait for its end, and are the next one together. Only when the first of them has waited for MaxWait does a second begin
// beside the first. So a COMMIT, which waits for a disk, is shared by as many as the disk makes wait, and nobody waits for
// company. It stands outside of the policies before the database: a transaction takes one place there, however many share it.
//
// Outcomes are each command's own (borrowing.CarryOut). Where a transaction failed for a cause that may be one command's, a lock
// that did not come in time for example, each is carried out alone, by whoever asked. Where the database itself fails, or it is not
// known whether COMMIT succeeded, all of them hear that.
type Group struct {
	store borrowing.Transactor
	s     GroupSettings

	lock    sync.Mutex
	waiting []*waiting // in the order in which they came
	running int        // transactions
	alarm   *time.Timer
}

// waiting is a command that waits for its transaction.
type waiting struct {
	ctx     context.Context
	command *borrowing.Command
	since   time.Time
	taken   bool // into a transaction: it is no more for whoever asked to give up
	done    chan struct{}
	err     error
	alone   bool // carry it out alone
}

var _ borrowing.Carrier = (*Group)(nil)

// Grouped makes a group before a store with its policies.
func Grouped(store borrowing.Transactor, s GroupSettings) *Group {
	if s.Batch <= 0 {
		s.Batch = 128
	}
	if s.Queue <= 0 {
		s.Queue = 4096
	}
	if s.Parallel <= 0 {
		s.Parallel = 2
	}
	if s.MaxWait <= 0 {
		s.MaxWait = 2 * time.Millisecond
	}
	if s.Together == nil {
		s.Together = func([]context.Context) context.Context { return context.Background() }
	}
	if s.Ill == nil {
		s.Ill = func(error) bool { return false }
	}
	if s.Enabled == nil {
		s.Enabled = func() bool { return true }
	}
	if s.Metrics == nil {
		s.Metrics = NewGroupMetrics(nil)
	}
	return &Group{store: store, s: s}
}

// Carry carries a command out with others, and gives its outcome. While it waits it ends with ctx, and leaves no trace. A full queue is a
// problem of kind Unavailable that says when to try again.
func (g *Group) Carry(ctx context.Context, c *borrowing.Command) error {
	if !g.s.Enabled() {
		return borrowing.CarryOut(ctx, g.store, c)
	}
	w := &waiting{ctx: ctx, command: c, since: time.Now(), done: make(chan struct{})}
	idle, full := g.enter(w)
	switch {
	case idle:
		return g.atOnce(w)
	case full:
		g.s.Metrics.full.Inc()
		busy := problem.New(problem.Unavailable, "busy", "The desk has more to do than it can take. Please try again in a moment.")
		busy.RetryAfter = time.Second
		return busy
	}
	select {
	case <-w.done:
	case <-ctx.Done():
		if g.giveUp(w) {
			return context.Cause(ctx)
		}
		<-w.done // it is being carried out: whoever asked must learn how that ends
	}
	if w.alone {
		return borrowing.CarryOut(ctx, g.store, c)
	}
	if w.err != nil {
		return w.err
	}
	return c.Outcome()
}

// enter puts a command in the queue, unless there is room for no more, or nothing runs: then it is the caller's to carry out.
func (g *Group) enter(w *waiting) (idle, full bool) {
	g.lock.Lock()
	defer g.lock.Unlock()
	if g.running == 0 {
		g.running++
		return true, false
	}
	if len(g.waiting) >= g.s.Queue {
		return false, true
	}
	g.waiting = append(g.waiting, w)
	g.s.Metrics.depth.Set(float64(len(g.waiting)))
	g.watch()
	return false, false
}

// atOnce carries out a command that found nobody before it, in the time of whoever asked. Who came meanwhile is next.
func (g *Group) atOnce(w *waiting) error {
	defer func() { // also when it panics
		g.lock.Lock()
		defer g.lock.Unlock()
		g.running--
		if len(g.waiting) > 0 {
			g.begin()
		}
	}()
	g.s.Metrics.sizes.Observe(1)
	g.s.Metrics.waits.Observe(0)
	return borrowing.CarryOut(w.ctx, g.store, w.command)
}

// Waiting tells how many commands wait for a transaction.
func (g *Group) Waiting() int {
	g.lock.Lock()
	defer g.lock.Unlock()
	return len(g.waiting)
}

// begin starts one more transaction. The caller has the lock.
func (g *Group) begin() {
	g.running++
	go g.run()
}

// watch sees to it that the first who waits does not wait for long, where there may be one more transaction. The caller has the lock.
func (g *Group) watch() {
	if g.alarm != nil || len(g.waiting) == 0 || g.running >= g.s.Parallel {
		return
	}
	g.alarm = time.AfterFunc(max(0, g.s.MaxWait-time.Since(g.waiting[0].since)), func() {
		g.lock.Lock()
		defer g.lock.Unlock()
		g.alarm = nil
		switch {
		case len(g.waiting) == 0 || g.running >= g.s.Parallel:
		case time.Since(g.waiting[0].since) >= g.s.MaxWait:
			g.begin()
		}
		g.watch()
	})
}

// giveUp takes a command out of the queue; false when it is being carried out.
func (g *Group) giveUp(w *waiting) bool {
	g.lock.Lock()
	defer g.lock.Unlock()
	if w.taken {
		return false
	}
	for i, other := range g.waiting {
		if other == w {
			g.waiting = append(g.waiting[:i], g.waiting[i+1:]...)
			g.s.Metrics.depth.Set(float64(len(g.waiting)))
			break
		}
	}
	return true
}

// run carries out what waits until nothing does.
func (g *Group) run() {
	for {
		batch := g.take()
		if batch == nil {
			return
		}
		g.carry(batch)
		for _, w := range batch {
			close(w.done)
		}
	}
}

// take takes the next commands, of one day; nil when there are none, and one transaction fewer runs.
func (g *Group) take() []*waiting {
	g.lock.Lock()
	defer g.lock.Unlock()
	n := 0
	for n < len(g.waiting) && n < g.s.Batch && g.waiting[n].command.Day() == g.waiting[0].command.Day() {
		g.waiting[n].taken = true
		n++
	}
	if n == 0 {
		g.running--
		return nil
	}
	batch := append([]*waiting(nil), g.waiting[:n]...)
	g.waiting = append(g.waiting[:0], g.waiting[n:]...)
	g.s.Metrics.depth.Set(float64(len(g.waiting)))
	g.watch()
	return batch
}

// carry makes one transaction of commands.
func (g *Group) carry(batch []*waiting) {
	commands, asked := make([]*borrowing.Command, len(batch)), make([]context.Context, len(batch))
	for i, w := range batch {
		commands[i], asked[i] = w.command, w.ctx
		g.s.Metrics.waits.Observe(time.Since(w.since).Seconds())
	}
	g.s.Metrics.sizes.Observe(float64(len(batch)))
	err := g.together(asked, commands)
	if err == nil {
		return
	}
	apart := !g.shared(err)
	if apart {
		g.s.Metrics.apart.Inc()
	}
	for _, w := range batch {
		w.err, w.alone = err, apart
	}
}

// errPanicked says that a command did not come to an end.
var errPanicked = errors.New("a command of the transaction panicked")

// together carries commands out in one transaction. A panic of one, which would end the process here, fails the transaction; it comes
// again where that command is carried out alone, in the goroutine of its request.
func (g *Group) together(asked []context.Context, commands []*borrowing.Command) (err error) {
	defer func() {
		if recover() != nil {
			err = errPanicked
		}
	}()
	err = borrowing.CarryOut(g.s.Together(asked), g.store, commands...)
	if len(commands) == 1 && err != nil && err == commands[0].Outcome() {
		err = nil // its own, and no failure of the transaction
	}
	return err
}

// shared tells whether a failure is of all commands of a transaction.
func (g *Group) shared(err error) bool {
	return g.s.Ill(err) || errors.Is(err, resilience.ErrOpen) || errors.Is(err, resilience.ErrFull) || errors.Is(err, resilience.ErrTooSlow)
}
