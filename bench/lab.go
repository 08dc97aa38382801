package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"bookvault/bench/harness"
)

// labFlags are what the suites patterns and overall are told alike.
type labFlags struct {
	*flag.FlagSet
	titles, rounds *int
	seconds        *float64
	data, file     *string
}

func newLabFlags(suite string, seconds float64, compared string) labFlags {
	f := flag.NewFlagSet(suite, flag.ContinueOnError)
	return labFlags{f, f.Int("titles", 20_000, "titles of the library"), f.Int("rounds", 3, "pairs of rounds of each "+compared), f.Float64("seconds", seconds, "of each round"),
		f.String("library", "", "folder of the library, made when it is not there and kept"), f.String("json", "", "write the rows to this file too; go run ./bench report makes pages of them")}
}

// open starts the library of a lab, and what its servers share; what is measured goes to rows. stop ends all of it.
func (f labFlags) open(ctx context.Context, rows *harness.Figures) (l *lab, stop func(), err error) {
	data := *f.data
	if data == "" {
		data = filepath.Join(os.TempDir(), fmt.Sprintf("bookvault-bench-patterns-%d", *f.titles))
	}
	b, end, err := openFaultBench(ctx, f.Name(), "", data, *f.titles)
	if err != nil {
		return nil, nil, err
	}
	b.rounds, b.seconds = *f.rounds, time.Duration(*f.seconds*float64(time.Second))
	b.out = rows
	l = &lab{faultBench: b, clients: 16, servers: map[string]*labServer{}}
	if err = saveMachine(ctx, *f.file, time.Now().Format("2006-01-02")); err == nil {
		err = l.prepare()
	}
	if err != nil {
		end()
		return nil, nil, err
	}
	return l, func() { l.stopServers(); l.redis.Stop(); end() }, nil
}
