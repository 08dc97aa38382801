package main

import (
	"context"
	"strconv"

	"bookvault/modules/borrowing"
	"bookvault/platform/problem"
)

// The neighbours of a desk that is measured alone: members whose card is their id, and titles that are called by theirs.

type benchMembers struct{}

// MemberByCard finds whoever is asked for.
func (benchMembers) MemberByCard(_ context.Context, card string) (borrowing.Member, error) {
	id, err := strconv.ParseInt(card, 10, 64)
	return borrowing.Member{ID: id, Card: card, Category: "adult"}, err
}

// MembersByCards finds all.
func (m benchMembers) MembersByCards(ctx context.Context, cards []string) (map[string]borrowing.Member, error) {
	found := map[string]borrowing.Member{}
	for _, card := range cards {
		member, err := m.MemberByCard(ctx, card)
		if err != nil {
			return nil, err
		}
		found[card] = member
	}
	return found, nil
}

// MembersByID finds all.
func (benchMembers) MembersByID(_ context.Context, ids []int64) (map[int64]borrowing.Member, error) {
	found := map[int64]borrowing.Member{}
	for _, id := range ids {
		found[id] = borrowing.Member{ID: id, Card: strconv.FormatInt(id, 10), Category: "adult"}
	}
	return found, nil
}

type benchTitles struct{}

// TitlesByID names all.
func (benchTitles) TitlesByID(_ context.Context, ids []int64) (map[int64]string, error) {
	found := map[int64]string{}
	for _, id := range ids {
		found[id] = "Title " + strconv.FormatInt(id, 10)
	}
	return found, nil
}

func isNotFound(err error) bool { return problem.Of(err).Kind == problem.NotFoundKind }
