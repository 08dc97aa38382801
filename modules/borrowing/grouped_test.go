package borrowing_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"bookvault/modules/borrowing"
	"bookvault/modules/borrowing/layers"
	"bookvault/platform/problem"
)

// grouped is the same library with commands that share transactions.
func grouped(l *library, g layers.GroupSettings) *library {
	g.Together = l.db.Together
	return l.with(func(s *borrowing.Settings) { s.Carrier = layers.Grouped(l.store, g) })
}

// errand is one command of a volley, by what both libraries know of it.
type errand struct {
	kind    int
	member  int64
	barcode string
	title   int
	branch  string
}

// TestCommandsTogetherDoWhatTheyDoOneAfterTheOther sends volleys of commands through group commit, notes in which order they were
// decided, and gives the same ones in that order to a library that carries out each alone: outcomes and projections must be the same.
func TestCommandsTogetherDoWhatTheyDoOneAfterTheOther(t *testing.T) {
	t.Parallel() // it takes long
	registry := prometheus.NewRegistry()
	together, alone := grouped(opened(t, 0), layers.GroupSettings{Parallel: 1, Metrics: layers.NewGroupMetrics(registry)}), opened(t, 0)
	for _, l := range []*library{together, alone} {
		must(t, l.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 14, Renewals: 2, LoanLimit: 2, HoldLimit: 2, FinePerDay: 30, FineCap: 200, Currency: "VND"}}))
	}
	start, round := alone.clock.read(), 0
	rapid.Check(t, func(r *rapid.T) {
		const rounds, people, copies = 25, 4, 5
		if round++; round > rounds {
			return
		}
		title := 300 + round*2%600
		var barcodes []string
		for _, l := range []*library{together, alone} {
			l.clock.move(start.Sub(l.clock.read()))
			barcodes = nil
			for i := range people {
				id := int64(2_000_000 + round*10 + i)
				l.people.change(id, func(m *borrowing.Member) {
					*m = borrowing.Member{ID: id, Card: fmt.Sprintf("C%d", id), Category: "adult"}
				})
			}
			for i := range copies {
				barcode := fmt.Sprintf("G%d-%d", round, i)
				l.add(barcode, title+i%2, func(n *borrowing.NewItem) { n.Branch = []string{"main", "east"}[i%2] })
				barcodes = append(barcodes, barcode)
			}
		}
		for volley := range rapid.IntRange(1, 4).Draw(r, "volleys") {
			var errands []errand
			for range rapid.IntRange(1, 12).Draw(r, "commands") {
				errands = append(errands, errand{kind: rapid.IntRange(0, 6).Draw(r, "kind"), member: int64(2_000_000 + round*10 + rapid.IntRange(0, people-1).Draw(r, "member")),
					barcode: rapid.SampledFrom(barcodes).Draw(r, "barcode"), title: title + rapid.IntRange(0, 1).Draw(r, "title"), branch: rapid.SampledFrom([]string{"main", "east"}).Draw(r, "branch")})
			}
			key := fmt.Sprintf("%d-%d-", round, volley)
			before := alone.newestLoans(errands)
			order, got := together.volley(errands, together.newestLoans(errands), key)
			for _, i := range order {
				if _, want := alone.volley(errands[i:i+1], before[i:i+1], key+"alone-"+fmt.Sprint(i)+"-"); want[0] != got[i] {
					r.Fatalf("%+v: together %q, alone %q (the order was %v)", errands[i], got[i], want[0], order)
				}
			}
			if len(order) != len(errands) {
				r.Fatalf("%d of %d commands were decided: %v", len(order), len(errands), got)
			}
			if a, b := together.projections(round), alone.projections(round); a != b {
				r.Fatalf("projections differ after %+v in the order %v:\n%s\n%s", errands, order, a, b)
			}
			days := time.Duration(rapid.IntRange(0, 30).Draw(r, "days")) * 24 * time.Hour
			together.clock.move(days)
			alone.clock.move(days)
		}
	})
	together.consistent()
	alone.consistent()
	metrics, err := registry.Gather()
	must(t, err)
	for _, m := range metrics {
		if sizes := m.GetMetric()[0].GetHistogram(); m.GetName() == "bookvault_group_commit_commands" && sizes.GetSampleSum() < 1.5*float64(sizes.GetSampleCount()) {
			t.Errorf("%v commands had %v transactions: they hardly came together", sizes.GetSampleSum(), sizes.GetSampleCount())
		}
	}
}

// gate is a store whose transactions wait until it is opened, and fail as they are told to.
type gate struct {
	borrowing.Transactor
	open  chan struct{}
	begun chan struct{}
	fail  func(n int) error // the nth transaction; nil: it does not

	lock sync.Mutex
	n    int
}

