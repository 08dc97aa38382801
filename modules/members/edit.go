package members

import (
	"context"
	"strings"
	"time"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// Edit changes a member by a card. Problems: member_not_found, version_mismatch, card_taken, own_account, own_role, higher_role,
// role_not_yours_to_grant, invalid_request. A card that is replaced still finds its member afterwards, and lends nothing.
func (s *Service) Edit(ctx context.Context, card string, c Change) (Member, error) {
	found, _, err := s.byCard(ctx, card)
	if err != nil {
		return Member{}, err
	}
	return s.edit(ctx, found.ID, c)
}

// EditMe changes the caller's own account: how one is reached, and whether a history is kept. Problems: those of Edit, not_signed_in.
func (s *Service) EditMe(ctx context.Context, c Change) (Member, identity.Principal, error) {
	p := caller(ctx)
	if !p.SignedIn() {
		return Member{}, p, errNotSignedIn()
	}
	m, err := s.edit(ctx, p.MemberID, c)
	return m, p, err
}

func (s *Service) edit(ctx context.Context, id int64, c Change) (Member, error) {
	p, now := caller(ctx), s.clock()
	m, err := s.store.Edit(ctx, id, func(m Member) (Account, []AuditEntry, error) {
		if err := mayEdit(p, m, c); err != nil {
			return Account{}, nil, err
		}
		if c.IfVersion != nil && *c.IfVersion != m.Version {
			return Account{}, nil, problem.New(problem.PreconditionFailed, "version_mismatch",
				"Somebody else changed this member meanwhile; read it again (version %d) and repeat your change.", m.Version)
		}
		changed, what, err := c.apply(m, now, p.MemberID)
		if err != nil {
			return Account{}, nil, err
		}
		var entries []AuditEntry
		if len(what) > 0 {
			entries = append(entries, audit(p, now, actionChanged, m.ID, strings.Join(what, ",")))
		}
		if changed.Role != m.Role {
			entries = append(entries, audit(p, now, actionRole, m.ID, m.Role.String()+" to "+changed.Role.String()))
		}
		if changed.Card != m.Card {
			entries = append(entries, audit(p, now, actionCard, m.ID, ""))
		}
		return changed, entries, nil
	})
	if err != nil {
		return m, accountProblem(err, "edit member")
	}
	if c.Category != nil || c.ExpiresOn != nil || c.Blocks != nil || c.Card != nil || c.KeepHistory != nil {
		s.changed(ctx, m.ID)
	}
	return m, nil
}

// apply makes the account as edited by a member of staff (0: a command), and names the fields that the change touches.
func (c Change) apply(m Member, now time.Time, by int64) (a Account, touched []string, err error) {
	if a, err = m.account(now); err != nil {
		return a, nil, err
	}
	touch := func(name string) { touched = append(touched, name) }
	if c.Name != nil {
		touch("name")
		if a.Name, err = cleanName("body.name", *c.Name); err != nil {
			return a, nil, err
		}
	}
	if c.Email != nil {
		touch("email")
		if a.Email, err = cleanEmail("body.email", *c.Email); err != nil {
			return a, nil, err
		}
	}
	if c.Category != nil {
		touch("category")
		if a.Category = *c.Category; !codePattern.MatchString(a.Category) {
			return a, nil, unknownCategory()
		}
	}
	if c.ExpiresOn != nil {
		touch("expires_on")
		if a.ExpiresOn, err = cleanExpiry("body.expires_on", *c.ExpiresOn); err != nil {
			return a, nil, err
		}
	}
	if c.Language != nil {
		touch("language")
		if a.Language, err = cleanLanguage("body.language", *c.Language); err != nil {
			return a, nil, err
		}
	}
	if c.Blocks != nil {
		touch("blocks")
		if a.Blocks, err = cleanBlocks("body.blocks", *c.Blocks, m.Blocks, now, by); err != nil {
			return a, nil, err
		}
	}
	if c.KeepHistory != nil {
		touch("keep_history")
		a.KeepHistory = *c.KeepHistory
	}
	if c.Role != nil {
		a.Role = *c.Role
	}
	if c.Card != nil {
		given, err := parseCardField("body.card", *c.Card)
		if err != nil {
			return a, nil, err
		}
		if given.Key != a.CardKey {
			a.Card, a.CardKey = given.Printed, given.Key
		}
	}
	a.FoldedName, a.FoldedEmail = fold(a.Name), foldEmail(a.Email)
	return a, touched, nil
}
