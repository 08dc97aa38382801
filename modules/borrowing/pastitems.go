package borrowing

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"bookvault/platform/problem"
)

// ItemAt gives the copy that has a barcode now as it was at an instant. It is for staff: what was on loan from when to when is
// nobody else's business.
func (s *Service) ItemAt(ctx context.Context, barcode string, at time.Time) (Item, error) {
	it, err := s.Item(ctx, barcode)
	if err != nil {
		return Item{}, err
	}
	then, err := s.itemsAt(ctx, []Item{it}, at)
	if err == nil && len(then) == 0 {
		err = problem.NotFound("item_not_found", "The library did not have this copy yet.")
	}
	if err != nil {
		return Item{}, err
	}
	return then[0], nil
}

// ItemsOfBookAt lists the copies that are of a title now, as they were at an instant; those that the library did not have yet are left
// out. It is for staff.
func (s *Service) ItemsOfBookAt(ctx context.Context, bookID, after int64, limit int, at time.Time) (list []Item, more bool, err error) {
	for {
		now, more, err := s.ItemsOfBook(ctx, bookID, after, limit)
		if err != nil {
			return nil, false, err
		}
		if list, err = s.itemsAt(ctx, now, at); err != nil || len(list) > 0 || !more {
			return list, more, err
		}
		after = now[len(now)-1].ID // none of these was there yet
	}
}

func (s *Service) itemsAt(ctx context.Context, now []Item, at time.Time) ([]Item, error) {
	if err := needStaff(ctx); err != nil {
		return nil, err
	}
	at, err := s.checkPast(at)
	if err != nil {
		return nil, err
	}
	streams := make([]string, len(now))
	for i, it := range now {
		streams[i] = itemStream(it.ID)
	}
	then, err := s.store.HistoriesAt(ctx, streams, at)
	if err != nil {
		return nil, err
	}
	var items []Item
	var causes []string // why each is where it is: of what is on loan, the loan
	for _, stream := range streams {
		if h := then[stream]; h != nil && h.Item != nil {
			items, causes = append(items, *h.Item), append(causes, h.Because)
		}
	}
	loans, err := s.store.HistoriesAt(ctx, causes, at)
	if err != nil {
		return nil, err
	}
	for i := range items {
		if h := loans[causes[i]]; h != nil && h.Loan != nil && h.Loan.Status == LoanOpen && h.Loan.ItemID == items[i].ID {
			items[i].DueOn = &h.Loan.DueOn
		}
	}
	return items, nil
}

// AccountAt gives what a member owed and owed before at an instant, with the fines that had grown by then.
func (s *Service) AccountAt(ctx context.Context, card string, f ChargeFilter, at time.Time) (view AccountView, err error) {
	if at, err = s.checkPast(at); err != nil {
		return view, err
	}
	if f.MemberID, err = s.pastOf(ctx, card); err != nil {
		return view, err
	}
	recorded := s.staffReads(ctx, f.MemberID, readAccount)
	limit := f.Limit
	f.Limit++
	currency := s.settings.Currency
	view.Balance, view.Accrued = Money{Currency: currency}, Money{Currency: currency}
	var charges []Charge
	g, asking := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		view.Accrued.Minor, err = s.accruedAt(asking, f.MemberID, at)
		return err
	})
	g.Go(func() error {
		owed, found, err := s.store.AccountAt(asking, f, at, s.Today(at))
		if err != nil {
			return err
		}
		charges, view.More, view.Balance.Minor = found[:min(len(found), limit)], len(found) > limit, owed[currency]
		var items []int64
		for _, c := range charges {
			items = append(items, c.ItemID)
		}
		barcodes, err := s.store.BarcodesAt(asking, compact(items), at)
		for i := range charges {
			charges[i].Barcode = barcodes[charges[i].ItemID]
		}
		return err
	})
	if err := g.Wait(); err != nil {
		return view, err
	}
	view.Charges = s.chargeViews(ctx, Member{ID: f.MemberID}, charges)
	return view, recorded()
}

// accruedAt reckons the fines that a member's open loans had run up: by the loans, the prices and the calendar of then.
func (s *Service) accruedAt(ctx context.Context, memberID int64, at time.Time) (int64, error) {
	today := s.Today(at)
	var late []Loan
	search := LoanFilter{MemberID: memberID, Limit: pastAtOnce, OpenedBy: at, ClosedAfter: at.Add(-s.settings.OfflineMaxAge)}
	for more := true; more; {
		now, err := s.store.Loans(ctx, search)
		if err != nil {
			return 0, err
		}
		if more = len(now) == pastAtOnce; more {
			search.Before = now[len(now)-1].ID
		}
		then, err := s.loansAt(ctx, now, at)
		if err != nil {
			return 0, err
		}
		for _, l := range then {
			if l.Status == LoanOpen && l.DueOn < today && l.LostOn == nil && l.Collected() {
				late = append(late, l)
			}
		}
	}
	if len(late) == 0 {
		return 0, nil
	}
	streams := make([]string, len(late))
	for i, l := range late {
		streams[i] = itemStream(l.ItemID)
	}
	items, err := s.store.HistoriesAt(ctx, streams, at)
	if err != nil {
		return 0, err
	}
	policy, err := s.calendarAt(ctx, at)
	if err != nil {
		return 0, err
	}
	overdue := make([]Lateness, len(late))
	for i, l := range late {
		var price *Money
		if h := items[streams[i]]; h != nil && h.Item != nil {
			price = h.Item.Price
		}
		overdue[i] = l.lateness(price)
	}
	return accrued(policy, overdue, s.settings.Currency, today), nil
}

// calendarAt gives the order of now with the calendar of then. What was in force before the first one was published is recorded
// before it.
func (s *Service) calendarAt(ctx context.Context, at time.Time) (*Policy, error) {
	policy, err := s.store.Policy(ctx)
	if err != nil || policy.Editions[CalendarStream] == 0 {
		return policy, err
	}
	e, found, err := s.store.NewestAt(ctx, CalendarStream, at)
	if err != nil {
		return nil, err
	}
	if !found {
		first, err := s.store.Events(ctx, CalendarStream, 0, 1)
		if err != nil || len(first) == 0 {
			return policy, err
		}
		e = first[0]
	}
	var c Calendar
	if err := json.Unmarshal(e.Data, &c); err != nil {
		return nil, fmt.Errorf("read version %d of the calendar: %w", e.Version, err)
	}
	return policy.withCalendar(c), nil
}
