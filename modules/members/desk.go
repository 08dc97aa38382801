package members

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// decision is what a command makes of a member, under the member's lock.
type decision func(m Member) (Account, AuditEntry, error)

// serve is what the desk's commands on one member have in common: find the member by a card, let act carry out its decision, and tell the
// borrowing desk of the new standing. It may be repeated under its key.
func (s *Service) serve(ctx context.Context, command, key, card string, about any, act func(ctx context.Context, found Member) (Member, error)) (Member, error) {
	if err := needRole(caller(ctx), identity.Desk); err != nil {
		return Member{}, err
	}
	found, _, early := s.byCard(ctx, card)
	asked := struct {
		Card  string
		About any
	}{card, about}
	m, err := repeatable(ctx, s, command, key, asked, func(ctx context.Context) (Member, error) {
		if early != nil {
			return Member{}, early
		}
		m, err := act(ctx, found)
		return m, accountProblem(err, command)
	})
	if err == nil {
		s.changed(ctx, m.ID)
	}
	return m, err
}

// decide carries out a decision on a member under the member's lock. Nobody serves themselves.
func (s *Service) decide(ctx context.Context, id int64, decide decision) (Member, error) {
	return s.store.Edit(ctx, id, func(m Member) (Account, []AuditEntry, error) {
		if err := mayServe(caller(ctx), m); err != nil {
			return Account{}, nil, err
		}
		a, entry, err := decide(m)
		return a, []AuditEntry{entry}, err
	})
}

// serveBy is serve for commands that are one decision.
func (s *Service) serveBy(ctx context.Context, command, key, card string, about any, made decision) (Member, error) {
	return s.serve(ctx, command, key, card, about, func(ctx context.Context, found Member) (Member, error) {
		return s.decide(ctx, found.ID, made)
	})
}

// CardReplacement asks for another card.
type CardReplacement struct {
	NewCard string // made by the library when empty
	Reason  string // one of ReplacementReasons
}

// ReplacementReasons says why members get another card. With the first two the old one is in other hands.
var ReplacementReasons = []string{"lost", "stolen", "damaged", "other"}

// ReplaceCard gives a member another card. The old one still finds its member, and lends nothing; when it was lost or stolen, the member's
// sessions end too, while API tokens, which are on no card, go on. Problems: member_not_found, card_replaced (the card named is an old one),
// card_taken, card_unchanged, own_account, higher_role, invalid_request.
func (s *Service) ReplaceCard(ctx context.Context, card string, r CardReplacement, key string) (Member, error) {
	if !slices.Contains(ReplacementReasons, r.Reason) {
		return Member{}, problem.InvalidField("body.reason", "must be one of %s", strings.Join(ReplacementReasons, ", "))
	}
	var next Card
	var err error
	if r.NewCard != "" {
		if next, err = parseCardField("body.new_card", r.NewCard); err != nil {
			return Member{}, err
		}
	}
	p, now := caller(ctx), s.clock()
	return s.serve(ctx, "replace card", key, card, r, func(ctx context.Context, found Member) (Member, error) {
		asked, err := ParseCard(card)
		if err != nil {
			return Member{}, err
		}
		give := func(next Card) (Member, error) {
			return s.decide(ctx, found.ID, func(m Member) (Account, AuditEntry, error) {
				a, err := m.account(now)
				if err == nil && a.CardKey != asked.Key {
					err = problem.Conflict("card_replaced", "This card was replaced already. Use the member's current card.")
				} else if err == nil && a.CardKey == next.Key {
					err = problem.Conflict("card_unchanged", "The member has this card now. Give another number.")
				}
				a.Card, a.CardKey = next.Printed, next.Key
				a.EndSessions = r.Reason == "lost" || r.Reason == "stolen"
				return a, audit(p, now, actionCard, m.ID, r.Reason), err
			})
		}
		if r.NewCard != "" {
			return give(next)
		}
		return s.withFreshCard(ctx, "replace card", give)
	})
}

