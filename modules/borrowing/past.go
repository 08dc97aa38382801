package borrowing

import (
	"context"
	"time"

	"bookvault/platform/ledger"
	"bookvault/platform/problem"
)

// Time travel: what the library knew at an instant. Each thing is made from the events that were recorded by then, so it is what a
// desk would have been shown at that moment. What was entered later of something that happened before (an offline desk) is not in it.
// Who somebody is, and what a title is called, are as they are now; and who borrowed is not known of what was forgotten since.

// Past keeps the ledger, and reads it as it was.
type Past interface {
	// HistoriesAt makes streams as they were at an instant; those that had not begun are left out.
	HistoriesAt(ctx context.Context, streams []string, at time.Time) (map[string]*History, error)
	// BarcodesAt gives the barcodes that copies had at an instant.
	BarcodesAt(ctx context.Context, items []int64, at time.Time) (map[int64]string, error)
	// NewestAt gives the newest event of a stream at an instant.
	NewestAt(ctx context.Context, stream string, at time.Time) (e ledger.Event, found bool, err error)
	// AccountAt gives what a member owed by currency, and charges as they were, newest first. day is the library's date of the
	// instant: entries whose time was forgotten with what they were for are as of the beginning of their day.
	AccountAt(ctx context.Context, f ChargeFilter, at time.Time, day Date) (owed map[string]int64, charges []Charge, err error)
	// ChainLedger gives hashes to events that are older than hashes, at most limit, and says how many; what their streams do not say of
	// their rows is kept as their version 0.
	ChainLedger(ctx context.Context, now time.Time, limit int) (int, error)
	// Trail gives events of all streams, newest first.
	Trail(ctx context.Context, f TrailFilter) ([]ledger.Event, error)
}

// checkPast refuses an instant that is not over yet, and gives it in the precision that PostgreSQL keeps.
func (s *Service) checkPast(at time.Time) (time.Time, error) {
	if at.After(s.now()) {
		return at, problem.InvalidField("query.as_of", "is in the future")
	}
	return at.UTC().Truncate(time.Microsecond), nil
}

// LoanAt gives a loan as it was at an instant.
func (s *Service) LoanAt(ctx context.Context, id int64, at time.Time) (LoanView, error) {
	at, err := s.checkPast(at)
	if err != nil {
		return LoanView{}, err
	}
	l, err := s.visibleLoan(ctx, id)
	if err != nil {
		return LoanView{}, err
	}
	recorded := s.staffReadsOne(ctx, l.MemberID, readLoans)
	then, err := s.loansAt(ctx, []Loan{l}, at)
	if err == nil && len(then) == 0 {
		err = problem.NotFound("loan_not_found", "This loan had not been made yet.")
	}
	if err != nil {
		return LoanView{}, err
	}
	views, err := s.loanViewsAt(ctx, then, at)
	if err != nil {
		return LoanView{}, err
	}
	return views[0], recorded()
}

// loansAt makes loans as they were; those that had not been made yet are left out.
func (s *Service) loansAt(ctx context.Context, now []Loan, at time.Time) ([]Loan, error) {
	streams := make([]string, len(now))
	for i, l := range now {
		streams[i] = loanStream(l.ID)
	}
	then, err := s.store.HistoriesAt(ctx, streams, at)
	if err != nil {
		return nil, err
	}
	var loans []Loan
	var items []int64
	for i, l := range now {
		if h := then[streams[i]]; h != nil && h.Loan != nil {
			h.Loan.MemberID = l.MemberID
			loans, items = append(loans, *h.Loan), append(items, h.Loan.ItemID)
		}
	}
	barcodes, err := s.store.BarcodesAt(ctx, compact(items), at)
	for i := range loans {
		loans[i].Barcode = barcodes[loans[i].ItemID]
	}
	return loans, err
}

func (s *Service) loanViewsAt(ctx context.Context, loans []Loan, at time.Time) ([]LoanView, error) {
	views, err := s.loanViews(ctx, loans)
	for i := range views {
		views[i].Overdue = views[i].IsOverdue(at)
	}
	return views, err
}

// pastAtOnce is how many loans or holds are made as they were at a time, in search of those that a list is of.
const pastAtOnce = 200

