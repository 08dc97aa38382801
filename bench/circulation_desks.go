package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"bookvault/bench/harness"
)

// oneDesk: check-outs one after another with nothing else to do, against one fdatasync of the same disk.
func (b *circulationBench) oneDesk() error {
	home := b.library.Home
	conn, err := harness.Dial(b.ctx, home.Address, "Etag")
	if err != nil {
		return err
	}
	defer conn.Close()
	var outs, ins, syncs []float64
	end := time.Now().Add(max(2*time.Second, b.seconds))
	for i := 0; time.Now().Before(end); i++ {
		barcode, _, err := b.copy()
		if err != nil {
			return err
		}
		card := b.cards[i%len(b.cards)]
		took, err := timed(func() error { return answered(conn, b.checkOut(home.Address, card, barcode)) })
		if err != nil {
			return err
		}
		outs = append(outs, took)
		if took, err = timed(func() error { return answered(conn, b.checkIn(home.Address, barcode)) }); err != nil {
			return err
		}
		ins = append(ins, took)
		if took, err = b.sync(); err != nil {
			return err
		}
		syncs = append(syncs, took)
	}
	out, in, sync := harness.Median(outs), harness.Median(ins), harness.Median(syncs)
	b.out.Add(harness.Row{Figure: "one desk alone, check-out, p50", Baseline: "one fdatasync of 8 KiB", Value: out, Unit: "ms", Ratio: out / sync, Goal: "<= 3", Holds: out <= 3*sync})
	b.out.Add(harness.Row{Figure: "one desk alone, check-in, p50", Baseline: "one fdatasync of 8 KiB", Value: in, Unit: "ms", Ratio: in / sync})
	return nil
}

// timed gives how long something took, in milliseconds.
func timed(do func() error) (float64, error) {
	begin := time.Now()
	err := do()
	return float64(time.Since(begin).Microseconds()) / 1000, err
}

// answered sends a request and insists on a success.
func answered(conn *harness.Conn, request []byte) error {
	status, _, body, err := conn.Ask(request)
	if err == nil && status > 299 {
		err = fmt.Errorf("answered %d: %.300s", status, body)
	}
	return err
}

// sync times one write of a page that is on the disk when it is done, on the disk of the library.
func (b *circulationBench) sync() (float64, error) {
	file, err := os.OpenFile(filepath.Join(b.library.Data, "bench-sync"), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	if _, err := file.WriteAt(make([]byte, 8<<10), 0); err != nil {
		return 0, err
	}
	return timed(func() error { return dataSync(file) })
}

// desks: 75 desks whose people take their time, while readers keep the machine at half of what it can with every cache off.
func (b *circulationBench) desks() error {
	home := b.library.Home
	switchOff, err := b.patterns("gateway_cache", "cache_aside", "read_through")
	if err != nil {
		return err
	}
	defer switchOff(true)
	if err := switchOff(false); err != nil {
		return err
	}
	next := func(r *rand.Rand) []byte { return title(home.Address, b.library.IDs[r.IntN(len(b.library.IDs))]) }
	full, err := harness.Load{Address: home.Address, Clients: 16, For: b.seconds, Seed: 3, Next: next}.Run(b.ctx)
	if err != nil {
		return err
	}
	reading, stop := context.WithCancel(b.ctx)
	defer stop()
	length := 4 * b.seconds
	var read error
	var wg sync.WaitGroup
	wg.Go(func() {
		_, read = harness.Load{Address: home.Address, Clients: 32, For: length, Seed: 4, Rate: full.PerSecond() / 2, Next: next}.Run(reading)
	})
	const desks = 75
	outs, ins := make([]*hdrhistogram.Histogram, desks), make([]*hdrhistogram.Histogram, desks)
	errs := make([]error, desks)
	end := time.Now().Add(length)
	for i := range desks {
		wg.Go(func() { outs[i], ins[i], errs[i] = b.desk(uint64(i), end) })
	}
	wg.Wait()
	for _, err := range append(errs, read) {
		if err != nil {
			return err
		}
	}
	for i := 1; i < desks; i++ {
		outs[0].Merge(outs[i])
		ins[0].Merge(ins[i])
	}
	for _, what := range []struct {
		name  string
		times *hdrhistogram.Histogram
	}{{"check-out", outs[0]}, {"check-in", ins[0]}} {
		for _, goal := range []struct{ percentile, most float64 }{{95, 15}, {99, 30}} {
			value := float64(what.times.ValueAtQuantile(goal.percentile)) / 1000
			b.out.Add(harness.Row{Figure: fmt.Sprintf("75 desks beside readers, %s, p%.0f", what.name, goal.percentile), Value: value, Unit: "ms", Goal: fmt.Sprintf("<= %.0f ms", goal.most), Holds: value <= goal.most})
		}
	}
	b.out.Note("75 desks with 1 to 3 s of thought before each command (%d check-outs), beside %.0f uncached titles/s, half of the %.0f that the machine can.",
		outs[0].TotalCount(), full.PerSecond()/2, full.PerSecond())
	return nil
}

// desk lends a copy and takes it back, with thought before each.
func (b *circulationBench) desk(seed uint64, end time.Time) (outs, ins *hdrhistogram.Histogram, err error) {
	home, random := b.library.Home, rand.New(rand.NewPCG(9, seed))
	outs, ins = hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3), hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)
	conn, err := harness.Dial(b.ctx, home.Address, "Etag")
	if err != nil {
		return outs, ins, err
	}
	defer conn.Close()
	for {
		barcode, _, err := b.copy()
		if err != nil {
			return outs, ins, err
		}
		for _, command := range []struct {
			request []byte
			times   *hdrhistogram.Histogram
		}{{b.checkOut(home.Address, b.cards[random.IntN(len(b.cards))], barcode), outs}, {b.checkIn(home.Address, barcode), ins}} {
			time.Sleep(time.Second + time.Duration(random.Float64()*2*float64(time.Second)))
			if time.Now().After(end) || b.ctx.Err() != nil {
				return outs, ins, b.ctx.Err()
			}
			took, err := timed(func() error { return answered(conn, command.request) })
			if err != nil {
				return outs, ins, err
			}
			_ = command.times.RecordValue(max(1, int64(took*1000)))
		}
	}
}

