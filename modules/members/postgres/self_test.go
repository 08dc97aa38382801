package postgres_test

import (
	"context"
	"testing"
	"time"

	"bookvault/modules/members"
	"bookvault/platform/identity"
)

// Nobody serves themselves: whatever decides what somebody may borrow or do is done by a colleague, in every role, and whoever has a
// lower role than the account's does not do it either.
func TestNobodyServesThemselves(t *testing.T) {
	l := open(t)
	staff := map[identity.Role][2]members.Member{}
	for role := identity.Patron; role <= identity.Administrator; role++ {
		staff[role] = [2]members.Member{l.member(t, "ONE-"+role.String(), role), l.member(t, "TWO-"+role.String(), role)}
	}
	spare := 0
	other := func() string { // somebody to merge
		spare++
		return l.member(t, "SPARE-"+time.Unix(int64(spare), 0).UTC().Format("150405"), identity.Patron).Card
	}
	senior, never, name := "senior", time.Time{}, "Another Name"
	commands := []struct {
		name string
		need identity.Role
		run  func(ctx context.Context, m members.Member) error
	}{
		{"category", identity.Desk, func(ctx context.Context, m members.Member) error {
			return second(l.Edit(ctx, m.Card, members.Change{Category: &senior}))
		}},
		{"expiry", identity.Desk, func(ctx context.Context, m members.Member) error {
			return second(l.Edit(ctx, m.Card, members.Change{ExpiresOn: &never}))
		}},
		{"name", identity.Desk, func(ctx context.Context, m members.Member) error {
			return second(l.Edit(ctx, m.Card, members.Change{Name: &name}))
		}},
		{"all blocks", identity.Desk, func(ctx context.Context, m members.Member) error {
			return second(l.Edit(ctx, m.Card, members.Change{Blocks: &[]members.Block{}}))
		}},
		{"card by hand", identity.Desk, func(ctx context.Context, m members.Member) error {
			return second(l.Edit(ctx, m.Card, members.Change{Card: &m.Card}))
		}},
		{"role", identity.Administrator, func(ctx context.Context, m members.Member) error {
			role := identity.Librarian
			if m.Role == role {
				role = identity.Desk
			}
			return second(l.Edit(ctx, m.Card, members.Change{Role: &role}))
		}},
		{"renewal", identity.Desk, func(ctx context.Context, m members.Member) error {
			m.ExpiresOn = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
			if _, err := l.Edit(members.AsCommand(ctx), m.Card, members.Change{ExpiresOn: &m.ExpiresOn}); err != nil {
				return err
			}
			return second(l.Renew(ctx, m.Card, ""))
		}},
		{"a block", identity.Desk, func(ctx context.Context, m members.Member) error {
			return second(l.AddBlock(ctx, m.Card, members.Block{Code: "conduct"}, ""))
		}},
		{"a block less", identity.Desk, func(ctx context.Context, m members.Member) error {
			if _, err := l.AddBlock(members.AsCommand(ctx), m.Card, members.Block{Code: "lost_card"}, ""); err != nil {
				return err
			}
			err := second(l.RemoveBlock(ctx, m.Card, "lost_card", ""))
			_, _ = l.RemoveBlock(members.AsCommand(ctx), m.Card, "lost_card", "")
			return err
		}},
		{"card", identity.Desk, func(ctx context.Context, m members.Member) error {
			err := second(l.ReplaceCard(ctx, m.Card, members.CardReplacement{Reason: "other"}, ""))
			_, _ = l.Edit(members.AsCommand(ctx), m.Card, members.Change{Card: &m.Card})
			return err
		}},
		{"merge into", identity.Librarian, func(ctx context.Context, m members.Member) error {
			return second(l.Merge(ctx, other(), members.MergeRequest{Into: m.Card, Reason: "x"}, ""))
		}},
		{"merge away", identity.Librarian, func(ctx context.Context, m members.Member) error {
			return second(l.Merge(ctx, m.Card, members.MergeRequest{Into: other(), Reason: "x"}, ""))
		}},
		{"deletion", identity.Librarian, func(ctx context.Context, m members.Member) error { return l.Delete(ctx, m.Card, "") }},
	}
	for _, c := range commands {
		for role := identity.Patron; role <= identity.Administrator; role++ {
			for _, via := range []identity.Via{identity.ViaSession, identity.ViaToken} {
				me := staff[role][0]
				ctx := identity.WithPrincipal(t.Context(), identity.Principal{MemberID: me.ID, Card: me.Card, Role: role, Via: via})
				if got := code(c.run(ctx, me)); got != "own_account" && got != "own_role" && got != "role_needed" {
					t.Errorf("%s of one's own, as %s by %s: %q", c.name, role, via, got)
				}
			}
			if higher := role + 1; role >= c.need && higher <= identity.Administrator {
				if got := code(c.run(as(t.Context(), staff[role][0]), staff[higher][0])); got != "higher_role" && got != "role_not_yours_to_grant" {
					t.Errorf("%s of a %s, by a %s: %q", c.name, higher, role, got)
				}
			}
		}
	}
	// A colleague of the same role does it: this table can fail.
	for _, c := range commands {
		role := max(c.need, identity.Librarian)
		if c.name == "merge away" || c.name == "deletion" {
			continue // they end the colleague; deletions are tested elsewhere
		}
		if err := c.run(as(t.Context(), staff[role][0]), staff[role][1]); err != nil {
			t.Errorf("%s by a colleague: %v", c.name, err)
		}
	}
}