// Renew extends a membership by its category's months, from today or from its last day, whichever is later. Problems: member_not_found,
// membership_does_not_expire, own_account, higher_role.
func (s *Service) Renew(ctx context.Context, card, key string) (Member, error) {
	categories, err := s.store.Categories(ctx)
	if err != nil {
		return Member{}, fmt.Errorf("renew membership: %w", err)
	}
	p, now := caller(ctx), s.clock()
	return s.serveBy(ctx, "renew membership", key, card, nil, func(m Member) (Account, AuditEntry, error) {
		a, err := m.account(now)
		if err == nil {
			a.ExpiresOn, err = renewed(m, categories, s.today(now))
		}
		return a, audit(p, now, actionRenewed, m.ID, ""), err
	})
}

// renewed is the last day of a membership that is renewed today.
func renewed(m Member, categories []Category, today time.Time) (time.Time, error) {
	at := slices.IndexFunc(categories, func(c Category) bool { return c.Code == m.Category })
	switch {
	case m.ExpiresOn.IsZero():
		return m.ExpiresOn, problem.Conflict("membership_does_not_expire", "This membership does not expire, so there is nothing to renew.")
	case at < 0 || categories[at].MonthsValid == 0:
		return time.Time{}, nil // of a category that does not expire
	}
	from := m.ExpiresOn
	if today.After(from) {
		from = today
	}
	day, err := cleanExpiry("expires_on", addMonths(from, categories[at].MonthsValid))
	if err != nil {
		return day, problem.Conflict("membership_too_long", "The membership would end after the year %d.", lastYear)
	}
	return day, nil
}

// addMonths gives the same day of the month n months later, or that month's last day where it has no such day: a month after
// 31 January is 28 or 29 February, a year after 29 February is 28 February.
func addMonths(day time.Time, n int) time.Time {
	first := time.Date(day.Year(), day.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	return first.AddDate(0, 0, min(day.Day(), first.AddDate(0, 1, -1).Day())-1)
}

// AddBlock sets a block against a member. Problems: member_not_found, block_exists, own_account, higher_role, invalid_request.
func (s *Service) AddBlock(ctx context.Context, card string, b Block, key string) (Member, error) {
	p, now := caller(ctx), s.clock()
	return s.serveBy(ctx, "add block", key, card, b, func(m Member) (Account, AuditEntry, error) {
		a, err := m.account(now)
		if err == nil && slices.ContainsFunc(m.Blocks, func(old Block) bool { return old.Code == b.Code }) {
			err = problem.Conflict("block_exists", "The member has the block %s already.", b.Code)
		}
		if err == nil {
			a.Blocks, err = cleanBlocks("body.code", append(slices.Clone(m.Blocks), b), m.Blocks, now, p.MemberID)
		}
		return a, audit(p, now, actionBlocked, m.ID, b.Code), err
	})
}

// RemoveBlock takes a block away. Problems: member_not_found, block_not_found, own_account, higher_role.
func (s *Service) RemoveBlock(ctx context.Context, card, code, key string) (Member, error) {
	p, now := caller(ctx), s.clock()
	return s.serveBy(ctx, "remove block", key, card, code, func(m Member) (Account, AuditEntry, error) {
		a, err := m.account(now)
		a.Blocks = slices.DeleteFunc(slices.Clone(m.Blocks), func(b Block) bool { return b.Code == code })
		if err == nil && len(a.Blocks) == len(m.Blocks) {
			err = problem.NotFound("block_not_found", "The member has no such block.")
		}
		return a, audit(p, now, actionUnblocked, m.ID, code), err
	})
}

// account is the member as it is stored by the next change, with nothing changed yet.
func (m Member) account(now time.Time) (Account, error) {
	card, err := ParseCard(m.Card)
	a := Account{Member: m, CardKey: card.Key, FoldedName: fold(m.Name), FoldedEmail: foldEmail(m.Email)}
	a.UpdatedAt, a.Version = now, m.Version+1
	return a, err
}
