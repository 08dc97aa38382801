package borrowing_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/identity"
)

func TestAMemberIsNotDeletedWithLoansABalanceOrCapturedHolds(t *testing.T) {
	l := opened(t, 3)
	for n := 1; n <= 4; n++ {
		l.add(fmt.Sprintf("B%d", n), n)
	}
	l.mustLend("C1", "B1")
	l.hold(1, 2, "main")
	l.checkIn("B2", "main") // kept for member 1
	l.mustLend("C2", "B3")
	waiting := l.hold(1, 3, "main")
	l.owing("C1", 500)
	if got := codes(t, l.CloseAccount(librarian(), 1)); !slices.Equal(got, []string{borrowing.MemberHasLoans, borrowing.MemberHasBalance, borrowing.MemberHasCapturedHolds}) {
		t.Fatalf("refused for %v", got)
	}
	if h, err := l.Hold(desk(), waiting.ID); err != nil || h.Status != borrowing.HoldWaiting {
		t.Errorf("a refusal left its mark: %+v, %v", h, err)
	}
	must(t, second(l.Pay(desk(), borrowing.Settle{Card: "C1", Amount: 500, Method: "cash"}, borrowing.Order{})))
	l.checkIn("B1", "main")
	l.mustLend("C1", "B2")
	l.checkIn("B2", "main")
	given := l.hold(1, 4, "main")
	l.checkIn("B4", "main")
	must(t, second(l.CancelHold(patron(1), given.ID, borrowing.Order{}))) // the copy still wears the slip
	for range 2 {                                                         // it can be repeated
		must(t, l.CloseAccount(librarian(), 1))
	}
	l.consistent()
	if h, err := l.Hold(desk(), waiting.ID); err != nil || h.Status != borrowing.HoldCancelled || h.MemberID != 0 {
		t.Errorf("the waiting hold: %+v, %v", h, err)
	}
	for table, column := range memberColumns(t, l) {
		// The account's entries stay, as the library's books do: they name the id, which is nobody's any more.
		if table != "accounts" && table != "account_entries" && l.count(`borrowing.`+table+` WHERE `+column+` = 1`) != 0 {
			t.Errorf("%s still names the member", table)
		}
	}
	if in := l.checkIn("B4", "main"); in.Item.Status != borrowing.Available {
		t.Errorf("the copy that wore the slip of nobody: %+v", in)
	}
	l.consistent()
	// Whoever looked the member up before does not lend to them now.
	_, err := l.lend("C1", "B1")
	if got := codes(t, err); !slices.Equal(got, []string{borrowing.AccountClosed}) {
		t.Errorf("lending to a closed account: %v", got)
	}
	_, err = l.PlaceHold(patron(1), borrowing.PlaceHold{BookID: book(3)}, borrowing.Order{})
	if got := codes(t, err); !slices.Equal(got, []string{borrowing.AccountClosed}) {
		t.Errorf("a hold for a closed account: %v", got)
	}
	for who, ctx := range map[string]context.Context{"the desk": desk(), "the member": as(identity.Administrator, 2)} {
		if err := l.CloseAccount(ctx, 2); code(err) != "role_needed" && code(err) != "own_account" {
			t.Errorf("closed by %s: %v", who, err)
		}
	}
}

// owing puts a charge on a member's account.
func (l *library) owing(card string, amount int64) {
	l.t.Helper()
	must(l.t, second(l.Charge(desk(), borrowing.NewCharge{Card: card, Amount: amount, Note: "A new card"}, borrowing.Order{})))
}

// memberColumns lists the tables that say which member something is of.
func memberColumns(t *testing.T, l *library) map[string]string {
	t.Helper()
	rows, err := l.db.Pool().Query(context.Background(), `SELECT table_name, column_name FROM information_schema.columns
		WHERE table_schema = 'borrowing' AND column_name = 'member_id'`)
	must(t, err)
	defer rows.Close()
	found := map[string]string{}
	for rows.Next() {
		var table, column string
		must(t, rows.Scan(&table, &column))
		found[table] = column
	}
	if len(found) < 4 {
		t.Fatalf("only %v name members: this test could not fail", found)
	}
	return found
}

