package modules

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"path/filepath"
	"time"

	"bookvault/modules/catalog"
	cataloglayers "bookvault/modules/catalog/layers"
	"bookvault/modules/members"
	memberslayers "bookvault/modules/members/layers"
	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/hlc"
	"bookvault/platform/lifecycle"
	"bookvault/platform/queue"
	"bookvault/platform/queue/aside"
)

// behind is how this process writes behind its answers (patterns 2C and 14): the queue, the clock that says which write is the newest, and
// what was put aside. As a worker it keeps the clock right and runs the queue.
type behind struct {
	queue   *queue.Queue
	aside   *aside.Store
	clock   *hlc.Clock
	db      *database.DB
	enabled func() bool
	plainly func() bool
	most    int
	url     string
	log     *slog.Logger

	time lifecycle.Loop
}

// queueFolder is where the queue lies inside the data folder.
func queueFolder(c *config.Config) string { return filepath.Join(c.Database.Embedded.Data, "queue") }

func newBehind(f Foundations, p *Patterns) *behind {
	c := f.Settings.Queue
	put := aside.New(f.DB)
	return &behind{aside: put, clock: hlc.New(rand.Int64(), f.DB.Now), db: f.DB, enabled: p.WriteBehind.Load, plainly: p.Fallback.Load, most: c.MaxBehind, url: c.URL, log: f.Logger,
		queue: queue.New(queue.Settings{Dir: queueFolder(f.Settings), URL: c.URL, Replicas: c.Replicas, Partitions: c.Partitions, MaxBytes: int64(c.MaxSize), MinFree: int64(c.MinFree),
			MaxWaiting: c.MaxWaiting, PublishWithin: c.PublishWithin, FlushRecords: c.FlushRecords, FlushEvery: c.FlushEvery, TakeOverEvery: c.TakeOverEvery,
			Refuses: database.Refused, Aside: put, Registry: f.Registry, Logger: f.Logger})}
}

// ratings puts writing behind before what members think of titles, and counting behind before the counts.
func (b *behind) ratings(m *memories, stores *catalog.Stores) (*cataloglayers.Tallying, error) {
	on := cataloglayers.Behind{Queue: b.queue, Clock: b.clock, Enabled: b.enabled, Plainly: b.plainly, Most: b.most}
	kept, totals := exact[catalog.Rating](m, "ratings", ofRatings, b.enabled), exact[catalog.RatingTotal](m, "rating-totals", ofTotals, m.patterns.ReadThrough.Load)
	kept.Cost = func(catalog.Rating) int64 { return 64 }
	totals.Cost = func(catalog.RatingTotal) int64 { return 48 }
	through, keptRatings, keptTotals, err := cataloglayers.WriteBehind(stores.RatingRows, kept, totals, on)
	if err != nil {
		return nil, err
	}
	tallies := cataloglayers.TallyBehind(stores.Counts, stores.CountRows, on, b.log)
	stores.Ratings, stores.Counts = through, tallies
	m.open = append(m.open, keptRatings, keptTotals)
	forgets(m, catalog.Rated, keptRatings)
	forgets(m, catalog.RatingsChanged, keptTotals)
	return tallies, nil
}

// lists puts writing behind before reading lists.
func (b *behind) lists(m *memories, store members.ListStore) (members.Lists, error) {
	kept := exact[[]members.ListWrite](m, "lists", ofLists, b.enabled)
	kept.Cost = func(rows []members.ListWrite) int64 { return 64 + 128*int64(len(rows)) }
	through, keptLists, err := memberslayers.WriteBehind(store, kept, memberslayers.Behind{Queue: b.queue, Clock: b.clock, Enabled: b.enabled, Plainly: b.plainly, Most: b.most})
	if err != nil {
		return nil, err
	}
	m.open = append(m.open, keptLists)
	forgets(m, members.ListsChanged, keptLists)
	return through, nil
}

// Start sets the clock, opens the queue and has written what it holds from before.
func (b *behind) Start(ctx context.Context) error {
	if err := b.db.SetClock(ctx); err != nil {
		return err
	}
	if err := b.queue.Start(ctx); err != nil {
		if b.url != "" {
			return &config.Error{Key: "queue.url", Problem: "does not let us in: " + err.Error(), Mend: "start that NATS with JetStream, correct the address, or leave it empty for one inside this process"}
		}
		return err
	}
	b.time.Start(ctx, b.keepTime)
	return nil
}

// Stop writes what it can, and keeps the rest for the next start.
func (b *behind) Stop(ctx context.Context) error {
	if !b.time.Stop() {
		return nil
	}
	return b.queue.Stop(ctx)
}

// setClockEvery is short against the time in which a clock drifts by a millisecond.
const setClockEvery = 30 * time.Second

func (b *behind) keepTime(ctx context.Context) {
	every := time.NewTicker(setClockEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		if err := b.db.SetClock(ctx); err != nil && ctx.Err() == nil {
			b.log.Warn("the primary's time is not known; going on with what was measured before", "error", err)
		}
	}
}

// membersCatalogue answers the members module what it asks of the catalogue, and forgets with it what waits to be written of a member.
type membersCatalogue struct {
	titles *catalog.Service
	aside  *aside.Store
}

// TitleExists gives a problem for a title that is not there.
func (m membersCatalogue) TitleExists(ctx context.Context, bookID int64) error {
	_, err := m.titles.Book(ctx, bookID)
	return err
}

// ForgetReader forgets what a member thought of titles.
func (m membersCatalogue) ForgetReader(ctx context.Context, memberID int64) error {
	if err := m.titles.ForgetReader(ctx, memberID); err != nil {
		return err
	}
	return m.aside.Forget(ctx, memberID)
}

// MoveReader makes it another member's. What was put aside of the first finds its way when it is retried.
func (m membersCatalogue) MoveReader(ctx context.Context, from, into int64) error {
	return m.titles.MoveReader(ctx, from, into)
}
