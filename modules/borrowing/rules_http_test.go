package borrowing_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"bookvault/modules/borrowing"
)

const draftRules = `"rules":[
	{"loan_days":21,"renewals":2,"loan_limit":10,"hold_limit":5,"fine_per_day":1000,"grace_days":1,"fine_cap":50000,"lost_fee":20000},
	{"branch":"east","loan_days":14,"renewals":1,"loan_limit":4,"hold_limit":2},
	{"category":"adult","item_type":"dvd","loan_days":7,"renewals":0,"loan_limit":2,"hold_limit":2,"renew_from":"today"}],
	"categories":{"adult":{"loan_total":12,"hold_total":6,"charges_limit":100000}}`

func TestRulesArePublishedWithIfMatchAndEveryVersionCanBeRead(t *testing.T) {
	d := atTheDoor(t, 1)
	first := d.send("", "GET", "/rules", "")
	if first.status != 200 || first.header.Get("ETag") != `"1"` || first.body["currency"] != "VND" || first.body["published_by"] != nil {
		t.Fatalf("at first: %d %s", first.status, first.raw)
	}
	if again := d.send("", "GET", "/rules", "", "If-None-Match", `"1"`); again.status != 304 || again.raw != "" {
		t.Errorf("unchanged: %d %q", again.status, again.raw)
	}
	body := `{"note":"fines","currency":"VND",` + draftRules + `}`
	if got := d.send(theLibrarian, "PUT", "/rules", body); got.status != 428 {
		t.Errorf("without If-Match: %d %s", got.status, got.raw)
	}
	if got := d.send(theDesk, "PUT", "/rules", body, "If-Match", `"1"`); got.status != 403 {
		t.Errorf("the desk: %d", got.status)
	}
	published := d.send(theLibrarian, "PUT", "/rules", body, "If-Match", `"1"`, "Idempotency-Key", "p")
	if published.status != 200 || published.header.Get("ETag") != `"2"` || published.body["note"] != "fines" || published.body["published_by"] != "staff/9001" {
		t.Fatalf("publish: %d %s", published.status, published.raw)
	}
	if again := d.send(theLibrarian, "PUT", "/rules", body, "If-Match", `"1"`, "Idempotency-Key", "p"); again.raw != published.raw || again.header.Get("ETag") != `"2"` {
		t.Errorf("published again with the key: %d %s", again.status, again.raw)
	}
	if late := d.send(theLibrarian, "PUT", "/rules", body, "If-Match", `"1"`); late.status != 412 || late.code() != "version_conflict" {
		t.Errorf("an edit of what was replaced: %d %s", late.status, late.raw)
	}
	now := d.send("patron:1", "GET", "/rules", "")
	var read struct {
		Rules []struct {
			Branch     string
			LoanDays   int   `json:"loan_days"`
			FinePerDay int64 `json:"fine_per_day"`
			LostFee    int64 `json:"lost_fee"`
		}
		Categories map[string]map[string]int64
	}
	if err := json.Unmarshal([]byte(now.raw), &read); err != nil || len(read.Rules) != 3 || read.Rules[0].FinePerDay != 1000 || read.Rules[0].LostFee != 20000 || read.Rules[2].Branch != "east" || read.Categories["adult"]["charges_limit"] != 100000 {
		t.Errorf("in force: %v %s", err, now.raw)
	}
	list := d.send(theDesk, "GET", "/rules/versions?limit=1", "")
	if list.status != 200 || !strings.Contains(list.raw, `"note":"fines"`) || list.body["next_cursor"] == nil || !strings.Contains(list.header.Get("Link"), `rel="next"`) {
		t.Errorf("versions: %d %s", list.status, list.raw)
	}
	rest := d.send(theDesk, "GET", "/rules/versions?limit=1&cursor="+fmt.Sprint(list.body["next_cursor"]), "")
	if rest.status != 200 || !strings.Contains(rest.raw, `"version":1`) || rest.body["next_cursor"] != nil {
		t.Errorf("older versions: %d %s", rest.status, rest.raw)
	}
	if one := d.send(theDesk, "GET", "/rules/versions/1", ""); one.status != 200 || one.body["published_by"] != "system" || !strings.Contains(one.raw, `"loan_days":21`) {
		t.Errorf("version 1: %d %s", one.status, one.raw)
	}
	if none := d.send(theDesk, "GET", "/rules/versions/3", ""); none.status != 404 {
		t.Errorf("version 3: %d", none.status)
	}
	if got := d.send("patron:1", "GET", "/rules/versions", ""); got.status != 403 {
		t.Errorf("a patron asks who published: %d", got.status)
	}
	for _, c := range []struct{ body, field string }{
		{`{"rules":[]}`, "body.rules"},
		{`{"rules":[{"loan_days":0,"renewals":0,"loan_limit":1,"hold_limit":1}]}`, "body.rules[0].loan_days"},
		{`{"rules":[{"loan_days":1,"renewals":0,"loan_limit":1}]}`, "body.rules[0]"},
		{`{"rules":[{"branch":"moon","loan_days":1,"renewals":0,"loan_limit":1,"hold_limit":1}]}`, "body.rules[0].branch"},
		{`{"rules":[{"loan_days":1,"renewals":0,"loan_limit":1,"hold_limit":1,"fine_per_day":-5}]}`, "body.rules[0].fine_per_day"},
		{`{"currency":"EUR","rules":[{"loan_days":1,"renewals":0,"loan_limit":1,"hold_limit":1}]}`, "body.currency"},
	} {
		got := d.send(theLibrarian, "PUT", "/rules", c.body, "If-Match", `"2"`)
		if got.status < 400 || got.status > 422 || !strings.Contains(fmt.Sprint(got.body["errors"]), "field:"+c.field) {
			t.Errorf("%s: %d %s", c.body, got.status, got.raw)
		}
	}
	d.consistent()
}

