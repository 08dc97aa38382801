package borrowing

import (
	"context"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// The reasons for which an account is not closed, and what stands against every command for one that is.
const (
	MemberHasLoans         = "member_has_loans"
	MemberHasBalance       = "member_has_balance"
	MemberHasCapturedHolds = "member_has_captured_holds"
	AccountClosed          = "account_closed"
)

// Merge moves everything that a member has here to another.
type Merge struct{ From, Into int64 }

// CloseAccount makes sure that nothing of a member is left here and that nothing comes, so that the members module can delete the
// member. It is a problem of kind Conflict with all reasons while there are loans, a balance or captured holds; waiting holds are
// cancelled, and what tied the member to loans of the past is forgotten. It can be repeated.
func (s *Service) CloseAccount(ctx context.Context, memberID int64) error {
	if err := needLibrarianForOther(ctx, memberID); err != nil {
		return err
	}
	_, err := execute(ctx, s, Order{}, Scope{Closing: []int64{memberID}}, nil, func(sc *Scene) (struct{}, error) {
		return struct{}{}, sc.closeAccount(memberID)
	})
	if err != nil {
		return err
	}
	return s.ForgetMember(ctx, memberID)
}

func (sc *Scene) closeAccount(memberID int64) error {
	var reasons []problem.Reason
	if sc.Accounts[memberID].Loans("") > 0 {
		reasons = append(reasons, final(MemberHasLoans, "The member has copies on loan."))
	}
	for _, owed := range sc.Accounts[memberID].Owed {
		if owed > 0 {
			reasons = append(reasons, final(MemberHasBalance, "The account is not settled: something is left to pay."))
			break
		}
	}
	captured := false
	for _, h := range sc.Holds {
		captured = captured || h.Status.Live() && h.CapturedItem != 0
	}
	if captured {
		reasons = append(reasons, final(MemberHasCapturedHolds, "A copy is kept, or travels, for the member. Give up the hold first."))
	}
	if len(reasons) > 0 {
		return problem.Refused(reasons...)
	}
	for _, h := range sc.Holds {
		if h.Status.Live() {
			sc.cancel(h, "")
		}
	}
	sc.Changes.Closed = append(sc.Changes.Closed, memberID)
	return nil
}

// MergeAccounts moves all that a member has here, loans, holds and account, to another, and closes the account that it came from. Where
// both wait for one title, the earlier hold survives. It can be repeated.
func (s *Service) MergeAccounts(ctx context.Context, from, into int64) error {
	for _, id := range []int64{from, into} {
		if err := needLibrarianForOther(ctx, id); err != nil {
			return err
		}
	}
	survivor, err := s.memberByID(ctx, into)
	if err != nil {
		return err
	}
	scope := Scope{Members: []Member{survivor}, Closing: []int64{from}, HoldsOf: []int64{into}}
	_, err = execute(ctx, s, Order{}, scope, nil, func(sc *Scene) (struct{}, error) {
		sc.mergeAccounts(Merge{From: from, Into: into})
		return struct{}{}, nil
	})
	return err
}

func (sc *Scene) mergeAccounts(m Merge) {
	type wish struct {
		book int64
		part string
	}
	kept := map[wish]*Hold{}
	for _, h := range sc.Holds {
		if !h.Status.Live() {
			continue
		}
		w := wish{h.BookID, h.Part}
		switch other := kept[w]; {
		case other == nil:
			kept[w] = h
		case other.Place < h.Place:
			sc.cancel(h, holdStream(other.ID))
		default:
			sc.cancel(other, holdStream(h.ID))
			kept[w] = h
		}
	}
	sc.Changes.Merged = append(sc.Changes.Merged, m)
	sc.Changes.Closed = append(sc.Changes.Closed, m.From)
}

// refuseClosed refuses a command for a member whose account is closed: whoever looked the member up did so before.
func (sc *Scene) refuseClosed(members []Member) error {
	for _, m := range members {
		if sc.Accounts[m.ID].Closed {
			return problem.Refused(final(AccountClosed, "This account is closed: the member is being deleted, or merged into another."))
		}
	}
	return nil
}

// outdated tells whether borrowing has heard of a later version of a member than the command goes by, from wherever the member was changed.
func (sc *Scene) outdated(m Member) bool { return sc.Accounts[m.ID].Version > m.Version }

// CategoryInRules tells whether a rule or a limit names a category of members.
func (s *Service) CategoryInRules(ctx context.Context, code string) (bool, error) {
	p, err := s.store.Policy(ctx)
	if err != nil {
		return false, err
	}
	for _, r := range p.Rules {
		if r.Category == code {
			return true, nil
		}
	}
	_, limited := p.Categories[code]
	return limited, nil
}

// needLibrarianForOther is a second fence behind the members module's own: nobody does this to themselves.
func needLibrarianForOther(ctx context.Context, memberID int64) error {
	p, _ := identity.FromContext(ctx)
	if !p.May(identity.Librarian) {
		return problem.New(problem.Forbidden, "role_needed", "This needs the role librarian.")
	}
	if p.MemberID == memberID {
		return problem.New(problem.Forbidden, "own_account", "Nobody serves themselves; ask a colleague.")
	}
	return nil
}
