package borrowing_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/modules/borrowing"
	"bookvault/platform/identity"
	"bookvault/platform/ledger"
	"bookvault/platform/problem"
)

// Members whose id, card and name are found by looking for their text anywhere in the database.
var (
	forgotten = borrowing.Member{ID: 770000013, Card: "29001770000013", Name: "Minh Forgotten", Category: "adult"}
	historian = borrowing.Member{ID: 880000024, Card: "29001880000024", Name: "Hoa Historian", Category: "adult", KeepsHistory: true}
)

const week = 7 * 24 * time.Hour

func atTheForgettingDoor(t *testing.T) door {
	d := atTheDoor(t, 1)
	for _, m := range []borrowing.Member{forgotten, historian} {
		d.people.byID[m.ID] = m
	}
	return d
}

func asPatron(m borrowing.Member) string { return fmt.Sprintf("patron:%d", m.ID) }

// dump gives every row of every table of the module, as text with its table's name.
func (l *library) dump() (rows []string) {
	l.t.Helper()
	ctx := context.Background()
	found, err := l.db.Pool().Query(ctx, `SELECT table_name FROM information_schema.tables WHERE table_schema = 'borrowing' AND table_type = 'BASE TABLE' ORDER BY 1`)
	must(l.t, err)
	tables, err := pgx.CollectRows(found, pgx.RowTo[string])
	must(l.t, err)
	for _, table := range tables {
		found, err := l.db.Pool().Query(ctx, `SELECT row_to_json(t)::text FROM borrowing.`+table+` t ORDER BY 1`)
		must(l.t, err)
		texts, err := pgx.CollectRows(found, pgx.RowTo[string])
		must(l.t, err)
		for _, text := range texts {
			rows = append(rows, table+" "+text)
		}
	}
	return rows
}

// naming gives the rows that hold one of the words, as text or as bytes.
func naming(rows []string, words ...string) (found []string) {
	for _, row := range rows {
		for _, word := range words {
			if strings.Contains(row, word) || strings.Contains(row, hex.EncodeToString([]byte(word))) {
				found = append(found, row)
				break
			}
		}
	}
	return found
}

func of(table string, rows []string) (found []string) {
	for _, row := range rows {
		if strings.HasPrefix(row, table+" ") {
			found = append(found, row)
		}
	}
	return found
}

// deliver has the outbox carried to whoever follows it.
func (l *library) deliver() {
	l.t.Helper()
	box := ledger.NewOutbox("borrowing", "test")
	must(l.t, box.Register(context.Background(), l.db.Pool()))
	_, _, err := box.Deliver(context.Background(), l.db.Pool(), 10_000, func(context.Context, []ledger.Message) error { return nil })
	must(l.t, err)
}

