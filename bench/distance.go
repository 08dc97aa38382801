package main

import (
	"flag"
	"fmt"
	"slices"
	"strings"
	"time"

	"bookvault/platform/database/faulttest"
)

// distance is how far what a server depends on is away.
type distance struct {
	name  string
	delay time.Duration // of each answer; 0: loopback as it is
}

var distances = []distance{{"loopback", 0}, {"1 ms", time.Millisecond}, {"10 ms", 10 * time.Millisecond}}

// distanceFlag lets a suite be told at which of them to measure. chosen gives them, in their order, once the flags are read.
func distanceFlag(f *flag.FlagSet, what string) (chosen func() ([]distance, error)) {
	var names []string
	for _, d := range distances {
		names = append(names, d.name)
	}
	said := f.String("distances", strings.Join(names, ","), "how far "+what+" away")
	return func() (some []distance, err error) {
		for _, name := range strings.Split(*said, ",") {
			i := slices.Index(names, name)
			if i < 0 {
				return nil, fmt.Errorf("-distances: %q is none of %s", name, strings.Join(names, ", "))
			}
			some = append(some, distances[i])
		}
		return some, nil
	}
}

// far are ways of one length to what a server depends on. On loopback there are none, and addresses stay as they are.
type far struct {
	distance
	ways []*faulttest.Path
}

// postgres gives the address of a PostgreSQL by a way to it.
func (f *far) postgres(dsn string) (through string, err error) {
	if f.delay == 0 {
		return dsn, nil
	}
	way, through, err := faulttest.ToPostgres(dsn)
	if err != nil {
		return "", err
	}
	return through, f.lengthen(way)
}

// tcp gives the address of any other server by a way to it.
func (f *far) tcp(address string) (through string, err error) {
	if f.delay == 0 {
		return address, nil
	}
	way, err := faulttest.To("tcp", address)
	if err != nil {
		return "", err
	}
	return way.Address, f.lengthen(way)
}

// lengthen makes a way as long as the others, and has it end with them.
func (f *far) lengthen(way *faulttest.Path) error {
	f.ways = append(f.ways, way)
	if f.delay == 0 {
		return nil
	}
	return way.Begin(faulttest.Latency(f.delay))
}

// close ends them.
func (f *far) close() {
	for _, way := range f.ways {
		way.Close()
	}
	f.ways = nil
}
