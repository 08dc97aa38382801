package borrowing_test

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"bookvault/modules/borrowing"
	"bookvault/modules/borrowing/api"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
	"bookvault/platform/rest"
)

// byBearer reads who calls from the token: a role and a member, as "desk:9001".
type byBearer struct{}

// Authenticate reads the bearer.
func (byBearer) Authenticate(r *http.Request) (identity.Principal, error) {
	token, _ := rest.BearerOf(r)
	if token == "" {
		return identity.Principal{Role: identity.Public}, nil
	}
	name, id, _ := strings.Cut(token, ":")
	role, err := identity.ParseRole(name)
	if err != nil {
		return identity.Principal{}, problem.New(problem.Unauthenticated, "invalid_token", "This token is not valid.")
	}
	member, _ := strconv.ParseInt(id, 10, 64)
	return identity.Principal{MemberID: member, Role: role, Via: identity.ViaToken}, nil
}

// door is the API in front of a library.
type door struct {
	*library
	handler http.Handler
}

func atTheDoor(t *testing.T, n int, change ...func(*borrowing.Settings)) door {
	l := opened(t, n, change...)
	return door{l, doorOf(l)}
}

// doorOf puts the API in front of a library.
func doorOf(l *library) http.Handler {
	a := rest.New(rest.Settings{Version: "test", MaxBody: 1 << 20, Logger: slog.New(slog.DiscardHandler)})
	a.SetAuthenticator(byBearer{})
	api.Register(a, l.Service)
	return a
}

type reply struct {
	status int
	header http.Header
	raw    string
	body   map[string]any
}

// send sends a request; headers are given as pairs.
func (d door) send(who, method, path, body string, headers ...string) reply {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, "/api/borrowing/v1"+path, reader)
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+who)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, r)
	out := reply{status: w.Code, header: w.Header(), raw: w.Body.String()}
	_ = json.Unmarshal(w.Body.Bytes(), &out.body)
	return out
}

func (r reply) code() string { s, _ := r.body["code"].(string); return s }

const (
	theDesk      = "desk:9001"
	theLibrarian = "librarian:9001"
)