// A member borrows twice: once after waiting for it, with a renewal, once from the shelf; places a hold and gives it up; returns one book
// late, and pays for it and for a lost key. All of it has keys.
func (d door) borrowsAndReturns(m borrowing.Member, first int) (loans []string) {
	d.t.Helper()
	ok := func(got reply) reply {
		d.t.Helper()
		if got.status >= 300 {
			d.t.Fatalf("%d %s", got.status, got.raw)
		}
		return got
	}
	barcode := func(n int) string { return fmt.Sprintf("B%d", first+n) }
	for n := range 3 {
		d.add(barcode(n), first+n)
	}
	key := func(what string) []string { return []string{"Idempotency-Key", fmt.Sprintf("%s-%d", what, first)} }
	ok(d.send(asPatron(m), "POST", "/holds", fmt.Sprintf(`{"book_id":%d,"pickup_branch":"main"}`, book(first)), key("hold")...))
	ok(d.send(theDesk, "POST", "/check-ins", fmt.Sprintf(`{"barcode":%q,"branch":"main"}`, barcode(0)), key("capture")...))
	d.clock.move(time.Minute)
	one := ok(d.send(theDesk, "POST", "/loans", fmt.Sprintf(`{"member_card":%q,"barcode":%q}`, m.Card, barcode(0)), key("fetch")...))
	two := ok(d.send(theDesk, "POST", "/loans", fmt.Sprintf(`{"member_card":%q,"barcode":%q}`, m.Card, barcode(1)), key("lend")...))
	d.clock.move(48 * time.Hour)
	ok(d.send(asPatron(m), "POST", fmt.Sprintf("/loans/%v/renewals", one.body["id"]), "", key("renew")...))
	gone := ok(d.send(asPatron(m), "POST", "/holds", fmt.Sprintf(`{"book_id":%d}`, book(first+2)), key("wish")...))
	ok(d.send(asPatron(m), "DELETE", fmt.Sprintf("/holds/%v", gone.body["id"]), "", key("unwish")...))
	ok(d.send(asPatron(m), "DELETE", fmt.Sprintf("/holds/%v", gone.body["id"]), "", key("unwish-again")...))
	refused := d.send(theDesk, "POST", "/loans", fmt.Sprintf(`{"member_card":%q,"barcode":"no such copy"}`, m.Card), key("refused")...)
	if refused.status != 404 {
		d.t.Fatalf("%d %s", refused.status, refused.raw)
	}
	d.clock.move(28 * 24 * time.Hour)
	for n := range 2 {
		ok(d.send(theDesk, "POST", "/check-ins", fmt.Sprintf(`{"barcode":%q,"branch":"main"}`, barcode(n)), key("return"+barcode(n))...))
	}
	ok(d.send(theDesk, "POST", "/charges", fmt.Sprintf(`{"member_card":%q,"amount":500,"note":"A lost key"}`, m.Card), key("charge")...))
	ok(d.send(theDesk, "POST", "/payments", fmt.Sprintf(`{"member_card":%q,"amount":9500,"method":"cash"}`, m.Card), key("pay")...))
	if account := ok(d.send(asPatron(m), "GET", "/charges", "")); account.body["balance"] != 0.0 || !strings.Contains(account.raw, barcode(1)) {
		d.t.Fatalf("the account: %s", account.raw)
	}
	return []string{fmt.Sprint(one.body["id"]), fmt.Sprint(two.body["id"])}
}

