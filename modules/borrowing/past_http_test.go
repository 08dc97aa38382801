package borrowing_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"bookvault/modules/borrowing"
)

// Everything that has a past is asked over HTTP after each step of a loan's life, and asked again as of that instant when all is over: the
// answers are the same to the byte. So are the pages of a list, whose cursors belong to their instant.
func TestThePastOverHTTPIsWhatWasShownThen(t *testing.T) {
	d := atTheDoor(t, 3)
	must(t, d.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 7, Renewals: 2, LoanLimit: 5, HoldLimit: 5, FinePerDay: 1000, FineCap: 9000, Currency: "VND"}}))
	price := borrowing.Money{Minor: 80000, Currency: "VND"}
	for i := range 3 {
		d.add(fmt.Sprintf("B%d", i), 1, func(n *borrowing.NewItem) { n.Price = &price })
	}
	loan := d.send(theDesk, "POST", "/loans", `{"member_card":"C1","barcode":"B0"}`)
	if loan.status != 201 {
		t.Fatal(loan.raw)
	}
	id := fmt.Sprintf("/loans/%v", loan.body["id"])
	asks := []string{id, "/loans?member_card=C1", "/loans?member_card=C1&status=open", "/loans?member_card=C1&status=overdue", "/charges?member_card=C1", "/charges?member_card=C1&status=open",
		"/holds?member_card=C2&status=all", fmt.Sprintf("/items?book_id=%d", book(1)), "/items/B0", "/items/B1"}
	var hold string
	then := map[string]map[string]string{}
	look := func() {
		shown := map[string]string{}
		for _, path := range asks {
			got := d.send(theDesk, "GET", path, "")
			if got.status != 200 {
				t.Fatalf("%s: %d %s", path, got.status, got.raw)
			}
			shown[path] = positionless(got.raw)
		}
		then[d.clock.read().UTC().Format(time.RFC3339Nano)] = shown
		d.clock.move(time.Hour)
	}
	look()
	for _, step := range []struct{ method, path, body string }{
		{"POST", id + "/renewals", ""},
		{"POST", "/loans", `{"member_card":"C1","barcode":"B1"}`},
		{"POST", "/loans", `{"member_card":"C3","barcode":"B2"}`},
		{"POST", "/holds", fmt.Sprintf(`{"member_card":"C2","book_id":%d,"pickup_branch":"main"}`, book(1))},
		{"", "", ""}, // three weeks pass: it is late
		{"POST", "/check-ins", `{"barcode":"B0"}`},
		{"POST", "/payments", `{"member_card":"C1","amount":2000}`},
		{"POST", "/items/B1/lost", `{}`},
		{"DELETE", "@hold", ""},
	} {
		if step.method == "" {
			d.clock.move(21 * 24 * time.Hour)
			look()
			continue
		}
		got := d.send(theDesk, step.method, strings.ReplaceAll(step.path, "@hold", hold), step.body)
		if got.status > 299 {
			t.Fatalf("%+v: %d %s", step, got.status, got.raw)
		}
		if step.path == "/holds" {
			hold = fmt.Sprintf("/holds/%v", got.body["id"])
			asks = append(asks, hold)
		}
		look()
	}
	for at, shown := range then {
		for path, want := range shown {
			got := d.send(theDesk, "GET", asOf(path, at), "")
			if positionless(got.raw) != want {
				t.Errorf("%s as of %s:\n%s\nthen:\n%s", path, at, got.raw, want)
			}
		}
	}

	// Its own member may ask; others hear what they hear of what is not there.
	begun := "2026-03-02T10:30:00Z"
	for _, c := range []struct {
		who, path, at string
		status        int
	}{
		{"patron:1", id, "2026-03-03T00:00:00Z", 200},
		{"patron:1", "/loans", "2026-03-03T00:00:00Z", 200},
		{"patron:1", "/charges", "2026-03-23T18:00:00Z", 200},
		{"patron:2", id, "2026-03-03T00:00:00Z", 404},
		{"patron:2", hold, "2026-03-04T00:00:00Z", 200},
		{"patron:1", hold, "2026-03-04T00:00:00Z", 404},
		{"", "/items/B0", "2026-03-03T00:00:00Z", 403},
		{"patron:1", "/items/B0", "2026-03-03T00:00:00Z", 403},
		{theDesk, "/loans", "2026-03-03T00:00:00Z", 422}, // everybody's
		{theDesk, id, "2036-01-01T00:00:00Z", 422},
		{theDesk, id, "yesterday", 422},
		{theDesk, id, begun, 404}, // before it began
	} {
		if got := d.send(c.who, "GET", asOf(c.path, c.at), ""); got.status != c.status {
			t.Errorf("%s asks for %s as of %s: %d %s, want %d", c.who, c.path, c.at, got.status, got.raw, c.status)
		}
	}

	// Pages.
	when := d.clock.read().UTC().Format(time.RFC3339)
	var ids []string
	for path := asOf("/loans?member_card=C1&limit=1", when); path != ""; {
		page := d.send(theDesk, "GET", path, "")
		for _, l := range page.body["items"].([]any) {
			ids = append(ids, fmt.Sprint(l.(map[string]any)["id"]))
		}
		next, _ := page.body["next_cursor"].(string)
		if path = ""; next != "" {
			path = asOf("/loans?member_card=C1&limit=1&cursor="+url.QueryEscape(next), when)
			if other := d.send(theDesk, "GET", "/loans?member_card=C1&limit=1&cursor="+url.QueryEscape(next), ""); other.status != 400 && other.status != 422 {
				t.Errorf("a cursor of the past is good for now: %d %s", other.status, other.raw)
			}
		}
	}
	if len(ids) != 2 || ids[0] == ids[1] {
		t.Errorf("pages of the past have the loans %v", ids)
	}
}

