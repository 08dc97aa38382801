package borrowing_test

import (
	"context"
	"testing"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/problem"
)

// set gives an item a status that no command of this release gives, as a later one or an import would.
func (l *library) set(barcode string, status borrowing.Status) {
	l.t.Helper()
	ctx := context.Background()
	_, err := l.db.Pool().Exec(ctx, `WITH i AS (UPDATE borrowing.items SET status = $2, version = version + 1 WHERE barcode = $1 RETURNING id, book_id, version, current_branch),
		e AS (INSERT INTO borrowing.events (stream, version, type, data, actor, at) SELECT 'item/' || id, version, 'ItemMoved',
			jsonb_build_object('book_id', book_id, 'to', $2, 'branch', current_branch), 'system', now() FROM i)
		INSERT INTO borrowing.outbox (topic, key, data, at) SELECT 'ItemMoved', 'item/' || id, '{}', now() FROM i`, barcode, string(status))
	must(l.t, err)
	_, err = l.db.Pool().Exec(ctx, `UPDATE borrowing.titles t SET
		items = (SELECT count(*) FROM borrowing.items i WHERE i.book_id = t.book_id AND i.status <> 'withdrawn'),
		available = (SELECT count(*) FROM borrowing.items i WHERE i.book_id = t.book_id AND i.status = 'available' AND i.loanable)`)
	must(l.t, err)
}

func TestACheckInOfEveryStatusIsAnAnswerAndNeverAnError(t *testing.T) {
	type then struct {
		status borrowing.Status
		action string
		closes bool
		alert  bool
	}
	cases := map[borrowing.Status]then{
		borrowing.CheckedOut:      {borrowing.Available, borrowing.Shelve, true, false},
		borrowing.Lost:            {borrowing.Available, borrowing.Shelve, true, true},
		borrowing.ClaimedReturned: {borrowing.Available, borrowing.Shelve, true, true},
		borrowing.Missing:         {borrowing.Available, borrowing.Shelve, false, true},
		borrowing.OnOrder:         {borrowing.InProcess, borrowing.Process, false, false},
		borrowing.InProcess:       {borrowing.Available, borrowing.Shelve, false, false},
		borrowing.Available:       {borrowing.Available, borrowing.Shelve, false, false},
		borrowing.OnHoldShelf:     {borrowing.Available, borrowing.Shelve, false, false}, // its hold was cancelled
		borrowing.Damaged:         {borrowing.Damaged, borrowing.SetAside, false, true},
		borrowing.Withdrawn:       {borrowing.Withdrawn, borrowing.SetAside, false, true},
		borrowing.InTransit:       {borrowing.Available, borrowing.Shelve, false, false}, // it arrives at home
	}
	for _, status := range borrowing.Statuses {
		want, known := cases[status]
		if !known {
			t.Fatalf("no case for %s", status)
		}
		t.Run(string(status), func(t *testing.T) {
			l := opened(t, 1)
			l.add("B1", 1)
			switch status {
			case borrowing.CheckedOut, borrowing.Lost, borrowing.ClaimedReturned:
				l.mustLend("C1", "B1")
				if status != borrowing.CheckedOut {
					l.set("B1", status)
				}
			case borrowing.InTransit:
				l.checkIn("B1", "east")
			case borrowing.Available:
			default:
				l.set("B1", status)
			}
			in := l.checkIn("B1", "main")
			if in.Item.Status != want.status || in.Next.Action != want.action || (in.Closed != nil) != want.closes || (in.Next.Alert != "") != want.alert {
				t.Errorf("%+v", in)
			}
			l.consistent()
		})
	}
}

func TestScanningTwiceGivesTheSameAnswerAndOneTransit(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1)
	l.mustLend("C1", "B1")
	first := l.checkIn("B1", "east")
	if first.Closed == nil || first.Item.Status != borrowing.InTransit || first.Item.TransitTo != "main" || first.Next.Action != borrowing.Send || first.Next.Branch != "main" {
		t.Errorf("first %+v", first)
	}
	again := l.checkIn("B1", "east")
	if again.Item != first.Item || again.Next != first.Next || again.Closed != nil {
		t.Errorf("again %+v", again)
	}
	home := l.checkIn("B1", "main")
	if home.Item.Status != borrowing.Available || home.Next.Action != borrowing.Shelve {
		t.Errorf("home %+v", home)
	}
	l.consistent()
}

