package borrowing

import (
	"context"
	"log/slog"
	"maps"
	"slices"

	"bookvault/platform/identity"
	"bookvault/platform/ledger"
	"bookvault/platform/problem"
)

// Item gives one copy by its barcode.
func (s *Service) Item(ctx context.Context, barcode string) (Item, error) {
	it, err := s.store.Item(ctx, barcode)
	return it, orNotFound(err, errItemNotFound(barcode))
}

// ItemsOfBook lists the copies of a title by id, at most limit after an id, and tells whether there are more.
func (s *Service) ItemsOfBook(ctx context.Context, bookID, after int64, limit int) ([]Item, bool, error) {
	items, err := s.store.ItemsOfBook(ctx, bookID, after, limit+1)
	if err != nil {
		return nil, false, err
	}
	return items[:min(len(items), limit)], len(items) > limit, nil
}

// Availability gives the exact counts of titles, in the order asked for; a title that borrowing never heard of has none.
func (s *Service) Availability(ctx context.Context, bookIDs []int64) ([]Availability, error) {
	found, err := s.store.Availability(ctx, bookIDs)
	if err != nil {
		return nil, err
	}
	list := make([]Availability, len(bookIDs))
	for i, id := range bookIDs {
		list[i] = found[id]
		list[i].BookID = id
	}
	return list, nil
}

// Loan gives one loan; a patron's own only, anybody else's is not found.
func (s *Service) Loan(ctx context.Context, id int64) (LoanView, error) {
	l, err := s.visibleLoan(ctx, id)
	if err != nil {
		return LoanView{}, err
	}
	recorded := s.staffReadsOne(ctx, l.MemberID, readLoans)
	views, err := s.loanViews(ctx, []Loan{l})
	if err != nil {
		return LoanView{}, err
	}
	return views[0], recorded()
}

func (s *Service) visibleLoan(ctx context.Context, id int64) (Loan, error) {
	l, err := s.store.Loan(ctx, id)
	if err != nil {
		return Loan{}, orNotFound(err, errLoanNotFound())
	}
	if p, _ := identity.FromContext(ctx); !seesAll(ctx) && (l.MemberID == 0 || l.MemberID != p.MemberID) {
		return Loan{}, errLoanNotFound()
	}
	return l, nil
}

// LoanEvents gives what happened to a loan, oldest first, after a version, and whether there is more.
func (s *Service) LoanEvents(ctx context.Context, id int64, after, limit int) ([]ledger.Event, bool, error) {
	l, err := s.visibleLoan(ctx, id)
	if err != nil {
		return nil, false, err
	}
	recorded := s.staffReadsOne(ctx, l.MemberID, readLoans)
	events, err := s.store.Events(ctx, loanStream(id), after, limit+1)
	if err != nil {
		return nil, false, err
	}
	return events[:min(len(events), limit)], len(events) > limit, recorded()
}

// Loans lists loans, newest first: of a member (a patron: their own), or everybody's for staff. It gives at most limit, and
// whether there are more.
func (s *Service) Loans(ctx context.Context, card string, f LoanFilter) ([]LoanView, bool, error) {
	who, err := s.whose(ctx, card)
	if err != nil {
		return nil, false, err
	}
	recorded := s.staffReads(ctx, who.ID, readLoans)
	f.MemberID = who.ID
	limit := f.Limit
	f.Limit++
	f.Now = s.now()
	loans, err := s.store.Loans(ctx, f)
	if err != nil {
		return nil, false, err
	}
	views, err := s.loanViews(ctx, loans[:min(len(loans), limit)], who)
	if err != nil {
		return nil, false, err
	}
	return views, len(loans) > limit, recorded()
}

// whose finds out whose list is asked for: staff name a card or nobody (id 0, everybody's); a patron gets their own, of whom only the id is
// known where no card was named. A card that a patron may not ask for is answered like an unknown one.
func (s *Service) whose(ctx context.Context, card string) (Member, error) {
	p, _ := identity.FromContext(ctx)
	if seesAll(ctx) && card == "" {
		return Member{}, nil
	}
	if !seesAll(ctx) && !p.SignedIn() {
		return Member{}, problem.New(problem.Unauthenticated, "sign_in_needed", "Sign in first.")
	}
	if card == "" {
		return Member{ID: p.MemberID}, nil
	}
	m, err := s.members.MemberByCard(ctx, card)
	if err != nil {
		return Member{}, err
	}
	if !seesAll(ctx) && m.ID != p.MemberID {
		return Member{}, errMemberNotFound()
	}
	return m, nil
}

// loanViews shows loans; known are members who need not be asked for.
func (s *Service) loanViews(ctx context.Context, loans []Loan, known ...Member) ([]LoanView, error) {
	var members, books []int64
	for _, l := range loans {
		members, books = append(members, l.MemberID), append(books, l.BookID)
	}
	cards, texts := s.cardsBeside(ctx, known, members...), s.titleTexts(ctx, books...)
	if err := s.mayShow(texts, len(books)); err != nil {
		return nil, err
	}
	now := s.now()
	views := make([]LoanView, len(loans))
	for i, l := range loans {
		views[i] = LoanView{Loan: l, MemberCard: cards[l.MemberID], Title: texts[l.BookID], Untitled: texts == nil, Overdue: l.IsOverdue(now)}
	}
	return views, nil
}

// cardsBeside is cards where some members are known already.
func (s *Service) cardsBeside(ctx context.Context, known []Member, ids ...int64) map[int64]string {
	cards := map[int64]string{}
	for _, m := range known {
		if m.Card != "" {
			cards[m.ID] = m.Card
		}
	}
	ids = slices.DeleteFunc(ids, func(id int64) bool { return cards[id] != "" })
	maps.Copy(cards, s.cards(ctx, ids...))
	return cards
}

// cards gives the current card of members; of none when the members module is ill.
func (s *Service) cards(ctx context.Context, ids ...int64) map[int64]string {
	slices.Sort(ids)
	ids = slices.Compact(ids)
	if len(ids) > 0 && ids[0] == 0 { // loans whose link to the member was purged
		ids = ids[1:]
	}
	if len(ids) == 0 {
		return nil
	}
	found, err := s.members.MembersByID(ctx, ids)
	if err != nil {
		s.settings.Logger.LogAttrs(ctx, levelOf(err), "loans are shown without cards", slog.Any("error", err))
		return nil
	}
	cards := make(map[int64]string, len(found))
	for id, m := range found {
		cards[id] = m.Card
	}
	return cards
}
