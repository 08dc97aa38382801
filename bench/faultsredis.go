package main

import (
	"fmt"
	"os/exec"
	"strings"
	"time"

	"bookvault/bench/harness"
	"bookvault/platform/database/faulttest"
)

// shared is a Redis of the bench's own, with a way to it that can be made to fail.
type shared struct {
	process *harness.Process
	way     *faulttest.Path
}

// openRedis starts one.
func (b *faultBench) openRedis() (*shared, error) {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return nil, fmt.Errorf("its faults are real, so redis-server must be installed: %w", err)
	}
	process, url, err := startRedis(b.ctx, b.dir)
	if err != nil {
		return nil, err
	}
	way, err := faulttest.To("tcp", strings.TrimPrefix(url, "redis://"))
	if err != nil {
		process.Stop()
		return nil, err
	}
	return &shared{process, way}, nil
}

func (s *shared) close() {
	s.way.Close()
	s.process.Stop()
}

// kinds are the ways in which it fails. None of them may be felt at the desk, nor by readers.
func (s *shared) kinds(b *faultBench) []kind {
	var all []kind
	for _, fault := range []faulttest.Fault{faulttest.Latency(5 * time.Second), faulttest.Cut, faulttest.Reset, faulttest.Silence, faulttest.Modem} {
		all = append(all, kind{"Redis: " + fault.Name, func(*faulty) (func() error, error) {
			return func() error { return s.way.End(b.ctx, fault) }, s.way.Begin(fault)
		}, false})
	}
	return append(all,
		kind{"Redis stands still (SIGSTOP)", func(*faulty) (func() error, error) {
			release, err := harness.Freeze(s.process.PID())
			return func() error { release(); return nil }, err
		}, false},
		kind{"Redis is gone (kill -9)", func(*faulty) (func() error, error) {
			address := s.process.Address
			s.process.Kill()
			return func() (err error) {
				_, port, err := cutAddress(address)
				if err == nil {
					s.process, err = harness.Start(b.ctx, b.dir, "redis", address, nil, "redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", b.dir)
				}
				return err
			}, nil
		}, false})
}
