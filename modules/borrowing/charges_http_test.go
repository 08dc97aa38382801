package borrowing_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"bookvault/modules/borrowing"
)

func TestAnAccountOverHTTP(t *testing.T) {
	d := atTheDoor(t, 2)
	must(t, d.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 21, Renewals: 2, LoanLimit: 10, FinePerDay: 1000, LostFee: 7000}}))
	d.priced("B1", 1, 100_000)
	d.mustLend("C1", "B1")
	d.days(25)
	if got := d.send("patron:1", "GET", "/charges", ""); got.raw != `{"items":[],"next_cursor":null,"balance":0,"accrued":4000,"currency":"VND","exponent":0}`+"\n" {
		t.Errorf("before: %d %s", got.status, got.raw)
	}
	lost := d.send(theDesk, "POST", "/items/B1/lost", `{"reason":"left in the bus"}`)
	loan, _ := lost.body["loan"].(map[string]any)
	if lost.status != 200 || lost.body["item"].(map[string]any)["status"] != "lost" || len(lost.body["charges"].([]any)) != 3 || loan["lost_on"] != "2026-03-27" || loan["status"] != "open" {
		t.Errorf("lost: %d %s", lost.status, lost.raw)
	}
	list := d.send(theDesk, "GET", "/charges?member_card=C1", "")
	items := list.body["items"].([]any)
	price := items[0].(map[string]any)
	if list.body["balance"] != 111000.0 || list.body["accrued"] != 0.0 || len(items) != 3 || price["kind"] != "lost" || price["title"] != "Title 1" || price["barcode"] != "B1" ||
		price["outstanding"] != 100000.0 || price["on"] != "2026-03-27" || price["loan_id"] != loan["id"] {
		t.Errorf("list: %s", list.raw)
	}
	pay := fmt.Sprintf(`{"member_card":"C1","amount":60000,"charge_id":%v,"method":"cash"}`, price["id"])
	paid := d.send(theDesk, "POST", "/payments", pay, "Idempotency-Key", "p1")
	again := d.send(theDesk, "POST", "/payments", pay, "Idempotency-Key", "p1")
	if want := fmt.Sprintf(`{"amount":60000,"currency":"VND","exponent":0,"charges":[{"charge_id":%v,"amount":60000,"outstanding":40000}],"balance":51000}`, price["id"]) + "\n"; paid.status != 201 || paid.raw != want || again.raw != want {
		t.Errorf("paid: %d %s, again %s", paid.status, paid.raw, again.raw)
	}
	if got := d.send(theDesk, "POST", "/payments", pay); got.status != 409 || got.code() != "payment_too_high" || !strings.Contains(got.raw, "40,000 VND") {
		t.Errorf("too much: %d %s", got.status, got.raw)
	}
	if got := d.send("librarian:9002", "POST", "/waivers", fmt.Sprintf(`{"charge_id":%v,"amount":40000,"reason":"a mistake of ours"}`, price["id"])); got.status != 201 || got.body["balance"] != 11000.0 {
		t.Errorf("waived: %d %s", got.status, got.raw)
	}
	// The oldest first: the fine, then the fee, with which the loan is settled.
	if got := d.send(theDesk, "POST", "/payments", `{"member_card":"C1","amount":11000}`); got.status != 201 || got.body["balance"] != 0.0 || fmt.Sprint(got.body["loans_closed"]) != fmt.Sprint([]any{loan["id"]}) {
		t.Errorf("settled: %d %s", got.status, got.raw)
	}
	if got := d.send(theDesk, "GET", fmt.Sprintf("/loans/%v", loan["id"]), ""); got.body["status"] != "closed" || got.body["closed_by"] != "settled" {
		t.Errorf("loan: %s", got.raw)
	}
	in := d.send(theDesk, "POST", "/check-ins", `{"barcode":"B1"}`)
	if in.status != 200 || fmt.Sprint(in.body["refunded"]) != "map[currency:VND minor:60000]" || in.body["closed_loan"] != nil {
		t.Errorf("check in: %d %s", in.status, in.raw)
	}
	own := d.send("patron:1", "GET", "/charges?limit=1", "")
	entries := own.body["items"].([]any)[0].(map[string]any)["entries"].([]any)
	var kinds []string
	for _, e := range entries {
		kinds = append(kinds, fmt.Sprint(e.(map[string]any)["kind"], e.(map[string]any)["amount"]))
	}
	if fmt.Sprint(kinds) != "[charge100000 payment60000 waiver40000 refund60000]" || strings.Contains(own.raw, "staff/9001") {
		t.Errorf("entries %v: %s", kinds, own.raw)
	}
	d.consistent()
}

