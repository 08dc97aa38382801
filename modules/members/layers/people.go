package layers

import (
	"context"
	"maps"
	"slices"

	"bookvault/modules/members"
	"bookvault/platform/wal"
)

// Who a card stands for, and members by their ids, as the desk and other modules ask for them over and over while somebody stands there. What is
// in memory may lag behind a change that another process made as a replica does; whoever decides by it finds that out under the member's
// lock (modules/borrowing, Account.Outdated), and asks again past the memory.

// ByCards finds who has or had cards.
func (p *Proofs) ByCards(ctx context.Context, keys []string) (map[string]members.Held, error) {
	holders := make(map[string]members.Held, len(keys))
	take := func(keys []string) (doubtful []string, err error) {
		cards, err := p.cards.GetMany(ctx, keys, p.askCards)
		for key, card := range cards {
			if !p.believed(card.Member.ID, card.asked) {
				doubtful = append(doubtful, key)
			}
			holders[key] = card.Held
		}
		return doubtful, err
	}
	doubtful, err := take(keys)
	if err == nil && len(doubtful) > 0 {
		for _, key := range doubtful {
			delete(holders, key) // nobody may have it any more
		}
		p.cards.Invalidate(wal.Position{}, doubtful...)
		_, err = take(doubtful)
	}
	return holders, err
}

func (p *Proofs) askCards(ctx context.Context, keys []string) (map[string]Card, error) {
	asked := p.changes.Load()
	found, err := p.Store.ByCards(ctx, keys)
	cards := make(map[string]Card, len(found))
	for key, held := range found {
		cards[key] = Card{held, asked}
	}
	return cards, err
}

// ByIDs finds members by id, in the order of ids.
func (p *Proofs) ByIDs(ctx context.Context, ids []int64) ([]members.Member, error) {
	people, err := p.people.GetMany(ctx, ids, func(ctx context.Context, ids []int64) (map[int64]members.Member, error) {
		found, err := p.Store.ByIDs(ctx, ids)
		people := make(map[int64]members.Member, len(found))
		for _, m := range found {
			people[m.ID] = m
		}
		return people, err
	})
	found := make([]members.Member, 0, len(people))
	for _, id := range slices.Sorted(maps.Keys(people)) {
		found = append(found, people[id])
	}
	return found, err
}
