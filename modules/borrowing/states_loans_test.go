package borrowing_test

import (
	"testing"

	"bookvault/modules/borrowing"
)

// whatBecomesOfALoan is the specification of a loan of member 1, like that of a copy: what closed it, else whether it is open with a
// copy that is lost, or claimed to be returned, or just open. The copy belongs to main and costs something. Housekeeping declares lost
// what is 30 days overdue.
var whatBecomesOfALoan = []string{`
                       | renew              | undo the loan       | collect      | due sooner         | due later
open                   | open               | reversal            | open         | open               | open
open, overdue          | open               | !loan_has_followers | open         | !invalid_request   | open
open, 4 waits          | !hold_queue_ahead  | reversal            | open         | open               | !hold_queue_ahead
open, filled a hold    | open               | reversal            | open         | open               | open
open, renewed          | open               | !loan_has_followers | open         | open               | open
web, not collected     | open               | reversal            | open         | open               | open
web, renewed           | open               | !loan_has_followers | open         | open               | open
web, another is free   | open               | reversal            | open         | open               | open
web, another took over | open               | !loan_has_followers | open         | open               | open
web, collected         | open               | !loan_has_followers | open         | open               | open
lost                   | !item_not_lendable | !loan_has_followers | lost         | !item_not_lendable | !item_not_lendable
lost, settled          | !loan_closed       | !loan_closed        | !loan_closed | !loan_closed       | !loan_closed
claimed returned       | !item_not_lendable | !loan_has_followers | claimed      | !item_not_lendable | !item_not_lendable
checked in             | !loan_closed       | !loan_closed        | !loan_closed | !loan_closed       | !loan_closed
reversed               | !loan_closed       | !loan_closed        | !loan_closed | !loan_closed       | !loan_closed
`, `
                       | in at main | in at east | declare lost        | claim returned
open                   | check_in   | check_in   | lost                | claimed
open, overdue          | check_in   | check_in   | lost                | claimed
open, 4 waits          | check_in   | check_in   | lost                | claimed
open, filled a hold    | check_in   | check_in   | lost                | claimed
open, renewed          | check_in   | check_in   | lost                | claimed
web, not collected     | check_in   | check_in   | !loan_not_collected | !loan_not_collected
web, renewed           | check_in   | check_in   | !loan_not_collected | !loan_not_collected
web, another is free   | check_in   | check_in   | !loan_not_collected | !loan_not_collected
web, another took over | check_in   | check_in   | !loan_not_collected | !loan_not_collected
web, collected         | check_in   | check_in   | lost                | claimed
lost                   | check_in   | check_in   | lost                | !item_lost
lost, settled          | settled    | settled    | settled             | !item_not_on_loan
claimed returned       | check_in   | check_in   | lost                | claimed
checked in             | check_in   | check_in   | check_in            | !item_not_on_loan
reversed               | reversal   | reversal   | reversal            | !item_not_on_loan
`, `
                       | lend to 1          | lend to 2          | 2 takes it over    | 5 days and a round | 80 days and a round
open                   | !already_yours     | !item_on_loan      | check_in           | open               | lost
open, overdue          | !already_yours     | !item_on_loan      | check_in           | open               | lost
open, 4 waits          | !already_yours     | !item_on_loan      | check_in           | open               | lost
open, filled a hold    | !already_yours     | !item_on_loan      | check_in           | open               | lost
open, renewed          | !already_yours     | !item_on_loan      | check_in           | open               | lost
web, not collected     | open               | !item_on_loan      | check_in           | reversal           | reversal
web, renewed           | open               | !item_on_loan      | check_in           | reversal           | reversal
web, another is free   | open               | open               | open               | reversal           | reversal
web, another took over | open               | !item_on_loan      | check_in           | reversal           | reversal
web, collected         | !already_yours     | !item_on_loan      | check_in           | open               | lost
lost                   | !already_yours     | !item_on_loan      | check_in           | lost               | lost
lost, settled          | !item_not_lendable | !item_not_lendable | !item_not_lendable | settled            | settled
claimed returned       | !already_yours     | !item_on_loan      | check_in           | claimed            | claimed
checked in             | check_in           | check_in           | check_in           | check_in           | check_in
reversed               | reversal           | reversal           | reversal           | reversal           | reversal
`, `
                       | pay for it | waive it
lost                   | settled    | settled
`}