func TestTheCalendarOverHTTP(t *testing.T) {
	d := atTheDoor(t, 1)
	body := `{"note":"summer","hours":{"main":[{"weekday":1,"opens":"09:00","closes":"18:00"}]},"closures":[{"first_day":"2026-03-23","last_day":"2026-03-23","reason":"Giỗ Tổ"}]}`
	if got := d.send(theLibrarian, "PUT", "/calendar", body); got.status != 428 {
		t.Errorf("without If-Match: %d", got.status)
	}
	published := d.send(theLibrarian, "PUT", "/calendar", body, "If-Match", `"1"`)
	if published.status != 200 || published.header.Get("ETag") != `"2"` {
		t.Fatalf("publish: %d %s", published.status, published.raw)
	}
	now := d.send("", "GET", "/calendar", "")
	if now.status != 200 || now.body["time_zone"] != "Europe/Berlin" || !strings.Contains(now.raw, `"reason":"Giỗ Tổ"`) || !strings.Contains(now.raw, `"opens":"09:00"`) || now.body["published_by"] != nil {
		t.Errorf("in force: %s", now.raw)
	}
	d.add("B1", 1)
	if lent := d.send(theDesk, "POST", "/loans", `{"member_card":"C1","barcode":"B1"}`); lent.body["due_on"] != "2026-03-30" {
		t.Errorf("due %v", lent.body["due_on"])
	}
	shut := d.send(theLibrarian, "PUT", "/calendar", `{"closures":[{"branch":"east","first_day":"2027-01-01","last_day":"2028-12-31"}]}`, "If-Match", `"2"`)
	if shut.status != 422 || shut.code() != "no_open_day" || !strings.Contains(shut.raw, "east") || !strings.Contains(shut.raw, "2027-01-01") {
		t.Errorf("two years of closure: %d %s", shut.status, shut.raw)
	}
	for _, bad := range []string{
		`{"closures":[{"first_day":"2026-02-30","last_day":"2026-03-01"}]}`, `{"closures":[{"first_day":"2026-03-02","last_day":"2026-03-01"}]}`,
		`{"hours":{"main":[{"weekday":1,"opens":"9","closes":"18:00"}]}}`, `{"hours":{"main":[{"weekday":1,"opens":"29:00","closes":"29:30"}]}}`,
		`{"hours":{"moon":[{"weekday":1,"opens":"09:00","closes":"18:00"}]}}`,
	} {
		if got := d.send(theLibrarian, "PUT", "/calendar", bad, "If-Match", `"2"`); got.status != 422 {
			t.Errorf("%s: %d %s", bad, got.status, got.raw)
		}
	}
	if list := d.send(theDesk, "GET", "/calendar/versions", ""); !strings.Contains(list.raw, `"note":"summer"`) {
		t.Errorf("versions: %s", list.raw)
	}
	if one := d.send(theDesk, "GET", "/calendar/versions/1", ""); one.status != 200 || !strings.Contains(one.raw, `"closures":[]`) {
		t.Errorf("version 1: %d %s", one.status, one.raw)
	}
}

