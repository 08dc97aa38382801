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
	Debt
}

// Debt is what a member owes, in the library's currency.
type Debt struct {
	Balance Money // of charges
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
	recorded := s.staffReads(ctx, memberID, readAccount)
	debt, err := s.debt(ctx, memberID)
	if err != nil {
		return AccountView{}, err
	}
	view := AccountView{Debt: debt}
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

// debt gives what a member owes now.
func (s *Service) debt(ctx context.Context, memberID int64) (Debt, error) {
	policy, err := s.store.Policy(ctx)
	if err != nil {
		return Debt{}, err
	}
	today, currency := s.Today(s.now()), s.settings.Currency
	owed, late, err := s.store.Owed(ctx, memberID, today)
	return Debt{Balance: Money{owed[currency], currency}, Accrued: Money{accrued(policy, late, currency, today), currency}}, err
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