// arrangeLoan brings a new loan of member 1 into a situation, by commands.
func (l *library) arrangeLoan(title int, situation string) *scene {
	l.t.Helper()
	s := l.stage(title, func(n *borrowing.NewItem) { n.Price = &borrowing.Money{Minor: 100_000, Currency: "VND"} })
	switch situation {
	case "web, not collected", "web, renewed", "web, another is free", "web, another took over", "web, collected":
		s.loan = l.borrow(1, title).ID
	case "open, filled a hold":
		l.hold(1, title, "main")
		l.checkIn(s.barcode, "main")
		fallthrough
	default:
		s.loan = l.mustLend("C1", s.barcode).ID
	}
	switch situation {
	case "open", "open, filled a hold", "web, not collected":
	case "open, overdue":
		l.days(25)
	case "open, 4 waits":
		must(l.t, waiting(s))
	case "open, renewed", "web, renewed":
		must(l.t, commands["renew"].do(s))
	case "web, another is free":
		l.add(s.barcode+"-other", title)
	case "web, another took over":
		l.add(s.barcode+"-other", title)
		l.mustLend("C2", s.barcode)
		s.barcode += "-other"
	case "web, collected":
		must(l.t, commands["collect"].do(s))
	case "lost":
		l.lose(s.barcode)
	case "lost, settled":
		l.lose(s.barcode)
		must(l.t, loanCommands["pay for it"].do(s))
	case "claimed returned":
		must(l.t, commands["claim returned"].do(s))
	case "checked in":
		l.checkIn(s.barcode, "main")
	case "reversed":
		must(l.t, commands["undo the loan"].do(s))
	default:
		l.t.Fatalf("nobody knows how a loan becomes %q", situation)
	}
	if loan := l.loan(s.loan); loan.Barcode != s.barcode || loan.Overdue != (situation == "open, overdue") {
		l.t.Fatalf("%s: arranged %+v", situation, loan)
	}
	return s
}

// dueIn moves the due date of the loan by some days.
func dueIn(days borrowing.Date) doing {
	return doing{"", func(s *scene) error {
		day := s.library.loan(s.loan).DueOn + days
		return second(s.ChangeDueDate(desk(), s.loan, day, "as agreed", borrowing.Override{}, borrowing.Order{}))
	}}
}

// settling pays, or waives, what the loan still costs.
func settling(settle func(l *library, card string, amount, charge int64) (borrowing.Settled, error)) doing {
	return doing{"", func(s *scene) error {
		for _, c := range s.account(1).Charges {
			if c.LoanID == s.loan && c.Outstanding() > 0 {
				if _, err := settle(s.library, "", c.Outstanding(), c.ID); err != nil {
					return err
				}
			}
		}
		return nil
	}}
}

// later does a round of housekeeping after some days.
func later(days int) func(s *scene) error {
	return func(s *scene) error {
		s.days(days)
		return s.tryKeepHouse()
	}
}

var loanCommands = map[string]doing{
	"due sooner":          dueIn(-7),
	"due later":           dueIn(35),
	"pay for it":          settling((*library).pay),
	"waive it":            settling((*library).waive),
	"5 days and a round":  {borrowing.ByUndoing, later(5)},
	"80 days and a round": {borrowing.ByLosing, later(80)},
}

func TestWhatEveryCommandMakesOfALoanInEverySituation(t *testing.T) {
	t.Parallel() // it takes long
	l := roomy(t)
	must(t, l.SaveRule(librarian(), borrowing.Rule{Terms: borrowing.Terms{LoanDays: 21, Renewals: 2, LoanLimit: 1000, HoldLimit: 1000, FinePerDay: 1000, FineCap: 20_000, LostFee: 7000}}))
	l = l.with(func(s *borrowing.Settings) { s.LostAfterDays = 30 })
	look := func(s *scene) state {
		loan := l.loan(s.loan)
		status := loan.ClosedBy
		switch {
		case (loan.Status == borrowing.LoanOpen) != (status == ""):
			t.Errorf("loan %d is %s and closed by %q", loan.ID, loan.Status, status)
		case status != "":
		case loan.LostOn != nil:
			status = "lost"
		case loan.ClaimedOn != nil:
			status = "claimed"
		default:
			status = "open"
		}
		return state{status, loan.Version}
	}
	seen, closed := map[borrowing.Step]bool{}, map[string]string{}
	l.walk(whatBecomesOfALoan, loanCommands, l.arrangeLoan, look, func(s *scene, _ string, before, after state) {
		if l.loan(s.loan).Status == borrowing.LoanClosed && before.status != after.status {
			closed[after.status] = l.cause("loan", s.loan, after.version)
			seen[borrowing.Step{By: closed[after.status], From: "open", To: "closed"}] = true
		}
	})
	everyStep(t, seen, borrowing.LoanSteps(), func(borrowing.Step) bool { return false })
	for by, event := range map[string]string{borrowing.ByCheckIn: borrowing.EventLoanClosed, borrowing.BySettling: borrowing.EventLoanClosed, borrowing.ByReversal: borrowing.EventLoanReversed} {
		if closed[by] != event {
			t.Errorf("loans are closed by %s with %q", by, closed[by])
		}
	}
}
