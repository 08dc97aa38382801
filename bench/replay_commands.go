package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/problem"
)

// run carries the commands out, each worker its share, while the days go by.
func (r *replay) run(ctx context.Context) error {
	var wg sync.WaitGroup
	errs := make([]error, r.plan.workers)
	each := r.plan.commands / r.plan.workers
	for w := range r.plan.workers {
		wg.Go(func() {
			day := newWorkday(ctx, r, uint64(w))
			for i := range each {
				if ctx.Err() != nil {
					errs[w] = ctx.Err()
					return
				}
				day.desk = r.desk.At(r.began.Add(time.Duration(i) * time.Duration(r.plan.days) * 24 * time.Hour / time.Duration(each)))
				if err := day.command(); err != nil {
					errs[w] = err
					return
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// workday is one worker's view of the library.
type workday struct {
	*replay
	ctx    context.Context
	desk   *borrowing.Service
	random *rand.Rand
	zipf   *rand.Zipf
}

func newWorkday(ctx context.Context, r *replay, seed uint64) *workday {
	random := rand.New(rand.NewPCG(seed, 7))
	return &workday{replay: r, ctx: asDesk(ctx), random: random, zipf: rand.NewZipf(random, 1.1, 8, uint64(len(r.books)-1))}
}

// A heavy member comes as often as hundreds of loans make them come.
const heavyShare = 0.15

// member draws one, and says whether they are heavy.
func (d *workday) member() (n int, heavy bool) {
	if d.random.Float64() < heavyShare {
		return d.random.IntN(d.plan.heavy), true
	}
	return d.plan.heavy + d.random.IntN(len(d.cards)-d.plan.heavy), false
}

// title draws one by popularity; every eighth time one of those that hundreds wait for.
func (d *workday) title() (book int64, queued bool) {
	book = d.books[d.zipf.Uint64()]
	if d.random.IntN(8) == 0 {
		for book = range d.queued { // any
			break
		}
	}
	return book, d.queued[book]
}

// command does one, as they come at a desk. Only refusals by rule are expected to fail.
func (d *workday) command() error {
	dice := d.random.IntN(100)
	switch {
	case dice < 75:
		return d.scan()
	case dice < 85:
		return d.renew()
	case dice < 92:
		return d.hold()
	case dice < 96:
		return d.borrowOnline()
	}
	return d.account()
}

// scan takes a copy of a title to the desk: it is lent when it can be, else it comes back.
func (d *workday) scan() error {
	book, queued := d.title()
	copies := d.stock[book]
	barcode := copies[d.random.IntN(len(copies))]
	member, heavy := d.member()
	it, err := d.desk.Item(d.ctx, barcode)
	if err != nil {
		return err
	}
	card, at := d.cards[member], it.HomeBranch
	switch it.Status {
	case borrowing.Available:
	case borrowing.OnHoldShelf: // whoever it is kept for comes for it
		if card, err = d.keptFor(book, barcode); err != nil {
			return err
		}
		heavy, at = false, it.CurrentBranch
	default:
		if it.TransitTo != "" {
			at = it.TransitTo
		}
		return d.timed("check-in", queued, func() error {
			_, err := d.desk.CheckIn(d.ctx, borrowing.CheckIn{Barcode: barcode, Branch: at}, borrowing.Order{})
			return err
		})
	}
	lend := func() error {
		lent, err := d.desk.CheckOut(d.ctx, borrowing.CheckOut{Card: card, Barcode: barcode, Branch: at}, borrowing.Order{})
		if err == nil && card == d.cards[member] {
			d.renewal.add(member, lent.ID)
		}
		return err
	}
	return d.timed("check-out", queued || heavy, lend)
}

// keptFor gives the card of the member for whom a copy lies on the hold shelf.
func (d *workday) keptFor(book int64, barcode string) (string, error) {
	holds, _, err := d.desk.Holds(d.ctx, "", borrowing.HoldFilter{BookID: book, Live: true, Limit: 300})
	if err != nil {
		return "", err
	}
	for _, h := range holds {
		if h.Status == borrowing.HoldReady && h.Barcode == barcode {
			return h.MemberCard, nil
		}
	}
	return d.cards[d.plan.heavy], nil // its hold is over; anybody may have it
}

func (d *workday) renew() error {
	member, heavy := d.member()
	id := d.renewal.one(member, d.random)
	if id == 0 {
		return d.account()
	}
	return d.timed("renewal", heavy, func() error {
		_, err := d.desk.Renew(d.ctx, id, borrowing.Override{}, borrowing.Order{})
		return err
	})
}

func (d *workday) hold() error {
	book, queued := d.title()
	member, heavy := d.member()
	return d.timed("hold", queued || heavy, func() error {
		_, err := d.desk.PlaceHold(d.ctx, borrowing.PlaceHold{Card: d.cards[member], BookID: book}, borrowing.Order{})
		return err
	})
}

func (d *workday) borrowOnline() error {
	book, queued := d.title()
	member, heavy := d.member()
	return d.timed("web loan", queued || heavy, func() error {
		lent, err := d.desk.CheckOut(d.ctx, borrowing.CheckOut{Card: d.cards[member], BookID: book}, borrowing.Order{})
		if err == nil {
			d.renewal.add(member, lent.ID)
		}
		return err
	})
}

// account shows the first page of a member's loans.
func (d *workday) account() error {
	member, heavy := d.member()
	return d.timed("list of loans", heavy, func() error {
		_, _, err := d.desk.Loans(d.ctx, d.cards[member], borrowing.LoanFilter{Status: borrowing.LoanOpen, Limit: 20})
		return err
	})
}

func (d *workday) timed(what string, heavy bool, do func() error) error {
	begun := time.Now()
	err := do()
	d.times.add(what, heavy, time.Since(begun))
	if err != nil && problem.Of(err).Kind == problem.ConflictKind {
		d.refused.Add(1)
		return nil
	}
	return err
}

// loanBook remembers loans by member, to renew them.
type loanBook struct {
	sync.Mutex
	loans map[int][]int64
}

func (b *loanBook) add(member int, id int64) {
	if id == 0 {
		return
	}
	b.Lock()
	defer b.Unlock()
	if b.loans == nil {
		b.loans = map[int][]int64{}
	}
	b.loans[member] = append(b.loans[member], id)
}

func (b *loanBook) one(member int, random *rand.Rand) int64 {
	b.Lock()
	defer b.Unlock()
	if n := len(b.loans[member]); n > 0 {
		return b.loans[member][random.IntN(n)]
	}
	return 0
}

// latencies of commands, light and heavy.
type latencies struct {
	sync.Mutex
	took map[string]*[2][]float64 // in ms
}

func newLatencies() *latencies { return &latencies{took: map[string]*[2][]float64{}} }

func (l *latencies) add(what string, heavy bool, took time.Duration) {
	l.Lock()
	defer l.Unlock()
	if l.took[what] == nil {
		l.took[what] = &[2][]float64{}
	}
	side := 0
	if heavy {
		side = 1
	}
	l.took[what][side] = append(l.took[what][side], float64(took.Microseconds())/1000)
}

type spread struct {
	n        int
	p50, p95 float64
}

type latencyRow struct {
	what         string
	light, heavy spread
}

func (l *latencies) rows() (rows []latencyRow) {
	for what, sides := range l.took {
		rows = append(rows, latencyRow{what, spreadOf(sides[0]), spreadOf(sides[1])})
	}
	slices.SortFunc(rows, func(a, b latencyRow) int { return b.light.n - a.light.n })
	return rows
}

func spreadOf(ms []float64) spread {
	if len(ms) == 0 {
		return spread{}
	}
	slices.Sort(ms)
	return spread{len(ms), ms[len(ms)/2], ms[len(ms)*95/100]}
}

// worst gives the largest ratio of medians.
func (l *latencies) worst() (ratio float64, where string) {
	for _, row := range l.rows() {
		if row.light.n > 0 && row.heavy.n > 0 && row.heavy.p50/row.light.p50 > ratio {
			ratio, where = row.heavy.p50/row.light.p50, row.what
		}
	}
	return ratio, where
}
