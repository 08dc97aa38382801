package borrowing

import (
	"context"
	"strconv"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// LostRefund says what becomes of the charges of a lost copy that comes back.
type LostRefund struct {
	Days       int  // after it was declared lost, within which they are undone; 0: never
	Processing bool // the processing fee too
}

// DeclareLost says that a copy will not come back.
type DeclareLost struct {
	Barcode string
	Price   *int64 // what replacing it costs, in minor units of the library's currency; nil: as the copy's record says
	Reason  string
}

// Gone is the answer to declaring a copy lost, or claimed returned.
type Gone struct {
	Item    Item
	Loan    *LoanView // that stays open; nil without one
	Charges []Charge  // that this made
}

// DeclareLost declares a copy lost. Its loan stays open and counts in limits until what it costs is settled: the fine that
// accrued, the replacement price and the processing fee. Declaring twice is no mistake; a price that was not known the first
// time is charged then.
func (s *Service) DeclareLost(ctx context.Context, cmd DeclareLost, order Order) (Gone, error) {
	if cmd.Price != nil {
		if err := checkAmount(*cmd.Price); err != nil {
			return Gone{}, problem.InvalidField("body.price", "must be 1 to 10^12, in minor units of the library's currency")
		}
	}
	return s.gone(ctx, cmd.Barcode, order, func(sc *Scene, it *Item, l *Loan) error {
		if it.Status == Withdrawn {
			return problem.Refused(final(ItemWithdrawn, "This copy was withdrawn; it is no longer part of the collection."))
		}
		price := it.Price
		if cmd.Price != nil {
			price = &Money{*cmd.Price, sc.Currency}
		}
		if l == nil {
			if h := sc.captureOf(it.ID); h != nil {
				sc.release(h, itemStream(it.ID))
			}
			sc.changeItem(it, EventItemMoved, "", func(it *Item) { it.Status, it.TransitTo = Lost, "" })
			sc.because(cmd.Reason)
			return nil
		}
		sc.loseLoan(l, it, sc.On, price, cmd.Reason)
		return nil
	})
}

// ClaimReturned notes that the member says they brought a copy back, though nobody checked it in. The loan stays open, without
// fine for later days; checking the copy in ends it.
func (s *Service) ClaimReturned(ctx context.Context, barcode, reason string, order Order) (Gone, error) {
	p, _ := identity.FromContext(ctx)
	return s.gone(ctx, barcode, order, func(sc *Scene, it *Item, l *Loan) error {
		switch {
		case l == nil:
			return problem.Refused(final(ItemNotOnLoan, "This copy is not on loan."))
		case l.MemberID == p.MemberID:
			return problem.New(problem.Forbidden, "claim_for_self", "Nobody notes this for themselves; ask a colleague.")
		case it.Status == Lost:
			return problem.Refused(final(ItemLost, "This copy was declared lost. Check it in when it is found."))
		case l.ClaimedOn != nil:
			return nil
		}
		sc.changeItem(it, EventItemMoved, loanStream(l.ID), func(it *Item) { it.Status = ClaimedReturned })
		sc.changeLoan(l, EventItemClaimedReturned, itemGone{BookID: l.BookID, ItemID: l.ItemID, On: sc.Today}, reason, func(l *Loan) {
			today := sc.Today
			l.ClaimedOn = &today
		})
		return nil
	})
}

// gone runs a command about a copy that is not where it should be, under the locks of its borrower, title and item.
func (s *Service) gone(ctx context.Context, barcode string, order Order, act func(*Scene, *Item, *Loan) error) (Gone, error) {
	if err := needStaff(ctx); err != nil {
		return Gone{}, err
	}
	return retryMoved(ctx, s, func(ctx context.Context) (Gone, error) {
		seen, err := s.store.Glimpse(ctx, barcode)
		early := orNotFound(err, errItemNotFound(barcode))
		card, title := "", ""
		scope := Scope{Books: []int64{seen.BookID}, Items: []int64{seen.ItemID}, NewCharges: 3}
		if early == nil {
			card, title = s.cardAndTitle(ctx, seen.BorrowerID, seen.BookID)
		}
		if seen.BorrowerID != 0 {
			scope.Accounts = []int64{seen.BorrowerID}
		}
		return execute(ctx, s, order, scope, early, func(sc *Scene) (Gone, error) {
			it := sc.Items[seen.ItemID]
			if it == nil || it.BookID != seen.BookID {
				return Gone{}, errMoved
			}
			l := sc.openLoanOf(it.ID)
			if l != nil && l.MemberID != seen.BorrowerID {
				return Gone{}, errMoved
			}
			if l != nil && !l.Collected() {
				return Gone{}, problem.Refused(final(LoanNotCollected, "The member was never given this copy. Undo the loan, or check the copy in; then say that it is missing."))
			}
			if err := act(sc, it, l); err != nil {
				return Gone{}, err
			}
			answer := Gone{Item: *it}
			for _, c := range sc.Changes.Charges {
				answer.Charges = append(answer.Charges, *c)
			}
			if l != nil {
				answer.Loan = &LoanView{Loan: *l, MemberCard: card, Title: title, Overdue: l.IsOverdue(sc.Now)}
			}
			return answer, nil
		})
	})
}

// loseLoan declares a copy on loan lost as of a day: the fine by then, the price and the fee are charged, and the loan stays open.
func (sc *Scene) loseLoan(l *Loan, it *Item, on Date, price *Money, reason string) {
	if l.LostOn == nil {
		sc.changeItem(it, EventItemMoved, loanStream(l.ID), func(it *Item) { it.Status = Lost })
		sc.fine(l, it.Price, on)
		sc.changeLoan(l, EventItemDeclaredLost, itemGone{BookID: l.BookID, ItemID: l.ItemID, On: on, fines: l.fines()}, reason, func(l *Loan) { l.LostOn = &on })
		sc.charge(l.MemberID, ProcessingCharge, Money{l.Terms.LostFee, l.Terms.Currency}, l, "")
	}
	for _, c := range sc.Charges {
		if c.LoanID == l.ID && c.Kind == LostCharge {
			return // the price was charged already
		}
	}
	// Accounts are kept in the library's currency: a price in another one is for the desk to say in it.
	if price != nil && price.Currency == sc.Currency {
		sc.charge(l.MemberID, LostCharge, *price, l, "")
	}
}

// cameBack notes on a loan that was settled that its lost copy is there again, and gives what its member is to have back.
func (sc *Scene) cameBack(l *Loan, on Date) (refunded Money) {
	sc.changeLoan(l, EventLostItemReturned, itemGone{BookID: l.BookID, ItemID: l.ItemID, On: on}, "", func(l *Loan) { l.ReturnedOn = &on })
	return sc.undoLoss(l, on)
}

// undoLoss gives a member their money back when a lost copy came back in time: what was paid is refunded, what is unpaid voided,
// and what was waived stays waived.
func (sc *Scene) undoLoss(l *Loan, returnedOn Date) (refunded Money) {
	rule := sc.lostRefund
	if l.LostOn == nil || int(returnedOn-*l.LostOn) > rule.Days || rule.Days == 0 {
		return Money{}
	}
	for _, c := range Sorted(sc.Charges) {
		if c.LoanID != l.ID || !c.forLoss() || c.Kind == ProcessingCharge && !rule.Processing {
			continue
		}
		const why = "The copy came back."
		paid := c.Paid - c.Refunded
		sc.enter(c, Void, c.Outstanding(), "", why)
		sc.enter(c, Refund, paid, "", why)
		refunded = Money{refunded.Minor + paid, c.Currency}
	}
	return refunded
}

// lostAtOnce is how many copies one transaction declares lost: few enough that no desk waits for the locks.
const lostAtOnce = 50

// loseOverdue declares copies lost that are overdue for as long as the library says, as of the day on which that was so: a round
// that comes late charges no more than one that came in time.
func (s *Service) loseOverdue(ctx context.Context) (done int, err error) {
	days := Date(s.settings.LostAfterDays)
	if days == 0 {
		return 0, nil
	}
	list, err := s.store.OverdueSince(ctx, s.Today(s.now())-days, lostAtOnce)
	if err != nil || len(list) == 0 {
		return 0, err
	}
	var scope Scope
	for _, o := range list {
		scope.Accounts, scope.Books, scope.Items = append(scope.Accounts, o.MemberID), append(scope.Books, o.BookID), append(scope.Items, o.ItemID)
	}
	scope.NewCharges = 3 * len(list)
	return execute(ctx, s, Order{}, scope, nil, func(sc *Scene) (done int, err error) {
		for _, o := range list {
			l, it := sc.openLoanOf(o.ItemID), sc.Items[o.ItemID]
			if l == nil || l.ID != o.LoanID || l.MemberID != o.MemberID || l.LostOn != nil || l.ClaimedOn != nil || l.DueOn >= sc.Today-days {
				continue // it moved meanwhile
			}
			sc.loseLoan(l, it, l.DueOn+days, it.Price, "Overdue for "+strconv.Itoa(int(days))+" days.")
			done++
		}
		return done, nil
	})
}