func TestSevenDaysAfterTheReturnNothingLinksALoanToItsMember(t *testing.T) {
	d := atTheForgettingDoor(t)
	must(t, d.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 21, Renewals: 1, LoanLimit: 10, HoldLimit: 10, FinePerDay: 1000}}))
	kept := d.borrowsAndReturns(historian, 11)
	d.borrowsAndReturns(forgotten, 1)
	d.consistent()
	d.deliver()
	refs := d.refsOf(forgotten.ID)
	d.clock.move(week - time.Hour)
	d.keepHouse()
	before := d.dump()
	// The hold that was given up was over weeks ago.
	if left := d.refsOf(forgotten.ID); len(refs) != 4 || len(left) != 3 || len(d.refsOf(historian.ID)) != 4 {
		t.Fatalf("after 6 days %d refs of %d", len(left), len(refs))
	}
	if len(of("idempotency_keys", naming(before, forgotten.Card))) == 0 {
		t.Fatal("no kept answer shows the card: this test could not fail")
	}
	if len(naming(of("notices", before), refs...)) == 0 || len(naming(of("charge_subjects", before), refs...)) == 0 {
		t.Fatal("no notice and no charge is about a loan: this test could not fail")
	}
	if left := of("outbox", before); len(left) > 0 {
		t.Errorf("%d rows of the outbox are left, such as %s", len(left), left[0])
	}

	d.clock.move(2 * time.Hour)
	d.keepHouse()
	if left := d.refsOf(forgotten.ID); len(left) > 0 {
		t.Errorf("%d links after seven days", len(left))
	}
	d.clock.move(24 * time.Hour) // charges by hand have a day, and no time
	for range 2 {                // late or twice is the same
		d.keepHouse()
	}
	after := d.dump()
	moments := moments(of("events", after), refs)
	for _, row := range naming(after, "770000013", forgotten.Card, forgotten.Name) {
		// Of the member there is the standing and the account, which say nothing of any loan: no ref, and no time that an event of one has.
		if table, _, _ := strings.Cut(row, " "); table != "accounts" && table != "account_entries" || len(naming([]string{row}, append(moments, refs...)...)) > 0 {
			t.Errorf("still names the member: %s", row)
		}
	}
	for _, table := range []string{"notices", "charge_subjects", "borrower_refs", "idempotency_keys"} {
		if left := naming(of(table, after), refs...); len(left) > 0 {
			t.Errorf("still speaks of the loan: %s", left[0])
		}
	}
	if account := d.send(asPatron(forgotten), "GET", "/charges", ""); strings.Contains(account.raw, "loan_id") || strings.Contains(account.raw, "barcode") || !strings.Contains(account.raw, "9000") {
		t.Errorf("the account shows what a charge was for, or not what was paid: %s", account.raw)
	}
	if was, is := of("events", before), of("events", after); fmt.Sprint(was) != fmt.Sprint(is) || len(was) < 20 {
		t.Error("the ledger was changed")
	}
	if was, is := len(of("loans", before)), len(of("loans", after)); was != 4 || is != 4 {
		t.Errorf("%d loans, then %d: the statistics lost some", was, is)
	}

	if got := d.send(asPatron(forgotten), "GET", "/loans", ""); got.raw != `{"items":[],"next_cursor":null}`+"\n" {
		t.Errorf("the member sees %s", got.raw)
	}
	if got := d.send(asPatron(historian), "GET", "/loans", ""); len(got.body["items"].([]any)) != 2 || !strings.Contains(got.raw, historian.Card) {
		t.Errorf("who keeps a history sees %s", got.raw)
	}
	if got := d.send(theDesk, "GET", "/loans/"+kept[0], ""); got.body["member_card"] != historian.Card {
		t.Errorf("the desk sees of who keeps a history: %s", got.raw)
	}

	// No longer keeping one cuts everything at the next round; also when the news of it was lost.
	d.people.change(historian.ID, func(m *borrowing.Member) { m.KeepsHistory = false })
	d.keepHouse()
	if left := d.refsOf(historian.ID); len(left) > 0 {
		t.Errorf("%d links are left of who gave up the history", len(left))
	}
	if got := d.send(theDesk, "GET", "/loans/"+kept[0], ""); got.status != 200 || got.body["member_card"] != "" {
		t.Errorf("the desk sees of a forgotten one: %s", got.raw)
	}
	d.keepHouse()
	d.replays() // every hash still fits, and the tables are what the ledger makes of them
}

// moments gives the times of events that speak of refs.
func moments(events, refs []string) (at []string) {
	for _, row := range naming(events, refs...) {
		var event struct{ At string }
		if json.Unmarshal([]byte(strings.TrimPrefix(row, "events ")), &event) == nil {
			at = append(at, event.At)
		}
	}
	return at
}

// refsOf gives the refs behind which a member stands.
func (l *library) refsOf(member int64) []string {
	l.t.Helper()
	rows, err := l.db.Pool().Query(context.Background(), `SELECT borrower_ref::text FROM borrowing.borrower_refs WHERE member_id = $1 ORDER BY 1`, member)
	must(l.t, err)
	refs, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(l.t, err)
	return refs
}

