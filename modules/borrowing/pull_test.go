package borrowing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bookvault/modules/borrowing"
)

// pulls reads a pull list in parts of a size, as "barcode for hold 7" or "barcode for loan 3".
func (l *library) pulls(branch string, size int) (list []string) {
	l.t.Helper()
	var after borrowing.PullPlace
	for {
		part, rest, err := l.PullList(desk(), branch, after, size)
		must(l.t, err)
		for _, p := range part {
			what := fmt.Sprintf("%s for hold %d", p.Item.Barcode, p.HoldID)
			if p.LoanID != 0 {
				what = fmt.Sprintf("%s for loan %d", p.Item.Barcode, p.LoanID)
			}
			list = append(list, what)
		}
		if rest == nil {
			return list
		}
		after = *rest
	}
}

func (l *library) pullsAre(branch string, want ...string) {
	l.t.Helper()
	for _, size := range []int{100, 1, 2} {
		if got := l.pulls(branch, size); strings.Join(got, ", ") != strings.Join(want, ", ") {
			l.t.Errorf("%s, %d at a time: %v, want %v", branch, size, got, want)
		}
	}
}

func inEast(n *borrowing.NewItem) { n.Branch = "east" }

func TestThePullListPairsWaitingHoldsWithAvailableItems(t *testing.T) {
	l := opened(t, 9)
	l.add("E1", 1, inEast)
	l.add("M1", 1)
	l.add("M2", 1)
	l.add("M3", 3)
	first, next, third := l.hold(1, 1, "main"), l.hold(2, 1, "east"), l.hold(3, 1, "east")
	l.hold(4, 1, "main") // nothing is left for it
	alone := l.hold(4, 3, "east")
	l.pullsAre("east", fmt.Sprintf("E1 for hold %d", next.ID)) // the copy at the pickup branch is preferred
	l.pullsAre("main", fmt.Sprintf("M1 for hold %d", first.ID), fmt.Sprintf("M2 for hold %d", third.ID), fmt.Sprintf("M3 for hold %d", alone.ID))

	// Not found: it is missing, and paired again at the next read.
	must(t, second(l.MarkItem(desk(), "M1", borrowing.Missing, "", borrowing.Order{})))
	l.pullsAre("main", fmt.Sprintf("M2 for hold %d", first.ID), fmt.Sprintf("M3 for hold %d", alone.ID))
	// Check-in captures.
	if in := l.checkIn("M2", "main"); in.Next.HoldID != first.ID {
		t.Errorf("%+v", in.Next)
	}
	l.pullsAre("main", fmt.Sprintf("M3 for hold %d", alone.ID))
	part, _, err := l.PullList(desk(), "main", borrowing.PullPlace{}, 10)
	must(t, err)
	if p := part[0]; p.Slip != "C4" || p.Title != "Title 3" || p.PickupBranch != "east" || !p.Since.Equal(l.clock.read()) {
		t.Errorf("%+v", p)
	}
	if _, _, err := l.PullList(patron(1), "main", borrowing.PullPlace{}, 10); code(err) != "role_needed" {
		t.Errorf("a patron: %v", err)
	}
	l.consistent()
}

func TestBlockedExpiredAndSuspendedMembersAreSkippedAndKeepTheirPlace(t *testing.T) {
	l := opened(t, 4)
	l.add("B1", 1)
	until := borrowing.NewDate(2026, 3, 9)
	suspended, err := l.place(1, borrowing.PlaceHold{BookID: book(1), SuspendedUntil: &until})
	must(t, err)
	blocked, expired, last := l.hold(2, 1, "main"), l.hold(3, 1, "main"), l.hold(4, 1, "main")
	ended := borrowing.NewDate(2026, 3, 1)
	l.people.change(2, func(m *borrowing.Member) { m.Blocks = []string{"conduct"} })
	l.people.change(3, func(m *borrowing.Member) { m.ExpiresOn = &ended })
	must(t, l.MembersChanged(desk(), 2, 3))
	l.pullsAre("main", fmt.Sprintf("B1 for hold %d", last.ID))
	l.people.change(3, func(m *borrowing.Member) { m.ExpiresOn = nil })
	must(t, l.MembersChanged(desk(), 3))
	l.pullsAre("main", fmt.Sprintf("B1 for hold %d", expired.ID))
	l.clock.move(7 * aDay)
	l.pullsAre("main", fmt.Sprintf("B1 for hold %d", suspended.ID))
	l.is(blocked.ID, borrowing.HoldWaiting, 2)
}

