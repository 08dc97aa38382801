package modules

import (
	"context"
	"encoding/json"
	"time"

	"bookvault/modules/borrowing"
	borrowinglayers "bookvault/modules/borrowing/layers"
	"bookvault/modules/catalog"
	"bookvault/modules/catalog/layers"
	"bookvault/modules/members"
	memberslayers "bookvault/modules/members/layers"
	"bookvault/platform/cache"
	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/wal"
)

// memories are what this process keeps in memory of what the database holds, and the tier that it shares with others.
type memories struct {
	f        Foundations
	patterns *Patterns
	remote   *cache.Remote // nil: there is none
	open     []interface{ Close() }

	titles  *layers.KeptTitles
	authors *layers.KeptAuthors
}

// newMemories makes the remote tier where the settings name one, and the memories of titles and authors, which forget what is changed.
func newMemories(f Foundations, p *Patterns) (m *memories, err error) {
	m = &memories{f: f, patterns: p}
	c := f.Settings.Cache
	if c.Remote != "" {
		m.remote, err = cache.NewRemote(cache.RemoteSettings{URL: c.Remote, Version: f.Version, Timeout: c.RemoteTimeout, TTL: c.RemoteTTL, MaxValue: int(c.RemoteMaxValue), Conns: c.RemoteConnections,
			Enabled: p.RemoteCache.Load, Registry: f.Registry, Logger: f.Logger})
		if err != nil {
			return nil, &config.Error{Key: "cache.remote", Problem: err.Error(), Mend: "correct it, or leave it empty for none"}
		}
		f.DB.Feed().OnEra(m.remote.SetEra)
	}
	titles := keep[layers.Packed](m, "titles", c.Titles*15/16, p.CacheAside.Load)
	titles.TTL = c.FreshTitles
	titles.Cost, titles.Remote, titles.Encode, titles.Decode = layers.PackedBytes, m.remote, layers.EncodePacked, layers.DecodePacked
	if m.titles, err = cache.NewAside[int64](titles); err != nil {
		return nil, err
	}
	authors := shareRemotely(m, keep[catalog.Author](m, "authors", c.Titles/16, p.CacheAside.Load))
	if m.authors, err = cache.NewAside[int64](authors); err != nil {
		return nil, err
	}
	m.open = append(m.open, m.titles, m.authors)
	f.DB.Feed().Subscribe(catalog.Changes, func(h database.Heard) {
		if len(h.Keys) == 0 {
			m.titles.InvalidateAll(h.At)
			m.authors.InvalidateAll(h.At)
			return
		}
		m.titles.Invalidate(h.At, h.Keys...)
	})
	return m, nil
}

// Start connects to the remote tier.
func (m *memories) Start(ctx context.Context) error {
	if m.remote == nil {
		return nil
	}
	return m.remote.Start(ctx)
}

// Stop frees the memories.
func (m *memories) Stop(ctx context.Context) error {
	for _, c := range m.open {
		c.Close()
	}
	if m.remote == nil {
		return nil
	}
	return m.remote.Stop(ctx)
}

// keep makes the settings of a cache of values that the database holds: loads see what was heard of, nothing is answered while
// nothing is heard, and whoever is given a copy is told how old it is.
func keep[V any](m *memories, name string, size config.Size, enabled func() bool) cache.Settings[V] {
	c, feed := m.f.Settings.Cache, m.f.DB.Feed()
	return cache.Settings[V]{Name: name, MaxBytes: int64(size), TTL: c.Fresh, Negative: c.Missing, Keep: c.Kept, Timeout: m.f.Settings.Server.RequestTimeout,
		Enabled: enabled, Trusted: feed.Trusted, Begin: m.f.DB.Loading, Given: database.UsedFrom, Registry: m.f.Registry}
}

// shareRemotely has a cache look for values in the remote tier, where there is one, and write them there as JSON. What is a secret, or
// must be exact for a decision, is not shared.
func shareRemotely[V any](m *memories, s cache.Settings[V]) cache.Settings[V] {
	if s.Remote = m.remote; m.remote == nil {
		return s
	}
	s.Encode = func(v V) ([]byte, error) { return json.Marshal(v) }
	s.Decode = func(b []byte) (v V, err error) { return v, json.Unmarshal(b, &v) }
	return s
}

// forgets has a memory forget what is heard of under a topic.
func forgets(m *memories, topic string, kept interface {
	Invalidate(wal.Position, ...int64)
	InvalidateAll(wal.Position)
}) {
	m.f.DB.Feed().Subscribe(topic, func(h database.Heard) {
		if len(h.Keys) == 0 {
			kept.InvalidateAll(h.At)
			return
		}
		kept.Invalidate(h.At, h.Keys...)
	})
}

