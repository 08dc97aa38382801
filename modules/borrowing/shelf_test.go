package borrowing_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"bookvault/modules/borrowing"
)

const aDay = 24 * time.Hour

// weekdays has main open from Monday to Friday.
func (l *library) weekdays() {
	l.t.Helper()
	var hours []borrowing.Opening
	for day := 1; day <= 5; day++ {
		hours = append(hours, borrowing.Opening{Weekday: day, Opens: "09:00", Closes: "18:00"})
	}
	must(l.t, l.SaveHours(librarian(), "main", hours))
}

// round does what a round of housekeeping does, and says how much each step did.
func (l *library) round() map[string]int {
	l.t.Helper()
	did := map[string]int{}
	for _, step := range l.Housekeeping() {
		for {
			n, err := step.Run(context.Background())
			must(l.t, err)
			did[step.Name] += n
			if n == 0 {
				break
			}
		}
	}
	return did
}

// onShelf lists the barcodes on a hold shelf.
func (l *library) onShelf(branch string, clear bool) string {
	l.t.Helper()
	list, _, err := l.HoldShelf(desk(), borrowing.ListFilter{Branch: branch, Clear: clear, Limit: 100})
	must(l.t, err)
	var barcodes []string
	for _, e := range list {
		if e.Clear != clear {
			l.t.Errorf("%s: clear %t", e.Item.Barcode, e.Clear)
		}
		barcodes = append(barcodes, e.Item.Barcode)
	}
	return strings.Join(barcodes, " ")
}

func TestShelfExpiryIsTheCloseOfTheNthOpenDayAtThePickupBranch(t *testing.T) {
	l := opened(t, 3)
	l.weekdays()
	l.add("B1", 1)
	h, behind := l.hold(1, 1, "main"), l.hold(2, 1, "main")
	l.checkIn("B1", "main")
	if got := l.is(h.ID, borrowing.HoldReady, 1); got.ExpiresOn.String() != "2026-03-11" { // the seventh weekday after Monday the 2nd
		t.Errorf("%+v", got)
	}
	l.clock.move(9 * aDay) // its last day, noon
	if did := l.round(); did["expired_holds"] != 0 || l.onShelf("main", false) != "B1" || l.onShelf("main", true) != "" {
		t.Errorf("on the last day: %v", did)
	}
	l.clock.move(13 * time.Hour) // past midnight
	if l.onShelf("main", false) != "" || l.onShelf("main", true) != "B1" {
		t.Error("it is on the clear list before housekeeping comes")
	}
	if did := l.round(); did["expired_holds"] != 1 {
		t.Errorf("past it: %v", did)
	}
	if did := l.round(); did["expired_holds"] != 0 {
		t.Errorf("twice: %v", did)
	}
	l.is(h.ID, borrowing.HoldExpired, 0)
	l.is(behind.ID, borrowing.HoldWaiting, 1)
	l.item("B1", borrowing.OnHoldShelf)
	list, _, err := l.HoldShelf(desk(), borrowing.ListFilter{Branch: "main", Clear: true, Limit: 10})
	must(t, err)
	if len(list) != 1 || list[0].Slip != "C1" || list[0].Hold.Status != borrowing.HoldExpired || list[0].Title != "Title 1" {
		t.Errorf("its slip says how to find it: %+v", list)
	}
	if in := l.checkIn("B1", "main"); in.Next.HoldID != behind.ID {
		t.Errorf("its next check-in routes it: %+v", in.Next)
	}
	l.consistent()
}

func TestANewClosureExtendsTheTimeOnTheShelf(t *testing.T) {
	l := opened(t, 2)
	l.weekdays()
	l.add("B1", 1)
	h := l.hold(1, 1, "main")
	l.checkIn("B1", "main")
	closed := func(days ...int) {
		var closures []borrowing.Closure
		for _, day := range days {
			on := borrowing.NewDate(2026, 3, day)
			closures = append(closures, borrowing.Closure{Branch: "main", First: on, Last: on, Reason: "water"})
		}
		must(t, l.SaveClosures(librarian(), closures))
	}
	until := func(want string) {
		t.Helper()
		if got := l.is(h.ID, borrowing.HoldReady, 1); got.ExpiresOn.String() != want {
			t.Errorf("until %s, not %s", got.ExpiresOn, want)
		}
	}
	closed(10, 11)
	until("2026-03-13")
	closed(10, 11, 12)
	until("2026-03-16")
	closed(10, 11) // a mistake, put right
	until("2026-03-13")
	l.clock.move(10 * aDay) // the 12th: by the old calendar its time would be over
	if did := l.round(); did["expired_holds"] != 0 || l.onShelf("main", false) != "B1" {
		t.Errorf("%v", did)
	}
	until("2026-03-13")
	l.clock.move(2 * aDay)
	if did := l.round(); did["expired_holds"] != 1 {
		t.Errorf("%v", did)
	}
	l.consistent()
}