func TestTheMainJobOverHTTP(t *testing.T) {
	d := atTheDoor(t, 2)
	item := d.send(theDesk, "POST", "/items", fmt.Sprintf(`{"book_id":%d,"barcode":"A/1 é","branch":"east","price":{"minor":50000,"currency":"VND"}}`, book(1)))
	if item.status != 201 || item.body["status"] != "available" || item.body["branch"] != "east" || item.body["item_type"] != "book" {
		t.Fatalf("add: %d %s", item.status, item.raw)
	}
	if again := d.send("", "GET", strings.TrimPrefix(item.header.Get("Location"), "/api/borrowing/v1"), ""); again.status != 200 || again.body["barcode"] != "A/1 é" || again.body["price"] != nil {
		t.Errorf("get by its location %q: %d %s", item.header.Get("Location"), again.status, again.raw)
	}
	dry := d.send(theDesk, "POST", "/loans?validate=true", `{"member_card":"C1","barcode":"A/1 é"}`)
	if dry.status != 200 || dry.body["id"] != 0.0 || dry.body["due_on"] != "2026-03-23" {
		t.Errorf("dry run: %d %s", dry.status, dry.raw)
	}
	loan := d.send(theDesk, "POST", "/loans", `{"member_card":"C1","barcode":"A/1 é"}`)
	if loan.status != 201 || loan.body["title"] != "Title 1" || loan.body["due_at"] != "2026-03-23T22:59:59Z" || loan.body["overdue"] != false || loan.body["status"] != "open" || loan.body["renewals"] != 0.0 {
		t.Fatalf("lend: %d %s", loan.status, loan.raw)
	}
	path := strings.TrimPrefix(loan.header.Get("Location"), "/api/borrowing/v1")
	refused := d.send(theDesk, "POST", "/loans", `{"member_card":"C2","barcode":"A/1 é"}`)
	if refused.status != 409 || refused.code() != "item_on_loan" || fmt.Sprint(refused.body["reasons"]) != "[map[by:desk code:item_on_loan detail:This copy is on loan to somebody else. overridable:true]]" {
		t.Errorf("refused: %d %s", refused.status, refused.raw)
	}
	if got := d.send("patron:1", "GET", path, ""); got.status != 200 || got.body["explanation"] == nil || got.body["terms"] == nil {
		t.Errorf("get: %d %s", got.status, got.raw)
	}
	another, unknown := d.send("patron:2", "GET", path, ""), d.send("patron:2", "GET", "/loans/999999", "")
	if another.status != 404 || another.raw != unknown.raw {
		t.Errorf("another's %s, unknown %s", another.raw, unknown.raw)
	}
	if got := d.send("patron:1", "POST", path+"/renewals", ""); got.status != 200 || got.body["renewals"] != 1.0 || got.body["due_on"] != "2026-04-13" {
		t.Errorf("renew: %d %s", got.status, got.raw)
	}
	in := d.send(theDesk, "POST", "/check-ins", `{"barcode":"A/1 é","branch":"main"}`)
	if in.status != 200 || in.body["item"].(map[string]any)["transit_to"] != "east" || in.body["closed_loan"].(map[string]any)["member_card"] != "C1" || in.body["next"].(map[string]any)["action"] != "send" {
		t.Errorf("check in: %d %s", in.status, in.raw)
	}
	if again := d.send(theDesk, "POST", "/check-ins", `{"barcode":"A/1 é","branch":"main"}`); again.body["closed_loan"] != nil || !strings.Contains(again.raw, `"closed_loan":null`) {
		t.Errorf("twice: %s", again.raw)
	}
	events := d.send("patron:1", "GET", path+"/events", "")
	if events.status != 200 || !strings.Contains(events.raw, "LoanOpened") || !strings.Contains(events.raw, "LoanRenewed") || !strings.Contains(events.raw, "LoanClosed") || strings.Contains(events.raw, "staff/9001") {
		t.Errorf("events: %s", events.raw)
	}
	counts := d.send("", "GET", fmt.Sprintf("/availability?book_ids=%d,%d", book(1), book(2)), "")
	if counts.raw != fmt.Sprintf(`{"items":[{"book_id":%d,"items":1,"available":0,"holds":0},{"book_id":%d,"items":0,"available":0,"holds":0}],"next_cursor":null}`, book(1), book(2))+"\n" {
		t.Errorf("availability: %s", counts.raw)
	}
	if got := d.send("", "GET", "/branches", ""); !strings.Contains(got.raw, `{"code":"main","name":"Main library"}`) {
		t.Errorf("branches: %s", got.raw)
	}
	if got := d.send("", "GET", "/item-types", ""); !strings.Contains(got.raw, `{"code":"dvd","name":"DVD"}`) {
		t.Errorf("item types: %s", got.raw)
	}
	d.consistent()
}

func TestHoldsOverHTTP(t *testing.T) {
	d := atTheDoor(t, 2)
	d.add("B1", 1)
	placed := d.send("patron:1", "POST", "/holds", fmt.Sprintf(`{"book_id":%d,"pickup_branch":"east"}`, book(1)))
	if placed.status != 201 || placed.body["status"] != "waiting" || placed.body["position"] != 1.0 || placed.body["member_card"] != "C1" {
		t.Fatalf("place: %d %s", placed.status, placed.raw)
	}
	path := strings.TrimPrefix(placed.header.Get("Location"), "/api/borrowing/v1")
	if got := d.send("patron:2", "DELETE", path, ""); got.status != 404 {
		t.Errorf("another's: %d", got.status)
	}
	if got := d.send("patron:2", "GET", "/holds", ""); got.status != 200 || got.raw != `{"items":[],"next_cursor":null}`+"\n" {
		t.Errorf("list: %s", got.raw)
	}
	if got := d.send("patron:1", "GET", "/holds", ""); !strings.Contains(got.raw, `"position":1`) {
		t.Errorf("list: %s", got.raw)
	}
	for range 2 {
		if got := d.send("patron:1", "DELETE", path, ""); got.status != 200 || got.body["status"] != "cancelled" {
			t.Errorf("cancel: %d %s", got.status, got.raw)
		}
	}
	d.consistent()
}