func TestAKeyWhoseAnswerWasForgottenStillHasOneEffect(t *testing.T) {
	d := atTheForgettingDoor(t)
	d.add("B1", 1)
	lend := fmt.Sprintf(`{"member_card":%q,"barcode":"B1"}`, forgotten.Card)
	first := d.send(theDesk, "POST", "/loans", lend, "Idempotency-Key", "k")
	in := d.send(theDesk, "POST", "/check-ins", `{"barcode":"B1"}`, "Idempotency-Key", "r")
	if first.status != 201 || in.status != 200 {
		t.Fatalf("%s %s", first.raw, in.raw)
	}
	// The migration gives keys of before the names that they are looked for by.
	if n := d.count(`borrowing.idempotency_keys WHERE name = sha256(convert_to('idempotency' || E'\n' || octet_length('member/9001') || ' ' || 'member/9001' || E'\n'
		|| octet_length('POST /loans') || ' ' || 'POST /loans' || E'\n' || 'k', 'UTF8'))`); n != 1 {
		t.Errorf("%d keys have the migration's name", n)
	}
	d.clock.move(week + time.Hour)
	d.keepHouse()
	if got := d.send(theDesk, "POST", "/loans", lend, "Idempotency-Key", "k"); got.status != 410 || got.code() != borrowing.AnswerForgotten {
		t.Errorf("the same again: %d %s", got.status, got.raw)
	}
	if got := d.send(theDesk, "POST", "/check-ins", `{"barcode":"B1"}`, "Idempotency-Key", "r"); got.status != 410 {
		t.Errorf("the return again: %d %s", got.status, got.raw)
	}
	if got := d.send(theDesk, "POST", "/loans", `{"member_card":"C1","barcode":"B1"}`, "Idempotency-Key", "k"); got.code() != "idempotency_key_reused" {
		t.Errorf("another body: %d %s", got.status, got.raw)
	}
	if n := d.count("borrowing.loans"); n != 1 {
		t.Errorf("%d loans", n)
	}
	d.clock.move(30 * 24 * time.Hour)
	d.keepHouse()
	if n := d.count("borrowing.idempotency_keys"); n != 0 {
		t.Errorf("%d keys after 30 days", n)
	}
	if got := d.send(theDesk, "POST", "/loans", lend, "Idempotency-Key", "k"); got.status != 201 {
		t.Errorf("after 30 days the key is new: %d %s", got.status, got.raw)
	}
}

// One who works here borrows as everybody does: the ledger calls them a borrower in what is theirs, and by name only in what they do
// for others.
func TestTheLedgerDoesNotNameStaffWhoBorrow(t *testing.T) {
	l := opened(t, 2)
	l.add("B1", 1)
	l.add("B2", 2)
	must(t, second(l.CheckOut(as(identity.Librarian, 1), borrowing.CheckOut{Card: "C1", BookID: book(1)}, borrowing.Order{})))
	must(t, second(l.CheckOut(as(identity.Librarian, 1), borrowing.CheckOut{Card: "C2", Barcode: "B2"}, borrowing.Order{})))
	if n := l.count("borrowing.events WHERE actor = 'staff/1' AND (data ->> 'book_id')::bigint <> 2048"); n != 0 {
		t.Errorf("%d events of the loan name its borrower", n)
	}
	if n := l.count("borrowing.events WHERE actor = 'staff/1' AND type = 'LoanOpened'"); n != 1 {
		t.Errorf("%d loans made for others say who made them", n)
	}
}

func TestWhatIsOpenIsNeverForgotten(t *testing.T) {
	l := opened(t, 2)
	l.add("B1", 1)
	l.add("B2", 2)
	l.mustLend("C1", "B1")
	l.hold(1, 2, "main")
	l.hold(2, 1, "east")
	l.clock.move(3 * 365 * 24 * time.Hour)
	l.keepHouse()
	if n := l.count("borrowing.borrower_refs"); n != 3 {
		t.Errorf("%d links of 3 open things", n)
	}
	must(t, l.ForgetMember(context.Background(), 1))
	if n := l.count("borrowing.borrower_refs"); n != 3 {
		t.Errorf("%d links of 3 open things, after a member was forgotten who still has them", n)
	}
}

func TestAHoldIsKnownWhileACopyWearsItsSlip(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1)
	l.hold(1, 1, "main")
	l.checkIn("B1", "main")
	l.clock.move(30 * 24 * time.Hour)
	l.keepHouse() // it expires
	l.clock.move(week + time.Hour)
	l.keepHouse()
	if n := l.count("borrowing.borrower_refs"); n != 1 {
		t.Fatalf("%d links: a late pickup finds nobody", n)
	}
	l.checkIn("B1", "main") // the shelf is cleared
	l.keepHouse()
	if n := l.count("borrowing.borrower_refs"); n != 0 {
		t.Errorf("%d links after the shelf was cleared", n)
	}
}

func TestABookDropReturnCountsFromTheDayItCameBack(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1)
	l.mustLend("C1", "B1")
	l.clock.move(20 * 24 * time.Hour)
	back := l.Today(l.clock.now.Add(-10 * 24 * time.Hour))
	_, err := l.CheckIn(desk(), borrowing.CheckIn{Barcode: "B1", ReturnedOn: &back}, borrowing.Order{})
	must(t, err)
	l.keepHouse()
	if n := l.count("borrowing.borrower_refs"); n != 0 {
		t.Errorf("%d links, ten days after the return", n)
	}
}

