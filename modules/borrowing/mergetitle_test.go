package borrowing_test

import (
	"context"
	"fmt"
	"testing"

	"bookvault/modules/borrowing"
)

func TestMergingTitlesMovesItemsAndHoldsAndTheEarliestHoldSurvives(t *testing.T) {
	l := opened(t, 9)
	l.add("A1", 1)
	l.add("A2", 1)
	l.add("A3", 1)
	l.add("B1", 2)
	l.add("B2", 2)
	must(t, second(l.MarkItem(librarian(), "A3", borrowing.Withdrawn, "", borrowing.Order{})))
	lent := l.mustLend("C5", "A2")
	l.mustLend("C6", "B2")
	one := l.hold(1, 1, "main")   // waits on both: the earlier survives
	two := l.hold(2, 2, "main")   // the later one, of title 1, has its copy ready
	three := l.hold(3, 1, "east") // on title 1 only
	oneLater := l.hold(1, 2, "main")
	twoLater := l.hold(2, 1, "main")
	must(t, second(l.CancelHold(patron(1), one.ID, borrowing.Order{})))
	one = l.hold(1, 1, "main") // placed again: now title 2's is the earlier one
	until := borrowing.NewDate(2026, 3, 20)
	must(t, second(l.edit(3, borrowing.EditHold{ID: three.ID, Suspend: true, SuspendedUntil: &until})))
	if in := l.checkIn("A1", "main"); in.Next.HoldID != twoLater.ID {
		t.Fatalf("%+v", in.Next)
	}

	if err := l.MergeTitle(desk(), book(1), book(2)); code(err) != "role_needed" {
		t.Errorf("by the desk: %v", err)
	}
	if err := l.MergeTitle(librarian(), book(1), book(1)); code(err) != "invalid_request" {
		t.Errorf("into itself: %v", err)
	}
	must(t, l.MergeTitle(librarian(), book(1), book(2)))
	l.consistent()
	must(t, l.MergeTitle(librarian(), book(1), book(2))) // repeated

	for i, want := range []struct {
		id     int64
		status borrowing.HoldStatus
	}{{two.ID, borrowing.HoldReady}, {three.ID, borrowing.HoldWaiting}, {oneLater.ID, borrowing.HoldWaiting}} {
		if h := l.is(want.id, want.status, i+1); h.BookID != book(2) {
			t.Errorf("hold %d is on %d", h.ID, h.BookID)
		}
	}
	l.is(one.ID, borrowing.HoldCancelled, 0)
	l.is(twoLater.ID, borrowing.HoldCancelled, 0)
	if it := l.item("A1", borrowing.OnHoldShelf); it.BookID != book(2) || it.SlipHold != two.ID {
		t.Errorf("the copy that was ready: %+v", it)
	}
	l.item("A3", borrowing.Withdrawn)
	counts, err := l.Availability(context.Background(), []int64{book(1), book(2)})
	must(t, err)
	if c := counts[0]; c.Items != 0 || c.Holds != 0 {
		t.Errorf("the old title: %+v", c)
	}
	if c := counts[1]; c.Items != 4 || c.Holds != 3 || c.Available != 1 {
		t.Errorf("the new title: %+v", c)
	}

	// Loans of moved copies go on.
	if got, _ := l.Loan(patron(5), lent.ID); got.BookID != book(2) || got.Title != "Title 2" {
		t.Errorf("%+v", got)
	}
	if err := second(l.Renew(patron(5), lent.ID, borrowing.Override{}, borrowing.Order{})); code(err) != "" && code(err) != borrowing.DueDateUnchanged && code(err) != borrowing.HoldQueueAhead {
		t.Errorf("renew: %v", err)
	}
	if in := l.checkIn("A2", "main"); in.Closed == nil || in.Closed.ID != lent.ID || in.Next.HoldID != oneLater.ID {
		t.Errorf("%+v", in)
	}
	l.mustLend("C2", "A1")
	l.is(two.ID, borrowing.HoldFilled, 0)

	if _, err := l.AddItem(desk(), borrowing.NewItem{BookID: book(1), Barcode: "A9"}, borrowing.Order{}); code(err) != "book_not_found" {
		t.Errorf("a copy of the old title: %v", err)
	}
	if err := l.MergeTitle(librarian(), book(2), book(1)); code(err) != "book_not_found" {
		t.Errorf("into one that is gone: %v", err)
	}
	l.consistent()
}

