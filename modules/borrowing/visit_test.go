package borrowing_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"bookvault/modules/borrowing"
)

// One question of a card says what the lists say, each kind of reading is recorded for staff, and it is for nobody else.
func TestADeskMeetsAMemberInOneQuestion(t *testing.T) {
	var read []string
	full := errors.New("the disk is full")
	var fails error
	d := atTheDoor(t, 2, func(s *borrowing.Settings) {
		s.StaffRead = func(_ context.Context, member int64, what ...string) error {
			read = append(read, fmt.Sprint(strings.Join(what, " "), " of ", member))
			return fails
		}
	})
	must(t, d.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 21, Renewals: 2, LoanLimit: 10, HoldLimit: 5, FinePerDay: 1000}}))
	d.add("B1", 1)
	d.add("B2", 2)
	d.mustLend("C2", "B2")
	d.mustLend("C1", "B1")
	d.hold(1, 2, "main")
	d.checkIn("B2", "main") // kept for the first
	d.days(25)
	d.people.change(1, func(m *borrowing.Member) {
		expires, err := borrowing.ParseDate("2030-01-31")
		must(t, err)
		m.ExpiresOn, m.Blocks, m.BlockNotes = &expires, []string{"conduct", "address"}, map[string]string{"conduct": "loud"}
	})

	read = nil
	got := d.send(theDesk, "GET", "/borrowers/C1", "")
	if got.status != 200 || fmt.Sprint(read) != "[account_read loans_read holds_read charges_read of 1]" {
		t.Fatalf("%d %s, recorded %v", got.status, got.raw, read)
	}
	for field, path := range map[string]string{"loans": "/loans?member_card=C1&status=open", "holds": "/holds?member_card=C1"} {
		if list := d.send(theDesk, "GET", path, ""); fmt.Sprint(got.body[field]) != fmt.Sprint(list.body["items"]) || len(list.body["items"].([]any)) != 1 {
			t.Errorf("%s are %v, the list has %s", field, got.body[field], list.raw)
		}
	}
	for _, part := range []string{`"card":"C1","name":"Member 1","category":"adult","expires_on":"2030-01-31","blocks":[{"code":"conduct","note":"loud"},{"code":"address"}],`,
		`"account":{"balance":0,"accrued":4000,"currency":"VND","exponent":0}`, `"status":"ready"`, `"overdue":true`} {
		if !strings.Contains(got.raw, part) {
			t.Errorf("no %s in %s", part, got.raw)
		}
	}
	if other := d.send(theDesk, "GET", "/borrowers/C2", ""); !strings.Contains(other.raw, `"blocks":[],"loans":[],"holds":[]`) || strings.Contains(other.raw, "expires_on") {
		t.Errorf("with nothing: %s", other.raw)
	}

	read = nil
	if got := d.send(theDesk, "GET", "/borrowers/C77", ""); got.status != 404 || got.code() != "member_not_found" {
		t.Errorf("nobody's card: %d %s", got.status, got.raw)
	}
	if got := d.send("patron:1", "GET", "/borrowers/C1", ""); got.status != 403 {
		t.Errorf("a patron, of themselves: %d %s", got.status, got.raw)
	}
	if got := d.send("desk:1", "GET", "/borrowers/C1", ""); got.status != 200 || len(read) != 0 {
		t.Errorf("staff, of themselves: %d, recorded %v", got.status, read)
	}
	if _, err := d.Visit(patron(2), "C1"); err == nil {
		t.Error("a patron was let in behind the door")
	}
	fails = full
	if _, err := d.Visit(desk(), "C1"); !errors.Is(err, full) {
		t.Errorf("answered although it is not recorded: %v", err)
	}
}

// An account that cannot be read keeps nobody from borrowing; without loans or holds there is no picture of who stands there.
func TestADeskGoesOnWithoutWhatAMemberOwes(t *testing.T) {
	l := opened(t, 1)
	for _, c := range []struct {
		store failing
		shown bool
	}{{failing{Store: l.store, owed: errors.New("ill")}, true}, {failing{Store: l.store, holds: errors.New("ill")}, false}} {
		v, err := borrowing.New(c.store, l.people, l.shelf, l.settings).Visit(desk(), "C1")
		if (err == nil) != c.shown || v.Debt != nil || c.shown && v.Member.Card != "C1" {
			t.Errorf("%+v, %v", v, err)
		}
	}
}

// failing is a store of which a part is ill.
type failing struct {
	borrowing.Store
	owed, holds error
}

func (f failing) Owed(ctx context.Context, memberID int64, today borrowing.Date) (map[string]int64, []borrowing.Lateness, error) {
	if f.owed != nil {
		return nil, nil, f.owed
	}
	return f.Store.Owed(ctx, memberID, today)
}

func (f failing) Holds(ctx context.Context, filter borrowing.HoldFilter) ([]borrowing.Hold, error) {
	if f.holds != nil {
		return nil, f.holds
	}
	return f.Store.Holds(ctx, filter)
}
