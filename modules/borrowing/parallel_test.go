package borrowing_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"bookvault/modules/borrowing"
	"bookvault/modules/borrowing/layers"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// TestDesksThatWorkAtOnceKeepEveryInvariant lets four desks and their readers loose on the same few copies at the same time, day
// after day. What each was told is then put together: every copy's loans follow one another, nobody has more than the limit,
// and all counts are those from nothing.
func TestDesksThatWorkAtOnceKeepEveryInvariant(t *testing.T) {
	l := opened(t, 0)
	must(t, l.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 14, Renewals: 2, LoanLimit: 2, HoldLimit: 100,
		FinePerDay: 30, FineCap: 200, GraceDays: 1, LostFee: 500, Currency: "VND"}}))
	must(t, l.SaveHours(librarian(), "east", []borrowing.Opening{{Weekday: 2, Opens: "10:00", Closes: "19:00"}, {Weekday: 6, Opens: "10:00", Closes: "15:00"}}))
	start, round := l.clock.read(), 0
	together := grouped(l, layers.GroupSettings{MaxWait: time.Millisecond})
	check(t, func(r *rapid.T) {
		round++
		l.clock.move(start.Sub(l.clock.read()))
		w := &crowd{library: l, round: round}
		if round%2 == 0 { // every other round by group commit
			w.library = together
		}
		w.people()
		for range rapid.IntRange(1, 3).Draw(r, "days") {
			seeds := rapid.SliceOfN(rapid.Uint64(), crowdDesks, crowdDesks).Draw(r, "seeds")
			w.day(r, seeds, rapid.IntRange(4, 14).Draw(r, "commands"))
			w.check(r)
			l.clock.move(time.Duration(rapid.IntRange(1, 200).Draw(r, "hours")) * time.Hour)
		}
	})
	l.replays()
}

const (
	crowdDesks   = 4
	crowdMembers = 4
	crowdCopies  = 4
)

// crowd is one round: members, titles and copies of its own.
type crowd struct {
	*library
	round    int
	barcodes []string

	lock  sync.Mutex
	loans []int64
	holds []int64
	fault error
}

func (w *crowd) id(n int) int64  { return int64(1_000_000 + w.round*10 + n) }
func (w *crowd) title(n int) int { return 500 + (w.round*2+n)%400 }

func (w *crowd) people() {
	for i := range crowdMembers {
		id := w.id(i)
		w.library.people.change(id, func(m *borrowing.Member) {
			*m = borrowing.Member{ID: id, Card: fmt.Sprintf("C%d", id), Category: "adult"}
		})
	}
	for i := range crowdCopies {
		barcode := fmt.Sprintf("P%d-%d", w.round, i)
		w.add(barcode, w.title(i%2), func(n *borrowing.NewItem) {
			n.Branch, n.Price = []string{"main", "east"}[i/2], &borrowing.Money{Minor: 1500, Currency: "VND"}
		})
		w.barcodes = append(w.barcodes, barcode)
	}
}

// day lets every desk carry out its commands, all of them at once.
func (w *crowd) day(r *rapid.T, seeds []uint64, commands int) {
	var wg sync.WaitGroup
	for n, seed := range seeds {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(seed, uint64(n)))
			for range commands {
				if err := w.command(random); err != nil && problem.Of(err).Kind != problem.ConflictKind {
					w.lock.Lock()
					w.fault = err
					w.lock.Unlock()
					return
				}
			}
		})
	}
	wg.Wait()
	if w.fault != nil {
		r.Fatalf("no refusal, but %v", w.fault)
	}
}

func pick[T any](random *rand.Rand, list []T) (one T) {
	if len(list) > 0 {
		one = list[random.IntN(len(list))]
	}
	return one
}

func (w *crowd) some(random *rand.Rand, list *[]int64) int64 {
	w.lock.Lock()
	defer w.lock.Unlock()
	return pick(random, *list)
}

func (w *crowd) keep(list *[]int64, id int64, err error) error {
	if err == nil {
		w.lock.Lock()
		defer w.lock.Unlock()
		*list = append(*list, id)
	}
	return err
}