func TestBothCopiesOfAMemberWhoWaitsOnTwoMergedTitles(t *testing.T) {
	l := opened(t, 2)
	l.add("A1", 1)
	l.add("B1", 2)
	first, later := l.hold(1, 1, "main"), l.hold(1, 2, "east")
	l.checkIn("A1", "main")
	l.checkIn("B1", "main") // on its way to east
	must(t, l.MergeTitle(librarian(), book(2), book(1)))
	l.is(first.ID, borrowing.HoldReady, 1)
	l.is(later.ID, borrowing.HoldCancelled, 0)
	if in := l.checkIn("B1", "east"); in.Item.Status != borrowing.InTransit || in.Item.TransitTo != "main" {
		t.Errorf("arrival routes again: %+v", in.Item)
	}
	l.consistent()
}

func TestAMergeWaitsForNobodyWhoLendsMeanwhile(t *testing.T) {
	l := opened(t, 20)
	for i := 1; i <= 10; i++ {
		l.add(fmt.Sprintf("A%d", i), 1)
	}
	got := atOnce(12, func(i int) error {
		if i == 0 {
			return l.MergeTitle(librarian(), book(1), book(2))
		}
		if i%2 == 0 {
			return second(l.CheckOut(desk(), borrowing.CheckOut{Card: fmt.Sprintf("C%d", i%9+1), Barcode: fmt.Sprintf("A%d", i%10+1)}, borrowing.Order{}))
		}
		return second(l.PlaceHold(patron(int64(i)), borrowing.PlaceHold{Barcode: fmt.Sprintf("A%d", i%10+1)}, borrowing.Order{}))
	})
	if got["internal"] != 0 || got["busy"] != 0 {
		t.Errorf("%v", got)
	}
	if n := l.count("borrowing.items WHERE book_id = 1024"); n != 0 {
		t.Errorf("%d copies stayed behind", n)
	}
	l.consistent()
}

func TestATitleIsNotClosedWhileChargesAboutItAreOpen(t *testing.T) {
	l := opened(t, 1)
	l.byHand = true
	l.add("A1", 1)
	_, err := l.db.Pool().Exec(context.Background(), `WITH c AS (INSERT INTO borrowing.account_entries (id, member_id, charge_id, kind, charge_kind, amount, currency, actor, day)
			VALUES (1, 1, 1, 'charge', 'manual', 100, 'EUR', 'system', '2026-03-01') RETURNING id)
		INSERT INTO borrowing.charge_subjects (charge_id, charge_ref, book_id) SELECT id, gen_random_uuid(), 1024 FROM c`)
	must(t, err)
	must(t, second(l.MarkItem(librarian(), "A1", borrowing.Withdrawn, "", borrowing.Order{})))
	if err := l.CloseTitle(librarian(), book(1)); code(err) != borrowing.TitleHasCharges {
		t.Errorf("%v", err)
	}
	must(t, l.MergeTitle(librarian(), book(1), book(2)))
	if err := l.CloseTitle(librarian(), book(2)); code(err) != borrowing.TitleHasCharges {
		t.Errorf("they follow their copies: %v", err)
	}
	_, err = l.db.Pool().Exec(context.Background(), `INSERT INTO borrowing.account_entries (id, member_id, charge_id, kind, amount, currency, actor, day)
		VALUES (2, 1, 1, 'waiver', 100, 'EUR', 'system', '2026-03-01')`)
	must(t, err)
	must(t, l.CloseTitle(librarian(), book(2)))
}