func newGate(l *library) *gate {
	return &gate{Transactor: l.store, open: make(chan struct{}), begun: make(chan struct{}, 100), fail: func(int) error { return nil }}
}

func (g *gate) Transact(ctx context.Context, fn func(context.Context, borrowing.Tx) error) error {
	g.lock.Lock()
	g.n++
	n := g.n
	g.lock.Unlock()
	g.begun <- struct{}{}
	<-g.open
	if err := g.fail(n); err != nil {
		return err
	}
	return g.Transactor.Transact(ctx, fn)
}

// through has the library's commands go through a group before a gate.
func (l *library) through(g *gate, s layers.GroupSettings) *library {
	return l.with(func(settings *borrowing.Settings) { settings.Carrier = layers.Grouped(g, s) })
}

func TestAFullQueueIsRefusedAndLeavesNoTrace(t *testing.T) {
	l := opened(t, 3)
	for i := range 3 {
		l.add(fmt.Sprintf("B%d", i+1), i+1)
	}
	g := newGate(l)
	desks := l.through(g, layers.GroupSettings{Queue: 1, Parallel: 1})
	one, two := make(chan error, 1), make(chan error, 1)
	go func() { one <- second(desks.lend("C1", "B1")) }()
	<-g.begun
	ctx, leave := context.WithCancel(desk())
	go func() {
		for { // while the third has the place
			err := second(desks.CheckOut(ctx, borrowing.CheckOut{Card: "C2", Barcode: "B2"}, borrowing.Order{}))
			if problem.Of(err).Code != "busy" {
				two <- err
				return
			}
		}
	}()
	var err error
	for i := range 1000 { // until the second waits, the third may get its place, and gives it up soon
		soon, cancel := context.WithTimeout(desk(), time.Duration(1+i/10)*time.Millisecond)
		_, err = desks.CheckOut(soon, borrowing.CheckOut{Card: "C3", Barcode: "B3"}, borrowing.Order{})
		cancel()
		if problem.Of(err).Kind == problem.Unavailable {
			break
		}
	}
	if p := problem.Of(err); p.Kind != problem.Unavailable || p.Code != "busy" || p.RetryAfter <= 0 {
		t.Errorf("a full queue: %v", err)
	}
	leave() // who waits may give up
	if err := <-two; !errors.Is(err, context.Canceled) {
		t.Errorf("who left was told %v", err)
	}
	close(g.open)
	must(t, <-one)
	if n := l.count("borrowing.loans"); n != 1 {
		t.Errorf("%d loans", n)
	}
}

// TestATransactionThatFails has a volley behind a first command, and lets its transaction fail: for what may be one command's fault each is
// carried out alone; what is the database's all of them hear.
func TestATransactionThatFails(t *testing.T) {
	ill := errors.New("the database is ill")
	for _, test := range []struct {
		name  string
		fail  error
		loans int
	}{
		{"for one command's fault", errors.New("one waited too long for a lock"), 5},
		{"because the database is ill", ill, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := opened(t, 6)
			for i := range 6 {
				l.add(fmt.Sprintf("B%d", i), i+1)
			}
			g := newGate(l)
			g.fail = func(n int) error {
				if n == 2 {
					return test.fail
				}
				return nil
			}
			desks := l.through(g, layers.GroupSettings{Parallel: 1, Ill: func(err error) bool { return errors.Is(err, ill) }})
			var wg sync.WaitGroup
			told := make([]error, 6)
			lend := func(i int) { _, told[i] = desks.lend(fmt.Sprintf("C%d", i%5+1), fmt.Sprintf("B%d", i%5)) } // the last is the first again: refused
			wg.Go(func() { lend(0) })
			<-g.begun
			for i := 1; i < 6; i++ {
				wg.Go(func() { lend(i) })
			}
			for desks.waiting() < 5 {
				time.Sleep(time.Millisecond)
			}
			close(g.open)
			wg.Wait()
			if n := l.count("borrowing.loans"); n != test.loans {
				t.Errorf("%d loans, want %d: %v", n, test.loans, told)
			}
			if test.fail == ill {
				for _, err := range told[1:] {
					if !errors.Is(err, ill) {
						t.Errorf("told %v", err)
					}
				}
			} else if code(told[5]) != borrowing.AlreadyYours {
				t.Errorf("the neighbour that is refused was told %v", told[5])
			}
			l.consistent()
		})
	}
}

func (l *library) waiting() int { return l.settings.Carrier.(*layers.Group).Waiting() }

