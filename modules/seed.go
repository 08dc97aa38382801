package modules

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"bookvault/modules/borrowing"
	borrowingpostgres "bookvault/modules/borrowing/postgres"
	catalogpostgres "bookvault/modules/catalog/postgres"
	"bookvault/modules/catalog/seeding"
	"bookvault/modules/members"
)

// SeedPlan is a synthetic library, for measuring. The same plan makes the same library.
type SeedPlan struct {
	Seed                   uint64
	Titles, Items, Members int
}

// seeder carries a synthetic library into the three modules. Each part is written once, however often it is begun.
type seeder struct {
	imports *catalogpostgres.Imports
	stock   *borrowingpostgres.Store
	people  *members.Service
	say     func(format string, args ...any)
}

const (
	itemsAtOnce   = 10_000 // titles whose copies go in one batch
	membersAtOnce = 5_000
)

// Seed fills the library of the settings.
func (h *House) Seed(ctx context.Context, plan SeedPlan) error {
	return h.withLibrary(ctx, func(ctx context.Context, library *Library) error {
		begun := time.Now()
		library.seeder.say = func(format string, args ...any) { fmt.Fprintf(h.Err, format+"\n", args...) }
		if err := library.seeder.seed(ctx, plan); err != nil {
			return err
		}
		_, err := fmt.Fprintf(h.Out, "seeded %d titles, %d items, %d members in %s\n", plan.Titles, plan.Items, plan.Members, human(time.Since(begun)))
		return err
	})
}

// SeedLibrary fills an assembled library and tells of each stage as it ends.
func SeedLibrary(ctx context.Context, library *Library, plan SeedPlan, say func(format string, args ...any)) error {
	library.seeder.say = say
	return library.seeder.seed(ctx, plan)
}

func (s seeder) seed(ctx context.Context, plan SeedPlan) error {
	work, err := s.imports.Seed(ctx, plan.Seed, plan.Titles)
	if err != nil {
		return err
	}
	next := time.Now().Add(5 * time.Second)
	begun := time.Now()
	err = work.Write(ctx, func(titles int) {
		if now := time.Now(); now.After(next) {
			next = now.Add(5 * time.Second)
			s.say("%3d%%  %d titles", 100*titles/plan.Titles, titles)
		}
	})
	if err != nil {
		return err
	}
	s.stage("titles, with their indexes", plan.Titles, begun)
	if err := s.items(ctx, work, plan); err != nil {
		return fmt.Errorf("seed the items: %w", err)
	}
	if err := s.members(ctx, work.Library(), plan.Members); err != nil {
		return fmt.Errorf("seed the members: %w", err)
	}
	return work.Done(ctx)
}

func (s seeder) stage(what string, n int, begun time.Time) {
	if n > 0 {
		took := time.Since(begun)
		s.say("%d %s in %s, %.0f a second", n, what, human(took), float64(n)/took.Seconds())
	}
}

// items spreads copies over the titles, tells the catalogue of their counts, and puts them on the shelves of all branches.
func (s seeder) items(ctx context.Context, work *catalogpostgres.Seeding, plan SeedPlan) error {
	if plan.Items == 0 {
		return nil
	}
	policy, err := s.stock.Policy(ctx)
	if err != nil {
		return err
	}
	begun, now := time.Now(), time.Now()
	library, copies := work.Library(), work.Library().Copies(plan.Items)
	shelf := func(n int, book int64) borrowing.Item {
		status, at := library.Condition(n, len(policy.Branches))
		branch := policy.Branches[at].Code
		return borrowing.Item{Barcode: library.Barcode(n), BookID: book, HomeBranch: branch, CurrentBranch: branch, ItemType: policy.ItemTypes[0].Code,
			Loanable: true, Status: borrowing.Status(status), CreatedAt: now, Version: 1}
	}
	err = s.stock.SeedItems(ctx, library.Barcode(0), func(put func([]borrowing.Item) error) error {
		made := 0
		for from := 0; from < plan.Titles; from += itemsAtOnce {
			var batch []borrowing.Item
			for title := from; title < min(from+itemsAtOnce, plan.Titles); title++ {
				for range copies(title) {
					batch = append(batch, shelf(made, work.BookID(title)))
					made++
				}
			}
			if err := put(batch); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.stage("items", plan.Items, begun)
	begun = time.Now()
	var holdings []catalogpostgres.Holding
	made := 0
	for title := range plan.Titles {
		n := copies(title)
		if n == 0 {
			continue
		}
		h := catalogpostgres.Holding{BookID: work.BookID(title)}
		for range n {
			it := shelf(made, h.BookID)
			more, available := it.Counts()
			h.Items, h.Available = h.Items+more, h.Available+available
			made++
		}
		holdings = append(holdings, h)
	}
	if err := s.imports.WriteAvailability(ctx, holdings, firstVersion); err != nil {
		return err
	}
	s.stage("titles told of their copies", len(holdings), begun)
	return nil
}

// firstVersion is that of a title's counts in borrowing when they are first written.
const firstVersion = 1

func (s seeder) members(ctx context.Context, library *seeding.Library, total int) error {
	begun := time.Now()
	for from := 0; from < total; from += membersAtOnce {
		people := make([]members.NewMember, 0, membersAtOnce)
		for i := from; i < min(from+membersAtOnce, total); i++ {
			m := library.Member(i)
			people = append(people, members.NewMember{Card: m.Card, Name: m.Name, Email: m.Email, Category: m.Category})
		}
		if _, err := s.people.Load(ctx, people); err != nil {
			return err
		}
	}
	s.stage("members", total, begun)
	return nil
}

// indexMender builds the catalogue's indexes again where a seed was killed while they were down. It looks once, at the start.
type indexMender struct {
	imports *catalogpostgres.Imports
	log     *slog.Logger
	cancel  context.CancelFunc
	done    sync.WaitGroup
}

// Start looks, behind the requests: the library answers meanwhile, if slowly.
func (m *indexMender) Start(context.Context) error {
	ctx, cancel := context.WithCancel(context.Background())
	m.cancel = cancel
	m.done.Go(func() {
		begun := time.Now()
		n, err := m.imports.RestoreIndexes(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			m.log.ErrorContext(ctx, "the catalogue's indexes could not be built again; searching is slow", "error", err)
		case n > 0 && err == nil:
			m.log.WarnContext(ctx, "built indexes again that were down after a seed that was killed", "indexes", n, "took", time.Since(begun))
		}
	})
	return nil
}

// Stop ends it.
func (m *indexMender) Stop(context.Context) error {
	if m.cancel != nil {
		m.cancel()
		m.done.Wait()
	}
	return nil
}
