package layers

import (
	"context"

	"bookvault/modules/borrowing"
	"bookvault/platform/resilience"
)

// Titles puts a breaker before the catalogue as the desk sees it. What a title is called is decoration at the desk, which shows loans
// without it; so it waits a short time, and not at all while the catalogue is known to be ill. Where a title must exist, a
// refusal is a refusal.
func Titles(titles borrowing.Titles, stack *resilience.Stack) borrowing.Titles {
	return &resilientTitles{titles, stack}
}

type resilientTitles struct {
	next  borrowing.Titles
	stack *resilience.Stack
}

// TitlesByID gives the text of each title that exists.
func (r *resilientTitles) TitlesByID(ctx context.Context, ids []int64) (map[int64]string, error) {
	return resilience.Do(ctx, r.stack, func(ctx context.Context) (map[int64]string, error) { return r.next.TitlesByID(ctx, ids) })
}

// Members puts a breaker before the members module. There is no fallback for who a member is: nothing is lent to nobody knows whom.
func Members(members borrowing.Members, stack *resilience.Stack) borrowing.Members {
	return &resilientMembers{members, stack}
}

type resilientMembers struct {
	next  borrowing.Members
	stack *resilience.Stack
}

// MemberByCard finds a member by a card.
func (r *resilientMembers) MemberByCard(ctx context.Context, card string) (borrowing.Member, error) {
	return resilience.Do(ctx, r.stack, func(ctx context.Context) (borrowing.Member, error) { return r.next.MemberByCard(ctx, card) })
}

// MembersByCards finds members by cards.
func (r *resilientMembers) MembersByCards(ctx context.Context, cards []string) (map[string]borrowing.Member, error) {
	return resilience.Do(ctx, r.stack, func(ctx context.Context) (map[string]borrowing.Member, error) {
		return r.next.MembersByCards(ctx, cards)
	})
}

// MembersByID finds members.
func (r *resilientMembers) MembersByID(ctx context.Context, ids []int64) (map[int64]borrowing.Member, error) {
	return resilience.Do(ctx, r.stack, func(ctx context.Context) (map[int64]borrowing.Member, error) { return r.next.MembersByID(ctx, ids) })
}