// volley carries out errands all at once, and gives the order in which they were decided and what each was told.
func (l *library) volley(errands []errand, loans []int64, key string) (order []int, told []string) {
	var lock sync.Mutex
	var wg sync.WaitGroup
	told = make([]string, len(errands))
	for i, e := range errands {
		wg.Go(func() {
			o := borrowing.Order{Once: &borrowing.Once{Caller: "member/9001", Route: "any", Key: key + fmt.Sprint(i), Hash: []byte("a"),
				Encode: func(_ any, refused *problem.Error) (int, []byte, error) {
					lock.Lock()
					defer lock.Unlock()
					order = append(slices.DeleteFunc(order, func(n int) bool { return n == i }), i)
					return 200, []byte("{}"), nil
				}}}
			answer, err := l.errand(e, loans[i], o)
			if p, refused := errors.AsType[*problem.Error](err); refused {
				answer = fmt.Sprint(p.Code, p.Detail, p.Reasons)
			} else if err != nil {
				answer = err.Error()
			}
			told[i] = answer
		})
	}
	wg.Wait()
	return order, told
}

// newestLoans gives the newest loan of each errand's copy, which a renewal is of.
func (l *library) newestLoans(errands []errand) []int64 {
	loans := make([]int64, len(errands))
	for i, e := range errands {
		must(l.t, l.db.Pool().QueryRow(context.Background(), `SELECT coalesce(max(l.id), 0) FROM borrowing.loans l JOIN borrowing.items i ON i.id = l.item_id
			WHERE i.barcode = $1`, e.barcode).Scan(&loans[i]))
	}
	return loans
}

// errand carries out one, and gives its answer without ids.
func (l *library) errand(e errand, loan int64, o borrowing.Order) (string, error) {
	card := fmt.Sprintf("C%d", e.member)
	switch e.kind {
	case 0, 1:
		lent, err := l.CheckOut(desk(), borrowing.CheckOut{Card: card, Barcode: e.barcode, Branch: e.branch}, o)
		return fmt.Sprint(lent.Barcode, lent.DueOn, lent.Warnings), err
	case 2:
		lent, err := l.CheckOut(patron(e.member), borrowing.CheckOut{BookID: book(e.title), Branch: e.branch}, o)
		return fmt.Sprint(lent.Barcode, lent.DueOn, lent.Warnings), err
	case 3:
		in, err := l.CheckIn(desk(), borrowing.CheckIn{Barcode: e.barcode, Branch: e.branch}, o)
		return fmt.Sprint(in.Item.Status, in.Item.TransitTo, in.Next.Action, in.Next.Branch, in.Closed != nil, len(in.Charges)), err
	case 4, 5:
		h, err := l.PlaceHold(patron(e.member), borrowing.PlaceHold{BookID: book(e.title), PickupBranch: e.branch}, o)
		return fmt.Sprint(h.Position, h.Status), err
	}
	v, err := l.Renew(desk(), loan, borrowing.Override{}, o)
	return fmt.Sprint(v.DueOn, v.Renewals), err
}

// projections is all that a round has left, without ids and random names.
func (l *library) projections(round int) string {
	var all []string
	for _, query := range []string{
		`SELECT barcode, status, current_branch, transit_to, slip_hold IS NULL, version FROM borrowing.items WHERE barcode LIKE $1 ORDER BY barcode`,
		`SELECT t.book_id, t.items, t.available, t.holds, t.version FROM borrowing.titles t WHERE book_id IN (SELECT book_id FROM borrowing.items WHERE barcode LIKE $1) ORDER BY 1`,
		`SELECT i.barcode, l.member_id, l.status, l.due_on, l.renewals, l.version, l.channel, l.branch, l.closed_by, l.fined_minor FROM borrowing.loans l
			JOIN borrowing.items i ON i.id = l.item_id WHERE i.barcode LIKE $1 ORDER BY 1, 2, l.id`,
		`SELECT h.member_id, h.book_id, h.status, h.version, i.barcode, h.pickup_branch, h.expires_on, rank() OVER (PARTITION BY h.book_id ORDER BY h.place)
			FROM borrowing.holds h LEFT JOIN borrowing.items i ON i.id = h.captured_item
			WHERE h.book_id IN (SELECT book_id FROM borrowing.items WHERE barcode LIKE $1) ORDER BY 2, 1, 8`,
		`SELECT e.member_id, e.kind, e.charge_kind, e.amount, e.day FROM borrowing.account_entries e WHERE member_id / 10 = 200000 + substring($1, 2, length($1) - 3)::int ORDER BY e.member_id, e.id`,
		`SELECT type, count(*) FROM borrowing.events GROUP BY 1 ORDER BY 1 OFFSET 0 * length($1)`,
		`SELECT count(*), sum(status) FROM borrowing.idempotency_keys OFFSET 0 * length($1)`,
	} {
		var text *string
		must(l.t, l.db.Pool().QueryRow(context.Background(), `SELECT jsonb_agg(x)::text FROM (`+query+`) x`, fmt.Sprintf("G%d-%%", round)).Scan(&text))
		raw, _ := json.Marshal(text)
		all = append(all, string(raw))
	}
	return fmt.Sprint(all)
}