func TestADeletedMemberIsForgottenAtOnceWhateverTheyChose(t *testing.T) {
	d := atTheForgettingDoor(t)
	must(t, d.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 21, Renewals: 1, LoanLimit: 10, HoldLimit: 10, FinePerDay: 1000}}))
	d.borrowsAndReturns(historian, 1)
	for range 2 {
		must(t, d.ForgetMember(context.Background(), historian.ID))
	}
	d.keepHouse()
	for _, row := range naming(d.dump(), "880000024", historian.Card, historian.Name) {
		if !strings.HasPrefix(row, "account_entries ") { // the books of the library
			t.Errorf("left: %s", row)
		}
	}
	d.consistent()
}

func TestForgettingGoesOnInBatchesWhereItStopped(t *testing.T) {
	l := opened(t, 1)
	l.byHand = true
	ctx := context.Background()
	for _, query := range []string{
		`INSERT INTO borrowing.titles (book_id, items) VALUES (1024, 1)`,
		`INSERT INTO borrowing.items (id, barcode, book_id, home_branch, current_branch, item_type, loanable, status, created_at) VALUES (1, 'B', 1024, 'main', 'main', 'book', false, 'available', now())`,
		`INSERT INTO borrowing.borrower_refs SELECT md5(n::text)::uuid, 1 + n % 7 FROM generate_series(1, 1234) n`,
		`INSERT INTO borrowing.loans (borrower_ref, member_id, item_id, book_id, item_type, branch, channel, status, opened_at, collected_at, due_on, due_at, closed_at, returned_on, closed_by, terms, explanation)
			SELECT md5(n::text)::uuid, 1 + n % 7, 1, 1024, 'book', 'main', 'desk', 'closed', '2025-01-01', '2025-01-01', '2025-02-01', '2025-02-01', '2025-01-20', '2025-01-20', 'check_in', '{}', '{}' FROM generate_series(1, 1234) n`,
	} {
		_, err := l.db.Pool().Exec(ctx, query)
		must(t, err)
	}
	var step func(context.Context) (int, error)
	for _, s := range l.Housekeeping() {
		if s.Name == "borrowers" {
			step = s.Run
		}
	}
	if n, err := step(ctx); n != 500 || err != nil {
		t.Fatalf("the first batch: %d %v", n, err)
	}
	l.keepHouse()
	if n := l.count("borrowing.borrower_refs"); n != 0 || l.count("borrowing.loans WHERE member_id IS NOT NULL") != 0 || l.count("borrowing.loans") != 1234 {
		t.Errorf("%d links are left", n)
	}
	k, err := l.Kept(ctx)
	if err != nil || k != (borrowing.Kept{Messages: 2}) { // of the branch and the item type that the library opened with: nobody reads them here
		t.Errorf("%+v %v", k, err)
	}
}

func TestALoanUnderOpenChargesNamesItsMemberUntilTheyAreSettled(t *testing.T) {
	d := atTheForgettingDoor(t)
	must(t, d.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 21, LoanLimit: 10, FinePerDay: 1000}}))
	d.add("B1", 1)
	d.mustLend(forgotten.Card, "B1")
	d.clock.move(30 * 24 * time.Hour)
	d.checkIn("B1", "main")
	d.clock.move(100 * 24 * time.Hour)
	d.keepHouse()
	if n := len(d.refsOf(forgotten.ID)); n != 1 {
		t.Fatalf("%d links while the fine is open", n)
	}
	refs := d.refsOf(forgotten.ID)
	pay := func(minor int64) {
		t.Helper()
		paid, err := d.Pay(desk(), borrowing.Settle{Card: forgotten.Card, Amount: minor, Method: "cash"}, d.keyed(fmt.Sprintf("pay %d", minor)))
		if must(t, err); paid.Minor != minor {
			t.Fatalf("%+v", paid)
		}
		d.keepHouse()
	}
	pay(1000)
	if n := len(d.refsOf(forgotten.ID)); n != 1 {
		t.Errorf("%d links while a part of the fine is open", n)
	}
	// Its subject leads from the account to the loan, and from the account's entry to the ledger's.
	before := d.dump()
	subject := of("charge_subjects", before)
	if len(subject) != 1 || len(naming(subject, refs...)) != 1 || len(of("idempotency_keys", naming(before, "1000"))) == 0 {
		t.Fatalf("the charge is for %s", subject)
	}
	pay(8000)
	after := d.dump()
	if left := append(of("charge_subjects", after), of("borrower_refs", after)...); len(left) > 0 {
		t.Errorf("left: %s", left)
	}
	for _, row := range naming(after, "770000013", forgotten.Card) {
		if table, _, _ := strings.Cut(row, " "); table != "accounts" && table != "account_entries" || len(naming([]string{row}, refs...)) > 0 {
			t.Errorf("still names the member: %s", row)
		}
	}
	if n := len(of("account_entries", after)); n != 3 {
		t.Errorf("%d entries: the account lost some", n)
	}
	for _, event := range of("events", before) {
		if !slices.Contains(after, event) {
			t.Errorf("the ledger was changed: %s", event)
		}
	}
	for _, row := range of("idempotency_keys", after) {
		if !strings.Contains(row, `"answer":null`) {
			t.Errorf("a kept answer still tells of a payment: %s", row)
		}
	}
}

