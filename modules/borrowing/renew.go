package borrowing

import (
	"context"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// Renew lends a copy on to the member who has it. A patron renews their own loans; anybody else's is not found.
func (s *Service) Renew(ctx context.Context, loanID int64, o Override, order Order) (LoanView, error) {
	return onLoan(ctx, s, loanID, order, func(sc *Scene, l *Loan, m Member) error {
		if err := o.check(ctx, m.ID); err != nil {
			return err
		}
		return sc.renew(l, m, o)
	})
}

// Reverse is the undo of a mistake at the desk: the item and the hold become what they were. It is refused once anything
// followed, since then there is something to lose.
func (s *Service) Reverse(ctx context.Context, loanID int64, reason string, order Order) (LoanView, error) {
	if err := needStaff(ctx); err != nil {
		return LoanView{}, err
	}
	return onLoan(ctx, s, loanID, order, func(sc *Scene, l *Loan, m Member) error { return sc.reverse(l, reason) })
}

// onLoan runs a command about one loan under the locks of its member, title and item.
func onLoan(ctx context.Context, s *Service, loanID int64, order Order, act func(*Scene, *Loan, Member) error) (LoanView, error) {
	return retryMoved(ctx, s, func(ctx context.Context) (LoanView, error) {
		seen, member, title, early := s.visitLoan(ctx, loanID)
		scope := Scope{Books: []int64{seen.BookID}, Items: []int64{seen.ItemID}, Loans: []int64{loanID}, NewCharges: 1}
		if seen.MemberID != 0 {
			scope.Members = []Member{member}
		}
		if filled := seen.Why.Before.HoldID; filled != 0 {
			scope.Holds = []int64{filled}
		}
		return execute(ctx, s, order, scope, early, func(sc *Scene) (LoanView, error) {
			l := sc.Loans[loanID]
			if l == nil || l.ItemID != seen.ItemID || l.BookID != seen.BookID || l.MemberID != seen.MemberID || sc.Items[l.ItemID] == nil ||
				seen.MemberID != 0 && sc.outdated(member) {
				return LoanView{}, errMoved
			}
			if l.Status != LoanOpen {
				return LoanView{}, problem.Refused(final(LoanNotOpen, "This loan is closed: the copy came back."))
			}
			if err := act(sc, l, member); err != nil {
				return LoanView{}, err
			}
			return LoanView{Loan: *l, MemberCard: member.Card, Title: title, Untitled: title == "", Overdue: l.IsOverdue(sc.Now)}, nil
		})
	})
}

// visitLoan reads what a command about a loan needs before its transaction, and whether the caller may know of it.
func (s *Service) visitLoan(ctx context.Context, id int64) (l Loan, m Member, title string, err error) {
	if l, err = s.store.Loan(ctx, id); err != nil {
		return l, m, "", orNotFound(err, errLoanNotFound())
	}
	p, _ := identity.FromContext(ctx)
	if !seesAll(ctx) && (l.MemberID == 0 || l.MemberID != p.MemberID) {
		return Loan{}, m, "", errLoanNotFound()
	}
	title = s.titleTexts(ctx, l.BookID)[l.BookID]
	if l.MemberID != 0 {
		m, err = s.memberByID(ctx, l.MemberID)
	}
	return l, m, title, err
}

// renew decides on a renewal by the terms that the loan was opened under.
func (sc *Scene) renew(l *Loan, m Member, o Override) error {
	it := sc.Items[l.ItemID]
	var reasons []problem.Reason
	if sc.At.Before(l.OpenedAt) {
		reasons = append(reasons, final(ItemSeenSince, "This loan began after that time."))
	}
	if it.Status != CheckedOut {
		reasons = append(reasons, final(ItemNotLendable, "This copy is "+it.Status.Words()+"."))
	}
	if l.Renewals >= l.Terms.Renewals {
		reasons = append(reasons, overridable(RenewalLimitReached, "It was renewed as often as the rules allow."))
	}
	reasons = append(reasons, sc.judgeQueue(l.MemberID, it)...)
	reasons = append(reasons, judgeMember(m, sc.On)...)
	reasons = append(reasons, sc.judgeCharges(m)...)
	from := l.DueOn
	if l.Terms.RenewFrom == RenewFromToday {
		from = sc.On
	}
	was := l.Why.Due
	due, err := sc.Policy.ComputeDue(was.Asked, was.Rule, was.RuleID, from, l.Terms.LoanDays, sc.Zone)
	due.Rules = was.Rules // the terms are those of then
	if err != nil {
		reasons = append(reasons, final(NoOpenDay, "The calendar gives no day to bring it back: "+err.Error()+"."))
	} else if due.On <= l.DueOn {
		reasons = append(reasons, final(DueDateUnchanged, "A renewal today would not move the due date."))
	}
	standing, used := o.sift(reasons)
	var exceptions []string
	if it.Status == CheckedOut {
		standing, exceptions = sc.excuse(standing)
	}
	if len(standing) > 0 {
		return problem.Refused(standing...)
	}
	reason := ""
	if len(used) > 0 {
		reason = o.Reason
	}
	sc.fine(l, it.Price, sc.On)
	sc.changeLoan(l, EventLoanRenewed, loanRenewed{BookID: l.BookID, From: l.DueOn, DueOn: due.On, DueAt: due.At, Renewals: l.Renewals + 1, Due: due, Overridden: used,
		Exceptions: exceptions, fines: l.fines(), OccurredAt: sc.occurred()}, reason,
		func(l *Loan) {
			l.DueOn, l.DueAt, l.Renewals = due.On, due.At, l.Renewals+1
			l.Why.Due = due
			l.Why.Exceptions = append(l.Why.Exceptions, exceptions...)
			if len(used) > 0 {
				l.Why.Overridden, l.Why.Reason = append(l.Why.Overridden, used...), o.Reason
			}
		})
	return nil
}

// reverse puts back what opening the loan changed, if nothing happened to the loan, the item or the hold since.
func (sc *Scene) reverse(l *Loan, reason string) error {
	before, it := l.Why.Before, sc.Items[l.ItemID]
	followed := problem.Refused(final(LoanHasFollowers, "Something happened since this loan was made; check the copy in instead."))
	if l.IsOverdue(sc.Now) { // a fine runs: an undo would waive it for whoever asks
		return followed
	}
	if l.Version != 1 || it.Version != before.ItemVersion || it.Status != CheckedOut || before.DisplacedOne {
		return followed
	}
	if before.HoldID != 0 {
		if h := sc.hold(before.HoldID); h == nil || h.Version != before.HoldVersion || sc.liveTwin(h) {
			return followed
		}
	}
	sc.undo(l, it, reason)
	return nil
}

// undo reverses a loan as far as that can be: the hold it filled comes back unless its member has placed it again.
func (sc *Scene) undo(l *Loan, it *Item, reason string) {
	before, stream := l.Why.Before, loanStream(l.ID)
	if h := sc.hold(before.HoldID); h != nil && h.Version == before.HoldVersion && !sc.liveTwin(h) {
		sc.changeHold(h, EventHoldRestored, stream, func(h *Hold) {
			h.Status, h.ClosedAt = HoldWaiting, nil
			// The copy it had comes back to it only if that was this one: another one may have gone its way.
			if before.HoldItem == it.ID {
				h.Status, h.CapturedItem, h.ExpiresOn = before.HoldStatus, before.HoldItem, before.HoldExpires
			}
		})
	}
	sc.changeItem(it, EventItemMoved, stream, func(it *Item) {
		it.Status, it.CurrentBranch, it.TransitTo, it.SlipHold = before.Status, before.Branch, before.TransitTo, before.SlipHold
	})
	sc.changeLoan(l, EventLoanReversed, loanReversed{BookID: l.BookID, ItemID: l.ItemID, ReturnedOn: sc.Today}, reason, func(l *Loan) {
		today := sc.Today
		l.Status, l.ClosedAt, l.ReturnedOn, l.ClosedBy = LoanClosed, &sc.Now, &today, ByReversal
	})
}

// liveTwin tells whether the member of a closed hold has placed the same one again.
func (sc *Scene) liveTwin(closed *Hold) bool {
	for _, h := range sc.queue(closed.BookID) {
		if h.MemberID == closed.MemberID && h.Part == closed.Part {
			return true
		}
	}
	return false
}