func TestARepeatedCommandOverHTTPHasTheSameAnswer(t *testing.T) {
	d := atTheDoor(t, 2)
	d.add("B1", 1)
	d.add("B2", 2)
	same := func(what string, first, again reply) {
		t.Helper()
		if first.status != again.status || first.raw != again.raw || first.header.Get("Location") != again.header.Get("Location") {
			t.Errorf("%s:\n%d %s\n%d %s", what, first.status, first.raw, again.status, again.raw)
		}
	}
	twice := func(what, who, method, path, body string) reply {
		t.Helper()
		first := d.send(who, method, path, body, "Idempotency-Key", what)
		same(what, first, d.send(who, method, path, body, "Idempotency-Key", what))
		return first
	}
	loan := twice("lend", theDesk, "POST", "/loans", `{"member_card":"C1","barcode":"B1"}`)
	path := fmt.Sprintf("/loans/%v", loan.body["id"])
	same("lend, with other spaces", loan, d.send(theDesk, "POST", "/loans", `{ "barcode": "B1", "member_card": "C1" }`, "Idempotency-Key", "lend"))
	if got := d.send(theDesk, "POST", "/loans", `{"member_card":"C1","barcode":"B2"}`, "Idempotency-Key", "lend"); got.status != 422 || got.code() != "idempotency_key_reused" {
		t.Errorf("another body: %d %s", got.status, got.raw)
	}
	if got := d.send("desk:9002", "POST", "/loans", `{"member_card":"C2","barcode":"B2"}`, "Idempotency-Key", "lend"); got.status != 201 {
		t.Errorf("another caller with the same key: %d %s", got.status, got.raw)
	}
	if refused := twice("refused", theDesk, "POST", "/loans", `{"member_card":"C2","barcode":"B1"}`); refused.status != 409 {
		t.Errorf("refused: %d", refused.status)
	}
	if got := twice("renew", "patron:1", "POST", path+"/renewals", ""); got.body["renewals"] != 1.0 {
		t.Errorf("renewed: %s", got.raw)
	}
	twice("no such card", theDesk, "POST", "/loans", `{"member_card":"nobody","barcode":"B1"}`)
	twice("check-in", theDesk, "POST", "/check-ins", `{"barcode":"B1"}`)
	if got := twice("late", theDesk, "POST", path+"/reversal", `{"reason":"x"}`); got.code() != "loan_closed" {
		t.Errorf("reversal: %s", got.raw)
	}
	hold := twice("hold", "patron:1", "POST", "/holds", fmt.Sprintf(`{"book_id":%d}`, book(1)))
	twice("cancel", "patron:1", "DELETE", fmt.Sprintf("/holds/%v", hold.body["id"]), "")
	twice("item", theDesk, "POST", "/items", fmt.Sprintf(`{"book_id":%d,"barcode":"B3"}`, book(1)))
	twice("missing", theDesk, "POST", "/items/B3/missing", "")
	if n := d.count("borrowing.loans"); n != 2 {
		t.Errorf("%d loans", n)
	}
	d.consistent()
}

func TestListsPageWithoutRepeatsAndGaps(t *testing.T) {
	d := atTheDoor(t, 1)
	must(t, d.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 21, LoanLimit: 100, HoldLimit: 100}}))
	for i := range 25 {
		d.add(fmt.Sprintf("B%02d", i), 1)
		d.mustLend("C1", fmt.Sprintf("B%02d", i))
	}
	for path, want := range map[string]int{"/loans?member_card=C1&limit=10": 25, "/loans?status=open&limit=7": 25, fmt.Sprintf("/items?limit=10&book_id=%d", book(1)): 25} {
		seen, next, pages := map[float64]bool{}, path, 0
		for next != "" {
			got := d.send(theDesk, "GET", next, "")
			if got.status != 200 {
				t.Fatalf("%s: %d %s", next, got.status, got.raw)
			}
			for _, item := range got.body["items"].([]any) {
				id := item.(map[string]any)["id"].(float64)
				if seen[id] {
					t.Errorf("%s: %v twice", path, id)
				}
				seen[id] = true
			}
			pages++
			cursor, more := got.body["next_cursor"].(string)
			if next = ""; more {
				next = path + "&cursor=" + url.QueryEscape(cursor)
				if !strings.Contains(got.header.Get("Link"), `rel="next"`) {
					t.Errorf("%s: no Link", path)
				}
			}
			d.add(fmt.Sprintf("new-%d-%d", len(path), pages), 2) // things go on meanwhile
		}
		if len(seen) != want {
			t.Errorf("%s: %d of %d", path, len(seen), want)
		}
	}
}