// command does one of what desks and readers do.
func (w *crowd) command(random *rand.Rand) error {
	member := w.id(random.IntN(crowdMembers))
	card, barcode, branch := fmt.Sprintf("C%d", member), pick(random, w.barcodes), pick(random, []string{"main", "east"})
	counter := as(identity.Librarian, staffID)
	switch random.IntN(14) {
	case 10:
		return w.settle(random, counter, card)
	case 11:
		if random.IntN(2) == 0 {
			_, err := w.DeclareLost(counter, borrowing.DeclareLost{Barcode: barcode}, borrowing.Order{})
			return err
		}
		_, err := w.ClaimReturned(counter, barcode, "", borrowing.Order{})
		return err
	case 12:
		if id := w.some(random, &w.holds); id != 0 {
			tomorrow := w.Today(w.clock.read()) + 1
			edit := []borrowing.EditHold{{ID: id, PickupBranch: branch}, {ID: id, Suspend: true, SuspendedUntil: &tomorrow}, {ID: id, Suspend: true}}
			_, err := w.EditHold(counter, pick(random, edit), borrowing.Order{})
			return err
		}
		if id := w.some(random, &w.loans); id != 0 {
			_, err := w.Collect(counter, id, borrowing.Order{})
			return err
		}
		return nil
	case 13:
		if random.IntN(5) == 0 {
			return w.tryKeepHouse() // as another process would, at the same time
		}
		return nil
	case 0, 1, 2:
		lent, err := w.CheckOut(counter, borrowing.CheckOut{Card: card, Barcode: barcode, Branch: branch}, borrowing.Order{})
		return w.keep(&w.loans, lent.ID, err)
	case 3:
		lent, err := w.CheckOut(patron(member), borrowing.CheckOut{BookID: book(w.title(random.IntN(2))), Branch: branch}, borrowing.Order{})
		return w.keep(&w.loans, lent.ID, err)
	case 4, 5, 6:
		_, err := w.CheckIn(counter, borrowing.CheckIn{Barcode: barcode, Branch: branch, BookDrop: random.IntN(4) == 0}, borrowing.Order{})
		return err
	case 7:
		h, err := w.PlaceHold(patron(member), borrowing.PlaceHold{BookID: book(w.title(random.IntN(2))), PickupBranch: branch}, borrowing.Order{})
		return w.keep(&w.holds, h.ID, err)
	case 8:
		if id := w.some(random, &w.holds); id != 0 && random.IntN(2) == 0 {
			_, err := w.CancelHold(counter, id, borrowing.Order{})
			return err
		}
		_, err := w.MarkItem(counter, barcode, borrowing.Missing, "", borrowing.Order{})
		return err
	}
	id := w.some(random, &w.loans)
	if id == 0 {
		return nil
	}
	if random.IntN(2) == 0 {
		_, err := w.Reverse(counter, id, "a slip", borrowing.Order{})
		return err
	}
	_, err := w.Renew(counter, id, borrowing.Override{}, borrowing.Order{})
	return err
}

// settle pays some of what a member owes, or lets them off it. What cannot be is refused.
func (w *crowd) settle(random *rand.Rand, counter context.Context, card string) error {
	cmd := borrowing.Settle{Card: card, Amount: int64(1 + random.IntN(700)), Reason: "the test's"}
	if random.IntN(3) == 0 {
		_, err := w.Waive(counter, cmd, borrowing.Order{})
		return err
	}
	_, err := w.Pay(counter, cmd, borrowing.Order{})
	return err
}

// check looks at the whole database, and at this round's copies one by one.
func (w *crowd) check(r *rapid.T) {
	w.consistent()
	for what, query := range map[string]string{
		// By the order of the ledger: a web loan holds its copy from the moment it moved there.
		"a copy's loans follow one another": `WITH held AS (SELECT l.id, l.item_id, max(e.position) FILTER (WHERE e.type IN ('LoanOpened', 'LoanMoved')) AS since,
				max(e.position) FILTER (WHERE e.type IN ('LoanClosed', 'LoanReversed')) AS until
			FROM borrowing.loans l JOIN borrowing.items i ON i.id = l.item_id JOIN borrowing.events e ON e.stream = 'loan/' || l.id
			WHERE i.barcode LIKE 'P' || ($1::bigint - 100000) || '-%' GROUP BY l.id, l.item_id)
			SELECT a.id FROM held a JOIN held b ON a.item_id = b.item_id AND a.since < b.since AND (a.until IS NULL OR a.until > b.since)`,
		"who waits has a place of their own": `SELECT book_id FROM borrowing.holds WHERE status IN ('waiting', 'in_transit', 'ready') AND member_id / 10 = $1
			GROUP BY book_id, place HAVING count(*) > 1`,
	} {
		var wrong int
		must(w.t, w.db.Pool().QueryRow(context.Background(), "SELECT count(*) FROM ("+query+") wrong", w.id(0)/10).Scan(&wrong))
		if wrong > 0 {
			r.Fatalf("%d rows break: %s", wrong, what)
		}
	}
	for i := range crowdMembers { // money, as a reader sees it
		account, err := w.Account(librarian(), fmt.Sprintf("C%d", w.id(i)), borrowing.ChargeFilter{Limit: 200})
		must(w.t, err)
		owed := int64(0)
		for _, c := range account.Charges {
			owed += c.Outstanding()
		}
		if owed != account.Balance.Minor || owed < 0 {
			r.Fatalf("charges of %d are outstanding, and the balance is %v", owed, account.Balance)
		}
	}
	for n := range 2 { // positions, as a reader sees them
		holds, _, err := w.Holds(librarian(), "", borrowing.HoldFilter{BookID: book(w.title(n)), Live: true, Limit: 100})
		must(w.t, err)
		seen := map[int]bool{}
		for _, h := range holds {
			seen[h.Position] = true
		}
		for p := 1; p <= len(holds); p++ {
			if !seen[p] {
				r.Fatalf("%d wait, and nobody is number %d: %+v", len(holds), p, holds)
			}
		}
	}
}