func TestAChargeByHandIsCutFromTheLedgerAWeekAfterItWasSettled(t *testing.T) {
	d := atTheForgettingDoor(t)
	for _, m := range []borrowing.Member{forgotten, historian} {
		must(t, second(d.Charge(desk(), borrowing.NewCharge{Card: m.Card, Amount: 500, Note: "A lost key"}, d.keyed("charge "+m.Card))))
		must(t, second(d.Pay(desk(), borrowing.Settle{Card: m.Card, Amount: 500}, d.keyed("pay "+m.Card))))
	}
	d.clock.move(week - 24*time.Hour)
	d.keepHouse()
	if n := d.count("borrowing.charge_subjects"); n != 2 {
		t.Errorf("%d subjects after six days", n)
	}
	d.clock.move(48 * time.Hour)
	d.keepHouse()
	rows := d.dump()
	if n := len(of("charge_subjects", rows)); n != 1 || len(of("idempotency_keys", naming(rows, `"answer":null`))) != 2 {
		t.Errorf("%d subjects are left, of who keeps a history", n)
	}
	must(t, d.ForgetMember(context.Background(), historian.ID))
	if n := d.count("borrowing.charge_subjects"); n != 0 {
		t.Errorf("%d subjects are left of a member who is gone", n)
	}
}

// A lost copy that was paid for may still be found, and the money given back.
func TestALostLoanNamesItsMemberWhileARefundCouldBeDue(t *testing.T) {
	const refundDays = 180
	d := atTheForgettingDoor(t).with(func(s *borrowing.Settings) { s.LostRefund.Days = refundDays })
	d.add("B1", 1, func(n *borrowing.NewItem) { n.Price = &borrowing.Money{Minor: 9000, Currency: "VND"} })
	d.mustLend(forgotten.Card, "B1")
	must(t, second(d.DeclareLost(desk(), borrowing.DeclareLost{Barcode: "B1"}, borrowing.Order{})))
	must(t, second(d.Pay(desk(), borrowing.Settle{Card: forgotten.Card, Amount: 9000}, borrowing.Order{})))
	d.clock.move(refundDays * 24 * time.Hour)
	d.keepHouse()
	if n := len(d.refsOf(forgotten.ID)); n != 1 {
		t.Errorf("%d links on the last day on which a return brings a refund", n)
	}
	d.clock.move(24 * time.Hour)
	d.keepHouse()
	if n := len(d.refsOf(forgotten.ID)); n != 0 {
		t.Errorf("%d links after that", n)
	}
}

// keyed makes an order with a key of its own, whose answer is kept as JSON.
func (l *library) keyed(key string) borrowing.Order {
	o := once(key, key)
	o.Once.Encode = func(result any, refused *problem.Error) (int, []byte, error) {
		if refused != nil {
			return refused.Kind.Status(), []byte(refused.Code), nil
		}
		b, err := json.Marshal(result)
		return 201, b, err
	}
	return o
}
