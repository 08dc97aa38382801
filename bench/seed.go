package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"bookvault/modules/catalog/postgres"
	"bookvault/platform/database"
)

// seedGoal is how many titles a second a seed must write into an empty catalogue, its indexes included.
const seedGoal = 20_000

// benchSeed fills an empty catalogue with the synthetic library. On a machine that does other work at the same time the rate
// says little, so it also tells the processor time that it took.
func benchSeed(ctx context.Context, args []string, out *report) error {
	flags := flag.NewFlagSet("seed", flag.ContinueOnError)
	titles := flags.Int("titles", 1_000_000, "how many")
	flags.BoolVar(&out.json, "json", false, "print JSON")
	if err := flags.Parse(args); err != nil {
		return err
	}
	server, err := startServer(ctx, nil)
	if err != nil {
		return err
	}
	defer server.stop()
	db, _, err := server.fresh(ctx)
	if err != nil {
		return err
	}
	closed := false
	defer func() {
		if !closed {
			db.Close()
		}
	}()
	ours, theirs := processorTime(), server.processorTime()
	begun := time.Now()
	if err := seedTitles(ctx, db, *titles); err != nil {
		return err
	}
	f := out.add("titles with their indexes", int64(*titles), time.Since(begun).Seconds())
	db.Close()
	closed = true
	time.Sleep(500 * time.Millisecond) // the server's workers hand in their time when they end
	ours, theirs = processorTime()-ours, server.processorTime()-theirs
	out.say("processor time: %.1f s here, %.1f s in PostgreSQL; two free cores would do %.0f titles/s", ours.Seconds(), theirs.Seconds(),
		float64(*titles)/((ours+theirs).Seconds()/2))
	out.say("the goal is %d titles/s: %s", seedGoal, verdict(f.rate() >= seedGoal))
	return nil
}

func seedTitles(ctx context.Context, db *database.DB, titles int) error {
	begun := time.Now()
	imports := postgres.NewImports(db)
	work, err := imports.Seed(ctx, 1, titles)
	if err != nil {
		return err
	}
	err = work.Write(ctx, func(n int) {
		if n == titles {
			slog.Info("written; now the indexes", "after", time.Since(begun).Round(time.Millisecond))
		}
	})
	if err != nil {
		return err
	}
	return work.Done(ctx)
}

// processorTime is what this process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// processorTime is what the server's processes have used that have ended, and its first process itself; 0 when the system does
// not tell.
func (s *server) processorTime() time.Duration {
	const ticks = 100 // a second, on every Linux
	pid, err := os.ReadFile(filepath.Join(s.dir, "primary", "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(pid), "\n")
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%s/stat", strings.TrimSpace(first)))
	if err != nil {
		return 0
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after)
	var sum int64
	for _, at := range []int{11, 12, 13, 14} { // utime, stime, cutime, cstime
		if at < len(fields) {
			n, _ := strconv.ParseInt(fields[at], 10, 64) // 0 where it is no number
			sum += n
		}
	}
	return time.Duration(sum) * time.Second / ticks
}
