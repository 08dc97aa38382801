package borrowing

import (
	"context"
	"log/slog"

	"golang.org/x/sync/errgroup"
)

// Visit is a member as a desk meets them: who they are, what they have at home, what they wait for, and what they owe.
type Visit struct {
	Member Member
	Loans  []LoanView // open, the newest first
	Holds  []HoldView // live, the newest first
	Debt   *Debt      // nil while it cannot be read: lending goes on
}

// visitMost is how many loans, and how many holds, a desk is told of at once.
const visitMost = 100

// Visit answers all that a desk asks when somebody shows a card, current or replaced, in one go; it is for staff. What is read is recorded
// as if each had been asked for by itself.
func (s *Service) Visit(ctx context.Context, card string) (Visit, error) {
	if err := needStaff(ctx); err != nil {
		return Visit{}, err
	}
	member, err := s.members.MemberByCard(s.settings.Current(ctx), card) // a block that another desk just set is shown
	if err != nil {
		return Visit{}, err
	}
	recorded := s.staffReads(ctx, member.ID, readMember, readLoans, readHolds, readAccount)
	v := Visit{Member: member}
	g, asking := errgroup.WithContext(ctx)
	g.Go(func() error {
		loans, err := s.store.Loans(asking, LoanFilter{MemberID: member.ID, Status: LoanOpen, Limit: visitMost, Now: s.now()})
		if err == nil {
			v.Loans, err = s.loanViews(asking, loans, member)
		}
		return err
	})
	g.Go(func() error {
		holds, err := s.store.Holds(asking, HoldFilter{MemberID: member.ID, Live: true, Limit: visitMost})
		if err == nil {
			v.Holds, err = s.holdViews(asking, holds, member)
		}
		return err
	})
	debt, err := s.debt(asking, member.ID)
	if err == nil {
		v.Debt = &debt
	} else if asking.Err() == nil {
		s.settings.Logger.LogAttrs(ctx, levelOf(err), "a member is shown without what they owe", slog.Any("error", err))
	}
	if err := g.Wait(); err != nil {
		return Visit{}, err
	}
	return v, recorded()
}