func TestBranchesAndItemTypesOverHTTP(t *testing.T) {
	d := atTheDoor(t, 0)
	for _, path := range []string{"/branches", "/item-types"} {
		made := d.send(theLibrarian, "POST", path, `{"code":"new-one","name":"Mới"}`, "Idempotency-Key", "n")
		if made.status != 201 || made.body["name"] != "Mới" {
			t.Fatalf("%s: %d %s", path, made.status, made.raw)
		}
		if again := d.send(theLibrarian, "POST", path, `{"code":"new-one","name":"Mới"}`, "Idempotency-Key", "n"); again.status != 201 || again.raw != made.raw {
			t.Errorf("%s with the key again: %d %s", path, again.status, again.raw)
		}
		exists := map[string]string{"/branches": "branch_exists", "/item-types": "item_type_exists"}[path]
		if twice := d.send(theLibrarian, "POST", path, `{"code":"new-one","name":"Other"}`); twice.status != 409 || twice.code() != exists {
			t.Errorf("%s twice: %d %s", path, twice.status, twice.raw)
		}
		if renamed := d.send(theLibrarian, "PATCH", path+"/new-one", `{"name":"Mới hơn"}`); renamed.status != 200 || renamed.body["name"] != "Mới hơn" {
			t.Errorf("%s renamed: %d %s", path, renamed.status, renamed.raw)
		}
		if none := d.send(theLibrarian, "PATCH", path+"/none", `{"name":"x"}`); none.status != 404 {
			t.Errorf("%s: %d", path, none.status)
		}
		if got := d.send(theDesk, "POST", path, `{"code":"other","name":"Other"}`); got.status != 403 {
			t.Errorf("%s by the desk: %d", path, got.status)
		}
		if list := d.send("", "GET", path, ""); !strings.Contains(list.raw, `{"code":"new-one","name":"Mới hơn"}`) {
			t.Errorf("%s: %s", path, list.raw)
		}
		if bad := d.send(theLibrarian, "POST", path, `{"code":"New One","name":"x"}`); bad.status != 422 {
			t.Errorf("%s with a bad code: %d", path, bad.status)
		}
	}
}

type foreseen struct {
	WouldLend    bool `json:"would_lend"`
	Inputs       map[string]string
	RulesVersion int `json:"rules_version"`
	Rule         map[string]any
	Candidates   []map[string]any
	Due          map[string]any
	Limits       []struct {
		Limit     string
		Most      *int64
		HasNow    *int64 `json:"has_now"`
		ItemType  string `json:"item_type"`
		Exhausted bool
	}
	Refusals []struct{ Code, Detail string }
}

func (d door) preview(body string) (f foreseen) {
	d.t.Helper()
	got := d.send(theDesk, "POST", "/rules/preview", body)
	if err := json.Unmarshal([]byte(got.raw), &f); err != nil || got.status != 200 {
		d.t.Fatalf("%s: %d %s", body, got.status, got.raw)
	}
	return f
}

