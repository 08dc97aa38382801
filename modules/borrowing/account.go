package borrowing

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// Settle pays, or waives, what a member owes.
type Settle struct {
	Card     string
	ChargeID int64 // 0: the oldest charges first
	Amount   int64 // in minor units of the charge's currency; the library's where none is named
	Method   string
	Reason   string // of a waiver; of a payment a note
}

// Settled is what became of it.
type Settled struct {
	Money
	Parts   []SettledPart // the charges it went to, oldest first
	Balance Money         // what the member owes now
	Closed  []int64       // loans of lost copies that this closed
}

// SettledPart is what went to one charge.
type SettledPart struct {
	ChargeID    int64
	Amount      int64
	Outstanding int64 // after it
}

// Pay takes a payment at the desk. It never takes more than is owed.
func (s *Service) Pay(ctx context.Context, cmd Settle, order Order) (Settled, error) {
	return s.settle(ctx, cmd, Payment, identity.Desk, final(PaymentTooHigh, "This is more than is owed: "), order)
}

// Waive lets a member off what they owe, or part of it.
func (s *Service) Waive(ctx context.Context, cmd Settle, order Order) (Settled, error) {
	if strings.TrimSpace(cmd.Reason) == "" {
		return Settled{}, problem.InvalidField("body.reason", "say why; it is recorded")
	}
	return s.settle(ctx, cmd, Waiver, identity.Librarian, final(WaiverTooHigh, "This is more than is owed: "), order)
}

func (s *Service) settle(ctx context.Context, cmd Settle, kind EntryKind, role identity.Role, tooHigh problem.Reason, order Order) (Settled, error) {
	p, _ := identity.FromContext(ctx)
	if !p.May(role) {
		return Settled{}, problem.New(problem.Forbidden, "role_needed", "This needs the role %s.", role)
	}
	if err := checkAmount(cmd.Amount); err != nil {
		return Settled{}, err
	}
	member, early := s.payer(ctx, cmd)
	if early == nil && p.MemberID == member.ID {
		return Settled{}, problem.New(problem.Forbidden, string(kind)+"_for_self", "Nobody settles their own charges at the desk; ask a colleague.")
	}
	cmd.Reason = norm.NFC.String(strings.TrimSpace(cmd.Reason))
	scope := Scope{Members: []Member{member}, Payers: []int64{member.ID}}
	if cmd.ChargeID != 0 {
		scope.Charges = []int64{cmd.ChargeID}
	}
	return execute(ctx, s, order, scope, early, func(sc *Scene) (Settled, error) { return sc.settle(member, cmd, kind, tooHigh) })
}

// payer finds whose account it is: by the card, or by the charge.
func (s *Service) payer(ctx context.Context, cmd Settle) (Member, error) {
	if cmd.Card != "" {
		return s.members.MemberByCard(ctx, cmd.Card)
	}
	if cmd.ChargeID == 0 {
		return Member{}, problem.InvalidField("body.member_card", "name a member, or a charge")
	}
	id, err := s.store.ChargedTo(ctx, cmd.ChargeID)
	if err != nil {
		return Member{}, orNotFound(err, errChargeNotFound())
	}
	return s.memberByID(ctx, id)
}

// settle spreads an amount over the charge that was named, or the oldest ones.
func (sc *Scene) settle(m Member, cmd Settle, kind EntryKind, tooHigh problem.Reason) (Settled, error) {
	done := Settled{Money: Money{cmd.Amount, sc.Currency}}
	var targets []*Charge
	if cmd.ChargeID != 0 {
		c := sc.Charges[cmd.ChargeID]
		if c == nil || c.MemberID != m.ID {
			return done, errChargeNotFound()
		}
		targets, done.Currency = []*Charge{c}, c.Currency
	} else {
		targets = sc.openCharges(m.ID, sc.Currency)
	}
	owed := int64(0)
	for _, c := range targets {
		owed += c.Outstanding()
	}
	if cmd.Amount > owed {
		tooHigh.Detail += Money{owed, done.Currency}.String() + "."
		return done, problem.Refused(tooHigh)
	}
	left := cmd.Amount
	for _, c := range targets {
		part := min(left, c.Outstanding())
		if left -= part; part == 0 {
			continue
		}
		sc.enter(c, kind, part, cmd.Method, cmd.Reason)
		done.Parts = append(done.Parts, SettledPart{c.ID, part, c.Outstanding()})
	}
	done.Closed = sc.closeSettled(m.ID)
	done.Balance = Money{sc.Accounts[m.ID].Owed[done.Currency], done.Currency}
	return done, nil
}