func TestBadInputIsAProblemThatNamesTheFieldAndStoresNothing(t *testing.T) {
	d := atTheDoor(t, 1)
	d.add("B1", 1)
	before := []int{d.count("borrowing.events"), d.count("borrowing.loans"), d.count("borrowing.idempotency_keys")}
	long := strings.Repeat("x", 1<<20)
	for _, c := range []struct{ method, path, body, field string }{
		{"POST", "/loans", `{`, "body"},
		{"POST", "/loans", `[]`, "body"},
		{"POST", "/loans", `{"member_card":"C1","barcode":"B1","colour":"red"}`, "body.colour"},
		{"POST", "/loans", `{"member_card":7,"barcode":"B1"}`, "body.member_card"},
		{"POST", "/loans", `{"member_card":"C1","barcode":"B1","book_id":1024}`, "body.barcode"},
		{"POST", "/loans", `{"member_card":"C1"}`, "body.barcode"},
		{"POST", "/loans", `{"barcode":"B1"}`, "body.member_card"},
		{"POST", "/loans", `{"member_card":"C1","book_id":-5}`, "body.book_id"},
		{"POST", "/loans", `{"member_card":"C1","book_id":1e300}`, "body.book_id"},
		{"POST", "/loans", `{"member_card":"C1","book_id":99999999999999999999999}`, "body.book_id"},
		{"POST", "/loans", `{"member_card":"C1","book_id":1.5}`, "body.book_id"},
		{"POST", "/loans", `{"member_card":"C\u0000","barcode":"B1"}`, "body.member_card"},
		{"POST", "/loans", "{\"member_card\":\"C\xff\",\"barcode\":\"B1\"}", "body.member_card"},
		{"POST", "/loans", `{"member_card":"C1","barcode":"` + long[:100] + `"}`, "body.barcode"},
		{"POST", "/loans", `{"member_card":"C1","barcode":"B1","branch":"nowhere"}`, "body.branch"},
		{"POST", "/loans", `{"member_card":"C1","barcode":"B1","override":{"codes":["nonsense"],"reason":"x"}}`, "body.override.codes"},
		{"POST", "/loans", `{"member_card":"C1","barcode":"B1","override":{"codes":[],"reason":"x"}}`, "body.override.codes"},
		{"POST", "/loans", `{"member_card":"C1","barcode":"B1","override":{"codes":["member_blocked"],"reason":" "}}`, "body.override.reason"},
		{"POST", "/loans?validate=perhaps", `{"member_card":"C1","barcode":"B1"}`, "query.validate"},
		{"POST", "/check-ins", `{"barcode":"B1","returned_on":"0000-01-01"}`, "body.returned_on"},
		{"POST", "/check-ins", `{"barcode":"B1","returned_on":"9999-12-31"}`, "body.returned_on"},
		{"POST", "/check-ins", `{"barcode":"B1","returned_on":"2026-02-30"}`, "body.returned_on"},
		{"POST", "/check-ins", `{"barcode":"B1","returned_on":"2027-01-01"}`, "body.returned_on"},
		{"POST", "/check-ins", `{"barcode":"B1","returned_on":"2026-03-01","book_drop":true}`, "body.book_drop"},
		{"POST", "/check-ins", `{"barcode":""}`, "body.barcode"},
		{"POST", "/items", `{"book_id":1024,"barcode":" B2"}`, "body.barcode"},
		{"POST", "/items", `{"book_id":1024,"barcode":"B\u00852"}`, "body.barcode"},
		{"POST", "/items", `{"book_id":1024,"barcode":"B2","call_number":"8\u00079"}`, "body.call_number"},
		{"POST", "/items", `{"book_id":1024,"barcode":"B2","location":"a\tb"}`, "body.location"},
		{"POST", "/items", `{"book_id":0,"barcode":"B2"}`, "body.book_id"},
		{"POST", "/items", `{"book_id":1024,"barcode":"B2","item_type":"scroll"}`, "body.item_type"},
		{"POST", "/items", `{"book_id":1024,"barcode":"B2","status":"lost"}`, "body.status"},
		{"POST", "/items", `{"book_id":1024,"barcode":"B2","price":{"minor":-1,"currency":"VND"}}`, "body.price.minor"},
		{"POST", "/items", `{"book_id":1024,"barcode":"B2","price":{"minor":1,"currency":"dong"}}`, "body.price.currency"},
		{"POST", "/holds", `{"member_card":"C1","book_id":1024,"pickup_branch":"moon"}`, "body.pickup_branch"},
		{"POST", "/holds", `{"member_card":"C1","book_id":1024,"suspended_until":"soon"}`, "body.suspended_until"},
		{"GET", "/loans/0", "", "path.id"},
		{"GET", "/loans/-1", "", "path.id"},
		{"GET", "/loans/abc", "", "path.id"},
		{"GET", "/loans/99999999999999999999", "", "path.id"},
		{"GET", "/loans?limit=0", "", "query.limit"},
		{"GET", "/loans?limit=201", "", "query.limit"},
		{"GET", "/loans?limit=ten", "", "query.limit"},
		{"GET", "/loans?status=lost", "", "query.status"},
		{"GET", "/loans?cursor=made-up", "", "query.cursor"},
		{"GET", "/loans?colour=red", "", "query.colour"},
		{"GET", "/items", "", "query.book_id"},
		{"GET", "/items?book_id=-1", "", "query.book_id"},
		{"GET", "/items?book_id=1024&cursor=" + rest.EncodeCursor("items 2048", 5), "", "query.cursor"},
		{"GET", "/availability", "", "query.book_ids"},
		{"GET", "/availability?book_ids=1,x", "", "query.book_ids"},
		{"GET", "/availability?book_ids=0", "", "query.book_ids"},
		{"GET", "/availability?book_ids=" + strings.Repeat("1,", 200) + "1", "", "query.book_ids"},
		{"GET", "/holds?status=nice", "", "query.status"},
		{"GET", "/items/%00", "", "path"},
		{"GET", "/items/%ff", "", "path"},
	} {
		got := d.send(theDesk, c.method, c.path, c.body, "Idempotency-Key", "bad")
		name := c.method + " " + c.path + " " + c.body
		if len(name) > 150 {
			name = name[:150]
		}
		if got.status < 400 || got.status > 499 {
			t.Errorf("%s: %d %s", name, got.status, got.raw)
			continue
		}
		fields := fmt.Sprint(got.body["errors"])
		if !strings.Contains(fields, "field:"+c.field+"]") && !strings.Contains(fields, "field:"+c.field+"[") {
			t.Errorf("%s: names %s, want %s", name, fields, c.field)
		}
		if ct := got.header.Get("Content-Type"); ct != problem.ContentType {
			t.Errorf("%s: %s", name, ct)
		}
	}
	for _, c := range []struct{ what, body, key string }{
		{"a string of 1 MB", `{"member_card":"` + long + `","barcode":"B1"}`, "k"},
		{"a body of 10 MB", `{"member_card":"` + strings.Repeat(long, 10) + `","barcode":"B1"}`, "k"},
		{"a key that is no ASCII", `{"member_card":"C1","barcode":"B1"}`, "k\xff"},
		{"a key that is too long", `{"member_card":"C1","barcode":"B1"}`, strings.Repeat("k", 201)},
		{"deep nesting", strings.Repeat("[", 100000), "k"},
	} {
		got := d.send(theDesk, "POST", "/loans", c.body, "Idempotency-Key", c.key)
		if got.status < 400 || got.status > 499 {
			t.Errorf("%s: %d %.200s", c.what, got.status, got.raw)
		}
	}
	after := []int{d.count("borrowing.events"), d.count("borrowing.loans"), d.count("borrowing.idempotency_keys")}
	if fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("something was stored: %v, then %v", before, after)
	}
	if got := d.send(theDesk, "POST", "/loans", `{"member_card":"C1","barcode":"B1"}`, "Idempotency-Key", "bad"); got.status != 201 {
		t.Errorf("the key of a request that was never carried out: %d %s", got.status, got.raw)
	}
}