func TestAPreviewSaysWhatWouldHappenAndWhyAndChangesNothing(t *testing.T) {
	d := atTheDoor(t, 3)
	d.add("B1", 1)
	d.add("D1", 2, dvd)
	d.mustLend("C1", "D1")
	if got := d.send(theLibrarian, "PUT", "/rules", `{`+draftRules+`}`, "If-Match", `"1"`); got.status != 200 {
		t.Fatal(got.raw)
	}
	before := []int{d.count("borrowing.events"), d.count("borrowing.loans"), d.count("borrowing.accounts"), d.count("borrowing.outbox")}

	f := d.preview(`{"member_card":"C1","barcode":"B1"}`)
	if !f.WouldLend || f.RulesVersion != 2 || f.Inputs["branch"] != "main" || f.Inputs["category"] != "adult" || f.Rule["loan_days"] != 21.0 || f.Due["due_on"] != "2026-03-23" || f.Due["rules_version"] != 2.0 || len(f.Refusals) != 0 {
		t.Errorf("%+v", f)
	}
	for i, want := range []string{"loans_by_rule 10 1", "holds_by_rule 5 0", "loans_in_all 12 1", "holds_in_all 6 0", "owed 100000 0"} {
		if got := fmt.Sprint(f.Limits[i].Limit, " ", *f.Limits[i].Most, " ", *f.Limits[i].HasNow); got != want || f.Limits[i].Exhausted {
			t.Errorf("limit %q, want %q", got, want)
		}
	}
	// All that fit are told, by precedence: the branch before category and item type.
	f = d.preview(`{"category":"adult","item_type":"dvd","branch":"east"}`)
	if len(f.Candidates) != 3 || f.Candidates[0]["branch"] != "east" || f.Candidates[1]["item_type"] != "dvd" || f.Candidates[2]["loan_days"] != 21.0 || f.Rule["loan_days"] != 14.0 || f.Limits[0].HasNow != nil {
		t.Errorf("%+v", f)
	}
	f = d.preview(`{"member_card":"C2","barcode":"D1"}`) // on loan to another
	if f.WouldLend || len(f.Refusals) != 1 || f.Refusals[0].Code != "item_on_loan" || f.Rule["loan_days"] != 7.0 || f.Limits[0].ItemType != "dvd" {
		t.Errorf("%+v", f)
	}
	if f = d.preview(`{"category":"adult","item_type":"dvd","on":"2028-02-22"}`); f.Due["due_on"] != "2028-02-29" {
		t.Errorf("due %v", f.Due)
	}
	// A draft is tried before it is published; a member who has one DVD has reached its limit.
	draft := `"rules":[{"loan_days":3,"renewals":0,"loan_limit":1,"hold_limit":0}],"categories":{"adult":{"loan_total":1}}`
	f = d.preview(`{"member_card":"C1","barcode":"B1",` + draft + `}`)
	if f.WouldLend || f.RulesVersion != 0 || f.Rule["loan_days"] != 3.0 || f.Due["due_on"] != "2026-03-05" || len(f.Refusals) != 2 || f.Refusals[0].Code != "loan_limit_reached" || !f.Limits[0].Exhausted || !f.Limits[2].Exhausted {
		t.Errorf("%+v", f)
	}
	if f = d.preview(`{"category":"child","item_type":"book","rules":[{"category":"adult","loan_days":3,"renewals":0,"loan_limit":1,"hold_limit":0}]}`); f.Rule != nil || f.Due != nil || f.Refusals[0].Code != "no_rule" {
		t.Errorf("%+v", f)
	}
	after := []int{d.count("borrowing.events"), d.count("borrowing.loans"), d.count("borrowing.accounts"), d.count("borrowing.outbox")}
	if fmt.Sprint(before) != fmt.Sprint(after) {
		t.Errorf("it wrote something: %v, then %v", before, after)
	}
	for _, c := range []struct {
		who, body string
		status    int
	}{
		{"patron:1", `{"category":"adult","item_type":"book"}`, 403},
		{theDesk, `{"item_type":"book"}`, 422}, {theDesk, `{"category":"adult"}`, 422},
		{theDesk, `{"category":"adult","member_card":"C1","item_type":"book"}`, 422},
		{theDesk, `{"category":"adult","item_type":"scroll"}`, 422},
		{theDesk, `{"category":"adult","item_type":"book","branch":"moon"}`, 422},
		{theDesk, `{"category":"adult","item_type":"book","on":"2026-02-30"}`, 422},
		{theDesk, `{"category":"adult","item_type":"book","rules":[{"branch":"moon","loan_days":3,"renewals":0,"loan_limit":1,"hold_limit":0}]}`, 422},
		{theDesk, `{"member_card":"nobody","item_type":"book"}`, 404}, {theDesk, `{"member_card":"C1","barcode":"nothing"}`, 404},
	} {
		if got := d.send(c.who, "POST", "/rules/preview", c.body); got.status != c.status {
			t.Errorf("%s: %d %s", c.body, got.status, got.raw)
		}
	}
}

func TestALoanShowsTheMoneyTermsAndLimitsThatItWasOpenedUnder(t *testing.T) {
	d := atTheDoor(t, 1)
	d.add("B1", 1)
	if got := d.send(theLibrarian, "PUT", "/rules", `{`+draftRules+`}`, "If-Match", `"1"`); got.status != 200 {
		t.Fatal(got.raw)
	}
	lent := d.send(theDesk, "POST", "/loans", `{"member_card":"C1","barcode":"B1"}`)
	if got := d.send(theLibrarian, "PUT", "/rules", `{"rules":[{"loan_days":1,"renewals":0,"loan_limit":1,"hold_limit":0,"fine_per_day":7}]}`, "If-Match", `"2"`); got.status != 200 {
		t.Fatal(got.raw)
	}
	shown := d.send("patron:1", "GET", fmt.Sprintf("/loans/%v", lent.body["id"]), "")
	terms, _ := shown.body["terms"].(map[string]any)
	why, _ := shown.body["explanation"].(map[string]any)
	for name, want := range map[string]any{"loan_days": 21.0, "renewals": 2.0, "loan_limit": 10.0, "hold_limit": 5.0, "fine_per_day": 1000.0, "grace_days": 1.0,
		"fine_cap": 50000.0, "lost_fee": 20000.0, "currency": "VND", "renew_from": "due_date"} {
		if terms[name] != want {
			t.Errorf("%s is %v, want %v", name, terms[name], want)
		}
	}
	if why["rules_version"] != 2.0 || why["due_on"] != "2026-03-23" || why["days"] != 21.0 {
		t.Errorf("explained by %v", why)
	}
}