func TestWhoMayDoWhatWithMoneyOverHTTP(t *testing.T) {
	d := atTheDoor(t, 2)
	charge := d.send(theDesk, "POST", "/charges", `{"member_card":"C1","amount":5000,"note":"photocopies"}`, "Idempotency-Key", "k")
	again := d.send(theDesk, "POST", "/charges", `{"member_card":"C1","amount":5000,"note":"photocopies"}`, "Idempotency-Key", "k")
	if charge.status != 201 || charge.raw != again.raw || charge.body["kind"] != "manual" || charge.body["note"] != "photocopies" || d.count("borrowing.account_entries") != 1 {
		t.Errorf("charge: %d %s, again %s", charge.status, charge.raw, again.raw)
	}
	another, unknown := d.send("patron:2", "GET", "/charges?member_card=C1", ""), d.send("patron:2", "GET", "/charges?member_card=C77", "")
	if another.status != 404 || another.raw != unknown.raw {
		t.Errorf("another's %s, unknown %s", another.raw, unknown.raw)
	}
	for _, c := range []struct {
		who, path, body string
		status          int
		code            string
	}{
		{"patron:1", "/charges", `{"member_card":"C1","amount":1,"note":"x"}`, 403, "role_needed"},
		{"patron:1", "/payments", `{"member_card":"C1","amount":1}`, 403, "role_needed"},
		{theDesk, "/waivers", `{"member_card":"C1","amount":1,"reason":"x"}`, 403, "role_needed"},
		{"desk:1", "/payments", `{"member_card":"C1","amount":1}`, 403, "payment_for_self"},
		{"librarian:1", "/waivers", `{"member_card":"C1","amount":1,"reason":"x"}`, 403, "waiver_for_self"},
		{theDesk, "/payments", `{"member_card":"C77","amount":1}`, 404, "member_not_found"},
		{theDesk, "/payments", `{"member_card":"C2","amount":1}`, 409, "payment_too_high"},
		{theDesk, "/payments", `{"member_card":"C1","amount":1,"charge_id":999999}`, 404, "charge_not_found"},
		{"librarian:9002", "/waivers", `{"charge_id":999999,"amount":1,"reason":"x"}`, 404, "charge_not_found"},
		{theDesk, "/items/none/lost", ``, 404, "item_not_found"},
		{theDesk, "/items/none/claimed-returned", ``, 404, "item_not_found"},
	} {
		if got := d.send(c.who, "POST", c.path, c.body); got.status != c.status || got.code() != c.code {
			t.Errorf("%s %s %s: %d %s", c.who, c.path, c.body, got.status, got.raw)
		}
	}
	for _, c := range []struct{ method, path, body, field string }{
		{"GET", "/charges", "", "query.member_card"},
		{"GET", "/charges?member_card=C1&status=late", "", "query.status"},
		{"GET", "/charges?member_card=C1&cursor=made-up", "", "query.cursor"},
		{"POST", "/charges", `{"member_card":"C1","amount":0,"note":"x"}`, "body.amount"},
		{"POST", "/charges", `{"member_card":"C1","amount":-5,"note":"x"}`, "body.amount"},
		{"POST", "/charges", `{"member_card":"C1","amount":1000000000001,"note":"x"}`, "body.amount"},
		{"POST", "/charges", `{"member_card":"C1","amount":1.5,"note":"x"}`, "body.amount"},
		{"POST", "/charges", `{"member_card":"C1","amount":99999999999999999999,"note":"x"}`, "body.amount"},
		{"POST", "/charges", `{"member_card":"C1","amount":5,"note":" "}`, "body.note"},
		{"POST", "/payments", `{"member_card":"C1","amount":0}`, "body.amount"},
		{"POST", "/payments", `{"amount":5}`, "body"},
		{"POST", "/waivers", `{"amount":5,"reason":"x"}`, "body.member_card"},
		{"POST", "/waivers", `{"member_card":"C1","amount":5}`, "body"},
		{"POST", "/waivers", `{"member_card":"C1","amount":5,"reason":" "}`, "body.reason"},
		{"POST", "/items/B1/lost", `{"price":0}`, "body.price"},
	} {
		got := d.send("librarian:9002", c.method, c.path, c.body)
		if got.status != 422 && got.status != 400 || !strings.Contains(fmt.Sprint(got.body["errors"]), "field:"+c.field+"]") {
			t.Errorf("%s %s: %d %s, want %s", c.path, c.body, got.status, got.raw, c.field)
		}
	}
	d.consistent()
}

func TestAmountsSayTheirCurrencyAndItsExponent(t *testing.T) {
	d := atTheDoor(t, 4)
	member := 0
	for currency, exponent := range map[string]float64{"VND": 0, "JPY": 0, "USD": 2, "KWD": 3} {
		member++
		d.settings.Currency = currency
		*d.Service = *borrowing.New(d.store, d.people, d.shelf, d.settings)
		must(t, second(d.Charge(desk(), borrowing.NewCharge{Card: fmt.Sprintf("C%d", member), Amount: 5000, Note: "x"}, borrowing.Order{})))
		got := d.send(fmt.Sprintf("patron:%d", member), "GET", "/charges", "")
		if item := got.body["items"].([]any)[0].(map[string]any); got.body["currency"] != currency || got.body["exponent"] != exponent || item["exponent"] != exponent || item["amount"] != 5000.0 {
			t.Errorf("%s: %s", currency, got.raw)
		}
	}
}

func TestAnAccountPagesWithoutRepeatsAndGaps(t *testing.T) {
	d := atTheDoor(t, 1)
	for range 25 {
		must(t, second(d.Charge(desk(), borrowing.NewCharge{Card: "C1", Amount: 10, Note: "x"}, borrowing.Order{})))
	}
	must(t, second(d.pay("C1", 100, 0)))
	for path, want := range map[string]int{"/charges?limit=10": 25, "/charges?status=open&limit=7": 15} {
		seen, next := map[float64]bool{}, path
		for next != "" {
			got := d.send("patron:1", "GET", next, "")
			for _, item := range got.body["items"].([]any) {
				seen[item.(map[string]any)["id"].(float64)] = true
			}
			cursor, more := got.body["next_cursor"].(string)
			if next = ""; more {
				next = path + "&cursor=" + url.QueryEscape(cursor)
			}
		}
		if len(seen) != want {
			t.Errorf("%s: %d of %d", path, len(seen), want)
		}
	}
}