// search puts the memory of searches in front of the search; any title's change empties it. What is left in it stands in while searching fails.
func (m *memories) search(search catalog.Search) (catalog.Search, error) {
	size, on := m.f.Settings.Cache.Searches, m.patterns.ReadThrough.Load
	through, searches, err := layers.ReadThrough(search, shareRemotely(m, keep[catalog.Found](m, "searches", size*3/4, on)),
		shareRemotely(m, keep[[]catalog.Suggestion](m, "suggestions", size/4, on)))
	if err != nil {
		return nil, err
	}
	m.open = append(m.open, searches)
	for _, topic := range []string{catalog.Changes, database.ViewsChanged} { // the latter has the order "popular"
		m.f.DB.Feed().Subscribe(topic, func(h database.Heard) { searches.Forget(h.At) })
	}
	return layers.StaleSearches(through, searches, m.patterns.Fallback.Load, database.MustSeeUnheard), nil
}

// What cache.exact is shared by, in sixteenths of it: they are all of it.
const (
	ofCounts   = 4
	ofSessions = 2
	ofPeople   = 2
	ofRatings  = 2 // members' own
	ofTotals   = 2 // of ratings, by title
	ofCards    = 1
	ofTokens   = 1
	ofOrder    = 1
	ofLists    = 1
)

// exact makes the settings of a cache of what must be exact.
func exact[V any](m *memories, name string, sixteenths config.Size, enabled func() bool) cache.Settings[V] {
	return keep[V](m, name, m.f.Settings.Cache.Exact*sixteenths/16, enabled)
}

// proofs puts the memory of who sessions, tokens and cards stand for around what the members module keeps.
func (m *memories) proofs(store members.Store) (members.Store, error) {
	through := m.patterns.WriteThrough.Load
	kept := memberslayers.Memories{Sessions: exact[memberslayers.Session](m, "sessions", ofSessions, through), Tokens: exact[memberslayers.Token](m, "tokens", ofTokens, through),
		Cards: exact[memberslayers.Card](m, "cards", ofCards, m.patterns.ReadThrough.Load), People: exact[members.Member](m, "members", ofPeople, m.patterns.ReadThrough.Load)}
	// A load is for all who wait for it, and so no longer in the context of the one who asked first.
	loading := func(ctx context.Context, least wal.Position) (context.Context, func() wal.Position) {
		inner, seen := m.f.DB.Loading(ctx, least)
		if ofDesk(ctx) {
			inner = forDesk(inner)
		}
		return inner, seen
	}
	kept.Sessions.Begin, kept.Tokens.Begin, kept.Cards.Begin, kept.People.Begin = loading, loading, loading, loading
	kept.Cards.Negative, kept.People.Negative = time.Nanosecond, time.Nanosecond // that somebody new has a card is told to nobody
	kept.Sessions.Cost = func(s memberslayers.Session) int64 { return 256 + int64(len(s.Name)+len(s.Card)+len(s.AgentFamily)) }
	kept.Tokens.Cost = func(t memberslayers.Token) int64 { return 256 + int64(len(t.MemberName)+len(t.Card)+len(t.Name)) }
	kept.Cards.Cost = func(c memberslayers.Card) int64 { return sizeOfMember(c.Member) }
	kept.People.Cost = sizeOfMember
	proofs, err := memberslayers.WriteThrough(store, kept)
	if err != nil {
		return nil, err
	}
	m.open = append(m.open, proofs)
	m.f.DB.Feed().Subscribe(members.ProofsChanged, func(h database.Heard) { proofs.Forget(h.At, h.Keys) })
	return proofs, nil
}

func sizeOfMember(m members.Member) int64 {
	size := 384 + len(m.Card) + len(m.Name) + len(m.Email)
	for _, b := range m.Blocks {
		size += 96 + len(b.Code) + len(b.Note)
	}
	return int64(size)
}

// writeThrough puts the memories of counts and of the library's order around what the desk keeps.
func (m *memories) writeThrough(store borrowing.Store) (borrowing.Store, error) {
	on := m.patterns.WriteThrough.Load
	counts := exact[borrowing.Availability](m, "counts", ofCounts, on)
	counts.Cost = func(borrowing.Availability) int64 { return 64 }
	through, keptCounts, keptOrder, err := borrowinglayers.WriteThrough(store, counts, exact[*borrowing.Policy](m, "order", ofOrder, on))
	if err != nil {
		return nil, err
	}
	m.open = append(m.open, keptCounts, keptOrder)
	m.f.DB.Feed().Subscribe(borrowing.CountsChanged, func(h database.Heard) {
		if len(h.Keys) == 0 {
			keptCounts.InvalidateAll(h.At)
			return
		}
		keptCounts.Invalidate(h.At, h.Keys...)
	})
	m.f.DB.Feed().Subscribe(borrowing.OrderChanged, func(h database.Heard) { keptOrder.InvalidateAll(h.At) })
	return through, nil
}
