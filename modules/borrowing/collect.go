package borrowing

import "context"

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
	sc.changeLoan(l, EventLoanCollected, loanCollected{BookID: l.BookID, ItemID: l.ItemID}, "", func(l *Loan) { l.CollectedAt = &sc.At })
}
