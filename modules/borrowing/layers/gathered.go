package layers

import (
	"context"
	"errors"
	"time"

	"bookvault/modules/borrowing"
	"bookvault/platform/coalesce"
	"bookvault/platform/problem"
)

// Commands that arrive together ask together (pattern 9): who has these cards, where these copies stand. Each question begins after all
// who share it have asked, so that it is as fresh as one of their own.

// GatheredStore makes one query of the copies that commands look for at the same time. enabled is asked each time; switched off, each
// goes its own way.
func GatheredStore(store borrowing.Store, s coalesce.Settings, enabled func() bool) borrowing.Store {
	s.Name = "copies"
	return &gatheredStore{Store: store, copies: coalesce.New(s, store.Glimpses), enabled: enabled}
}

type gatheredStore struct {
	borrowing.Store
	copies  *coalesce.Batcher[string, borrowing.Glimpse]
	enabled func() bool
}

// Glimpse tells where an item stood a moment ago.
func (g *gatheredStore) Glimpse(ctx context.Context, barcode string) (borrowing.Glimpse, error) {
	if !g.enabled() {
		return g.Store.Glimpse(ctx, barcode)
	}
	seen, found, err := g.copies.Get(ctx, barcode)
	if err == nil && !found {
		err = borrowing.ErrNotFound
	}
	return seen, orBusy(err)
}

// GatheredMembers makes one query of the cards, and one of the ids, that commands ask for at the same time.
func GatheredMembers(members borrowing.Members, cards, ids coalesce.Settings, enabled func() bool) borrowing.Members {
	cards.Name, ids.Name = "cards", "members"
	return &gatheredMembers{Members: members, cards: coalesce.New(cards, members.MembersByCards), ids: coalesce.New(ids, members.MembersByID), enabled: enabled}
}

type gatheredMembers struct {
	borrowing.Members
	cards   *coalesce.Batcher[string, borrowing.Member]
	ids     *coalesce.Batcher[int64, borrowing.Member]
	enabled func() bool
}

// MemberByCard finds a member by a card.
func (g *gatheredMembers) MemberByCard(ctx context.Context, card string) (borrowing.Member, error) {
	if !g.enabled() {
		return g.Members.MemberByCard(ctx, card)
	}
	m, found, err := g.cards.Get(ctx, card)
	if err == nil && !found {
		err = borrowing.MemberNotFound()
	}
	return m, orBusy(err)
}

// MembersByID finds members; a question for one is asked with those of others.
func (g *gatheredMembers) MembersByID(ctx context.Context, ids []int64) (map[int64]borrowing.Member, error) {
	if len(ids) != 1 || !g.enabled() {
		return g.Members.MembersByID(ctx, ids)
	}
	m, found, err := g.ids.Get(ctx, ids[0])
	if err != nil || !found {
		return nil, orBusy(err)
	}
	return map[int64]borrowing.Member{ids[0]: m}, nil
}

// GatheredTitles makes one question of the titles that commands ask the names of at the same time.
func GatheredTitles(titles borrowing.Titles, s coalesce.Settings, enabled func() bool) borrowing.Titles {
	s.Name = "names"
	return &gatheredTitles{Titles: titles, names: coalesce.New(s, titles.TitlesByID), enabled: enabled}
}

type gatheredTitles struct {
	borrowing.Titles
	names   *coalesce.Batcher[int64, string]
	enabled func() bool
}

// TitlesByID gives the text of each title that exists; a question for one is asked with those of others.
func (g *gatheredTitles) TitlesByID(ctx context.Context, ids []int64) (map[int64]string, error) {
	if len(ids) != 1 || !g.enabled() {
		return g.Titles.TitlesByID(ctx, ids)
	}
	name, found, err := g.names.Get(ctx, ids[0])
	if err != nil || !found {
		return nil, orBusy(err)
	}
	return map[int64]string{ids[0]: name}, nil
}

// orBusy words that too many ask.
func orBusy(err error) error {
	if !errors.Is(err, coalesce.ErrFull) {
		return err
	}
	busy := problem.New(problem.Unavailable, "busy", "The desk has more to do than it can take. Please try again in a moment.").Because(err)
	busy.RetryAfter = time.Second
	return busy
}