func TestMergedMembersHaveOneAccount(t *testing.T) {
	l := opened(t, 4)
	for n := 1; n <= 6; n++ {
		l.add(fmt.Sprintf("B%d", n), n)
	}
	open := l.mustLend("C1", "B1")
	past := l.mustLend("C1", "B2")
	l.checkIn("B2", "main")
	own := l.mustLend("C2", "B3")
	for n := 4; n <= 5; n++ {
		l.mustLend("C4", fmt.Sprintf("B%d", n))
	}
	earlier, later := l.hold(1, 4, "main"), l.hold(2, 4, "main") // of the duplicate, of the survivor
	first, repeated := l.hold(2, 5, "main"), l.hold(1, 5, "main")
	stranger := l.hold(3, 5, "main")
	l.hold(1, 6, "main")
	l.checkIn("B6", "main") // kept for the duplicate
	l.owing("C1", 500)
	l.owing("C2", 200)
	must(t, second(l.Pay(desk(), borrowing.Settle{Card: "C1", Amount: 100, Method: "cash"}, borrowing.Order{})))
	for range 2 {
		must(t, l.MergeAccounts(librarian(), 1, 2))
		l.consistent()
	}
	for id, want := range map[int64]borrowing.HoldStatus{earlier.ID: "waiting", later.ID: "cancelled", first.ID: "waiting", repeated.ID: "cancelled", stranger.ID: "waiting"} {
		if h, err := l.Hold(desk(), id); err != nil || h.Status != want {
			t.Errorf("hold %d: %s, want %s (%v)", id, h.Status, want, err)
		}
	}
	if h, _ := l.Hold(desk(), stranger.ID); h.Position != 2 {
		t.Errorf("who waits behind them is at %d", h.Position)
	}
	loans, _, err := l.Loans(desk(), "C2", borrowing.LoanFilter{Limit: 10})
	must(t, err)
	var ids []int64
	for _, loan := range loans {
		ids = append(ids, loan.ID)
	}
	if !slices.Equal(ids, []int64{own.ID, past.ID, open.ID}) {
		t.Errorf("the survivor's loans: %v", ids)
	}
	for table, column := range memberColumns(t, l) {
		if table != "accounts" && l.count(`borrowing.`+table+` WHERE `+column+` = 1`) != 0 {
			t.Errorf("%s still has something of the duplicate", table)
		}
	}
	if account, err := l.Account(desk(), "C2", borrowing.ChargeFilter{Limit: 10}); err != nil || account.Balance.Minor != 600 || len(account.Charges) != 2 || len(account.Charges[1].Entries) != 2 {
		t.Errorf("the survivor's account: %+v, %v", account, err)
	}
	must(t, second(l.Pay(desk(), borrowing.Settle{Card: "C2", Amount: 600, Method: "cash"}, borrowing.Order{})))
	if lent := l.mustLend("C2", "B6"); lent.Barcode != "B6" { // the hold came along, with its copy on the shelf
		t.Errorf("%+v", lent)
	}
	if _, err := l.lend("C1", "B2"); !slices.Equal(codes(t, err), []string{borrowing.AccountClosed}) {
		t.Errorf("lending to the duplicate: %v", err)
	}
	l.consistent()
	// Nobody merges for themselves, nor into an account that is closed.
	for _, pair := range [][2]int64{{1, 2}, {2, 1}} {
		if err := l.MergeAccounts(as(identity.Librarian, 1), pair[0], pair[1]); code(err) != "own_account" {
			t.Errorf("%v: %v", pair, err)
		}
	}
	if err := l.MergeAccounts(librarian(), 3, 1); code(err) != borrowing.AccountClosed {
		t.Errorf("into a closed one: %v", err)
	}
}

// The last day of a membership still lends, to the library's midnight; the second after it does not.
func TestTheLastDayOfAMembershipStillLends(t *testing.T) {
	l := opened(t, 1)
	l.add("B1", 1)
	l.add("B2", 2)
	last, err := borrowing.ParseDate("2026-03-02")
	must(t, err)
	l.people.change(1, func(m *borrowing.Member) { m.ExpiresOn = &last })
	l.clock.move(12*time.Hour - time.Second) // 23:59:59 in Berlin, where it is 22:59:59 UTC
	l.mustLend("C1", "B1")
	l.clock.move(time.Second)
	if _, err := l.lend("C1", "B2"); !slices.Equal(codes(t, err), []string{borrowing.MemberExpired}) {
		t.Errorf("after midnight: %v", err)
	}
}
