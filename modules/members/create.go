package members

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// Create makes a member. Staff make patrons; an administrator makes staff too. Problems: card_taken, invalid_request,
// role_not_yours_to_grant, idempotency_key_reused, idempotency_in_progress.
func (s *Service) Create(ctx context.Context, n NewMember) (Member, error) {
	p := caller(ctx)
	if err := needStaff(p); err != nil {
		return Member{}, err
	}
	now, key := s.clock(), n.IdempotencyKey
	asked := n
	asked.IdempotencyKey, asked.Password = "", ""
	if n.Role == identity.Undeclared {
		n.Role = identity.Patron
	}
	if err := mayGrant(p, n.Role); err != nil {
		return Member{}, err
	}
	if p.Via != identity.ViaCommand || n.Kind == "" {
		n.Kind = KindPerson
	}
	categories, err := s.store.Categories(ctx)
	if err != nil {
		return Member{}, fmt.Errorf("create member: %w", err)
	}
	account, err := s.newAccount(n, categories, p.MemberID, now)
	if err != nil {
		return Member{}, err
	}
	hash := ""
	if n.Password != "" {
		if hash, err = s.hashNew(ctx, "body.password", n.Password, account.Member); err != nil {
			return Member{}, err
		}
	}
	entry := audit(p, now, actionCreated, 0, n.Role.String())
	return repeatable(ctx, s, "create member", key, asked, func(ctx context.Context) (Member, error) {
		if n.Card != "" {
			m, err := s.store.Insert(ctx, account, hash, entry)
			return m, accountProblem(err, "create member")
		}
		return s.withFreshCard(ctx, "create member", func(card Card) (Member, error) {
			account.Card, account.CardKey = card.Printed, card.Key
			return s.store.Insert(ctx, account, hash, entry)
		})
	})
}

// withFreshCard stores something with a card number that the library makes. It can only be taken when somebody typed it in by hand before:
// then the next one is tried.
func (s *Service) withFreshCard(ctx context.Context, tried string, store func(Card) (Member, error)) (Member, error) {
	for range 20 {
		number, err := s.store.NextCardNumber(ctx)
		if err != nil {
			return Member{}, fmt.Errorf("%s: next card number: %w", tried, err)
		}
		card, err := numberedCard(s.settings.CardPrefix, number)
		if err != nil {
			return Member{}, fmt.Errorf("%s: card prefix %q: %w", tried, s.settings.CardPrefix, err)
		}
		m, err := store(card)
		if !errors.Is(err, ErrCardTaken) {
			return m, accountProblem(err, tried)
		}
	}
	return Member{}, problem.Conflict("card_taken", "No free card number was found; give one.")
}

// newAccount checks a new member and fills in what was left out; by is the member of staff who makes it.
func (s *Service) newAccount(n NewMember, categories []Category, by int64, now time.Time) (a Account, err error) {
	a.CreatedAt, a.UpdatedAt, a.Role, a.Kind = now, now, n.Role, n.Kind
	if a.Name, err = cleanName("body.name", n.Name); err != nil {
		return a, err
	}
	if a.Email, err = cleanEmail("body.email", n.Email); err != nil {
		return a, err
	}
	if a.Language, err = cleanLanguage("body.language", n.Language); err != nil {
		return a, err
	}
	if a.Blocks, err = cleanBlocks("body.blocks", n.Blocks, nil, now, by); err != nil {
		return a, err
	}
	if n.Card != "" {
		card, err := parseCardField("body.card", n.Card)
		if err != nil {
			return a, err
		}
		a.Card, a.CardKey = card.Printed, card.Key
	}
	at := slices.IndexFunc(categories, func(c Category) bool { return c.Code == n.Category || n.Category == "" && c.Default })
	if at < 0 {
		return a, unknownCategory()
	}
	a.Category = categories[at].Code
	if n.ExpiresOn != nil {
		a.ExpiresOn, err = cleanExpiry("body.expires_on", *n.ExpiresOn)
	} else if months := categories[at].MonthsValid; months > 0 {
		a.ExpiresOn = addMonths(s.today(now), months)
	}
	a.FoldedName, a.FoldedEmail = fold(a.Name), foldEmail(a.Email)
	return a, err
}

// Load brings in many members at once, for commands such as seed: in one transaction, by COPY, some thousands a call. Members whose card is
// there already are left alone, so that it can be repeated; it tells how many came in. Cards are needed here, and passwords are not
// accepted: hashing so many would take hours.
func (s *Service) Load(ctx context.Context, people []NewMember) (loaded int, err error) {
	now := s.clock()
	categories, err := s.store.Categories(ctx)
	if err != nil {
		return 0, fmt.Errorf("load members: %w", err)
	}
	accounts, seen := make([]Account, 0, len(people)), make(map[string]bool, len(people))
	for i, n := range people {
		n.Role = max(n.Role, identity.Patron)
		if n.Kind == "" {
			n.Kind = KindPerson
		}
		a, err := s.newAccount(n, categories, 0, now)
		switch {
		case err != nil:
			return 0, fmt.Errorf("load members: number %d: %w", i+1, err)
		case a.CardKey == "":
			return 0, problem.InvalidField("card", "is needed for member number %d", i+1)
		case n.Password != "":
			return 0, problem.InvalidField("password", "cannot be loaded (member number %d)", i+1)
		}
		if !seen[a.CardKey] {
			seen[a.CardKey] = true
			accounts = append(accounts, a)
		}
	}
	loaded, err = s.store.InsertMany(ctx, accounts, audit(caller(AsCommand(ctx)), now, actionLoaded, 0, ""))
	if err != nil {
		return 0, fmt.Errorf("load members: %w", err)
	}
	return loaded, nil
}
