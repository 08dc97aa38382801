package borrowing

import (
	"context"
	"time"
)

// Collect notes that the member of a web loan was given the copy, so that the loan leaves the pull list and is not reversed.
// Scanning the barcode for its own member at check-out does the same. Collecting twice is no mistake.
func (s *Service) Collect(ctx context.Context, loanID int64, order Order) (LoanView, error) {
	if err := needStaff(ctx); err != nil {
		return LoanView{}, err
	}
	return onLoan(ctx, s, loanID, order, func(sc *Scene, l *Loan, _ Member) error {
		sc.collect(l)
		return nil
	})
}

// uncollected gives the member's own loan of a copy that was lent on the web and not handed over yet, or nil. A card that was
// replaced collects nothing.
func (sc *Scene) uncollected(m Member, it *Item) *Loan {
	if l := sc.openLoanOf(it.ID); l != nil && l.MemberID == m.ID && !l.Collected() && it.Status == CheckedOut && !m.Replaced {
		return l
	}
	return nil
}

// collect notes the moment; a loan made at the desk was collected there and then.
func (sc *Scene) collect(l *Loan) {
	if l.Collected() {
		return
	}
	sc.changeLoan(l, EventLoanCollected, loanCollected{BookID: l.BookID, ItemID: l.ItemID, OccurredAt: sc.occurred()}, "", func(l *Loan) { l.CollectedAt = &sc.At })
}

// reverseUncollected undoes one batch of web loans that nobody fetched within the days that they wait: the copy and the hold that the
// loan filled become what they were, and nothing is charged.
func (s *Service) reverseUncollected(ctx context.Context) (done int, err error) {
	policy, err := s.store.Policy(ctx)
	if err != nil {
		return 0, err
	}
	before := map[string]time.Time{}
	for branch, day := range policy.TimeUp(s.Today(s.now()), s.settings.CollectDays) {
		for ; ; day-- {
			if end, exists := day.EndOfDay(s.settings.Location); exists {
				before[branch] = end.Add(time.Second)
				break
			}
		}
	}
	found, err := s.store.LoansUncollectedSince(ctx, before, shelfAtOnce)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	var scope Scope
	for _, l := range found {
		scope.Accounts, scope.Books, scope.Items, scope.Loans = append(scope.Accounts, l.MemberID), append(scope.Books, l.BookID), append(scope.Items, l.ItemID), append(scope.Loans, l.ID)
		if l.Why.Before.HoldID != 0 {
			scope.Holds = append(scope.Holds, l.Why.Before.HoldID)
		}
	}
	scope.Accounts, scope.Books = distinct(scope.Accounts), distinct(scope.Books)
	return execute(ctx, s, Order{}, scope, nil, func(sc *Scene) (reversed int, err error) {
		for _, seen := range found {
			l, it := sc.Loans[seen.ID], sc.Items[seen.ItemID]
			if l == nil || l.Status != LoanOpen || l.Collected() || it == nil || it.ID != l.ItemID || it.Status != CheckedOut || l.BookID != seen.BookID || l.MemberID != seen.MemberID {
				continue // it was fetched, or moved, a moment ago
			}
			if until := sc.Policy.ShelfUntil(l.Branch, DateOf(l.OpenedAt, sc.Zone), s.settings.CollectDays); until == nil || *until >= sc.Today {
				continue // the calendar was changed
			}
			sc.undo(l, it, "not collected in time")
			reversed++
		}
		return reversed, nil
	})
}
