package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/modules"
	"bookvault/modules/borrowing"
	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/identity"
	"bookvault/platform/problem"
)

// heavyGoal is how much slower a command of a heavy member, or on a title with a long queue, may be than the same command of a
// light one.
const heavyGoal = 3.0

// replayPlan is how large a replay is.
type replayPlan struct {
	titles, items, light int
	heavy, loansEach     int // members with many loans
	queued, queue        int // titles with long queues
	commands, workers    int
	days                 int // over which the commands are spread
}

// benchReplay carries out commands as a library sees them, days on end: titles by Zipf, most members with a few loans and some with
// hundreds, a few titles for which hundreds wait. It says what each command takes for the light and for the heavy.
func benchReplay(ctx context.Context, args []string, out *report) error {
	p := replayPlan{queued: 20, queue: 200, heavy: 20, loansEach: 400}
	flags := flag.NewFlagSet("replay", flag.ContinueOnError)
	flags.IntVar(&p.commands, "commands", 100_000, "how many")
	flags.IntVar(&p.titles, "titles", 20_000, "of the library; it has three copies a title")
	flags.IntVar(&p.light, "members", 5_000, "with a few loans each")
	flags.IntVar(&p.workers, "workers", 2, "commands at once")
	flags.IntVar(&p.days, "days", 60, "over which the commands are spread")
	if err := flags.Parse(args); err != nil {
		return err
	}
	p.items = 3 * p.titles
	_, db, stop, err := freshServer(ctx)
	if err != nil {
		return err
	}
	defer stop()
	r, err := newReplay(ctx, db, p)
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := r.run(ctx); err != nil {
		return err
	}
	took := time.Since(begun)
	out.add("commands, of which refused by rule "+fmt.Sprint(r.refused.Load()), int64(p.commands), took.Seconds())
	if !out.json {
		r.times.print(os.Stdout)
	}
	worst, where := r.times.worst()
	out.say("the worst ratio of a heavy median to the light one: %.2f (%s); the goal is %.0f at most: %s", worst, where, heavyGoal, verdict(worst <= heavyGoal))
	return r.verify(ctx, out)
}

// replay is a library under way.
type replay struct {
	plan    replayPlan
	db      *database.DB
	desk    *borrowing.Service
	began   time.Time
	cards   []string // of all members; the first ones are heavy
	stock   map[int64][]string
	books   []int64 // by popularity; the queued ones are among them
	queued  map[int64]bool
	renewal *loanBook
	times   *latencies
	refused atomic.Int64
}