func TestACopyGoesToTheFirstEligibleHoldWhateverItsPickupBranch(t *testing.T) {
	l := opened(t, 4)
	l.add("B1", 1)
	l.mustLend("C4", "B1")
	until := borrowing.NewDate(2026, 4, 1)
	suspended, err := l.PlaceHold(patron(1), borrowing.PlaceHold{BookID: book(1), SuspendedUntil: &until}, borrowing.Order{})
	must(t, err)
	blocked := l.hold(2, 1, "main")
	first := l.hold(3, 1, "east")
	if suspended.Position != 1 || blocked.Position != 2 || first.Position != 3 {
		t.Errorf("positions %d %d %d", suspended.Position, blocked.Position, first.Position)
	}
	l.people.change(2, func(m *borrowing.Member) { m.Blocks = []string{"conduct"} })
	must(t, l.MembersChanged(context.Background(), 2))

	in := l.checkIn("B1", "main")
	if in.Item.Status != borrowing.InTransit || in.Item.TransitTo != "east" || in.Next.HoldID != first.ID {
		t.Errorf("%+v", in)
	}
	third := l.checkIn("B1", "main")
	if third.Item != in.Item {
		t.Errorf("at its origin %+v", third)
	}
	ready := l.checkIn("B1", "east")
	if ready.Item.Status != borrowing.OnHoldShelf || ready.Next.Action != borrowing.PutOnShelf || ready.Next.HoldID != first.ID {
		t.Errorf("%+v", ready)
	}
	if h, _ := l.Hold(desk(), first.ID); h.Status != borrowing.HoldReady || h.ExpiresOn.String() != "2026-03-09" {
		t.Errorf("%+v", h)
	}
	if again := l.checkIn("B1", "east"); again.Item != ready.Item || again.Next != ready.Next {
		t.Errorf("again %+v", again)
	}
	if _, err := l.lend("C1", "B1"); code(err) != borrowing.ItemReserved {
		t.Errorf("lent to another: %v", err)
	}
	l.mustLend("C3", "B1")
	if h, _ := l.Hold(desk(), first.ID); h.Status != borrowing.HoldFilled || h.Position != 0 {
		t.Errorf("%+v", h)
	}
	l.consistent()
}

func TestACancelledHoldLeavesItsCopyUntilItIsCheckedInAgain(t *testing.T) {
	l := opened(t, 2)
	l.add("B1", 1)
	h := l.hold(1, 1, "main")
	l.checkIn("B1", "main")
	if _, err := l.CancelHold(patron(2), h.ID, borrowing.Order{}); code(err) != "hold_not_found" {
		t.Errorf("another's: %v", err)
	}
	must(t, second(l.CancelHold(patron(1), h.ID, borrowing.Order{})))
	must(t, second(l.CancelHold(patron(1), h.ID, borrowing.Order{})))
	if it, _ := l.Item(desk(), "B1"); it.Status != borrowing.OnHoldShelf {
		t.Errorf("the item is %s", it.Status)
	}
	next := l.hold(2, 1, "east")
	if in := l.checkIn("B1", "main"); in.Next.HoldID != next.ID || in.Item.Status != borrowing.InTransit {
		t.Errorf("%+v", in)
	}
	must(t, second(l.CancelHold(patron(2), next.ID, borrowing.Order{})))
	if in := l.checkIn("B1", "east"); in.Item.Status != borrowing.InTransit || in.Item.TransitTo != "main" {
		t.Errorf("arrival routes again: %+v", in)
	}
	l.consistent()
}

