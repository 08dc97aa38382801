package borrowing

import (
	"context"

	"bookvault/platform/problem"
)

// Preview asks what the rules say of a loan, without making it: of a member or of anybody in a category, of a copy or of anything
// of an item type.
type Preview struct {
	Card, Category    string // one of them
	Barcode, ItemType string // one of them
	Branch            string // "": the library's default
	On                *Date  // as if it were that day; nil: today

	// Rules, Categories and Calendar stand in for those in force, so that they can be tried before they are published; nil: those in force.
	Rules      []Rule
	Categories map[string]CategoryLimits
	Calendar   *Calendar
}

// Foreseen says what would happen, and why.
type Foreseen struct {
	Asked   RuleKey // what the rule was looked up by
	On      Date
	Version int // of the rules in force; 0: a draft was tried
	Rule    *Rule
	Fitting []Rule // every rule that fits, the most specific first: the first one is Rule
	Due     *Due   // nil where there is no rule, or no open day
	Tallies []Tally
	Reasons []problem.Reason // everything that would refuse it
}

// Tally is a limit, with what the member has of it.
type Tally struct {
	Name     string
	ItemType string // within which it counts; "": all
	Currency string // of an amount in minor units; "": a number of things
	Most     *int64 // nil where nothing limits it
	Has      *int64 // nil where no member was named
}

// Exhausted tells whether one more would be refused; of an amount, whether it is over the limit.
func (t Tally) Exhausted() bool {
	has := int64(0)
	if t.Has != nil {
		has = *t.Has
	}
	return t.Most != nil && (has >= *t.Most && t.Currency == "" || has > *t.Most)
}

// The names of tallies.
const (
	LoansByRule     = "loans_by_rule" // of the rule's item type
	LoansByCategory = "loans_in_all"
	HoldsByRule     = "holds_by_rule" // that a copy of the rule's item type can fill
	HoldsByCategory = "holds_in_all"
	OwedByCategory  = "owed" // with the fines that still grow
)

// Preview judges as a check-out at the desk does, by the same functions on the same scene, and writes nothing. It is for staff.
func (s *Service) Preview(ctx context.Context, cmd Preview) (Foreseen, error) {
	if err := cmd.check(ctx); err != nil {
		return Foreseen{}, err
	}
	return retryMoved(ctx, s, func(ctx context.Context) (Foreseen, error) { return s.preview(ctx, cmd) })
}

func (p *Preview) check(ctx context.Context) error {
	switch {
	case needStaff(ctx) != nil:
		return needStaff(ctx)
	case (p.Card == "") == (p.Category == ""):
		return problem.InvalidField("body.member_card", "give either member_card or category")
	case (p.Barcode == "") == (p.ItemType == ""):
		return problem.InvalidField("body.barcode", "give either barcode or item_type")
	case p.Category != "" && !orderCode.MatchString(p.Category):
		return problem.InvalidField("body.category", "is not a code of a category")
	}
	return nil
}

func (s *Service) preview(ctx context.Context, cmd Preview) (Foreseen, error) {
	member, seen := Member{Category: cmd.Category}, Glimpse{}
	scope := Scope{HoldLimits: true}
	var err error
	if cmd.Card != "" {
		if member, err = s.borrower(ctx, cmd.Card); err != nil {
			return Foreseen{}, err
		}
		scope.Members = []Member{member}
	}
	if cmd.Barcode != "" {
		if seen, err = s.store.Glimpse(ctx, cmd.Barcode); err != nil {
			return Foreseen{}, orNotFound(err, errItemNotFound(cmd.Barcode))
		}
		scope.Books, scope.Items = []int64{seen.BookID}, []int64{seen.ItemID}
	}
	recorded := s.staffReadsOne(ctx, member.ID, readAccount) // it tells what they have and owe
	f, err := execute(ctx, s, Order{DryRun: true}, scope, nil, func(sc *Scene) (Foreseen, error) {
		branch, err := s.branchOf(sc, cmd.Branch)
		if err != nil {
			return Foreseen{}, err
		}
		if err := sc.try(cmd); err != nil {
			return Foreseen{}, err
		}
		// Anything of a type is a copy that nothing stands against.
		it := &Item{ItemType: cmd.ItemType, Status: Available, Loanable: true}
		if cmd.Barcode != "" {
			if it = sc.Items[seen.ItemID]; it == nil || it.BookID != seen.BookID || it.Barcode != cmd.Barcode {
				return Foreseen{}, errMoved
			}
		} else if !sc.Policy.HasItemType(cmd.ItemType) {
			return Foreseen{}, problem.InvalidField("body.item_type", "is not an item type of this library; GET /api/borrowing/v1/item-types lists them")
		}
		return sc.foresee(member, it, branch, cmd.Rules == nil && cmd.Categories == nil), nil
	})
	if unrecorded := recorded(); err == nil && unrecorded != nil {
		return Foreseen{}, unrecorded
	}
	return f, err
}

