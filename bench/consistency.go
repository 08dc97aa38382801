package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/jackc/pgx/v5"

	"bookvault/bench/harness"
)

// consistencyBench is one run of the suite consistency.
type consistencyBench struct {
	ctx       context.Context
	processes []*harness.Process
	titles    []*changing
	librarian string
	reads     atomic.Int64 // still to be done

	own, monotonic, written, busy, stale atomic.Int64 // violations, and what was done
	broken                               struct {
		sync.Mutex
		told []string // the first violations, with all that was answered
	}
	lag struct {
		sync.Mutex
		times *hdrhistogram.Histogram // microseconds by which a read was behind the newest version that was acknowledged when it began
	}
}

// changing is a title whose version counts up, with the time at which each version was acknowledged.
type changing struct {
	path     string
	body     []byte
	newest   atomic.Int64
	lock     sync.Mutex // one writer at a time
	versions sync.Map   // int64 to time.Time
}

// benchConsistency has writers count up versions inside titles, through two processes, while readers through both check what they were
// promised, and the connection by which the processes hear of changes is cut at random.
func benchConsistency(ctx context.Context, args []string, out *report) error {
	flags := flag.NewFlagSet("consistency", flag.ContinueOnError)
	reads := flags.Int64("reads", 5_000_000, "how many")
	quick := flags.Bool("quick", false, "200,000 reads")
	titles := flags.Int("changing", 200, "titles that are changed and read")
	pause := flags.Duration("pause", 20*time.Millisecond, "of each of the four writers after a change, on average")
	feed := flags.String("feed", "bookvault feed", "application_name of the connections that are cut; empty: none is")
	between := flags.Duration("cut", 2*time.Second, "time between two cuts, on average; while a feed is cut its process reads from the database, so short times make slow runs")
	remote := flags.Bool("remote", true, "with a Redis as the remote tier, if there is one")
	data := flags.String("library", "", "folder of the library, made when it is not there and kept")
	file := flags.String("json", "", "write the rows to this file too")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *quick {
		*reads = 200_000
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	dir, err := os.MkdirTemp("", "bookvault-bench-consistency-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program, err := harness.Build(ctx, dir, "bookvault", ".")
	if err != nil {
		return err
	}
	var env []string
	tiers := "memory and the gateway's cache"
	if _, err := exec.LookPath("redis-server"); err == nil && *remote {
		redis, url, err := startRedis(ctx, dir)
		if err != nil {
			return err
		}
		defer redis.Stop()
		env, tiers = []string{"BOOKVAULT_CACHE_REMOTE=" + url}, tiers+", and a Redis that both share"
	}
	library, err := harness.OpenLibrary(ctx, program, dir, *data, 20_000, env...)
	if err != nil {
		return err
	}
	defer library.Home.Stop()
	other, err := library.Serve(ctx, "other", env...)
	if err != nil {
		return err
	}
	defer other.Stop()
	b := &consistencyBench{ctx: ctx, processes: []*harness.Process{library.Home, other}}
	b.lag.times = hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)
	b.reads.Store(*reads)
	token, err := exec.CommandContext(ctx, program, "token", "--role", "librarian", "--data", library.Data).Output()
	if err != nil {
		return fmt.Errorf("make a token: %w", err)
	}
	b.librarian = strings.TrimSpace(string(token))
	if err := b.open(library.IDs[:*titles]); err != nil {
		return err
	}
	cuts := b.cut(library.Primary, *feed, *between)
	begun := time.Now()
	if err := b.run(*pause); err != nil {
		return err
	}
	end()
	if *feed != "" && cuts.Load() == 0 {
		return fmt.Errorf("no connection by the name of %q was cut: nothing was proved of that", *feed)
	}
	f := &harness.Figures{Suite: "consistency"}
	out.figures = f
	took := time.Since(begun).Seconds()
	f.Add(harness.Row{Figure: "own writes not seen, by token", Value: float64(b.own.Load()), Unit: "reads", Goal: "0", Holds: b.own.Load() == 0})
	f.Add(harness.Row{Figure: "a later read older than an earlier one of its session", Value: float64(b.monotonic.Load()), Unit: "reads", Goal: "0", Holds: b.monotonic.Load() == 0})
	late := float64(b.lag.times.ValueAtQuantile(99.9)) / 1000
	f.Add(harness.Row{Figure: "others' writes: how far a read without a token is behind, p99.9", Value: late, Unit: "ms", Goal: "<= 100", Holds: late <= 100})
	f.Add(harness.Row{Figure: "the same, at most", Value: float64(b.lag.times.Max()) / 1000, Unit: "ms"})
	f.Note("%d reads in %.0f s (%.0f/s), %d changes, %d cuts of the feed, %d answers that were 503, %d marked stale; %d titles; two processes, a primary and a replica; %s.",
		*reads, took, float64(*reads)/took, b.written.Load(), cuts.Load(), b.busy.Load(), b.stale.Load(), *titles, tiers)
	for _, one := range b.broken.told {
		f.Note("%s", one)
	}
	return f.Save(*file)
}

func startRedis(ctx context.Context, dir string) (*harness.Process, string, error) {
	address, err := harness.FreeAddress()
	if err != nil {
		return nil, "", err
	}
	_, port, err := cutAddress(address)
	if err != nil {
		return nil, "", err
	}
	redis, err := harness.Start(ctx, dir, "redis", address, nil, "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir)
	return redis, "redis://" + address, err
}

// open reads the titles as they are.
func (b *consistencyBench) open(ids []int64) error {
	for _, id := range ids {
		t := &changing{path: fmt.Sprintf("/api/catalog/v1/books/%d", id)}
		answer, err := http.Get("http://" + b.processes[0].Address + t.path)
		if err != nil {
			return err
		}
		var as struct {
			Version int64           `json:"version"`
			Title   string          `json:"title"`
			Authors json.RawMessage `json:"authors"`
		}
		err = json.NewDecoder(answer.Body).Decode(&as)
		_ = answer.Body.Close()
		if err != nil {
			return fmt.Errorf("read %s: %w", t.path, err)
		}
		t.newest.Store(as.Version)
		if t.body, err = json.Marshal(map[string]any{"title": as.Title, "authors": as.Authors}); err != nil {
			return err
		}
		b.titles = append(b.titles, t)
	}
	return nil
}

// cut ends the feeds' connections now and then, and counts how often.
func (b *consistencyBench) cut(primary, name string, between time.Duration) *atomic.Int64 {
	var cuts atomic.Int64
	if name == "" {
		return &cuts
	}
	go func() {
		conn, err := pgx.Connect(b.ctx, primary)
		if err != nil {
			return
		}
		defer conn.Close(context.Background())
		for b.ctx.Err() == nil {
			select {
			case <-b.ctx.Done():
			case <-time.After(time.Duration(2 * rand.Float64() * float64(between))):
				var n int64
				if conn.QueryRow(b.ctx, `SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = $1 AND random() < 0.7`, name).Scan(&n) == nil {
					cuts.Add(n)
				}
			}
		}
	}()
	return &cuts
}

// run has four write and twelve read, half of these with a session, until the reads are done.
func (b *consistencyBench) run(pause time.Duration) error {
	var all sync.WaitGroup
	errs := make(chan error, 16)
	for n := range 4 {
		all.Go(func() { errs <- b.write(rand.New(rand.NewPCG(1, uint64(n))), pause) })
	}
	for n := range 12 {
		all.Go(func() { errs <- b.read(rand.New(rand.NewPCG(2, uint64(n))), n%2 == 0) })
	}
	all.Wait()
	close(errs)
	if err := b.ctx.Err(); err != nil {
		return err // what was not read was not proved
	}
	var joined []error
	for err := range errs {
		joined = append(joined, err)
	}
	return errors.Join(joined...)
}
