package modules

import (
	"bookvault/modules/borrowing"
	borrowinglayers "bookvault/modules/borrowing/layers"
	"bookvault/modules/catalog"
	"bookvault/modules/catalog/layers"
	"bookvault/modules/members"
	memberslayers "bookvault/modules/members/layers"
	"bookvault/platform/cache"
	"bookvault/platform/config"
	"bookvault/platform/database"
)

// kept is what this process keeps in memory of the catalogue.
type kept struct {
	titles  *layers.KeptTitles
	authors *layers.KeptAuthors
}

// keep makes the settings of a cache of values that the database holds: loads see what was heard of, nothing is answered while
// nothing is heard, and whoever is given a copy is told how old it is.
func keep[V any](f Foundations, name string, size config.Size, enabled func() bool) cache.Settings[V] {
	c := f.Settings.Cache
	return cache.Settings[V]{Name: name, MaxBytes: int64(size), TTL: c.Fresh, Negative: c.Missing, Keep: c.Kept, Timeout: f.Settings.Server.RequestTimeout,
		Enabled: enabled, Trusted: f.DB.Feed().Trusted, Begin: f.DB.Loading, Given: database.UsedFrom, Registry: f.Registry}
}

// keepCatalogue makes the memories of titles and authors, and has them forget what is changed.
func keepCatalogue(f Foundations, p *Patterns) (kept, error) {
	var k kept
	var err error
	titles := keep[layers.Packed](f, "titles", f.Settings.Cache.Titles*15/16, p.CacheAside.Load)
	titles.Cost = layers.PackedBytes
	if k.titles, err = cache.NewAside[int64](titles); err != nil {
		return k, err
	}
	authors := keep[catalog.Author](f, "authors", f.Settings.Cache.Titles/16, p.CacheAside.Load)
	if k.authors, err = cache.NewAside[int64](authors); err != nil {
		return k, err
	}
	f.DB.Feed().Subscribe(catalog.Changes, func(h database.Heard) {
		if len(h.Keys) == 0 {
			k.titles.InvalidateAll(h.At)
			k.authors.InvalidateAll(h.At)
			return
		}
		k.titles.Invalidate(h.At, h.Keys...)
	})
	return k, nil
}

// searchThrough puts the memory of searches in front of the search; any title's change empties it.
func searchThrough(f Foundations, p *Patterns, search catalog.Search) (catalog.Search, error) {
	size := f.Settings.Cache.Searches
	through, searches, err := layers.ReadThrough(search, keep[catalog.Found](f, "searches", size*3/4, p.ReadThrough.Load),
		keep[[]catalog.Suggestion](f, "suggestions", size/4, p.ReadThrough.Load))
	if err != nil {
		return nil, err
	}
	f.DB.Feed().Subscribe(catalog.Changes, func(h database.Heard) { searches.Forget(h.At) })
	return through, nil
}

// proofs puts the memory of sessions and tokens around what the members module keeps.
func proofs(f Foundations, p *Patterns, store members.Store) (members.Store, error) {
	size := f.Settings.Cache.Exact / 4
	sessions, tokens := keep[memberslayers.Session](f, "sessions", size, p.WriteThrough.Load), keep[memberslayers.Token](f, "tokens", size, p.WriteThrough.Load)
	sessions.Cost = func(s memberslayers.Session) int64 { return 256 + int64(len(s.Name)+len(s.Card)+len(s.AgentFamily)) }
	tokens.Cost = func(t memberslayers.Token) int64 { return 256 + int64(len(t.MemberName)+len(t.Card)+len(t.Name)) }
	through, err := memberslayers.WriteThrough(store, sessions, tokens)
	if err != nil {
		return nil, err
	}
	f.DB.Feed().Subscribe(members.ProofsChanged, func(h database.Heard) { through.Forget(h.At, h.Keys) })
	return through, nil
}

// writeThrough puts the memories of counts and of the library's order around what the desk keeps.
func writeThrough(f Foundations, p *Patterns, store borrowing.Store) (borrowing.Store, error) {
	counts := keep[borrowing.Availability](f, "counts", f.Settings.Cache.Exact/2, p.WriteThrough.Load)
	counts.Cost = func(borrowing.Availability) int64 { return 64 }
	through, keptCounts, keptOrder, err := borrowinglayers.WriteThrough(store, counts, keep[*borrowing.Policy](f, "order", 1<<20, p.WriteThrough.Load))
	if err != nil {
		return nil, err
	}
	f.DB.Feed().Subscribe(borrowing.CountsChanged, func(h database.Heard) {
		if len(h.Keys) == 0 {
			keptCounts.InvalidateAll(h.At)
			return
		}
		keptCounts.Invalidate(h.At, h.Keys...)
	})
	f.DB.Feed().Subscribe(borrowing.OrderChanged, func(h database.Heard) { keptOrder.InvalidateAll(h.At) })
	return through, nil
}
