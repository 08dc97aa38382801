package main

import (
	"bookvault/bench/harness"
	"bookvault/platform/database/faulttest"
)

// resiliencePatterns are those that the suite switches.
var resiliencePatterns = []string{"adaptive_limit", "bulkhead", "circuit_breaker", "fallback", "hedging", "rate_limit", "retry"}

// faulty is a server whose ways can be made to fail.
type faulty struct {
	*harness.Process
	far
	side    string          // "on" or "off"
	catalog *faulttest.Path // the catalogue's way to PostgreSQL
}

func (f *faulty) stop() {
	f.Stop()
	f.far.close()
}

// serve starts a server with the patterns on or off, at the present distance, whose catalogue has a way to PostgreSQL of its own.
func (b *faultBench) serve(name string, on bool, env ...string) (_ *faulty, err error) {
	f := &faulty{side: "on", far: far{distance: b.distance}}
	defer func() {
		if err != nil {
			f.far.close()
		}
	}()
	way, catalog, err := faulttest.ToPostgres(b.library.Primary)
	if err != nil {
		return nil, err
	}
	f.catalog = way
	if err := f.lengthen(way); err != nil {
		return nil, err
	}
	primary, err := f.postgres(b.library.Primary)
	if err != nil {
		return nil, err
	}
	settings := append(cachesOff(), primaryOnly, "BOOKVAULT_DATABASE_PRIMARY="+primary, "BOOKVAULT_DATABASE_CATALOG="+catalog, "BOOKVAULT_RESILIENCE_BREAKER_OPEN_FOR="+b.openFor.String())
	if !on {
		f.side = "off"
		settings = append(settings, off(resiliencePatterns...)...)
	}
	f.Process, err = b.library.Serve(b.ctx, name+"-"+f.side, append(settings, env...)...)
	return f, err
}

// pair starts a server with the patterns on and one with them off.
func (b *faultBench) pair(name string, env ...string) (on, off *faulty, stop func(), err error) {
	if on, err = b.serve(name, true, env...); err != nil {
		return nil, nil, nil, err
	}
	if off, err = b.serve(name, false, env...); err != nil {
		on.stop()
		return nil, nil, nil, err
	}
	return on, off, func() { on.stop(); off.stop() }, nil
}