func TestHousekeepingThatComesLateFindsTheDayByTheCalendarAsItIsThen(t *testing.T) {
	l := opened(t, 2)
	l.byHand = true
	l.weekdays()
	l.add("B1", 1)
	h := l.hold(1, 1, "main")
	l.checkIn("B1", "main")
	// Another process enters a closure, and nobody counts the dates anew.
	_, err := l.db.Pool().Exec(context.Background(), `INSERT INTO borrowing.closures (branch, first_day, last_day) VALUES ('main', '2026-03-11', '2026-03-11')`)
	must(t, err)
	l.clock.move(10 * aDay) // the 12th
	if did := l.round(); did["hold_shelf_dates"] != 1 || did["expired_holds"] != 0 {
		t.Errorf("%v", did)
	}
	if got := l.is(h.ID, borrowing.HoldReady, 1); got.ExpiresOn.String() != "2026-03-12" {
		t.Errorf("%+v", got)
	}
	l.clock.move(100 * aDay) // months late
	if did := l.round(); did["expired_holds"] != 1 {
		t.Errorf("%v", did)
	}
	l.consistent()
}

func TestLatePickupSucceedsUntilTheShelfIsCleared(t *testing.T) {
	for _, ended := range []bool{false, true} {
		l := opened(t, 3)
		l.add("B1", 1)
		late := l.hold(1, 1, "main")
		l.hold(2, 1, "main") // waits, and has not been told
		l.checkIn("B1", "main")
		l.clock.move(30 * aDay)
		if ended {
			l.round()
			l.is(late.ID, borrowing.HoldExpired, 0)
			if _, err := l.lend("C3", "B1"); code(err) != borrowing.HoldQueueAhead {
				t.Errorf("somebody else: %v", err)
			}
			if _, err := l.lend("C2", "B1"); err != nil { // first in the queue, and at the desk
				t.Errorf("who waits: %v", err)
			} else {
				must(t, second(l.Reverse(desk(), l.loansOf(2)[0], "", borrowing.Order{})))
			}
		}
		l.mustLend("C1", "B1")
		l.consistent()
	}
	l := opened(t, 2)
	l.add("B1", 1)
	l.add("B2", 1)
	late := l.hold(1, 1, "main")
	l.checkIn("B1", "main")
	next := l.hold(2, 1, "main")
	l.clock.move(30 * aDay)
	if in := l.checkIn("B1", "main"); in.Next.HoldID != next.ID { // clears the shelf, with or without housekeeping
		t.Errorf("%+v", in.Next)
	}
	l.is(late.ID, borrowing.HoldExpired, 0)
	if _, err := l.lend("C1", "B1"); code(err) != borrowing.ItemReserved {
		t.Errorf("after the shelf was cleared: %v", err)
	}
	l.consistent()
}

// loansOf gives the ids of a member's open loans.
func (l *library) loansOf(member int64) (ids []int64) {
	loans, _, err := l.Loans(desk(), fmt.Sprintf("C%d", member), borrowing.LoanFilter{Status: borrowing.LoanOpen, Limit: 50})
	must(l.t, err)
	for _, loan := range loans {
		ids = append(ids, loan.ID)
	}
	return ids
}

