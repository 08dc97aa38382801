package main

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"bookvault/bench/harness"
	"bookvault/platform/database/faulttest"
)

// soakGauges are what must be as it was, once all is quiet again: name in metrics, and how much more it may be.
var soakGauges = []struct {
	what, metric string
	share, more  float64 // of what it was before, and besides
	unit         string
}{
	{"goroutines", "go_goroutines", 1.2, 30, ""},
	{"open files and connections", "process_open_fds", 1.2, 30, ""},
	{"places taken in compartments", "bookvault_bulkhead_in_use", 0, 0, ""},
	{"calls that wait for a place", "bookvault_bulkhead_waiting", 0, 0, ""},
	{"requests that count in the adaptive limit", "bookvault_adaptive_limit_in_use", 0, 1, ""},
	{"memory in use", "go_memstats_heap_inuse_bytes", 1.5, 64 << 20, " bytes"},
}

// benchSoak has a library at half its capacity while dependencies fail at random, and looks for what was lost by it.
func benchSoak(ctx context.Context, args []string, out *report) error {
	flags := flag.NewFlagSet("soak", flag.ContinueOnError)
	minutes := flags.Float64("minutes", 30, "of load, with faults")
	titles := flags.Int("titles", 20_000, "titles of the library")
	data := flags.String("library", "", "folder of the library, made when it is not there and kept")
	program := flags.String("program", "", "the server, where it is built already")
	file := flags.String("json", "", "write the rows to this file too")
	report := flags.String("report", "", "write the table to this file too, as Markdown")
	if err := flags.Parse(args); err != nil {
		return err
	}
	b, stop, err := openFaultBench(ctx, "soak", *program, *data, *titles)
	if err != nil {
		return err
	}
	defer stop()
	out.figures = b.out
	redis, err := b.openRedis()
	if err != nil {
		return err
	}
	defer redis.close()
	f, err := b.serve("soak", true, "BOOKVAULT_CACHE_REMOTE=redis://"+redis.way.Address, "BOOKVAULT_PATTERNS_CACHE_ASIDE_ENABLED=true", "BOOKVAULT_PATTERNS_WRITE_THROUGH_ENABLED=true", "BOOKVAULT_CACHE_TITLES=4MiB")
	if err != nil {
		return err
	}
	defer f.stop()
	best, err := b.public(f, 16, 0, 5*time.Second).Run(ctx) // which warms too
	if err != nil {
		return err
	}
	before, err := b.quiet(f)
	if err != nil {
		return err
	}
	rate, d := best.PerSecond()/2, time.Duration(*minutes*float64(time.Minute))
	fmt.Fprintf(os.Stderr, "%v at %.0f titles/s beside the desk, with faults\n", d, rate)
	soaking, over := context.WithTimeout(ctx, d)
	defer over()
	var counts map[string]int
	failing := make(chan error, 1)
	go func() {
		var err error
		counts, err = b.failAtRandom(soaking, f, redis)
		failing <- err
	}()
	tallies, err := b.together(b.public(f, 500, rate, d), b.desk(f, 20, deskRate, d))
	over()
	if ill := <-failing; err == nil {
		err = ill
	}
	if err != nil {
		return err
	}
	tell("the public", tallies[0])
	tell("the desk", tallies[1])
	if _, err := b.recovers(f); err != nil {
		return err
	}
	after, err := b.quiet(f)
	if err != nil {
		return err
	}
	for i, g := range soakGauges {
		most := before[i]*g.share + g.more
		b.out.Add(harness.Row{Figure: g.what + " afterwards", Baseline: "before: " + harness.Short(before[i]), Value: after[i], Unit: strings.TrimSpace(g.unit), Goal: "<= " + harness.Short(most), Holds: after[i] <= most})
	}
	for i, who := range []string{"public", "desk"} {
		b.out.Add(harness.Row{Figure: "requests of the " + who, Value: float64(tallies[i].Asked), Unit: fmt.Sprintf("%.2f %% served", 100-tallies[i].Lost()*100)})
	}
	if err := b.invariants(); err != nil {
		return err
	}
	var said []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		said = append(said, fmt.Sprintf("%d x %s", counts[name], name))
	}
	b.out.Note("%v at %.0f titles/s (half of what could be done) and %d desk requests/s; faults: %s.", d, rate, deskRate, strings.Join(said, ", "))
	b.out.Note("%d titles, %d processors, %s.", *titles, runtime.NumCPU(), runtime.Version())
	if *report != "" {
		if err := saveReport(*report, b.out); err != nil {
			return err
		}
	}
	return b.out.Save(*file)
}

