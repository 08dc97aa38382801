package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"bookvault/bench/harness"
)

// patience is how long somebody waits for a search before it counts as not served in time.
const patience = time.Second

// search is people who search, each for other words. whole counts those who were told all: a search that had no time left answers what it
// has found by then, which without any limit is nothing.
func (b *faultBench) search(f *faulty, clients int, rate float64, d time.Duration) (trial harness.Trial, whole *atomic.Int64) {
	whole = &atomic.Int64{}
	return harness.Trial{Address: f.Address, Clients: clients, Rate: rate, For: d, Patience: patience, Seed: rand.Uint64(), Next: func(r *rand.Rand, _ int) []byte {
		return harness.Get(f.Address, "/api/catalog/v1/books?q="+b.words[r.IntN(len(b.words))], "Accept-Encoding", "identity")
	}, Heard: func(_, status int, body []byte) {
		if status == http.StatusOK && !bytes.Contains(body, []byte(`"partial":true`)) {
			whole.Add(1)
		}
	}}, whole
}

// deskRate is what a busy library's desks ask for in a second while the public overloads it.
const deskRate = 20

// overload searches five times as much as can be searched, whatever the answers are, while the desk works on.
func (b *faultBench) overload() error {
	on, off, stop, err := b.pair("overload")
	if err != nil {
		return err
	}
	defer stop()
	var good, without, desk, deskWithout []float64
	for range b.rounds {
		for _, side := range []*faulty{on, off} {
			best, err := b.capacity(side)
			if err != nil {
				return err
			}
			spent, err := b.spending(side)
			if err != nil {
				return err
			}
			searches, whole := b.search(side, 2000, 5*best, b.seconds)
			tallies, err := b.together(searches, b.desk(side, 20, deskRate, b.seconds))
			if err != nil {
				return err
			}
			cores, err := spent()
			if err != nil {
				return err
			}
			fmt.Fprintf(os.Stderr, "  cores at work, patterns %s: %s\n", side.side, cores)
			if side == on {
				b.out.Note("At 5 x capacity, patterns on, %s.", cores)
			}
			tell(fmt.Sprintf("5 x %.0f searches/s, patterns %s, %d told all", best, side.side, whole.Load()), tallies[0])
			tell("  beside it the desk", tallies[1])
			share := float64(whole.Load()) / b.seconds.Seconds() / best
			if side == on {
				good, desk = append(good, share), append(desk, 1-tallies[1].Lost())
			} else {
				without, deskWithout = append(without, share), append(deskWithout, 1-tallies[1].Lost())
			}
			if _, err := b.recovers(side); err != nil {
				return err
			}
		}
	}
	kept, served := harness.Median(good), harness.Median(desk)
	b.out.Add(harness.Row{Figure: "searches asked for at 5 x capacity: told all within 1 s", Baseline: fmt.Sprintf("the best without overload; patterns off: %.2f", harness.Median(without)),
		Value: kept, Unit: "of the best", Ratio: kept, Spread: harness.Spread(good), Goal: ">= 0.9", Holds: kept >= 0.9})
	b.out.Add(harness.Row{Figure: "the desk's requests served beside it", Baseline: fmt.Sprintf("patterns off: %.3f", harness.Median(deskWithout)), Value: served, Unit: "of all",
		Spread: harness.Spread(desk), Goal: ">= 0.99", Holds: served >= 0.99})
	return nil
}

// spending gives what tells afterwards how many processors were at work meanwhile, and for whom: the load generator takes of the same.
func (b *faultBench) spending(f *faulty) (since func() (string, error), err error) {
	server, own, all, err := f.spent()
	begin := time.Now()
	return func() (string, error) {
		serverNow, ownNow, allNow, err := f.spent()
		took := time.Since(begin).Seconds()
		share := func(d time.Duration) float64 { return d.Seconds() / took }
		return fmt.Sprintf("the server took %.2f cores, the load generator %.2f, PostgreSQL and all else %.2f of %d", share(serverNow-server), share(ownNow-own),
			share((allNow-all)-(serverNow-server)-(ownNow-own)), runtime.NumCPU()), err
	}, err
}