func TestTheHoldTestComparesAheadWithFree(t *testing.T) {
	l := opened(t, 4)
	l.add("B1", 1)
	l.add("B2", 1)
	l.hold(1, 1, "main")
	l.mustLend("C3", "B1") // one ahead, one other free
	if _, err := l.lend("C4", "B2"); code(err) != borrowing.HoldQueueAhead {
		t.Errorf("one ahead, none free: %v", err)
	}
	if _, err := l.CheckOut(patron(4), borrowing.CheckOut{BookID: book(1)}, borrowing.Order{}); code(err) != borrowing.HoldQueueAhead {
		t.Errorf("on the web: %v", err)
	}
	l.hold(2, 1, "main")
	if _, err := l.lend("C2", "B2"); code(err) != borrowing.HoldQueueAhead {
		t.Errorf("behind in the queue: %v", err)
	}
	l.mustLend("C1", "B2") // first in the queue
	l.consistent()
}

func TestTheBorrowersHoldIsFilledAlsoByAnotherCopy(t *testing.T) {
	l := opened(t, 2)
	l.add("B1", 1)
	l.add("B2", 1)
	h := l.hold(1, 1, "main")
	l.checkIn("B1", "main") // B1 waits for member 1
	l.mustLend("C1", "B2")
	if got, _ := l.Hold(desk(), h.ID); got.Status != borrowing.HoldFilled {
		t.Errorf("%+v", got)
	}
	if it, _ := l.Item(desk(), "B1"); it.Status != borrowing.OnHoldShelf {
		t.Errorf("the copy that waited is %s", it.Status)
	}
	if in := l.checkIn("B1", "main"); in.Item.Status != borrowing.Available {
		t.Errorf("%+v", in)
	}
	l.consistent()
}

func TestReturnedOnAndTheBookDrop(t *testing.T) {
	l := opened(t, 1)
	var hours []borrowing.Opening
	for day := 1; day <= 5; day++ {
		hours = append(hours, borrowing.Opening{Weekday: day, Opens: "09:00", Closes: "18:00"})
	}
	must(t, l.SaveHours(librarian(), "main", hours))
	l.add("B1", 1)
	l.add("B2", 2)
	l.add("B3", 3)
	for _, b := range []string{"B1", "B2", "B3"} {
		l.mustLend("C1", b)
	}
	l.clock.move(7 * 24 * time.Hour) // Monday, 9 March
	in, err := l.CheckIn(desk(), borrowing.CheckIn{Barcode: "B1", BookDrop: true}, borrowing.Order{})
	must(t, err)
	if in.Closed.ReturnedOn.String() != "2026-03-06" || !in.Closed.ClosedAt.Equal(l.clock.read()) {
		t.Errorf("out of the drop: %s at %s", in.Closed.ReturnedOn, in.Closed.ClosedAt)
	}
	on := borrowing.NewDate(2026, 3, 4)
	in, err = l.CheckIn(desk(), borrowing.CheckIn{Barcode: "B2", ReturnedOn: &on}, borrowing.Order{})
	must(t, err)
	if *in.Closed.ReturnedOn != on {
		t.Errorf("returned on %s", in.Closed.ReturnedOn)
	}
	early := borrowing.NewDate(2026, 3, 1)
	in, err = l.CheckIn(desk(), borrowing.CheckIn{Barcode: "B3", ReturnedOn: &early}, borrowing.Order{})
	must(t, err)
	if in.Closed != nil || in.Item.Status != borrowing.CheckedOut || in.Next.Action != borrowing.Leave || in.Next.Alert == "" {
		t.Errorf("older than the loan: %+v", in)
	}
	tomorrow := borrowing.NewDate(2026, 3, 10)
	if _, err := l.CheckIn(desk(), borrowing.CheckIn{Barcode: "B3", ReturnedOn: &tomorrow}, borrowing.Order{}); problem.Of(err).Kind != problem.InvalidInput {
		t.Errorf("in the future: %v", err)
	}
	if _, err := l.CheckIn(desk(), borrowing.CheckIn{Barcode: "nothing"}, borrowing.Order{}); code(err) != "item_not_found" {
		t.Errorf("unknown: %v", err)
	}
	l.consistent()
}

