package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"bookvault/modules/catalog/postgres"
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
	server, db, stop, err := freshServer(ctx)
	if err != nil {
		return err
	}
	defer stop()
	begun := time.Now()
	clock := stopwatch{server: server}
	clock.lap()
	imports := postgres.NewImports(db)
	work, err := imports.Seed(ctx, 1, *titles)
	if err != nil {
		return err
	}
	err = work.Write(ctx, func(n int) {
		if n == *titles {
			f := out.add("titles written", int64(n), time.Since(begun).Seconds())
			out.say("%s: %s", f.What, clock.lap())
		}
	})
	if err != nil {
		return err
	}
	if err := work.Done(ctx); err != nil {
		return err
	}
	f := out.add("titles with their indexes", int64(*titles), time.Since(begun).Seconds())
	out.say("then words, indexes and statistics: %s", clock.lap())
	out.say("in all %s; two free cores would do %.0f titles/s", clock.all(), float64(*titles)/(clock.sum.Seconds()/2))
	out.say("the goal is %d titles/s: %s", seedGoal, verdict(f.rate() >= seedGoal))
	return nil
}

// stopwatch tells the processor time of the stages of a suite, ours and the server's.
type stopwatch struct {
	server       *server
	ours, theirs time.Duration
	sum          time.Duration
}

// lap gives the time since the one before.
func (s *stopwatch) lap() string {
	ours, theirs := processorTime(), s.server.processorTime()
	words := fmt.Sprintf("processor time %.1f s here, %.1f s in PostgreSQL", (ours - s.ours).Seconds(), (theirs - s.theirs).Seconds())
	if s.ours > 0 {
		s.sum += ours - s.ours + theirs - s.theirs
	}
	s.ours, s.theirs = ours, theirs
	return words
}

func (s *stopwatch) all() string { return fmt.Sprintf("%.1f s of processor time", s.sum.Seconds()) }

// processorTime is what this process has used.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// processorTime is what the server's processes have used so far; 0 when the system does not tell.
func (s *server) processorTime() time.Duration {
	pid, err := os.ReadFile(filepath.Join(s.dir, "primary", "postmaster.pid"))
	if err != nil {
		return 0
	}
	first, _, _ := strings.Cut(string(pid), "\n")
	first = strings.TrimSpace(first)
	_, sum := ticksOf(first, true)
	processes, _ := filepath.Glob("/proc/[0-9]*")
	for _, p := range processes {
		if parent, ticks := ticksOf(filepath.Base(p), false); parent == first {
			sum += ticks
		}
	}
	const ticksASecond = 100 // on every Linux
	return time.Duration(sum) * time.Second / ticksASecond
}

// ticksOf reads a process's parent and processor time from /proc, with that of its children that have ended if asked.
func ticksOf(pid string, children bool) (parent string, ticks int64) {
	stat, err := os.ReadFile("/proc/" + pid + "/stat")
	if err != nil {
		return "", 0
	}
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after)
	if len(fields) < 15 {
		return "", 0
	}
	counted := fields[11:13] // utime, stime
	if children {
		counted = fields[11:15]
	}
	for _, f := range counted {
		n, _ := strconv.ParseInt(f, 10, 64) // 0 where it is no number
		ticks += n
	}
	return fields[1], ticks
}
