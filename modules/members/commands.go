package members

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// Machinery is what commands on the server's own machine need of the store beyond what requests need.
type Machinery interface {
	// FirstOfKind gives the oldest member of a kind and role. ErrNotFound.
	FirstOfKind(ctx context.Context, kind Kind, role identity.Role) (Member, error)
	// InsertMany stores new members whose cards nobody has or had, in one transaction, and tells how many those were.
	InsertMany(ctx context.Context, accounts []Account, entry AuditEntry) (int, error)
}

// IssueToken makes an API token on behalf of a command: for the member with the given card; without one for the demonstration member of
// that role; failing that for a service member, which is made if need be. A ttl of 0 takes the settings' default. The secret is
// given for the only time. Problems: member_not_found, role_above_own, invalid_request.
func (s *Service) IssueToken(ctx context.Context, role identity.Role, card, name string, ttl time.Duration) (secret string, t Token, err error) {
	ctx = AsCommand(ctx)
	m, err := s.tokenMember(ctx, role, card)
	if err != nil {
		return "", Token{}, err
	}
	if role > m.Role {
		return "", Token{}, problem.New(problem.Forbidden, "role_above_own", "Card %s is a %s: its tokens cannot be %s.", m.Card, m.Role, role)
	}
	t, err = s.newToken(m.ID, 0, NewToken{Name: name, Role: role, Lifetime: ttl})
	if err != nil {
		return "", Token{}, err
	}
	t.Card = m.Card
	t, secret, err = s.addToken(ctx, t, caller(ctx))
	return secret, t, err
}

func (s *Service) tokenMember(ctx context.Context, role identity.Role, card string) (Member, error) {
	if card != "" {
		m, _, err := s.byCard(ctx, card)
		return m, err
	}
	m, err := s.store.FirstOfKind(ctx, KindDemonstration, role)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return m, err
	}
	serviceCard := "SERVICE-" + role.String()
	if m, _, err = s.byCard(ctx, serviceCard); err == nil {
		return m, nil
	}
	never := time.Time{}
	m, err = s.Create(ctx, NewMember{Card: serviceCard, Name: "Service (" + role.String() + ")", Category: "staff", ExpiresOn: &never, Role: role, Kind: KindService})
	if errors.Is(err, &problem.Error{Code: "card_taken"}) { // another command was faster
		m, _, err = s.byCard(ctx, serviceCard)
	}
	return m, err
}

// Enrol makes a member with a role and a password in one go, for commands such as the demonstration loader. When the card is there already,
// its member keeps everything and gets the role and the password given, so that it can be repeated.
func (s *Service) Enrol(ctx context.Context, n NewMember) (Member, error) {
	ctx = AsCommand(ctx)
	m, err := s.Create(ctx, n)
	if n.Card == "" || !errors.Is(err, &problem.Error{Code: "card_taken"}) {
		return m, err
	}
	change := Change{}
	if n.Role != identity.Undeclared {
		change.Role = &n.Role
	}
	if m, err = s.Edit(ctx, n.Card, change); err != nil {
		return m, err
	}
	if n.Password != "" {
		err = s.SetPassword(ctx, n.Card, "", n.Password, "")
	}
	return m, err
}

// ByCard finds who has or had a card, for other modules; replaced tells that it is no longer the current one. It is not audited: the module
// that asks answers for what it shows. Problems: member_not_found.
func (s *Service) ByCard(ctx context.Context, card string) (m Member, replaced bool, err error) {
	found, err := s.ByCards(ctx, []string{card})
	held, known := found[card]
	if err == nil && !known {
		err = errNotFound()
	}
	return held.Member, held.Replaced, err
}

// ByCards is ByCard for several cards, by the cards as they were written. Those that nobody has or had are left out.
func (s *Service) ByCards(ctx context.Context, cards []string) (map[string]Held, error) {
	keys := make(map[string]string, len(cards))
	asked := make([]string, 0, len(cards))
	for _, card := range cards {
		if parsed, err := ParseCard(card); err == nil {
			keys[card] = parsed.Key
			asked = append(asked, parsed.Key)
		}
	}
	holders := map[string]Held{}
	if len(asked) == 0 {
		return holders, nil
	}
	found, err := s.store.ByCards(ctx, asked)
	if err != nil {
		return nil, accountProblem(err, "find members by card")
	}
	for card, key := range keys {
		if held, known := found[key]; known {
			holders[card] = held
		}
	}
	return holders, nil
}

// ByIDs finds members by id, for other modules. Those that do not exist are left out.
func (s *Service) ByIDs(ctx context.Context, ids []int64) ([]Member, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	found, err := s.store.ByIDs(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("find members by id: %w", err)
	}
	return found, nil
}