// LoansAt lists a member's loans as they were at an instant, newest first: at most f.Limit, and whether there are more. Staff name the
// member's card.
func (s *Service) LoansAt(ctx context.Context, card string, f LoanFilter, at time.Time) ([]LoanView, bool, error) {
	at, err := s.checkPast(at)
	if err != nil {
		return nil, false, err
	}
	memberID, err := s.pastOf(ctx, card)
	if err != nil {
		return nil, false, err
	}
	recorded := s.staffReads(ctx, memberID, readLoans)
	search := LoanFilter{MemberID: memberID, Before: f.Before, Limit: pastAtOnce, OpenedBy: at}
	if f.Status == LoanOpen || f.Overdue {
		search.ClosedAfter = at.Add(-s.settings.OfflineMaxAge) // it may have been entered later that it was closed
	}
	var list []Loan
	for more := true; more && len(list) <= f.Limit; {
		now, err := s.store.Loans(ctx, search)
		if err != nil {
			return nil, false, err
		}
		if more = len(now) == pastAtOnce; more {
			search.Before = now[len(now)-1].ID
		}
		then, err := s.loansAt(ctx, now, at)
		if err != nil {
			return nil, false, err
		}
		for _, l := range then {
			if (f.Status == "" || l.Status == f.Status) && (!f.Overdue || l.IsOverdue(at)) {
				list = append(list, l)
			}
		}
	}
	views, err := s.loanViewsAt(ctx, list[:min(len(list), f.Limit)], at)
	if err != nil {
		return nil, false, err
	}
	return views, len(list) > f.Limit, recorded()
}

// pastOf is whose, of lists that are of one member.
func (s *Service) pastOf(ctx context.Context, card string) (int64, error) {
	who, err := s.whose(ctx, card)
	if err == nil && who.ID == 0 {
		err = problem.InvalidField("query.member_card", "is needed with as_of: the past is shown a member at a time")
	}
	return who.ID, err
}

// HoldAt gives a hold as it was at an instant, without its position in the queue.
func (s *Service) HoldAt(ctx context.Context, id int64, at time.Time) (HoldView, error) {
	at, err := s.checkPast(at)
	if err != nil {
		return HoldView{}, err
	}
	h, err := s.visibleHold(ctx, id)
	if err != nil {
		return HoldView{}, err
	}
	recorded := s.staffReadsOne(ctx, h.MemberID, readHolds)
	then, err := s.holdsAt(ctx, []Hold{h.Hold}, at)
	if err == nil && len(then) == 0 {
		err = problem.NotFound("hold_not_found", "This hold had not been placed yet.")
	}
	if err != nil {
		return HoldView{}, err
	}
	views, err := s.holdViews(ctx, then)
	if err != nil {
		return HoldView{}, err
	}
	return views[0], recorded()
}

func (s *Service) holdsAt(ctx context.Context, now []Hold, at time.Time) ([]Hold, error) {
	streams := make([]string, len(now))
	for i, h := range now {
		streams[i] = holdStream(h.ID)
	}
	then, err := s.store.HistoriesAt(ctx, streams, at)
	if err != nil {
		return nil, err
	}
	var holds []Hold
	var items []int64
	for i, h := range now {
		if past := then[streams[i]]; past != nil && past.Hold != nil {
			past.Hold.MemberID = h.MemberID
			holds, items = append(holds, *past.Hold), append(items, past.Hold.CapturedItem, past.Hold.ItemID)
		}
	}
	barcodes, err := s.store.BarcodesAt(ctx, compact(items), at)
	for i := range holds {
		holds[i].Barcode, holds[i].Wanted = barcodes[holds[i].CapturedItem], barcodes[holds[i].ItemID]
	}
	return holds, err
}

// HoldsAt lists a member's holds as they were at an instant, newest first, without their positions: at most f.Limit, and whether there
// are more. Staff name the member's card.
func (s *Service) HoldsAt(ctx context.Context, card string, f HoldFilter, at time.Time) ([]HoldView, bool, error) {
	at, err := s.checkPast(at)
	if err != nil {
		return nil, false, err
	}
	memberID, err := s.pastOf(ctx, card)
	if err != nil {
		return nil, false, err
	}
	recorded := s.staffReads(ctx, memberID, readHolds)
	search := HoldFilter{MemberID: memberID, Before: f.Before, Limit: pastAtOnce, PlacedBy: at}
	var list []Hold
	for more := true; more && len(list) <= f.Limit; {
		now, err := s.store.Holds(ctx, search)
		if err != nil {
			return nil, false, err
		}
		if more = len(now) == pastAtOnce; more {
			search.Before = now[len(now)-1].ID
		}
		then, err := s.holdsAt(ctx, now, at)
		if err != nil {
			return nil, false, err
		}
		for _, h := range then {
			if (f.BookID == 0 || h.BookID == f.BookID) && (!f.Live || h.Status.Live()) {
				list = append(list, h)
			}
		}
	}
	views, err := s.holdViews(ctx, list[:min(len(list), f.Limit)])
	if err != nil {
		return nil, false, err
	}
	return views, len(list) > f.Limit, recorded()
}
