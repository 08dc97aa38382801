package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"bookvault/bench/harness"
)

// start: the time from the start of a process to its readiness on a database that exists.
func (o *overall) start() error {
	var times []float64
	for i := range max(3, o.rounds) {
		begun := time.Now()
		p, err := o.library.Serve(o.ctx, fmt.Sprintf("start-%d", i), "BOOKVAULT_DATABASE_EMBEDDED_DATA="+filepath.Join(o.dir, "starts"))
		if err != nil {
			return err
		}
		times = append(times, time.Since(begun).Seconds())
		p.Stop()
	}
	took := harness.Median(times)
	o.out.Add(harness.Row{Figure: "start to ready on an existing database", Value: took, Unit: "s", Spread: harness.Spread(times), Goal: "<= 1", Holds: took <= 1})
	if !o.build {
		return nil
	}
	return o.builds()
}

// builds: how long a machine takes that has the modules and has compiled none of them, and how large the program is, as it is released.
func (o *overall) builds() error {
	program := filepath.Join(o.dir, "released")
	begun := time.Now()
	cold := exec.CommandContext(o.ctx, "go", "build", "-trimpath", "-tags", "timetzdata,nomsgpack", "-ldflags", "-s -w", "-o", program, ".")
	cold.Env = append(os.Environ(), "CGO_ENABLED=0", "GOCACHE="+filepath.Join(o.dir, "gocache"))
	if said, err := cold.CombinedOutput(); err != nil {
		return fmt.Errorf("cold build: %w: %s", err, said)
	}
	took, spent := time.Since(begun).Seconds(), (cold.ProcessState.UserTime() + cold.ProcessState.SystemTime()).Seconds()
	o.out.Add(harness.Row{Figure: fmt.Sprintf("cold build as it is released, %d cores", runtime.NumCPU()), Value: took, Unit: "s", Goal: "<= 170", Holds: took <= 170})
	o.out.Add(harness.Row{Figure: "cold build: processor time of it, all of which two cores have in half of that", Value: spent, Unit: "s"})
	info, err := os.Stat(program)
	if err != nil {
		return err
	}
	size := float64(info.Size()) / 1e6
	o.out.Add(harness.Row{Figure: "the program as it is released (CGO_ENABLED=0 -trimpath -tags timetzdata,nomsgpack -ldflags '-s -w')", Value: size, Unit: "MB", Goal: "<= 60", Holds: size <= 60})
	return nil
}
