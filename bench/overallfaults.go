package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"bookvault/bench/harness"
	"bookvault/platform/database/faulttest"
)

// dependency is what fails, by a way of its own to it.
type dependency struct {
	name string
	way  *faulttest.Path
	// used is what must be on for it to be needed at all; it is all that is on beside the plain side.
	used    []string
	ratings bool // a tenth of the mix are ratings, which alone need it
	share   float64
	goal    string
}

// failures has one dependency after the other fail under the day's mix: half of the time its connections are cut, half of the time each answer
// takes 5 s.
func (o *overall) failures() error {
	ways, s, stop, err := o.failing()
	if err != nil {
		return err
	}
	defer stop()
	for _, d := range ways {
		var lost [2][]float64
		for i := range o.rounds {
			for turn := range 2 {
				side := (turn + i) % 2
				share, err := o.fails(s, d, side == 1, uint64(i+1))
				if err != nil {
					return fmt.Errorf("%s: %w", d.name, err)
				}
				lost[side] = append(lost[side], share*100)
			}
		}
		off, on := harness.Median(lost[0]), harness.Median(lost[1])
		without := "all off"
		if len(d.used) > 0 {
			without += " but " + strings.Join(d.used, ", ")
		}
		row := harness.Row{Pattern: "overall", Claim: "-80 to -95 %", Figure: "failed requests while " + d.name + " fails", Baseline: fmt.Sprintf("%s: %.3g %%", without, off), Off: off, Value: on, Unit: "%",
			Spread: harness.Spread(lost[1]), Goal: d.goal, Holds: on <= max(off*d.share, 0.05)}
		if off > 0 {
			row.Ratio = on / off
		}
		o.out.Add(row)
	}
	return nil
}

// failing starts a server with a way of its own to each thing that it depends on.
func (o *overall) failing() (ways []dependency, s map[string]*labServer, stop func(), err error) {
	var opened []*faulttest.Path
	nats, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: filepath.Join(o.dir, "nats"), SyncAlways: true, NoSigs: true, NoLog: true})
	if err != nil {
		return nil, nil, nil, err
	}
	nats.Start()
	stop = func() {
		for _, way := range opened {
			way.Close()
		}
		nats.Shutdown()
		nats.WaitForShutdown()
	}
	defer func() {
		if err != nil {
			stop()
		}
	}()
	if !nats.ReadyForConnections(10 * time.Second) {
		return nil, nil, nil, errors.New("NATS does not start")
	}
	if len(o.library.Replica) == 0 {
		return nil, nil, nil, errors.New("the library has no replica that could fail")
	}
	open := func(way *faulttest.Path, through string, err error) string {
		if err == nil {
			opened = append(opened, way)
		}
		return through
	}
	primary, replica, catalogue := "", "", ""
	way, through, err := faulttest.ToPostgres(o.library.Primary)
	primary = open(way, through, err)
	if err == nil {
		way, through, err = faulttest.ToPostgres(o.library.Replica[0])
		replica = open(way, through, err)
	}
	if err == nil {
		way, through, err = faulttest.ToPostgres(o.library.Primary)
		catalogue = open(way, through, err)
	}
	for _, address := range []string{o.redis.Address, nats.Addr().String()} {
		if err == nil {
			way, err = faulttest.To("tcp", address)
			open(way, "", err)
		}
	}
	if err != nil {
		return nil, nil, nil, err
	}
	shared := []string{"BOOKVAULT_CACHE_REMOTE=redis://" + opened[3].Address, "BOOKVAULT_QUEUE_URL=nats://" + opened[4].Address,
		"BOOKVAULT_DATABASE_PRIMARY=" + primary, "BOOKVAULT_DATABASE_REPLICAS=" + replica}
	all, err := o.server("failing", shared)
	if err != nil {
		return nil, nil, nil, err
	}
	apart, err := o.server("failing-catalogue", append(shared[:2:2], "BOOKVAULT_DATABASE_CATALOG="+catalogue))
	if err != nil {
		return nil, nil, nil, err
	}
	s = map[string]*labServer{"": all, "the catalogue's path": apart}
	const near, primaryGoal = "-99 %", "-90 %"
	return []dependency{
		{name: "the remote cache", way: opened[3], used: []string{"cache_aside", "read_through", "remote_cache"}, share: 0.01, goal: near},
		{name: "a replica", way: opened[1], used: []string{"read_replicas"}, share: 0.01, goal: near},
		{name: "the queue", way: opened[4], used: []string{"write_behind"}, ratings: true, share: 0.01, goal: near},
		{name: "the catalogue's path", way: opened[2], share: 0.01, goal: near},
		{name: "the primary", way: opened[0], share: 0.1, goal: primaryGoal},
	}, s, stop, nil
}