func TestEarlierHoldsTakeAnotherCopyWhereThatLetsALaterOneHaveOne(t *testing.T) {
	l := opened(t, 4)
	l.add("V1", 1, part("I"))
	l.add("V2", 1, part("II"))
	whole := l.hold(1, 1, "main") // would take V1 if it were alone
	l.pullsAre("main", fmt.Sprintf("V1 for hold %d", whole.ID))
	one, err := l.place(2, borrowing.PlaceHold{BookID: book(1), Part: "I"})
	must(t, err)
	l.pullsAre("main", fmt.Sprintf("V2 for hold %d", whole.ID), fmt.Sprintf("V1 for hold %d", one.ID))
	must(t, second(l.place(3, borrowing.PlaceHold{Barcode: "V1"}))) // comes later, and nothing is left
	l.pullsAre("main", fmt.Sprintf("V2 for hold %d", whole.ID), fmt.Sprintf("V1 for hold %d", one.ID))
}

func TestWebLoansAreInThePullListUntilTheyAreCollected(t *testing.T) {
	l := opened(t, 3)
	l.add("B1", 1)
	l.add("E1", 2, inEast)
	l.add("B3", 3)
	web, other := l.borrow(1, 1), l.borrow(1, 2)
	h := l.hold(2, 3, "main")
	l.mustLend("C3", l.add("B4", 4).Barcode)
	l.pullsAre("main", fmt.Sprintf("B1 for loan %d", web.ID), fmt.Sprintf("B3 for hold %d", h.ID))
	l.pullsAre("east", fmt.Sprintf("E1 for loan %d", other.ID))
	l.mustLend("C1", "B1")
	l.pullsAre("main", fmt.Sprintf("B3 for hold %d", h.ID))
	must(t, second(l.Collect(desk(), other.ID, borrowing.Order{})))
	l.pullsAre("east")
}

func TestAWebLoanThatIsNotCollectedWithinThreeOpenDaysIsReversed(t *testing.T) {
	l := opened(t, 3)
	l.weekdays()
	l.add("B1", 1)
	l.add("B2", 2)
	l.clock.move(2 * aDay) // Wednesday, 4 March
	web := l.borrow(1, 1)
	collected := l.borrow(1, 2)
	l.mustLend("C1", "B2")
	must(t, second(l.Renew(patron(1), web.ID, borrowing.Override{}, borrowing.Order{}))) // does not fetch it
	l.clock.move(5 * aDay)                                                               // Monday the 9th, the third open day after
	if did := l.round(); did["uncollected_loans"] != 0 {
		t.Errorf("on the third open day: %v", did)
	}
	must(t, l.SaveClosures(librarian(), []borrowing.Closure{{Branch: "main", First: borrowing.NewDate(2026, 3, 9), Last: borrowing.NewDate(2026, 3, 9)}}))
	l.clock.move(aDay)
	if did := l.round(); did["uncollected_loans"] != 0 {
		t.Errorf("a closure gives a day more: %v", did)
	}
	l.clock.move(aDay)
	if did := l.round(); did["uncollected_loans"] != 1 {
		t.Errorf("%v", did)
	}
	if did := l.round(); did["uncollected_loans"] != 0 {
		t.Errorf("twice: %v", did)
	}
	got, err := l.Loan(desk(), web.ID)
	must(t, err)
	if got.Status != borrowing.LoanClosed || got.ClosedBy != borrowing.ByReversal {
		t.Errorf("%+v", got)
	}
	l.item("B1", borrowing.Available)
	if got, _ := l.Loan(desk(), collected.ID); got.Status != borrowing.LoanOpen {
		t.Errorf("collected, and yet %+v", got)
	}
	events, _, err := l.LoanEvents(desk(), web.ID, 0, 10)
	must(t, err)
	if last := events[len(events)-1]; last.Type != "LoanReversed" || last.Actor != "system" || last.Reason == "" {
		t.Errorf("%+v", last)
	}
	l.consistent()
}