func newReplay(ctx context.Context, db *database.DB, p replayPlan) (*replay, error) {
	defaults, err := os.ReadFile("config.yaml")
	if err != nil {
		return nil, fmt.Errorf("run it in the project's folder: %w", err)
	}
	settings, err := config.Load(config.Sources{Defaults: defaults})
	if err != nil {
		return nil, err
	}
	library, err := modules.Assemble(modules.Foundations{Settings: settings, DB: db, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	plan := modules.SeedPlan{Seed: 1, Titles: p.titles, Items: p.items, Members: p.light + p.heavy}
	if err := modules.SeedLibrary(ctx, library, plan, func(string, ...any) {}); err != nil {
		return nil, err
	}
	// A library that lets some members have hundreds of loans, and hundreds wait for one title.
	if _, err := db.Pool().Exec(ctx, `UPDATE borrowing.rules SET loan_limit = 1000, hold_limit = 1000, renewals = 1000`); err != nil {
		return nil, fmt.Errorf("raise the limits: %w", err)
	}
	r := &replay{plan: p, db: db, desk: library.Borrowing, began: time.Now(), stock: map[int64][]string{}, queued: map[int64]bool{}, times: newLatencies(), renewal: &loanBook{}}
	if err := r.look(ctx); err != nil {
		return nil, err
	}
	return r, r.prepare(ctx)
}

// look reads what the seed made.
func (r *replay) look(ctx context.Context) error {
	rows, err := r.db.Pool().Query(ctx, `SELECT card FROM members.cards ORDER BY member_id`)
	if err != nil {
		return fmt.Errorf("read the cards: %w", err)
	}
	if r.cards, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
		return fmt.Errorf("read the cards: %w", err)
	}
	rows, err = r.db.Pool().Query(ctx, `SELECT book_id, barcode FROM borrowing.items WHERE status = 'available' AND loanable ORDER BY book_id, id`)
	if err != nil {
		return fmt.Errorf("read the copies: %w", err)
	}
	var book int64
	var barcode string
	_, err = pgx.ForEachRow(rows, []any{&book, &barcode}, func() error {
		if len(r.stock[book]) == 0 {
			r.books = append(r.books, book)
		}
		r.stock[book] = append(r.stock[book], barcode)
		return nil
	})
	if err != nil {
		return fmt.Errorf("read the copies: %w", err)
	}
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(len(r.books), func(i, j int) { r.books[i], r.books[j] = r.books[j], r.books[i] })
	for i := range min(r.plan.queued, len(r.books)) {
		r.queued[r.books[i*7]] = true // popular, though not the very first ones only
	}
	return nil
}

// prepare gives the heavy members their loans and the wanted titles their queues.
func (r *replay) prepare(ctx context.Context) error {
	ctx = asDesk(ctx)
	var work []func() error
	next := len(r.books) - 1
	for h := range r.plan.heavy {
		for range r.plan.loansEach {
			barcode := r.stock[r.books[next]][0]
			next--
			work = append(work, func() error {
				lent, err := r.desk.CheckOut(ctx, borrowing.CheckOut{Card: r.cards[h], Barcode: barcode}, borrowing.Order{})
				r.renewal.add(h, lent.ID)
				return err
			})
		}
	}
	for book := range r.queued {
		for i, barcode := range r.stock[book] { // out, so that readers wait
			work = append(work, func() error {
				_, err := r.desk.CheckOut(ctx, borrowing.CheckOut{Card: r.cards[r.plan.heavy+i], Barcode: barcode}, borrowing.Order{})
				return err
			})
		}
	}
	if err := r.together(work); err != nil {
		return err
	}
	work = work[:0]
	for book := range r.queued {
		for i := range r.plan.queue {
			work = append(work, func() error {
				_, err := r.desk.PlaceHold(ctx, borrowing.PlaceHold{Card: r.cards[r.plan.heavy+100+i], BookID: book}, borrowing.Order{})
				return err
			})
		}
	}
	return r.together(work)
}

// together carries out independent pieces of work, all of them, with a few workers.
func (r *replay) together(work []func() error) error {
	var wg sync.WaitGroup
	var next atomic.Int64
	errs := make([]error, 8)
	for w := range errs {
		wg.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= len(work) || errs[w] != nil {
					return
				}
				if err := work[i](); err != nil && problem.Of(err).Kind != problem.ConflictKind {
					errs[w] = err
				}
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func asDesk(ctx context.Context) context.Context {
	return identity.WithPrincipal(ctx, identity.Principal{MemberID: 1 << 40, Role: identity.Librarian, Via: identity.ViaCommand})
}

// verify counts from nothing what the commands counted as they went.
func (r *replay) verify(ctx context.Context, out *report) error {
	for what, query := range map[string]string{
		"titles whose counts are wrong": `SELECT count(*) FROM borrowing.titles t
			WHERE t.items <> (SELECT count(*) FROM borrowing.items i WHERE i.book_id = t.book_id AND i.status <> 'withdrawn')
			   OR t.available <> (SELECT count(*) FROM borrowing.items i WHERE i.book_id = t.book_id AND i.status = 'available' AND i.loanable)
			   OR t.holds <> (SELECT count(*) FROM borrowing.holds h WHERE h.book_id = t.book_id AND h.status IN ('waiting', 'in_transit', 'ready'))`,
		"copies with two open loans": `SELECT count(*) FROM (SELECT item_id FROM borrowing.loans WHERE status = 'open' GROUP BY item_id HAVING count(*) > 1) twice`,
	} {
		var wrong int
		if err := r.db.Pool().QueryRow(ctx, query).Scan(&wrong); err != nil {
			return fmt.Errorf("count %s: %w", what, err)
		}
		if wrong > 0 {
			return fmt.Errorf("%d %s", wrong, what)
		}
	}
	out.say("afterwards every count is that from nothing, and no copy has two loans")
	return nil
}

func (l *latencies) print(w *os.File) {
	table := tabwriter.NewWriter(w, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "command\tlight\tp50 ms\tp95 ms\theavy\tp50 ms\tp95 ms\tratio p50\tratio p95\t")
	for _, row := range l.rows() {
		fmt.Fprintf(table, "%s\t%d\t%.2f\t%.2f\t%d\t%.2f\t%.2f\t%.2f\t%.2f\t\n", row.what, row.light.n, row.light.p50, row.light.p95,
			row.heavy.n, row.heavy.p50, row.heavy.p95, row.heavy.p50/row.light.p50, row.heavy.p95/row.light.p95)
	}
	_ = table.Flush()
}