// failingRate is arrivals a second while something fails: what the plain side can do without figures, with room.
const failingRate = 100

// fails gives the share of requests that were not served while a dependency failed.
func (o *overall) fails(servers map[string]*labServer, d dependency, on bool, seed uint64) (float64, error) {
	s := servers[d.name]
	if s == nil {
		s = servers[""]
	}
	if err := o.turn(s, on, everyPattern()...); err != nil {
		return 0, err
	}
	if !on {
		if err := o.turn(s, true, d.used...); err != nil {
			return 0, err
		}
	}
	mix := day(false).trial(o.lab, s)
	next := mix.Next
	if d.ratings {
		mix.Next = func(r *rand.Rand, n int) []byte {
			if r.IntN(10) == 0 {
				return ratings.trial(o.lab, s).Next(r, n)
			}
			return next(r, n)
		}
	}
	mix.Address, mix.Rate, mix.Clients, mix.Seed = s.Address, failingRate, 512, seed
	if on {
		if err := o.warm(day(false), s, failingRate); err != nil {
			return 0, err
		}
	}
	if err := o.wellAgain(mix); err != nil {
		return 0, err
	}
	var asked, served int64
	for _, fault := range []faulttest.Fault{faulttest.Cut, faulttest.Latency(5 * time.Second)} {
		if err := d.way.Begin(fault); err != nil {
			return 0, err
		}
		during, lost := mix, losses{}
		during.For = 4 * o.seconds
		during.Next, during.Heard = lost.watch(mix.Next, mix.Clients)
		tally, err := during.Run(o.ctx)
		if err := errors.Join(err, d.way.End(o.ctx, fault)); err != nil {
			return 0, err
		}
		fmt.Fprintf(os.Stderr, "%s: %s, on %v: %v%s\n", d.name, fault.Name, on, tally, &lost)
		asked, served = asked+tally.Asked, served+tally.Served
		if err := o.wellAgain(mix); err != nil {
			return 0, err
		}
	}
	return float64(asked-served) / float64(max(1, asked)), nil
}

// wellAgain waits until a second's requests are all served.
func (o *overall) wellAgain(mix harness.Trial) error {
	mix.For = time.Second
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		tally, err := mix.Run(o.ctx)
		if err != nil {
			return err
		}
		if tally.Asked == tally.Served {
			return nil
		}
	}
	return errors.New("it was not well again within a minute")
}

// losses counts requests that were not served, by what was asked and how it was answered. The zero value counts.
type losses struct {
	lock  sync.Mutex
	count map[string]int
}

// aNumber is a part of a path that names one of many.
var aNumber = regexp.MustCompile(`/[0-9]+`)

// watch has requests counted that so many clients send, each one after the other.
func (l *losses) watch(next func(*rand.Rand, int) []byte, clients int) (asks func(*rand.Rand, int) []byte, heard func(int, int, []byte)) {
	asked := make([]string, clients) // each is its client's alone
	asks = func(r *rand.Rand, n int) []byte {
		request := next(r, n)
		target, _, _ := strings.Cut(string(request), " HTTP")
		target, _, _ = strings.Cut(target, "?")
		asked[n] = aNumber.ReplaceAllString(target, "/N")
		return request
	}
	heard = func(n, status int, body []byte) {
		if status > 0 && status < 500 && status != http.StatusTooManyRequests {
			return
		}
		var said struct{ Code string }
		_ = json.Unmarshal(body, &said) // where it says nothing, the status does
		l.lock.Lock()
		defer l.lock.Unlock()
		if l.count == nil {
			l.count = map[string]int{}
		}
		l.count[fmt.Sprintf("%s: %d %s", asked[n], status, said.Code)]++
	}
	return asks, heard
}

// String tells them a line each.
func (l *losses) String() (all string) {
	for _, what := range slices.Sorted(maps.Keys(l.count)) {
		all += fmt.Sprintf("\n  %5d  %s", l.count[what], what)
	}
	return all
}