const soakWords = `# The soak

` + "`go run ./bench soak -minutes 30 -report docs/SOAK.md`" + ` has a library at half its capacity while dependencies fail at random, one after another, for some seconds each:
the catalogue's way to PostgreSQL is slow, cut, reset, silent or thin, PostgreSQL itself stands still (SIGSTOP) or crashes (kill -9), and the Redis that processes
share fails in the same ways. Afterwards, when all is quiet, it looks for what was lost by it: goroutines, connections, places in compartments, memory; whether the
desk's counts are those from nothing; and whether the ledger is as it was written and says the same as the desk's books (` + "`bookvault ledger verify`" + `).

This is what it said last:

`

// saveReport writes the table as Markdown.
func saveReport(file string, f *harness.Figures) error {
	var text strings.Builder
	text.WriteString(soakWords + "```\n")
	f.Print(&text)
	text.WriteString("```\n")
	return os.WriteFile(file, []byte(text.String()), 0o644)
}

// quiet waits until requests that were under way have ended, and reads the gauges.
func (b *faultBench) quiet(f *faulty) ([]float64, error) {
	select {
	case <-time.After(20 * time.Second): // longer than a request may take
	case <-b.ctx.Done():
		return nil, b.ctx.Err()
	}
	values := make([]float64, len(soakGauges))
	for i, g := range soakGauges {
		var err error
		if values[i], err = f.Metric(b.ctx, g.metric); err != nil {
			return nil, err
		}
	}
	return values, nil
}

// failAtRandom has one thing after another fail for some seconds, with some seconds of peace between, until ctx ends. It counts them.
func (b *faultBench) failAtRandom(ctx context.Context, f *faulty, redis *shared) (counts map[string]int, err error) {
	kinds := []kind{b.onTheWay(faulttest.Latency(5 * time.Second)), b.onTheWay(faulttest.Cut), b.onTheWay(faulttest.Reset), b.onTheWay(faulttest.Silence),
		b.onTheWay(faulttest.Modem), {"PostgreSQL stands still (SIGSTOP)", b.frozen, true}, {"PostgreSQL crashes (kill -9)", b.crashed, true}}
	kinds = append(kinds, redis.kinds(b)...)
	counts = map[string]int{}
	wait := func(most float64) bool {
		select {
		case <-time.After(time.Duration((0.2 + 0.8*rand.Float64()) * most * float64(time.Second))):
			return true
		case <-ctx.Done():
			return false
		}
	}
	for wait(20) {
		k := kinds[rand.IntN(len(kinds))]
		end, err := k.begin(f)
		if err != nil {
			return counts, fmt.Errorf("%s: %w", k.name, err)
		}
		counts[k.name]++
		wait(8)
		if err := end(); err != nil {
			return counts, fmt.Errorf("end of %s: %w", k.name, err)
		}
	}
	return counts, nil
}

// invariants counts from nothing what commands counted as they went, and what may not be.
func (b *faultBench) invariants() error {
	conn, err := pgx.Connect(b.ctx, b.library.Primary)
	if err != nil {
		return err
	}
	defer conn.Close(b.ctx)
	for _, i := range []struct{ what, query string }{
		{"titles whose counts are wrong", `SELECT count(*) FROM borrowing.titles t
			WHERE t.items <> (SELECT count(*) FROM borrowing.items i WHERE i.book_id = t.book_id AND i.status <> 'withdrawn')
			   OR t.available <> (SELECT count(*) FROM borrowing.items i WHERE i.book_id = t.book_id AND i.status = 'available' AND i.loanable)
			   OR t.holds <> (SELECT count(*) FROM borrowing.holds h WHERE h.book_id = t.book_id AND h.status IN ('waiting', 'in_transit', 'ready'))`},
		{"copies with two open loans", `SELECT count(*) FROM (SELECT item_id FROM borrowing.loans WHERE status = 'open' GROUP BY item_id HAVING count(*) > 1) twice`},
		{"copies on loan without an open loan, and the other way round", `SELECT count(*) FROM borrowing.items i
			WHERE (i.status = 'checked_out') <> EXISTS (SELECT FROM borrowing.loans l WHERE l.item_id = i.id AND l.status = 'open') AND i.status IN ('checked_out', 'available')`},
	} {
		var wrong int
		if err := conn.QueryRow(b.ctx, i.query).Scan(&wrong); err != nil {
			return fmt.Errorf("count %s: %w", i.what, err)
		}
		b.out.Add(harness.Row{Figure: i.what, Value: float64(wrong), Goal: "0", Holds: wrong == 0})
	}
	verify := exec.CommandContext(b.ctx, b.library.Program, "ledger", "verify", "--data", b.library.Data)
	said, err := verify.CombinedOutput()
	fmt.Fprintf(os.Stderr, "ledger verify: %v: %s\n", err, said)
	wrong := 0.0
	if err != nil {
		wrong = 1
	}
	b.out.Add(harness.Row{Figure: "the ledger is not as it was written, or says otherwise than the desk's books", Value: wrong, Goal: "0", Holds: wrong == 0})
	return nil
}
