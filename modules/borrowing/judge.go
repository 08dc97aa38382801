package borrowing

import (
	"errors"

	"bookvault/platform/problem"
)

// judgeLoan gives the rule for lending a copy to a member, when it would be due, and every reason that stands against it.
func (sc *Scene) judgeLoan(m Member, it *Item, branch string, channel Channel) (rule Rule, due Due, reasons []problem.Reason) {
	account := sc.Accounts[m.ID]
	reasons = append(sc.judgeItem(m, it), sc.judgeQueue(m.ID, it)...)
	reasons = append(reasons, sc.judgeLate(it)...)
	if channel == OnWeb {
		reasons = append(reasons, sc.judgeAgain(account, it.BookID)...)
	}
	reasons = append(reasons, judgeMember(m, sc.On)...)
	reasons = append(reasons, sc.judgeCharges(m)...)
	asked := RuleKey{Branch: branch, Category: m.Category, ItemType: it.ItemType}
	rule, found := sc.Policy.RuleFor(asked)
	if !found {
		return rule, due, append(reasons, final(NoRule, "No rule of the library says how long this may be lent."))
	}
	reasons = append(reasons, sc.judgeLoanLimits(account, m.Category, rule)...)
	due, err := sc.Policy.ComputeDue(asked, rule.RuleKey, rule.ID, sc.On, rule.LoanDays, sc.Zone)
	if err != nil {
		reasons = append(reasons, final(NoOpenDay, "The calendar gives no day to bring it back: "+err.Error()+"."))
	}
	return rule, due, reasons
}

// judgeItem gives every reason why this copy cannot be lent to the member now.
func (sc *Scene) judgeItem(m Member, it *Item) (reasons []problem.Reason) {
	loan := sc.openLoanOf(it.ID)
	switch {
	case loan != nil && loan.MemberID == m.ID:
		reasons = append(reasons, final(AlreadyYours, "The member has this very copy on loan."))
	case loan != nil && sc.standIn(loan, it) != nil:
		// lent on the web and not handed over: that loan moves to another copy
	case loan != nil:
		reasons = append(reasons, overridable(ItemOnLoan, "This copy is on loan to somebody else."))
	case it.Status == OnHoldShelf || it.Status == InTransit:
		if h := sc.captureOf(it.ID); h != nil && h.MemberID != m.ID {
			reasons = append(reasons, overridable(ItemReserved, "This copy is kept for another member."))
		}
	case it.Status != Available:
		reasons = append(reasons, final(ItemNotLendable, "This copy is "+it.Status.Words()+". Check it in first."))
	}
	if !it.Loanable {
		reasons = append(reasons, overridable(ItemNotLendable, "This copy is for use in the library."))
	}
	return reasons
}

// judgeAgain refuses a second copy of a title on the web, where a second click would ask for one.
func (sc *Scene) judgeAgain(a *Account, bookID int64) []problem.Reason {
	if a.Books[bookID] == 0 {
		return nil
	}
	return []problem.Reason{overridable(AlreadyYours, "The member has a copy of this title on loan.")}
}

// lendAny lends the first of the picked copies that nothing stands against. When none is left to choose from, it says what
// became of the title's copies.
func (sc *Scene) lendAny(m Member, bookID int64, o Override) (*Loan, []Warning, error) {
	var first *problem.Error
	for _, id := range sc.Picked {
		it := sc.Items[id]
		loan, warnings, err := sc.lend(m, it, it.CurrentBranch, OnWeb, o)
		if err == nil {
			return loan, warnings, nil
		}
		if first == nil && !errors.As(err, &first) {
			return nil, nil, err
		}
	}
	if first != nil {
		return nil, nil, first
	}
	reasons := sc.judgeAgain(sc.Accounts[m.ID], bookID)
	for i := range reasons {
		reasons[i].Overridable, reasons[i].By = false, "" // there is no copy that an override could free
	}
	census := sc.Census[bookID]
	switch {
	case census[CheckedOut] > 0:
		reasons = append(reasons, final(ItemOnLoan, "Every copy of this title is on loan. Place a hold, and you are next in turn."))
	case census[OnHoldShelf]+census[InTransit] > 0:
		reasons = append(reasons, final(ItemReserved, "The copies of this title are kept for others, or on their way. Place a hold."))
	default:
		reasons = append(reasons, final(ItemNotLendable, "The library has no copy of this title to lend."))
	}
	reasons = append(reasons, judgeMember(m, sc.Today)...)
	return nil, nil, problem.Refused(append(reasons, sc.judgeCharges(m)...)...)
}

var statusWords = map[Status]string{
	Available: "available", CheckedOut: "on loan", OnHoldShelf: "on the hold shelf", InTransit: "in transit", OnOrder: "on order",
	InProcess: "being prepared", Missing: "missing", Lost: "declared lost", ClaimedReturned: "claimed to be returned",
	Damaged: "damaged", Withdrawn: "withdrawn",
}

// Words gives the status in plain words.
func (s Status) Words() string { return statusWords[s] }

func isNotFound(err error) bool { return errors.Is(err, ErrNotFound) }
