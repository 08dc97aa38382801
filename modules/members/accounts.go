package members

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// What a store says of accounts; the Service puts them into words.
var (
	ErrNotFound        = errors.New("members: no such row")
	ErrCardTaken       = errors.New("members: the card belongs to another member")
	ErrUnknownCategory = errors.New("members: no such category")
	ErrKeyReused       = errors.New("members: the key belongs to another command")
	ErrKeyInUse        = errors.New("members: the command with this key is under way")
	ErrForgotten       = errors.New("members: the answer was forgotten with whom it was about")
)

// Account is a member as it is stored: with what is compared, beside what is shown.
type Account struct {
	Member
	CardKey     string
	FoldedName  string
	FoldedEmail string
	EndSessions bool // with this change, whoever is signed in signs in again
}

// Search is what a list of members is asked for, already folded. Empty fields do not restrict; those given are alternatives.
type Search struct {
	Words       []string // each begins a word of the name
	CardPrefix  string   // of the card's key
	EmailPrefix string   // of the folded address
	After       *Place   // go on behind this member
	Limit       int
}

// Place is where a member stands in the order of lists: by folded name, then by id.
type Place struct {
	FoldedName string
	ID         int64
}

// Held is who has or had a card.
type Held struct {
	Member   Member
	Replaced bool // it is not the member's current one
}

// Accounts is the stored side of members and their cards.
type Accounts interface {
	// Current gives a context whose reads see everything that was committed, whoever committed it. Without it a read may lag behind what
	// others did by some milliseconds.
	Current(ctx context.Context) context.Context
	// Insert stores a new member with its card, blocks, password hash ("" for none) and audit in one transaction, and gives it
	// back with its id. ErrCardTaken, ErrUnknownCategory.
	Insert(ctx context.Context, a Account, passwordHash string, entry AuditEntry) (Member, error)
	// ByCards finds the members who have or had cards, by the cards' keys; those that nobody has or had are left out. From a memory it may lag
	// behind other processes as a read does.
	ByCards(ctx context.Context, keys []string) (map[string]Held, error)
	// ByIDs finds members; those that do not exist are left out.
	ByIDs(ctx context.Context, ids []int64) ([]Member, error)
	// Edit locks a member, lets edit decide on it, and stores what it returns with the next version; an error of edit is
	// returned as it is and nothing is stored. It may run more than once. ErrNotFound, ErrCardTaken, ErrUnknownCategory.
	Edit(ctx context.Context, id int64, edit func(Member) (Account, []AuditEntry, error)) (Member, error)
	// Search lists members by folded name, then id.
	Search(ctx context.Context, q Search) ([]Account, error)
	// NextCardNumber gives a number that no other call gets.
	NextCardNumber(ctx context.Context) (int64, error)
}

func unknownCategory() error {
	return problem.InvalidField("body.category", "is not a category of this library; GET /api/members/v1/categories lists them")
}

// accountProblem puts a store's error into words for the caller; what is no rule is wrapped with what was tried.
func accountProblem(err error, tried string) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, ErrNotFound):
		return errNotFound()
	case errors.Is(err, ErrCardTaken):
		return problem.Conflict("card_taken", "This card number belongs, or belonged, to another member.")
	case errors.Is(err, ErrKeyInUse):
		return problem.Conflict("idempotency_in_progress", "The command with this Idempotency-Key is still running. Ask again in a moment.")
	case errors.Is(err, ErrKeyReused):
		return problem.Invalid("idempotency_key_reused", "This Idempotency-Key was used with another body. Make up a new key for a new command.",
			problem.Field{Field: "header.Idempotency-Key", Detail: "belongs to another command"})
	case errors.Is(err, ErrForgotten):
		return problem.Conflict("answer_forgotten", "This command was carried out; its answer was forgotten with the member whom it was about.")
	case errors.Is(err, ErrUnknownCategory):
		return unknownCategory()
	}
	if _, worded := errors.AsType[*problem.Error](err); worded {
		return err
	}
	return fmt.Errorf("%s: %w", tried, err)
}

// byCard finds a member by a card as somebody wrote it. What can be no card is simply not found. It is read as it is at this moment: a card
// that the desk across the room issued, or a block that it set, counts at once.
func (s *Service) byCard(ctx context.Context, card string) (Member, bool, error) {
	return s.ByCard(s.store.Current(ctx), card)
}

// Get gives a member by a card, current or replaced. A patron sees only their own; anybody else's is not found. When staff read
// somebody's account, that is recorded before it is answered.
func (s *Service) Get(ctx context.Context, card string) (Member, error) {
	p := caller(ctx)
	m, _, err := s.byCard(ctx, card)
	if err != nil {
		return Member{}, err
	}
	if p.MemberID == m.ID {
		return m, nil
	}
	if !p.May(identity.Desk) {
		return Member{}, errNotFound()
	}
	return m, s.StaffRead(ctx, m.ID, actionRead)
}

// List finds members by name (each word a beginning), card or e-mail, in the order of names; staff only. It gives at most limit
// members, and the place of the last one when there are more.
func (s *Service) List(ctx context.Context, query string, after *Place, limit int) ([]Member, *Place, error) {
	p := caller(ctx)
	if err := needStaff(p); err != nil {
		return nil, nil, err
	}
	search := Search{After: after, Limit: limit + 1}
	if query = strings.TrimSpace(query); query != "" {
		search.Words = strings.Fields(fold(query))
		if strings.Contains(query, "@") {
			search.Words, search.EmailPrefix = nil, foldEmail(query)
		} else if card, err := ParseCard(query); err == nil && strings.ContainsAny(card.Key, "0123456789") {
			search.CardPrefix = card.Key
		}
		if len(search.Words) == 0 && search.CardPrefix == "" && search.EmailPrefix == "" {
			return nil, nil, nil // nothing but signs: nobody is called so
		}
	}
	accounts, err := s.store.Search(ctx, search)
	if err != nil {
		return nil, nil, fmt.Errorf("list members: %w", err)
	}
	if err := s.StaffRead(ctx, 0, actionSearched); err != nil {
		return nil, nil, err
	}
	var next *Place
	if len(accounts) > limit {
		accounts = accounts[:limit]
		last := accounts[limit-1]
		next = &Place{FoldedName: last.FoldedName, ID: last.ID}
	}
	found := make([]Member, len(accounts))
	for i, a := range accounts {
		found[i] = a.Member
	}
	return found, next, nil
}