func TestTheHoldThatAnUncollectedLoanFilledComesBack(t *testing.T) {
	l := opened(t, 3)
	l.add("B1", 1)
	h := l.hold(1, 1, "main")
	after := l.hold(2, 1, "main")
	l.borrow(1, 1) // filled by a copy from its shelf
	l.is(h.ID, borrowing.HoldFilled, 0)
	l.clock.move(4 * aDay)
	l.round()
	l.is(h.ID, borrowing.HoldWaiting, 1)
	l.is(after.ID, borrowing.HoldWaiting, 2)

	l.checkIn("B1", "main") // ready for the first
	l.borrow(1, 1)
	next, err := l.place(1, borrowing.PlaceHold{BookID: book(1)}) // placed again meanwhile
	must(t, err)
	l.clock.move(4 * aDay)
	l.round()
	l.is(h.ID, borrowing.HoldFilled, 0) // so the old one does not come back
	l.is(next.ID, borrowing.HoldWaiting, 2)
	l.item("B1", borrowing.OnHoldShelf)
	if l.onShelf("main", true) != "B1" {
		t.Errorf("to clear: %q", l.onShelf("main", true))
	}
	l.consistent()
}

func TestTheListsOverHTTP(t *testing.T) {
	d := atTheDoor(t, 2)
	d.add("B1", 1)
	d.add("B2", 2)
	d.add("B3", 3)
	d.borrow(1, 1)
	d.hold(2, 2, "east")
	d.hold(2, 3, "main")
	first := d.send(theDesk, "GET", "/pull-list?branch=main&limit=2", "")
	if first.status != 200 || !strings.Contains(first.raw, `"kind":"loan"`) || !strings.Contains(first.raw, `"slip":"C2"`) || first.body["next_cursor"] == nil || !strings.Contains(first.header.Get("Link"), `rel="next"`) {
		t.Fatalf("%d %s", first.status, first.raw)
	}
	if rest := d.send(theDesk, "GET", fmt.Sprintf("/pull-list?branch=main&limit=2&cursor=%s", first.body["next_cursor"]), ""); rest.status != 200 || !strings.Contains(rest.raw, `"barcode":"B3"`) || rest.body["next_cursor"] != nil {
		t.Errorf("%d %s", rest.status, rest.raw)
	}
	d.checkIn("B2", "main")
	d.checkIn("B3", "main")
	if got := d.send(theDesk, "GET", "/transit?branch=east", ""); !strings.Contains(got.raw, `"barcode":"B2","book_id":2048,"title":"Title 2","from":"main","to":"east"`) {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if got := d.send(theDesk, "GET", "/hold-shelf?branch=main", ""); !strings.Contains(got.raw, `"barcode":"B3"`) || !strings.Contains(got.raw, `"expires_on":"2026-03-09"`) || strings.Contains(got.raw, "Member 2") {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if got := d.send(theDesk, "GET", "/hold-shelf?branch=main&clear=true", ""); got.raw != `{"items":[],"next_cursor":null}`+"\n" {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if got := d.send("patron:1", "GET", "/hold-shelf", ""); got.status != 403 {
		t.Errorf("%d", got.status)
	}
}

func TestPullingForALongQueueIsQuick(t *testing.T) {
	l := opened(t, 100)
	for i := range 20 {
		l.add(fmt.Sprintf("B%d", i), 1)
	}
	for i := int64(1); i <= 100; i++ {
		l.hold(i, 1, "main")
	}
	begin := time.Now()
	if got := l.pulls("main", 100); len(got) != 20 {
		t.Errorf("%d to pull", len(got))
	}
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("took %s", took)
	}
}

func TestThePullListOfManyTitlesIsWholeInAnyParts(t *testing.T) {
	l := opened(t, 110)
	want := 0
	for i := 1; i <= 110; i++ {
		l.add(fmt.Sprintf("B%d", i), i, func(n *borrowing.NewItem) { n.Branch = []string{"main", "main", "east"}[i%3] })
		l.hold(int64(i), i, "main")
		if i%3 != 2 {
			want++
		}
	}
	for _, size := range []int{7, 50, 73, 200} {
		got := l.pulls("main", size)
		if len(got) != want || len(slices.Compact(slices.Sorted(slices.Values(got)))) != want {
			t.Errorf("%d at a time: %d to pull, want %d", size, len(got), want)
		}
	}
}