// patterns gives what turns patterns of the running library on and off.
func (b *circulationBench) patterns(names ...string) (func(on bool) error, error) {
	token, err := b.tokenOf("administrator")
	if err != nil {
		return nil, err
	}
	return func(on bool) error {
		for _, name := range names {
			r, err := http.NewRequestWithContext(b.ctx, http.MethodPut, "http://"+b.library.Home.Address+"/api/ops/v1/patterns/"+name, strings.NewReader(fmt.Sprintf(`{"enabled":%v}`, on)))
			if err != nil {
				return err
			}
			r.Header.Set("Authorization", "Bearer "+token)
			r.Header.Set("Content-Type", "application/json")
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				return err
			}
			_ = answer.Body.Close()
			if answer.StatusCode != http.StatusOK {
				return fmt.Errorf("switching %s was answered %d", name, answer.StatusCode)
			}
		}
		return nil
	}, nil
}

// rush: a thousand members at once for one title of five copies.
func (b *circulationBench) rush() error {
	home := b.library.Home
	const members = 1000
	var worst []float64
	for range max(1, b.rounds/2) {
		book, copies, err := b.titleOfFive()
		if err != nil {
			return err
		}
		conns := make([]*harness.Conn, members)
		for i := range conns {
			if conns[i], err = harness.Dial(b.ctx, home.Address, "Etag"); err != nil {
				return err
			}
			defer conns[i].Close()
		}
		times := hdrhistogram.New(1, int64(time.Minute/time.Microsecond), 3)
		outcomes := map[string]int{}
		var lock sync.Mutex
		var wg sync.WaitGroup
		start := make(chan struct{})
		for i, conn := range conns {
			request := harness.Post(home.Address, "/api/borrowing/v1/loans", []byte(fmt.Sprintf(`{"member_card":"%s","book_id":%d}`, b.cards[i%len(b.cards)], book)),
				"Authorization", "Bearer "+b.token, "Idempotency-Key", b.key())
			wg.Go(func() {
				<-start
				begin := time.Now()
				status, _, body, err := conn.Ask(request)
				took := time.Since(begin)
				what := fmt.Sprint(status)
				switch {
				case err != nil:
					what = err.Error()
				case status == http.StatusConflict && strings.Contains(string(body), `"item_on_loan"`):
					what = "refused: every copy is on loan"
				case status > 299:
					what = fmt.Sprintf("%d %.200s", status, body)
				}
				lock.Lock()
				defer lock.Unlock()
				outcomes[what]++
				_ = times.RecordValue(max(1, took.Microseconds()))
			})
		}
		close(start)
		wg.Wait()
		if outcomes["201"] != copies || outcomes["refused: every copy is on loan"] != members-copies {
			return fmt.Errorf("of %d members for %d copies: %v", members, copies, outcomes)
		}
		worst = append(worst, float64(times.ValueAtQuantile(99))/1000)
	}
	p99 := harness.Median(worst)
	b.out.Add(harness.Row{Figure: "1,000 members at once for a title of 5 copies: 5 win, 995 hear why", Value: 1, Unit: "as it must be", Goal: "exactly", Holds: true})
	b.out.Add(harness.Row{Figure: "and each is answered within, p99", Value: p99, Unit: "ms", Spread: harness.Spread(worst), Goal: "<= 200 ms", Holds: p99 <= 200})
	return nil
}
