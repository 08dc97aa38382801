package borrowing

import (
	"context"
	"strings"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// mostDaysAhead is how far away a due date may be set by hand, as for the days of a rule.
const mostDaysAhead = 3650

// ChangeDueDate sets the due date of a loan by hand: a copy is needed back, or a member falls ill. On a closed day it moves to the
// next open one. A later date is refused while others wait, like a renewal; what is owed by now is charged, like at one. Nobody
// does it for themselves.
func (s *Service) ChangeDueDate(ctx context.Context, loanID int64, day Date, reason string, o Override, order Order) (LoanView, error) {
	if err := needStaff(ctx); err != nil {
		return LoanView{}, err
	}
	if strings.TrimSpace(reason) == "" {
		return LoanView{}, problem.InvalidField("body.reason", "say why; it is recorded")
	}
	if today := s.Today(s.now()); day < today || day > today+mostDaysAhead {
		return LoanView{}, problem.InvalidField("body.due_on", "must be today or later, and within %d days", mostDaysAhead)
	}
	p, _ := identity.FromContext(ctx)
	return onLoan(ctx, s, loanID, order, func(sc *Scene, l *Loan, m Member) error {
		if err := o.check(ctx, m.ID); err != nil {
			return err
		}
		if l.MemberID == p.MemberID {
			return problem.New(problem.Forbidden, "due_date_for_self", "Nobody changes a due date for themselves; ask a colleague.")
		}
		return sc.changeDueDate(l, day, reason, o)
	})
}

func (sc *Scene) changeDueDate(l *Loan, day Date, reason string, o Override) error {
	it, was := sc.Items[l.ItemID], l.Why.Due
	var reasons []problem.Reason
	if it.Status != CheckedOut {
		reasons = append(reasons, final(ItemNotLendable, "This copy is "+it.Status.Words()+"."))
	}
	due, err := sc.Policy.ComputeDue(was.Asked, was.Rule, was.RuleID, day, 0, sc.Zone)
	due.Rules = was.Rules
	switch {
	case err != nil:
		reasons = append(reasons, final(NoOpenDay, "The calendar gives no day to bring it back: "+err.Error()+"."))
	case due.On == l.DueOn:
		reasons = append(reasons, final(DueDateUnchanged, "This is the due date already."))
	case due.On > l.DueOn:
		reasons = append(reasons, sc.judgeQueue(l.MemberID, it)...)
	}
	standing, used := o.sift(reasons)
	if len(standing) > 0 {
		return problem.Refused(standing...)
	}
	sc.fine(l, it.Price, sc.On)
	sc.changeLoan(l, EventDueDateChanged, dueDateChanged{BookID: l.BookID, From: l.DueOn, DueOn: due.On, DueAt: due.At, Due: due, Overridden: used, fines: l.fines()}, reason, func(l *Loan) {
		l.DueOn, l.DueAt, l.Why.Due = due.On, due.At, due
		l.Why.Overridden = append(l.Why.Overridden, used...)
	})
	return nil
}