func TestMissingDamagedWithdrawn(t *testing.T) {
	l := opened(t, 2)
	l.add("B1", 1)
	lent := l.mustLend("C1", "B1")
	mark := func(status borrowing.Status) error {
		return second(l.MarkItem(librarian(), "B1", status, "looked everywhere", borrowing.Order{}))
	}
	if err := mark(borrowing.Missing); code(err) != borrowing.ItemOnLoan {
		t.Errorf("on loan: %v", err)
	}
	must(t, second(l.Reverse(desk(), lent.ID, "", borrowing.Order{})))
	h := l.hold(2, 1, "main")
	l.checkIn("B1", "main")
	must(t, mark(borrowing.Missing))
	if got, _ := l.Hold(desk(), h.ID); got.Status != borrowing.HoldWaiting || got.Position != 1 {
		t.Errorf("the hold %+v", got)
	}
	if err := l.CloseTitle(librarian(), book(1)); len(codes(t, err)) != 2 {
		t.Errorf("close: %v", err)
	}
	must(t, second(l.CancelHold(patron(2), h.ID, borrowing.Order{})))
	must(t, mark(borrowing.Withdrawn))
	must(t, mark(borrowing.Withdrawn))
	if err := mark(borrowing.Missing); code(err) != borrowing.ItemWithdrawn {
		t.Errorf("withdrawn and missing: %v", err)
	}
	must(t, l.CloseTitle(librarian(), book(1)))
	must(t, l.CloseTitle(librarian(), book(1)))
	must(t, l.CloseTitle(librarian(), book(9))) // one that borrowing never heard of
	if _, err := l.AddItem(desk(), borrowing.NewItem{BookID: book(1), Barcode: "B9"}, borrowing.Order{}); code(err) != "book_not_found" {
		t.Errorf("a copy of a closed title: %v", err)
	}
	if _, err := l.PlaceHold(patron(1), borrowing.PlaceHold{BookID: book(1)}, borrowing.Order{}); code(err) != borrowing.NothingToHold {
		t.Errorf("a hold on a closed title: %v", err)
	}
	l.consistent()
}

func TestHoldsAreOneAMemberAndTitle(t *testing.T) {
	l := opened(t, 12)
	l.add("B1", 1)
	got := atOnce(8, func(int) error {
		return second(l.PlaceHold(patron(1), borrowing.PlaceHold{BookID: book(1)}, borrowing.Order{}))
	})
	if got[""] != 1 || got[borrowing.HoldExists] != 7 {
		t.Errorf("a double click: %v", got)
	}
	if got := atOnce(11, func(i int) error {
		return second(l.PlaceHold(patron(int64(i+2)), borrowing.PlaceHold{BookID: book(1)}, borrowing.Order{}))
	}); got[""] != 11 {
		t.Errorf("eleven more: %v", got)
	}
	holds, more, err := l.Holds(desk(), "", borrowing.HoldFilter{BookID: book(1), Live: true, Limit: 50})
	must(t, err)
	seen := map[int]bool{}
	for _, h := range holds {
		seen[h.Position] = true
	}
	for i := 1; i <= 12; i++ {
		if !seen[i] || len(holds) != 12 || more {
			t.Errorf("position %d of %d", i, len(holds))
		}
	}
	if mine, _, _ := l.Holds(patron(1), "", borrowing.HoldFilter{BookID: book(1), Limit: 50}); len(mine) != 1 {
		t.Errorf("a patron sees %d", len(mine))
	}
	l.consistent()
}

func TestAReservedCopyThatIsWithdrawnOrMissingGivesItsHoldBackToItsPlace(t *testing.T) {
	l := roomy(t)
	title := 0
	for _, status := range []borrowing.Status{borrowing.Withdrawn, borrowing.Missing, borrowing.Damaged} {
		for _, situation := range []string{"on_hold_shelf for 3", "in_transit to 3"} {
			title++
			s := l.arrange(title, situation)
			behind, err := l.PlaceHold(patron(4), borrowing.PlaceHold{BookID: book(title)}, borrowing.Order{})
			must(t, err)
			must(t, second(l.MarkItem(librarian(), s.barcode, status, "", borrowing.Order{})))
			first, _ := l.Hold(desk(), s.hold)
			next, _ := l.Hold(desk(), behind.ID)
			if first.Status != borrowing.HoldWaiting || first.Position != 1 || first.Barcode != "" || next.Position != 2 {
				t.Errorf("%s, %s: %s at %d, and %d behind it", situation, status, first.Status, first.Position, next.Position)
			}
		}
	}
	l.consistent()
}
