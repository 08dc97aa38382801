package borrowing_test

import (
	"fmt"
	"strings"
	"testing"

	"bookvault/modules/borrowing"
	"bookvault/platform/problem"
)

func (l *library) relabel(cmd borrowing.EditItem) (borrowing.Item, error) {
	return l.EditItem(desk(), cmd, borrowing.Order{})
}

func TestAnEditedCopyKeepsWhatChangedInItsHistory(t *testing.T) {
	d := atTheDoor(t, 1)
	d.add("B1", 1)
	got := d.send("", "GET", "/items/B1", "")
	if got.header.Get("ETag") != `"1"` {
		t.Fatalf("ETag %s", got.header.Get("ETag"))
	}
	edited := d.send(theDesk, "PATCH", "/items/B1", `{"call_number":"  Q 17 ","location":"Second floor","home_branch":"east","price":{"minor":50000,"currency":"VND"}}`, "If-Match", `"1"`)
	if edited.status != 200 || edited.header.Get("ETag") != `"2"` || edited.body["call_number"] != "Q 17" || edited.body["home_branch"] != "east" || edited.body["branch"] != "main" || edited.body["status"] != "available" {
		t.Errorf("edited: %d %s", edited.status, edited.raw)
	}
	if late := d.send(theDesk, "PATCH", "/items/B1", `{"location":"Cellar"}`, "If-Match", `"1"`); late.status != 412 || late.code() != "version_conflict" {
		t.Errorf("of an older version: %d %s", late.status, late.raw)
	}
	if blind := d.send(theDesk, "PATCH", "/items/B1", `{"location":"Cellar"}`); blind.status != 428 {
		t.Errorf("without If-Match: %d %s", blind.status, blind.raw)
	}
	if same := d.send(theDesk, "PATCH", "/items/B1", `{"location":"Second floor"}`, "If-Match", `"2"`); same.status != 200 || same.header.Get("ETag") != `"2"` {
		t.Errorf("nothing new: %d %s", same.status, same.raw)
	}
	if bare := d.send(theDesk, "PATCH", "/items/B1", `{"no_price":true}`, "If-Match", "*"); bare.status != 200 || bare.body["price"] != nil {
		t.Errorf("without a price: %d %s", bare.status, bare.raw)
	}
	for body, field := range map[string]string{`{"home_branch":"moon"}`: "body.home_branch", `{"item_type":"scroll"}`: "body.item_type", `{"part":"a\u0000b"}`: "body.part",
		`{"barcode":" x"}`: "body.barcode", `{"price":{"minor":1,"currency":"VND"},"no_price":true}`: "body.no_price"} {
		if r := d.send(theDesk, "PATCH", "/items/B1", body, "If-Match", "*"); r.status != 422 && r.status != 400 || !strings.Contains(r.raw, field) {
			t.Errorf("%s: %d %s", body, r.status, r.raw)
		}
	}
	var changed string
	must(t, d.db.Pool().QueryRow(t.Context(), `SELECT data ->> 'changed' FROM borrowing.events WHERE type = 'ItemEdited' ORDER BY position LIMIT 1`).Scan(&changed))
	if changed != `{"price": [null, {"minor": 50000, "currency": "VND"}], "location": ["", "Second floor"], "call_number": ["", "Q 17"], "home_branch": ["main", "east"]}` {
		t.Errorf("recorded %s", changed)
	}
	d.consistent()
}

func TestANewBarcodeIsTheCopysFromThenOn(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1)
	l.add("B2", 2)
	lent := l.mustLend("C1", "B1")
	label := "B2"
	if _, err := l.relabel(borrowing.EditItem{Barcode: "B1", NewBarcode: &label}); code(err) != borrowing.BarcodeExists {
		t.Errorf("another copy's: %v", err)
	}
	label = "N1"
	must(t, second(l.relabel(borrowing.EditItem{Barcode: "B1", NewBarcode: &label})))
	if _, err := l.Item(desk(), "B1"); code(err) != "item_not_found" {
		t.Errorf("the old one: %v", err)
	}
	if in := l.checkIn("N1", "main"); in.Closed == nil || in.Closed.ID != lent.ID || in.Closed.Barcode != "N1" {
		t.Errorf("%+v", in)
	}
	l.consistent()
}

