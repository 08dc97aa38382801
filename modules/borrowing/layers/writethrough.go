package layers

import (
	"context"
	"fmt"
	"slices"

	"bookvault/modules/borrowing"
	"bookvault/platform/cache"
)

// theOrder is the key of the one thing that KeptOrder keeps.
const theOrder = "order"

// KeptCounts is the memory of titles' counts by their ids, KeptOrder that of the library's order.
type (
	KeptCounts = cache.WriteThrough[int64, borrowing.Availability]
	KeptOrder  = cache.WriteThrough[string, *borrowing.Policy]
)

// writeThrough has the counts of titles and the library's order in memory, and what commands write goes through it (pattern 2D): when a
// command is done, the next reader in this process gets what it wrote without a question to the database.
type writeThrough struct {
	borrowing.Store
	counts *KeptCounts
	order  *KeptOrder
}

// WriteThrough puts both memories around a store. Whoever hears of what is committed invalidates them (see borrowing.CountsChanged and
// OrderChanged), which for commands of this process is before Transact of the store returns.
func WriteThrough(store borrowing.Store, counts cache.Settings[borrowing.Availability], order cache.Settings[*borrowing.Policy]) (borrowing.Store, *KeptCounts, *KeptOrder, error) {
	keptCounts, err := cache.NewWriteThrough(counts, func(ctx context.Context, id int64) (borrowing.Availability, bool, error) {
		found, err := store.Availability(ctx, []int64{id})
		count, ok := found[id]
		return count, ok, err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	keptOrder, err := cache.NewWriteThrough(order, func(ctx context.Context, _ string) (*borrowing.Policy, bool, error) {
		policy, err := store.Policy(ctx)
		return policy, err == nil, err
	})
	if err != nil {
		return nil, nil, nil, err
	}
	return &writeThrough{store, keptCounts, keptOrder}, keptCounts, keptOrder, nil
}

// Availability gives the counts of titles.
func (w *writeThrough) Availability(ctx context.Context, ids []int64) (map[int64]borrowing.Availability, error) {
	return w.counts.GetMany(ctx, ids, w.Store.Availability)
}

// Policy gives the library's order.
func (w *writeThrough) Policy(ctx context.Context) (*borrowing.Policy, error) {
	policy, found, err := w.order.Get(ctx, theOrder)
	if err == nil && !found {
		err = fmt.Errorf("the library has no order: %w", borrowing.ErrNotFound)
	}
	return policy, err
}

// Transact runs a command, and keeps what it wrote once it is committed.
func (w *writeThrough) Transact(ctx context.Context, fn func(context.Context, borrowing.Tx) error) error {
	var seen *passing
	err := w.Store.Transact(ctx, func(ctx context.Context, tx borrowing.Tx) error {
		seen = &passing{Tx: tx, layer: w} // anew when the transaction is: what the lost one wrote is not there
		return fn(ctx, seen)
	})
	if err == nil && seen != nil {
		seen.done()
	}
	return err
}

// passing sees what commands write.
type passing struct {
	borrowing.Tx
	layer  *writeThrough
	writes []writing
}

// writing is one save: of commands that share a transaction, those that follow one another have one each.
type writing struct {
	counts map[int64]borrowing.Availability
	begun  cache.Writing[int64, borrowing.Availability]
}

// Save notes the counts that are written. Their rows are locked, so nobody else can write them before this is committed.
func (p *passing) Save(ctx context.Context, c *borrowing.Changes, answers []*borrowing.Remembered) error {
	if len(c.Titles) > 0 {
		w := writing{counts: make(map[int64]borrowing.Availability, len(c.Titles))}
		ids := make([]int64, 0, len(c.Titles))
		for id, t := range c.Titles {
			w.counts[id] = t.Availability
			ids = append(ids, id)
		}
		w.begun = p.layer.counts.Begin(ids...)
		p.writes = append(p.writes, w)
	}
	return p.Tx.Save(ctx, c, answers)
}

// done keeps what was written last of each title.
func (p *passing) done() {
	told := map[int64]bool{}
	for _, w := range slices.Backward(p.writes) {
		for id, count := range w.counts {
			if !told[id] {
				told[id] = true
				w.begun.Done(id, count, true)
			}
		}
	}
}
