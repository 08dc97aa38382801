package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/bench/harness"
)

// faultBench is one run of the suite faults, or of the soak.
type faultBench struct {
	ctx     context.Context
	out     *harness.Figures
	library *harness.Library
	dir     string
	rounds  int
	seconds time.Duration // of each phase
	openFor time.Duration // of breakers
	token   string        // a librarian's
	cards   []string      // of members
	copies  []string      // barcodes of copies that can be lent, one a title
	words   []string      // that stand in titles
	some    string        // of the kinds of faults, those in whose name this stands; "" for all

	distance distance // of what servers depend on
}

// benchFaults has dependencies fail for real, with the patterns off and on.
func benchFaults(ctx context.Context, args []string, out *report) error {
	flags := flag.NewFlagSet("faults", flag.ContinueOnError)
	titles := flags.Int("titles", 200_000, "titles of the library")
	rounds := flags.Int("rounds", 3, "of each comparison")
	seconds := flags.Float64("seconds", 10, "of each phase")
	quick := flags.Bool("quick", false, "a smaller run of some four minutes: 20,000 titles, one round with phases of 4 s, breakers that are open for 3 s")
	only := flags.String("only", "", "one figure: neighbour, kinds, overload, greedy, cost, storm")
	chosenDistances := distanceFlag(flags, "PostgreSQL is; of the neighbour: the others are measured on loopback,")
	some := flags.String("kinds", "", "of the kinds of faults, only those in whose name this stands: Redis, PostgreSQL, cut …")
	data := flags.String("library", "", "folder of the library, made when it is not there and kept")
	program := flags.String("program", "", "the server, where it is built already")
	file := flags.String("json", "", "write the rows to this file too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	at, err := chosenDistances()
	if err != nil {
		return err
	}
	openFor := 10 * time.Second
	if *quick {
		*titles, *rounds, *seconds, openFor = 20_000, 1, 4, 3*time.Second
	}
	b, stop, err := openFaultBench(ctx, "faults", *program, *data, *titles)
	if err != nil {
		return err
	}
	defer stop()
	b.some = *some
	b.rounds, b.seconds, b.openFor = *rounds, time.Duration(*seconds*float64(time.Second)), openFor
	out.figures = b.out
	for _, figure := range []struct {
		name string
		run  func() error
		far  bool // it is measured at every distance
	}{{"cost", b.cost, false}, {"neighbour", b.neighbour, true}, {"kinds", b.kinds, false}, {"storm", b.storm, false}, {"overload", b.overload, false}, {"greedy", b.greedy, false}} {
		for _, b.distance = range at {
			if *only != "" && *only != figure.name || b.distance.delay > 0 && !figure.far {
				continue
			}
			fmt.Fprintln(os.Stderr, "measuring", figure.name, "at", b.distance.name, "…")
			if err := figure.run(); err != nil {
				return fmt.Errorf("%s at %s: %w", figure.name, b.distance.name, err)
			}
			if err := b.out.Save(*file); err != nil {
				return err
			}
		}
	}
	b.out.Note("%d titles; %d rounds, phases of %v, breakers open for %v; people wait 2 s and then hang up; the load generator shares the machine.", *titles, *rounds, b.seconds, b.openFor)
	b.out.Note("What hides a fault is off on both sides: the caches, and reading from a replica. On and off are %s.", strings.Join(resiliencePatterns, ", "))
	return nil
}

// openFaultBench starts the library that a suite works on. stop ends it.
func openFaultBench(ctx context.Context, suite, program, data string, titles int) (b *faultBench, stop func(), err error) {
	dir, err := os.MkdirTemp("", "bookvault-bench-"+suite+"-")
	if err != nil {
		return nil, nil, err
	}
	b = &faultBench{ctx: ctx, out: &harness.Figures{Suite: suite}, dir: dir, openFor: 10 * time.Second, distance: distances[0]}
	stop = func() {
		if b.library != nil {
			b.library.Home.Stop()
		}
		_ = os.RemoveAll(dir)
	}
	if program == "" {
		program, err = harness.Build(ctx, dir, "bookvault", ".")
	}
	if err == nil {
		if data == "" {
			data = filepath.Join(os.TempDir(), "bookvault-bench-faults-"+strconv.Itoa(titles))
		}
		b.library, err = harness.OpenLibrary(ctx, program, dir, data, titles)
	}
	if err == nil {
		err = b.look()
	}
	if err != nil {
		stop()
		return nil, nil, err
	}
	return b, stop, nil
}

// look reads what there is to lend, to whom, and what there is to search for.
func (b *faultBench) look() error {
	token, err := exec.CommandContext(b.ctx, b.library.Program, "token", "--role", "librarian", "--data", b.library.Data).Output()
	if err != nil {
		return fmt.Errorf("make a token: %w", err)
	}
	b.token = strings.TrimSpace(string(token))
	conn, err := pgx.Connect(b.ctx, b.library.Primary)
	if err != nil {
		return err
	}
	defer conn.Close(b.ctx)
	for _, part := range []struct {
		into *[]string
		from string
	}{
		{&b.cards, `SELECT card FROM members.cards ORDER BY member_id LIMIT 500`},
		{&b.copies, `SELECT min(barcode) FROM borrowing.items WHERE status = 'available' AND loanable GROUP BY book_id ORDER BY book_id LIMIT 500`},
		{&b.words, `SELECT DISTINCT lower(word) FROM (SELECT title FROM catalog.books WHERE deleted_at IS NULL LIMIT 2000) t, regexp_split_to_table(title, '\W+') word WHERE word ~ '^[A-Za-z]{4,}$'`},
	} {
		rows, err := conn.Query(b.ctx, part.from)
		if err == nil {
			*part.into, err = pgx.CollectRows(rows, pgx.RowTo[string])
		}
		if err == nil && len(*part.into) < 50 {
			err = fmt.Errorf("the library has only %d", len(*part.into))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", part.from, err)
		}
	}
	return nil
}

// public is people who look at titles, each another one.
func (b *faultBench) public(f *faulty, clients int, rate float64, d time.Duration) harness.Trial {
	return harness.Trial{Address: f.Address, Clients: clients, Rate: rate, For: d, Seed: rand.Uint64(), Next: func(r *rand.Rand, _ int) []byte {
		return title(f.Address, b.library.IDs[r.IntN(len(b.library.IDs))])
	}}
}

// desk is librarians, each of whom lends a copy, takes it back, and looks at what its borrower has.
func (b *faultBench) desk(f *faulty, clients int, rate float64, d time.Duration) harness.Trial {
	authorization := []string{"Authorization", "Bearer " + b.token, "Accept-Encoding", "identity"}
	post := func(path string, body map[string]string) []byte {
		text, _ := json.Marshal(body) // of strings: it cannot fail
		return harness.Post(f.Address, "/api/borrowing/v1/"+path, text, authorization...)
	}
	step := make([]int, clients)
	return harness.Trial{Address: f.Address, Clients: clients, Rate: rate, For: d, Seed: rand.Uint64(), Next: func(r *rand.Rand, n int) []byte {
		card, barcode := b.cards[n], b.copies[n]
		step[n]++
		switch step[n] % 3 {
		case 1:
			return post("loans", map[string]string{"member_card": card, "barcode": barcode})
		case 2:
			return post("check-ins", map[string]string{"barcode": barcode})
		}
		return harness.Get(f.Address, "/api/borrowing/v1/loans?limit=5&member_card="+card, authorization...)
	}}
}

// together runs trials at once.
func (b *faultBench) together(trials ...harness.Trial) ([]*harness.Tally, error) {
	tallies, errs := make([]*harness.Tally, len(trials)), make([]error, len(trials))
	var all sync.WaitGroup
	for i, t := range trials {
		all.Go(func() { tallies[i], errs[i] = t.Run(b.ctx) })
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return tallies, nil
}

// tell says on the way what a phase brought.
func tell(what string, t *harness.Tally) { fmt.Fprintf(os.Stderr, "  %-46s %v\n", what, t) }