func TestAHoldCancelledOnTheShelfLeavesTheItemForTheClearList(t *testing.T) {
	l := opened(t, 2)
	l.add("B1", 1)
	l.add("B2", 2)
	h := l.hold(1, 1, "main")
	l.hold(1, 2, "main")
	l.checkIn("B1", "main")
	l.checkIn("B2", "main")
	must(t, second(l.CancelHold(patron(1), h.ID, borrowing.Order{})))
	next := l.hold(2, 1, "main")
	l.is(next.ID, borrowing.HoldWaiting, 1) // nobody is told of a book that still wears another's slip
	if l.onShelf("main", true) != "B1" || l.onShelf("main", false) != "B2" || l.onShelf("east", false) != "" {
		t.Errorf("to clear %q, kept %q", l.onShelf("main", true), l.onShelf("main", false))
	}
	if _, err := l.lend("C1", "B1"); code(err) != borrowing.HoldQueueAhead {
		t.Errorf("given up is not late: %v", err)
	}
	if in := l.checkIn("B1", "main"); in.Next.HoldID != next.ID {
		t.Errorf("%+v", in.Next)
	}
	if l.onShelf("main", true) != "" || l.onShelf("main", false) != "B1 B2" {
		t.Errorf("to clear %q, kept %q", l.onShelf("main", true), l.onShelf("main", false))
	}
	l.consistent()
}

func TestACopyShelvedForABorrowerWhoTookAnotherGoesToTheClearList(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1)
	l.add("B2", 1)
	h := l.hold(1, 1, "main")
	l.checkIn("B1", "main")
	l.mustLend("C1", "B2")
	l.is(h.ID, borrowing.HoldFilled, 0)
	if l.onShelf("main", true) != "B1" {
		t.Errorf("to clear: %q", l.onShelf("main", true))
	}
}

func TestExpiryGoesInBoundedBatches(t *testing.T) {
	l := opened(t, 130)
	must(t, l.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 21, LoanLimit: 1, HoldLimit: 9}}))
	for i := 1; i <= 130; i++ {
		barcode := fmt.Sprintf("B%d", i)
		l.add(barcode, i)
		l.hold(int64(i), i, "main")
		l.checkIn(barcode, "main")
	}
	l.clock.move(30 * aDay)
	steps := l.Housekeeping()
	for _, step := range steps {
		if step.Name != "expired_holds" {
			continue
		}
		for _, want := range []int{100, 30, 0} {
			if n, err := step.Run(context.Background()); err != nil || n != want {
				t.Errorf("%d, %v; want %d", n, err, want)
			}
		}
	}
	l.consistent()
}

func TestTransitListsWhatComesAndWhatIsToBeSent(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1)
	l.add("B2", 2)
	l.add("B3", 3)
	h := l.hold(1, 1, "east")
	l.checkIn("B1", "main") // for the hold
	l.checkIn("B2", "east") // home
	for branch, want := range map[string]string{"main": "B1>east B2>main", "east": "B1>east B2>main", "": "B1>east B2>main"} {
		list, more, err := l.Transit(desk(), borrowing.ListFilter{Branch: branch, Limit: 10})
		must(t, err)
		var got []string
		for _, e := range list {
			got = append(got, e.Item.Barcode+">"+e.Item.TransitTo)
		}
		if strings.Join(got, " ") != want || more || list[0].HoldID != h.ID || list[1].HoldID != 0 || list[0].Title != "Title 1" {
			t.Errorf("%s: %v", branch, got)
		}
	}
	if _, _, err := l.Transit(patron(1), borrowing.ListFilter{Limit: 10}); code(err) != "role_needed" {
		t.Errorf("a patron: %v", err)
	}
	if _, _, err := l.HoldShelf(desk(), borrowing.ListFilter{Branch: "nowhere", Limit: 10}); code(err) != "invalid_request" {
		t.Errorf("no such branch: %v", err)
	}
}

func TestAPickupAtTheMomentOfExpiryHasOneOutcome(t *testing.T) {
	l := opened(t, 8)
	must(t, l.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 21, LoanLimit: 9, HoldLimit: 9}}))
	for i := 1; i <= 4; i++ {
		l.add(fmt.Sprintf("B%d", i), i)
		l.hold(int64(i), i, "main")
		l.checkIn(fmt.Sprintf("B%d", i), "main")
	}
	l.clock.move(30 * aDay)
	got := atOnce(8, func(i int) error {
		if i%2 == 0 {
			for _, step := range l.Housekeeping() {
				if step.Name == "expired_holds" {
					return second(step.Run(context.Background()))
				}
			}
		}
		return second(l.lend(fmt.Sprintf("C%d", i/2+1), fmt.Sprintf("B%d", i/2+1)))
	})
	if got[""] != 8 {
		t.Errorf("%v: a late pickup succeeds whether the hold has just expired or not", got)
	}
	l.round()
	if n := l.count("borrowing.holds WHERE status IN ('filled', 'expired')"); n != 4 {
		t.Errorf("%d holds are over", n)
	}
	l.consistent()
}
