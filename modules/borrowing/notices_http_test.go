package borrowing_test

import (
	"fmt"
	"strings"
	"testing"

	"bookvault/modules/borrowing"
)

func TestNoticesOverHTTP(t *testing.T) {
	d := atTheDoor(t, 2, func(s *borrowing.Settings) {
		s.Notices = borrowing.NoticeSettings{DueSoonDays: 2, Library: "Stadtbücherei"}
	})
	for n := 1; n <= 3; n++ {
		d.add(fmt.Sprintf("B%d", n), n)
	}
	d.mustLend("C1", "B1")
	d.mustLend("C1", "B2")
	d.mustLend("C2", "B3")
	d.on(3, 21)
	d.keepHouse()

	first := d.send(theDesk, "GET", "/notices?limit=2", "")
	items, _ := first.body["items"].([]any)
	cursor, _ := first.body["next_cursor"].(string)
	if first.status != 200 || len(items) != 2 || cursor == "" {
		t.Fatalf("first page: %d %s", first.status, first.raw)
	}
	one := items[0].(map[string]any)
	about := one["about"].(map[string]any)
	if one["member_card"] != "C2" || one["kind"] != "due_soon" || one["status"] != "waiting" || one["sent_at"] != nil || about["barcode"] != "B3" || about["title"] != "Title 3" ||
		about["on"] != "2026-03-23" || !strings.Contains(one["body"].(string), "due on Monday, 23 March 2026") || strings.Contains(one["subject"].(string), "Title") {
		t.Errorf("notice %v", one)
	}
	second := d.send(theDesk, "GET", "/notices?limit=2&cursor="+cursor, "")
	if rest, _ := second.body["items"].([]any); len(rest) != 1 || second.body["next_cursor"] != nil {
		t.Errorf("second page: %s", second.raw)
	}

	own := d.send("patron:1", "GET", "/notices", "")
	if list, _ := own.body["items"].([]any); len(list) != 2 || strings.Contains(own.raw, "C2") {
		t.Errorf("a patron's own: %s", own.raw)
	}
	if other := d.send("patron:1", "GET", "/notices?member_card=C2", ""); other.status != 404 {
		t.Errorf("another's: %d %s", other.status, other.raw)
	}

	told := fmt.Sprintf("/notices/%.0f/told", one["id"])
	if r := d.send("patron:2", "POST", told, ""); r.status != 403 {
		t.Errorf("a patron: %d %s", r.status, r.raw)
	}
	for range 2 {
		if r := d.send(theDesk, "POST", told, "", "Idempotency-Key", "told-1"); r.status != 200 || r.body["status"] != "told" || r.body["sent_at"] == nil {
			t.Errorf("told: %d %s", r.status, r.raw)
		}
	}
	d.checkIn("B1", "main")
	if open := d.send(theDesk, "GET", "/notices", ""); strings.Contains(open.raw, `"B1"`) || strings.Contains(open.raw, `"B3"`) || !strings.Contains(open.raw, `"B2"`) {
		t.Errorf("open: %s", open.raw)
	}
	d.keepHouse()
	gone := d.send(theDesk, "GET", "/notices?member_card=C1", "")
	for _, item := range gone.body["items"].([]any) {
		n := item.(map[string]any)
		if b := n["about"].(map[string]any)["barcode"]; (b == "B1") != (n["status"] == "cancelled") {
			t.Errorf("notice %v", n)
		}
		if n["status"] == "cancelled" {
			if r := d.send(theDesk, "POST", fmt.Sprintf("/notices/%.0f/told", n["id"]), ""); r.status != 409 || r.code() != borrowing.NoticeSettled {
				t.Errorf("told of what is no longer true: %d %s", r.status, r.raw)
			}
		}
	}
}

func TestTheAnswerToTellingIsForgottenWithItsBorrower(t *testing.T) {
	d := atTheDoor(t, 1, func(s *borrowing.Settings) { s.Notices = borrowing.NoticeSettings{DueSoonDays: 2} })
	d.add("B1", 1)
	d.mustLend("C1", "B1")
	d.on(3, 21)
	d.keepHouse()
	if r := d.send(theDesk, "POST", fmt.Sprintf("/notices/%d/told", d.openNotices()[0].ID), "", "Idempotency-Key", "told-1"); r.status != 200 {
		t.Fatalf("told: %d %s", r.status, r.raw)
	}
	d.checkIn("B1", "main")
	d.on(4, 1)
	d.keepHouse()
	if answers, notices := d.count("borrowing.idempotency_keys WHERE answer IS NOT NULL"), d.count("borrowing.notices"); answers != 0 || notices != 0 {
		t.Errorf("%d answers and %d notices are left", answers, notices)
	}
}
