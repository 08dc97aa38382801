package borrowing_test

import (
	"fmt"
	"strings"
	"testing"

	"bookvault/modules/borrowing"
)

// part makes a new copy one part of its title.
func part(of string) func(*borrowing.NewItem) {
	return func(n *borrowing.NewItem) { n.Part = of }
}

func (l *library) place(member int64, cmd borrowing.PlaceHold) (borrowing.HoldView, error) {
	return l.PlaceHold(patron(member), cmd, borrowing.Order{})
}

// is fails unless the hold has the status and the position.
func (l *library) is(id int64, status borrowing.HoldStatus, position int) borrowing.HoldView {
	l.t.Helper()
	h, err := l.Hold(desk(), id)
	must(l.t, err)
	if h.Status != status || h.Position != position {
		l.t.Errorf("hold %d is %s at %d, not %s at %d", id, h.Status, h.Position, status, position)
	}
	return h
}

func (l *library) item(barcode string, status borrowing.Status) borrowing.Item {
	l.t.Helper()
	it, err := l.Item(desk(), barcode)
	must(l.t, err)
	if it.Status != status {
		l.t.Errorf("%s is %s, not %s", barcode, it.Status, status)
	}
	return it
}

func TestAHoldIsOnATitleOnePartOfItOrOneItem(t *testing.T) {
	l := opened(t, 4)
	l.add("V1", 1, part("Volume 1"))
	l.add("V2", 1, part("Volume 2"))
	l.add("W2", 1, part("Volume 2"))
	second1, err := l.place(1, borrowing.PlaceHold{BookID: book(1), Part: " Volume 2 "})
	must(t, err)
	one, err := l.place(2, borrowing.PlaceHold{Barcode: "W2"})
	must(t, err)
	whole := l.hold(3, 1, "main")
	if second1.Part != "Volume 2" || one.Wanted != "W2" || one.BookID != book(1) || whole.Position != 3 {
		t.Errorf("%+v %+v %+v", second1, one, whole)
	}
	if _, err := l.place(4, borrowing.PlaceHold{BookID: book(1), Part: "Volume 3"}); code(err) != borrowing.NothingToHold {
		t.Errorf("a part that no copy is: %v", err)
	}
	if _, err := l.place(4, borrowing.PlaceHold{Barcode: "nothing"}); code(err) != "item_not_found" {
		t.Errorf("a copy that is not there: %v", err)
	}
	if _, err := l.place(2, borrowing.PlaceHold{BookID: book(1), Part: "Volume 2"}); code(err) != borrowing.HoldExists {
		t.Errorf("the same part twice: %v", err)
	}
	must(t, second(l.place(1, borrowing.PlaceHold{BookID: book(1), Part: "Volume 1"})))
	for _, wrong := range []borrowing.PlaceHold{{}, {BookID: book(1), Barcode: "V1"}, {Barcode: "V1", Part: "Volume 1"}} {
		if _, err := l.place(4, wrong); code(err) != "invalid_request" {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	if in := l.checkIn("V1", "main"); in.Next.HoldID != whole.ID {
		t.Errorf("a copy of volume 1 went to hold %d", in.Next.HoldID)
	}
	if in := l.checkIn("W2", "main"); in.Next.HoldID != second1.ID {
		t.Errorf("a copy of volume 2 went to hold %d", in.Next.HoldID)
	}
	if in := l.checkIn("V2", "main"); in.Next.HoldID != 0 {
		t.Errorf("hold %d waits for another copy", in.Next.HoldID)
	}
	l.is(one.ID, borrowing.HoldWaiting, 2)
	l.consistent()
}

func TestAHoldIsNotPlacedOnWhatIsNeverLent(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1, func(n *borrowing.NewItem) { n.Loanable = false })
	for _, cmd := range []borrowing.PlaceHold{{BookID: book(1)}, {Barcode: "B1"}, {BookID: book(2)}} {
		if _, err := l.place(1, cmd); code(err) != borrowing.NothingToHold {
			t.Errorf("%+v: %v", cmd, err)
		}
	}
}

func (l *library) edit(member int64, cmd borrowing.EditHold) (borrowing.HoldView, error) {
	return l.EditHold(patron(member), cmd, borrowing.Order{})
}

func TestASuspendedHoldIsSkippedAndKeepsItsPlace(t *testing.T) {
	l := opened(t, 3)
	l.add("B1", 1)
	l.mustLend("C3", "B1")
	first, next := l.hold(1, 1, "main"), l.hold(2, 1, "main")
	until := borrowing.NewDate(2026, 3, 20)
	suspended, err := l.edit(1, borrowing.EditHold{ID: first.ID, Suspend: true, SuspendedUntil: &until})
	must(t, err)
	if *suspended.SuspendedUntil != until || suspended.Position != 1 || suspended.Version != 2 {
		t.Errorf("%+v", suspended)
	}
	if in := l.checkIn("B1", "main"); in.Next.HoldID != next.ID {
		t.Errorf("%+v", in.Next)
	}
	if _, err := l.edit(2, borrowing.EditHold{ID: next.ID, Suspend: true, SuspendedUntil: &until}); code(err) != borrowing.HoldCaptured {
		t.Errorf("a hold whose copy is ready: %v", err)
	}
	if _, err := l.edit(2, borrowing.EditHold{ID: first.ID, Suspend: true}); code(err) != "hold_not_found" {
		t.Errorf("another's: %v", err)
	}
	past := borrowing.NewDate(2026, 3, 2)
	if _, err := l.edit(1, borrowing.EditHold{ID: first.ID, Suspend: true, SuspendedUntil: &past}); code(err) != "invalid_request" {
		t.Errorf("until today: %v", err)
	}
	if _, err := l.edit(1, borrowing.EditHold{ID: first.ID, Suspend: true, Version: 1}); code(err) != "version_mismatch" {
		t.Errorf("an old version: %v", err)
	}
	resumed, err := l.edit(1, borrowing.EditHold{ID: first.ID, Suspend: true, Version: 2})
	must(t, err)
	if resumed.SuspendedUntil != nil || resumed.Position != 1 {
		t.Errorf("%+v", resumed)
	}
	if same, err := l.edit(1, borrowing.EditHold{ID: first.ID, Suspend: true}); err != nil || same.Version != resumed.Version {
		t.Errorf("nothing to change: %+v %v", same, err)
	}
	l.consistent()
}

func TestAnotherPickupBranchReroutesTheCopyInEveryState(t *testing.T) {
	l := opened(t, 2)
	must(t, l.SaveBranch(librarian(), borrowing.Branch{Code: "west", Name: "West", Sort: 2}))
	l.add("B1", 1)
	h := l.hold(1, 1, "main")
	to := func(branch string, status borrowing.HoldStatus) {
		t.Helper()
		got, err := l.edit(1, borrowing.EditHold{ID: h.ID, PickupBranch: branch})
		must(t, err)
		if got.Status != status || got.PickupBranch != branch || got.Position != 1 {
			t.Errorf("to %s: %+v", branch, got)
		}
		l.consistent()
	}
	to("east", borrowing.HoldWaiting)
	if in := l.checkIn("B1", "main"); in.Next.Action != borrowing.Send || in.Next.Branch != "east" {
		t.Errorf("%+v", in.Next)
	}
	to("west", borrowing.HoldInTransit) // on its way to east
	if in := l.checkIn("B1", "east"); in.Next.Action != borrowing.Send || in.Next.Branch != "west" || in.Next.HoldID != h.ID {
		t.Errorf("%+v", in.Next)
	}
	l.checkIn("B1", "west")
	l.is(h.ID, borrowing.HoldReady, 1)
	to("main", borrowing.HoldInTransit) // it leaves the shelf
	if it := l.item("B1", borrowing.InTransit); it.CurrentBranch != "west" || it.TransitTo != "main" || it.SlipHold != 0 {
		t.Errorf("%+v", it)
	}
	if in := l.checkIn("B1", "west"); in.Next.Action != borrowing.Send || in.Next.Branch != "main" {
		t.Errorf("scanned before it is sent: %+v", in.Next)
	}
	to("west", borrowing.HoldInTransit) // and back, before it was sent
	if in := l.checkIn("B1", "west"); in.Next.Action != borrowing.PutOnShelf {
		t.Errorf("%+v", in.Next)
	}
	if got := l.is(h.ID, borrowing.HoldReady, 1); got.ExpiresOn.String() != "2026-03-09" {
		t.Errorf("%+v", got)
	}
	if _, err := l.edit(1, borrowing.EditHold{ID: h.ID, PickupBranch: "nowhere"}); code(err) != "invalid_request" {
		t.Errorf("%v", err)
	}
	must(t, second(l.CancelHold(patron(1), h.ID, borrowing.Order{})))
	if _, err := l.edit(1, borrowing.EditHold{ID: h.ID, PickupBranch: "main"}); code(err) != borrowing.HoldNotLive {
		t.Errorf("a hold that is over: %v", err)
	}
	l.consistent()
}

func TestHoldsArePlacedEditedAndReadOverHTTP(t *testing.T) {
	d := atTheDoor(t, 2)
	d.add("B1", 1, part("I"))
	placed := d.send("patron:1", "POST", "/holds", fmt.Sprintf(`{"book_id":%d,"part":"I","pickup_branch":"east"}`, book(1)))
	if placed.status != 201 || placed.body["part"] != "I" || placed.body["version"] != 1.0 {
		t.Fatalf("%d %s", placed.status, placed.raw)
	}
	one := d.send("patron:2", "POST", "/holds", `{"barcode":"B1"}`)
	if one.status != 201 || one.body["barcode"] != "B1" || one.body["position"] != 2.0 {
		t.Fatalf("%d %s", one.status, one.raw)
	}
	path := strings.TrimPrefix(placed.header.Get("Location"), "/api/borrowing/v1")
	if got := d.send("patron:1", "PATCH", path, `{"suspended_until":"2026-04-01"}`, "If-Match", `"1"`); got.status != 200 || got.body["suspended_until"] != "2026-04-01" || got.header.Get("ETag") != `"2"` {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if got := d.send("patron:1", "PATCH", path, `{"suspended_until":""}`, "If-Match", `"1"`); got.status != 412 {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if got := d.send("patron:1", "PATCH", path, `{"suspended_until":"","pickup_branch":"main"}`); got.status != 200 || got.body["suspended_until"] != nil || got.body["pickup_branch"] != "main" {
		t.Errorf("%d %s", got.status, got.raw)
	}
	if got := d.send("patron:2", "PATCH", path, `{"pickup_branch":"main"}`); got.status != 404 {
		t.Errorf("another's: %d %s", got.status, got.raw)
	}
	if got := d.send("patron:1", "GET", path, ""); got.header.Get("ETag") != `"3"` || got.body["part"] != "I" {
		t.Errorf("%s", got.raw)
	}
	d.consistent()
}