// spent gives the processor time so far of a server, of the bench itself and of the machine.
func (f *faulty) spent() (server, own, all time.Duration, err error) {
	if server, err = f.CPU(); err != nil {
		return 0, 0, 0, err
	}
	if own, err = harness.OwnCPU(); err != nil {
		return 0, 0, 0, err
	}
	all, err = harness.MachineCPU()
	return server, own, all, err
}

// capacity finds the best rate at which a server answers searches, the desk at work beside them, by asking with more and more clients.
func (b *faultBench) capacity(f *faulty) (best float64, err error) {
	for _, clients := range []int{4, 8, 16, 32} {
		searches, whole := b.search(f, clients, 0, b.seconds/3)
		tallies, err := b.together(searches, b.desk(f, 20, deskRate, b.seconds/3))
		if err != nil {
			return 0, err
		}
		best = max(best, float64(whole.Load())/tallies[0].Seconds)
	}
	fmt.Fprintf(os.Stderr, "  capacity, patterns %s: %.0f searches/s\n", f.side, best)
	return best, nil
}

// greedy has one address ask for a hundred times its share beside fifty that are good, and together use half of what can be done.
func (b *faultBench) greedy() error {
	const good, limit = 50, 100
	on, off, stop, err := b.pair("greedy", "BOOKVAULT_RATE_LIMIT_EXEMPT=192.0.2.0/24") // nobody
	if err != nil {
		return err
	}
	defer stop()
	tally, err := b.public(off, 16, 0, b.seconds).Run(b.ctx)
	if err != nil {
		return err
	}
	half := tally.PerSecond() / 2
	each := min(half/good, limit/2)
	fmt.Fprintf(os.Stderr, "  half the capacity: %.0f titles/s\n", half)
	var lost, lostWithout []float64
	for range b.rounds {
		for _, side := range []*faulty{on, off} {
			var people []harness.Trial
			for n := range good {
				one := b.public(side, 8, each, b.seconds)
				one.From, one.Patience = fmt.Sprintf("127.0.1.%d", n+1), patience
				people = append(people, one)
			}
			alone, err := b.served(people)
			if err != nil {
				return err
			}
			one := b.public(side, 64, 100*limit, b.seconds)
			one.From, one.Patience = "127.0.2.1", patience
			beside, err := b.served(append(people, one))
			if err != nil {
				return err
			}
			last := beside[len(beside)-1]
			tell("the greedy one, patterns "+side.side, last)
			before, during := sum(alone), sum(beside[:good])
			share := 1 - during/before
			fmt.Fprintf(os.Stderr, "  the good ones, patterns %s: %.0f served alone, %.0f beside it\n", side.side, before, during)
			if side == on {
				lost = append(lost, share)
			} else {
				lostWithout = append(lostWithout, share)
			}
			time.Sleep(2 * time.Second) // what the greedy one spent comes back
		}
	}
	share := harness.Median(lost)
	b.out.Add(harness.Row{Figure: "what 50 good clients lose beside one at 100 x its limit", Baseline: fmt.Sprintf("patterns off: %.1f %%", harness.Median(lostWithout)*100), Value: share * 100,
		Unit: "%", Spread: harness.Spread(lost), Goal: "<= 5", Holds: share <= 0.05})
	return nil
}

// served runs trials at once, with arrivals of their own.
func (b *faultBench) served(trials []harness.Trial) ([]*harness.Tally, error) {
	for i := range trials {
		trials[i].Seed = uint64(i) // the same arrivals with and without the greedy one
	}
	return b.together(trials...)
}

func sum(tallies []*harness.Tally) (served float64) {
	for _, t := range tallies {
		served += float64(t.Served)
	}
	return served
}