// A copy that becomes for use in the library is no longer counted, and no longer kept for anybody, whatever its status is.
func TestACopyThatIsNoLongerLentIsNotCountedAndFreesItsHold(t *testing.T) {
	l := roomy(t)
	no, yes := false, true
	for i, situation := range []string{"on_order", "in_process", "available", "checked_out", "on_hold_shelf for 3", "on_hold_shelf, to clear", "in_transit home",
		"in_transit to 3", "missing", "lost", "damaged", "withdrawn"} {
		s := l.arrange(i+1, situation)
		before, _ := l.Item(desk(), s.barcode)
		it, err := l.relabel(borrowing.EditItem{Barcode: s.barcode, Version: before.Version, Loanable: &no})
		if err != nil || it.Loanable || it.Status != before.Status {
			t.Errorf("%s: %+v %v", situation, it, err)
		}
		if h, _ := l.Hold(desk(), s.hold); s.hold != 0 && h.Status.Live() && (h.Status != borrowing.HoldWaiting || h.Barcode != "") {
			t.Errorf("%s: the hold %+v", situation, h)
		}
		l.consistent()
		if in := l.checkIn(s.barcode, "main"); in.Next.HoldID != 0 {
			t.Errorf("%s: captured again: %+v", situation, in.Next)
		}
		must(t, second(l.relabel(borrowing.EditItem{Barcode: s.barcode, Loanable: &yes})))
		l.consistent()
	}
}

func TestThePartOfTheOnlyCopyThatMembersWaitForStays(t *testing.T) {
	l := opened(t, 2)
	l.add("B1", 1, func(n *borrowing.NewItem) { n.Part = "1" })
	l.add("B2", 1, func(n *borrowing.NewItem) { n.Part = "2" })
	h, err := l.PlaceHold(patron(1), borrowing.PlaceHold{BookID: book(1), Part: "1"}, borrowing.Order{})
	must(t, err)
	l.checkIn("B1", "main")
	part := "3"
	if _, err := l.relabel(borrowing.EditItem{Barcode: "B1", Part: &part}); code(err) != borrowing.PartHasHolds {
		t.Errorf("the only copy: %v", err)
	}
	must(t, second(l.relabel(borrowing.EditItem{Barcode: "B2", Part: &part}))) // nobody waits for that one
	l.add("B3", 1, func(n *borrowing.NewItem) { n.Part = "1" })
	must(t, second(l.relabel(borrowing.EditItem{Barcode: "B1", Part: &part})))
	if got, _ := l.Hold(desk(), h.ID); got.Status != borrowing.HoldWaiting || got.Position != 1 {
		t.Errorf("the hold %+v", got)
	}
	if in := l.checkIn("B3", "main"); in.Next.HoldID != h.ID {
		t.Errorf("%+v", in.Next)
	}
	l.consistent()
}

func TestTwoEditsOfTheSameVersionAreOne(t *testing.T) {
	l := opened(t, 0)
	it := l.add("B1", 1)
	got := atOnce(8, func(i int) error {
		where := fmt.Sprintf("Shelf %d", i)
		return second(l.relabel(borrowing.EditItem{Barcode: "B1", Version: it.Version, Location: &where}))
	})
	if got[""] != 1 || got["version_conflict"] != 7 {
		t.Errorf("outcomes %v", got)
	}
	if _, err := l.EditItem(patron(1), borrowing.EditItem{Barcode: "B1"}, borrowing.Order{}); problem.Of(err).Kind != problem.Forbidden {
		t.Errorf("a reader: %v", err)
	}
	l.consistent()
}