// try sets a scene to another day, and to a calendar and rules that are not in force.
func (sc *Scene) try(cmd Preview) error {
	if cmd.Calendar != nil {
		draft := *cmd.Calendar
		if err := sc.checkCalendar(&draft); err != nil {
			return err
		}
		sc.Policy = sc.Policy.withCalendar(draft)
	}
	if cmd.On != nil {
		sc.Today, sc.On = *cmd.On, *cmd.On
	}
	draft := sc.Policy.Matrix(sc.Currency)
	if cmd.Rules != nil {
		draft.Rules = cmd.Rules
	}
	if cmd.Categories != nil {
		draft.Categories = cmd.Categories
	}
	if cmd.Rules != nil || cmd.Categories != nil {
		draft.tidy()
		if err := draft.check(sc.Policy, sc.Currency); err != nil {
			return err
		}
	}
	sc.Policy = sc.Policy.with(draft)
	return nil
}

// foresee judges a loan and tells everything that the judgement rests on.
func (sc *Scene) foresee(m Member, it *Item, branch string, inForce bool) Foreseen {
	account, named := sc.Accounts[m.ID], m.ID != 0
	if !named {
		account = &Account{MemberID: m.ID}
		sc.Accounts[m.ID] = account // somebody who has nothing
	}
	f := Foreseen{Asked: RuleKey{Branch: branch, Category: m.Category, ItemType: it.ItemType}, On: sc.On}
	if inForce {
		f.Version = sc.Policy.Edition(RulesStream)
	}
	f.Fitting = sc.Policy.RulesFor(f.Asked)
	rule, due, reasons := sc.judgeLoan(m, it, branch, AtDesk)
	if web := sc.uncollected(m, it); web != nil {
		due, reasons = web.Why.Due, nil // lent on the web already, and handed over now
	}
	f.Reasons = reasons
	if due.On != 0 {
		if !inForce {
			due.Rules = 0
		}
		f.Due = &due
	}
	tally := func(t Tally, most int64, limited bool, has int64) {
		if limited {
			t.Most = &most
		}
		if named {
			t.Has = &has
		}
		f.Tallies = append(f.Tallies, t)
	}
	if len(f.Fitting) > 0 {
		f.Rule = &rule
		tally(Tally{Name: LoansByRule, ItemType: rule.ItemType}, int64(rule.LoanLimit), true, int64(account.Loans(rule.ItemType)))
		tally(Tally{Name: HoldsByRule, ItemType: rule.ItemType}, int64(rule.HoldLimit), true, int64(account.Holds(rule.ItemType)))
	}
	total := sc.Policy.Categories[m.Category]
	tally(Tally{Name: LoansByCategory}, int64(total.LoanTotal), total.LoanTotal > 0, int64(account.Loans("")))
	tally(Tally{Name: HoldsByCategory}, int64(total.HoldTotal), total.HoldTotal > 0, int64(account.Holds("")))
	tally(Tally{Name: OwedByCategory, Currency: sc.Currency}, total.ChargesLimit, total.ChargesLimit > 0, sc.owed(m.ID))
	return f
}
