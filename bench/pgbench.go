package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"bookvault/platform/database/embedded"
)

// pgbench makes a yardstick of a script: so many clients that carry it out again and again, beside the library that is idle meanwhile. What it gives
// runs for a time and tells how many transactions a second that were. defines are numbers of the script (name=value).
func (b *circulationBench) pgbench(name, script string, clients int, defines ...string) (func(time.Duration) (float64, error), error) {
	file := filepath.Join(b.dir, name+".sql")
	if err := os.WriteFile(file, []byte(script), 0o644); err != nil {
		return nil, err
	}
	programs, err := embedded.FindPrograms(b.ctx, "", 0)
	if err != nil {
		return nil, err
	}
	args := []string{"--no-vacuum", "--protocol=prepared", "--client=" + strconv.Itoa(clients), "--jobs=2", "--file=" + file}
	for _, d := range defines {
		args = append(args, "--define="+d)
	}
	return func(d time.Duration) (float64, error) {
		said, err := exec.CommandContext(b.ctx, filepath.Join(programs.Bin, "pgbench"), append(args[:len(args):len(args)], "--time="+strconv.Itoa(max(1, int(d.Seconds()))), b.library.Primary)...).CombinedOutput()
		if err != nil {
			return 0, fmt.Errorf("pgbench: %w: %s", err, said)
		}
		return tps(string(said))
	}, nil
}

// tps reads the rate in what pgbench says.
func tps(said string) (float64, error) {
	_, rest, found := strings.Cut(said, "tps = ")
	if !found {
		return 0, fmt.Errorf("pgbench said no rate: %s", said)
	}
	number, _, _ := strings.Cut(rest, " ")
	return strconv.ParseFloat(number, 64)
}
