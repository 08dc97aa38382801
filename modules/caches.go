package modules

import (
	"bookvault/modules/catalog"
	"bookvault/modules/catalog/layers"
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
	titles := keep[catalog.Book](f, "titles", f.Settings.Cache.Titles*7/8, p.CacheAside.Load)
	titles.Cost, titles.Copy = layers.BookBytes, layers.CopyBook
	if k.titles, err = cache.NewAside[int64](titles); err != nil {
		return k, err
	}
	authors := keep[catalog.Author](f, "authors", f.Settings.Cache.Titles/8, p.CacheAside.Load)
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