func TestAPreviewOfAMemberIsRecordedAsReadingTheirAccount(t *testing.T) {
	l := opened(t, 1)
	var read []string
	audited := borrowing.New(l.store, l.people, l.shelf, borrowing.Settings{Clock: l.clock.read, DefaultBranch: "main",
		StaffRead: func(_ context.Context, member int64, what ...string) error {
			read = append(read, fmt.Sprint(strings.Join(what, " "), " ", member))
			return nil
		}})
	for _, p := range []borrowing.Preview{{Card: "C1", ItemType: "book"}, {Category: "adult", ItemType: "book"}} {
		if _, err := audited.Preview(desk(), p); err != nil {
			t.Fatal(err)
		}
	}
	if fmt.Sprint(read) != "[charges_read 1]" {
		t.Errorf("recorded %v", read)
	}
}

// A calendar can be tried before it is published; one that could not be published is refused as there.
func TestAPreviewTriesACalendarThatIsNotPublished(t *testing.T) {
	d := atTheDoor(t, 1)
	d.rule("", "", "", 1, 9)
	ask := func(calendar string) reply {
		return d.send(theDesk, "POST", "/rules/preview", `{"category": "adult", "item_type": "book", "branch": "main", "on": "2026-03-07"`+calendar+`}`)
	}
	due := func(calendar string) string {
		a := ask(calendar)
		found, _ := a.body["due"].(map[string]any)
		if a.status != 200 || found == nil {
			t.Fatalf("%d %s", a.status, a.raw)
		}
		return fmt.Sprint(found["due_on"])
	}
	inForce := due("")
	if tried := due(`, "calendar": {"closures": [{"first_day": "` + inForce + `", "last_day": "` + inForce + `"}]}`); tried <= inForce {
		t.Errorf("due %s, though the library would be closed then", tried)
	}
	if again := due(""); again != inForce {
		t.Errorf("a try changed what is in force: %s, not %s", again, inForce)
	}
	if a := ask(`, "calendar": {"closures": [{"first_day": "2026-03-01", "last_day": "2027-03-01"}]}`); a.status != 422 || !strings.Contains(a.raw, "no_open_day") {
		t.Errorf("%d %s", a.status, a.raw)
	}
	if a := ask(`, "calendar": {"closures": [{"first_day": "soon", "last_day": "2027-03-01"}]}`); a.status != 422 || !strings.Contains(a.raw, "body.calendar.closures") {
		t.Errorf("%d %s", a.status, a.raw)
	}
}

// A preview and a check-out are the same judgement: whatever stands against a loan, both say it in the same words.
func TestAPreviewRefusesExactlyWhatACheckOutRefuses(t *testing.T) {
	d := atTheDoor(t, 4)
	d.rule("", "", "", 1, 9)
	for i := range 4 {
		d.add(fmt.Sprintf("B%d", i), i+1)
	}
	d.mustLend("C1", "B0")
	d.hold(2, 2, "main")
	d.checkIn("B1", "main") // kept for the second
	_, err := d.MarkItem(desk(), "B2", borrowing.Missing, "", borrowing.Order{})
	must(t, err)
	must(t, second(d.CheckOut(patron(4), borrowing.CheckOut{BookID: book(4)}, borrowing.Order{}))) // B3, on the web
	d.people.change(3, func(m *borrowing.Member) { m.Blocks = []string{"conduct"} })
	for _, card := range []string{"C1", "C2", "C3", "C4"} {
		for _, barcode := range []string{"B0", "B1", "B2", "B3"} {
			said := d.preview(fmt.Sprintf(`{"member_card":%q,"barcode":%q}`, card, barcode))
			dry := d.send(theDesk, "POST", "/loans?validate=true", fmt.Sprintf(`{"member_card":%q,"barcode":%q}`, card, barcode))
			var refused struct {
				Reasons []struct{ Code, Detail string }
				DueOn   string `json:"due_on"`
			}
			must(t, json.Unmarshal([]byte(dry.raw), &refused))
			if fmt.Sprint(said.Refusals) != fmt.Sprint(refused.Reasons) || said.WouldLend != (dry.status == 200) || dry.status == 200 && said.Due["due_on"] != refused.DueOn {
				t.Errorf("%s for %s: previewed %+v, the desk %d %s", barcode, card, said, dry.status, dry.raw)
			}
		}
	}
}