func asOf(path, at string) string {
	if strings.Contains(path, "?") {
		return path + "&as_of=" + url.QueryEscape(at)
	}
	return path + "?as_of=" + url.QueryEscape(at)
}

// positionless leaves out the place in a queue, which the past does not tell.
func positionless(raw string) string {
	head, rest, found := strings.Cut(raw, `"position":`)
	if !found {
		return raw
	}
	return head + rest[strings.IndexAny(rest, ",}"):]
}

// The audit trail is for librarians: who did what, when and why, newest first, in pages, and by stream, type, person and time.
func TestTheAuditTrailOverHTTP(t *testing.T) {
	d := atTheDoor(t, 2)
	d.add("B0", 1)
	d.clock.move(time.Hour)
	loan := d.send(theDesk, "POST", "/loans", `{"member_card":"C1","barcode":"B0"}`, "X-Request-Id", "the-request")
	stream := fmt.Sprintf("loan/%v", loan.body["id"])
	d.clock.move(time.Hour)
	if got := d.send("patron:1", "POST", fmt.Sprintf("/loans/%v/renewals", loan.body["id"]), ""); got.status != 200 {
		t.Fatal(got.raw)
	}
	d.clock.move(time.Hour)
	if got := d.send("librarian:9002", "POST", fmt.Sprintf("/loans/%v/due-date", loan.body["id"]), `{"due_on":"2026-05-04","reason":"a long journey"}`); got.status != 200 {
		t.Fatal(got.raw)
	}
	read := func(query string) (said []string, next string) {
		got := d.send(theLibrarian, "GET", "/ledger?"+query, "")
		if got.status != 200 {
			t.Fatalf("%s: %d %s", query, got.status, got.raw)
		}
		if strings.Contains(got.raw, "C1") || strings.Contains(got.raw, "Member 1") {
			t.Errorf("%s names a member: %s", query, got.raw)
		}
		for _, e := range got.body["items"].([]any) {
			e := e.(map[string]any)
			said = append(said, fmt.Sprintf("%v %v %v by %v because %v", e["stream"], e["version"], e["type"], e["by"], e["reason"]))
		}
		next, _ = got.body["next_cursor"].(string)
		return said, next
	}
	all, _ := read("stream=" + url.QueryEscape(stream))
	want := []string{stream + " 3 DueDateChanged by staff/9002 because a long journey", stream + " 2 LoanRenewed by borrower because <nil>", stream + " 1 LoanOpened by staff/9001 because <nil>"}
	if fmt.Sprint(all) != fmt.Sprint(want) {
		t.Errorf("the stream says %q, want %q", all, want)
	}
	for query, want := range map[string]int{"type=LoanRenewed": 1, "actor=staff%2F9002": 1, "actor=borrower": 1, "type=LoanClosed": 0,
		"type=LoanOpened&since=2026-03-02T11:30:00Z&until=2026-03-02T12:30:00Z": 1, "type=LoanOpened&since=2026-03-02T12:30:00Z": 0, "type=LoanOpened&until=2026-03-02T11:30:00Z": 0} {
		if said, _ := read(query); len(said) != want {
			t.Errorf("%s: %q, want %d", query, said, want)
		}
	}
	if got := d.send(theLibrarian, "GET", "/ledger?type=LoanOpened", ""); !strings.Contains(got.raw, `"request_id":"`) {
		t.Errorf("no request: %s", got.raw)
	}
	whole, _ := read("limit=200")
	var paged []string
	for query := "limit=2"; query != ""; {
		page, next := read(query)
		paged = append(paged, page...)
		if query = ""; next != "" {
			query = "limit=2&cursor=" + url.QueryEscape(next)
		}
	}
	if fmt.Sprint(paged) != fmt.Sprint(whole) {
		t.Errorf("in pages %q, whole %q", paged, whole)
	}
	for _, who := range []string{"", "patron:1", theDesk} {
		if got := d.send(who, "GET", "/ledger", ""); got.status != 401 && got.status != 403 {
			t.Errorf("%q reads the trail: %d", who, got.status)
		}
	}
}