// openCharges gives what a member has to pay in a currency, oldest first.
func (sc *Scene) openCharges(memberID int64, currency string) []*Charge {
	open := slices.Collect(maps.Values(sc.Charges))
	open = slices.DeleteFunc(open, func(c *Charge) bool { return c.MemberID != memberID || c.Currency != currency || c.Outstanding() == 0 })
	slices.SortFunc(open, func(a, b *Charge) int { return cmp.Compare(a.ID, b.ID) })
	return open
}

// closeSettled closes the loans of lost copies whose charges have just been settled. The copies stay lost.
func (sc *Scene) closeSettled(memberID int64) (closed []int64) {
	for _, l := range Sorted(sc.Loans) {
		if l.MemberID != memberID || l.Status != LoanOpen || l.LostOn == nil {
			continue
		}
		charged, outstanding := false, int64(0)
		for _, c := range sc.Charges {
			if c.LoanID == l.ID && c.forLoss() {
				charged, outstanding = true, outstanding+c.Outstanding()
			}
		}
		if !charged || outstanding > 0 {
			continue // a loan that nothing was charged for is not settled by it
		}
		sc.changeLoan(l, EventLoanClosed, loanSettled{BookID: l.BookID, ItemID: l.ItemID, Settled: true}, "", func(l *Loan) {
			l.Status, l.ClosedAt, l.ClosedBy = LoanClosed, &sc.Now, BySettling
		})
		closed = append(closed, l.ID)
	}
	return closed
}

// NewCharge is a charge made by hand.
type NewCharge struct {
	Card   string
	Amount int64 // in minor units of the library's currency
	Note   string
}

// Charge puts a charge with a note on a member's account.
func (s *Service) Charge(ctx context.Context, n NewCharge, order Order) (ChargeView, error) {
	if err := needStaff(ctx); err != nil {
		return ChargeView{}, err
	}
	if err := checkAmount(n.Amount); err != nil {
		return ChargeView{}, err
	}
	if n.Note = norm.NFC.String(strings.TrimSpace(n.Note)); n.Note == "" {
		return ChargeView{}, problem.InvalidField("body.note", "say what it is for")
	}
	member, early := s.members.MemberByCard(ctx, n.Card)
	return execute(ctx, s, order, Scope{Members: []Member{member}, NewCharges: 1}, early, func(sc *Scene) (ChargeView, error) {
		if sc.Accounts[member.ID].Owed[sc.Currency] > mostOwed-n.Amount {
			return ChargeView{}, problem.Refused(final(ChargeTooHigh, "Nobody can owe that much."))
		}
		sc.charge(member.ID, ManualCharge, Money{n.Amount, sc.Currency}, nil, n.Note)
		return ChargeView{Charge: *sc.Changes.Charges[0], MemberCard: member.Card}, nil
	})
}

func checkAmount(minor int64) error {
	if minor < 1 || minor > mostMoney {
		return problem.InvalidField("body.amount", "must be 1 to 10^12, in minor units of the currency")
	}
	return nil
}

// owed is what the member owes in the library's currency, with the fines that still grow on open loans.
func (sc *Scene) owed(memberID int64) int64 {
	account := sc.Accounts[memberID]
	return account.Owed[sc.Currency] + accrued(sc.Policy, account.Late, sc.Currency, sc.On)
}

// judgeCharges counts what the member owes against the limit of their category.
func (sc *Scene) judgeCharges(m Member) []problem.Reason {
	limit, owed := sc.Policy.Categories[m.Category].ChargesLimit, sc.owed(m.ID)
	if limit == 0 || owed <= limit {
		return nil
	}
	return []problem.Reason{overridable(ChargesOverLimit, "The member owes "+Money{owed, sc.Currency}.String()+", with the fines that still grow; the limit is "+
		Money{limit, sc.Currency}.String()+".")}
}

// accrued sums the fines of a currency that loans have run up by today.
func accrued(p *Policy, late []Lateness, currency string, today Date) (sum int64) {
	for _, l := range late {
		if l.Terms.Currency == currency {
			sum += p.Accrued(l, today)
		}
	}
	return min(sum, mostOwed)
}
