package borrowing

import (
	"context"

	"bookvault/platform/problem"
)

// ChargeView is a charge as it is shown.
type ChargeView struct {
	Charge
	MemberCard string
	Title      string // "" of one made by hand, once forgotten, and when the catalogue is ill
}

// AccountView is a member's account as it is shown.
type AccountView struct {
	Charges []ChargeView // newest first
	More    bool
	Balance Money // what is owed, in the library's currency
	Accrued Money // fines that still grow on open loans; no charges yet
}

// ChargeFilter says which charges of a member to list, newest first.
type ChargeFilter struct {
	MemberID int64
	Open     bool  // only those that are not settled
	Before   int64 // only charges with a smaller id; 0: from the newest
	Limit    int
}

// Account gives what a member owes and owed: a patron's own, for staff anybody's.
func (s *Service) Account(ctx context.Context, card string, f ChargeFilter) (AccountView, error) {
	who, err := s.whose(ctx, card)
	if err != nil {
		return AccountView{}, err
	}
	memberID := who.ID
	if memberID == 0 {
		return AccountView{}, problem.InvalidField("query.member_card", "is required")
	}
	recorded := s.staffReads(ctx, readAccount, memberID)
	policy, err := s.store.Policy(ctx)
	if err != nil {
		return AccountView{}, err
	}
	owed, late, err := s.store.Owed(ctx, memberID, s.Today(s.now()))
	if err != nil {
		return AccountView{}, err
	}
	currency := s.settings.Currency
	view := AccountView{Balance: Money{owed[currency], currency}, Accrued: Money{accrued(policy, late, currency, s.Today(s.now())), currency}}
	f.MemberID = memberID
	limit := f.Limit
	f.Limit++
	charges, err := s.store.Charges(ctx, f)
	if err != nil {
		return AccountView{}, err
	}
	view.More = len(charges) > limit
	view.Charges = s.chargeViews(ctx, who, charges[:min(len(charges), limit)])
	return view, recorded()
}

// chargeViews shows charges of a member, whose card is asked for where it is not known.
func (s *Service) chargeViews(ctx context.Context, of Member, charges []Charge) (views []ChargeView) {
	var books []int64
	for _, c := range charges {
		if c.BookID != 0 {
			books = append(books, c.BookID)
		}
	}
	texts, cards := s.titleTexts(ctx, books...), s.cardsBeside(ctx, []Member{of}, of.ID)
	for _, c := range charges {
		views = append(views, ChargeView{Charge: c, MemberCard: cards[of.ID], Title: texts[c.BookID]})
	}
	return views
}
