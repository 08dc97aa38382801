// Package harness is what suites of the bench measure with: child processes on loopback and their processor time (process.go), the
// library that they serve (library.go), load on kept connections (load.go), and figures with their spread (figures.go).
//
// A suite starts the thing and its yardstick, loads them in turns, so that whatever else the machine does falls on both, and reports
// ratios. It talks to loopback only, and all that it started is stopped when its context ends.
package harness

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tick is the unit of /proc/PID/stat: a hundredth of a second on every Linux.
const tick = 10 * time.Millisecond

// Process is a child, with all that it starts in turn.
type Process struct {
	Name    string
	Address string // host:port where it answers
	cmd     *exec.Cmd
	log     *os.File
	done    chan struct{}
}

// Start starts a program that will answer at an address. What it prints goes to a file in dir, which the error names when it ends early.
func Start(ctx context.Context, dir, name, address string, env []string, program string, args ...string) (*Process, error) {
	log, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		return nil, err
	}
	p := &Process{Name: name, Address: address, log: log, done: make(chan struct{}), cmd: exec.CommandContext(ctx, program, args...)}
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = append(os.Environ(), env...), log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that Ctrl-C in a terminal reaches us, and we stop it
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	p.cmd.WaitDelay = 20 * time.Second
	if err := p.cmd.Start(); err != nil {
		_ = log.Close()
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is in its log
		close(p.done)
	}()
	return p, nil
}

// Ready waits until it answers a path with a status below 500.
func (p *Process) Ready(ctx context.Context, path string, within time.Duration) error {
	deadline := time.Now().Add(within)
	for time.Now().Before(deadline) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.Address+path, nil)
		if err != nil {
			return err
		}
		answer, err := http.DefaultClient.Do(r)
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode < 500 {
				return nil
			}
		}
		select {
		case <-p.done:
			said, _ := os.ReadFile(p.log.Name())
			return fmt.Errorf("%s ended before it answered: %s", p.Name, lastLines(said))
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s does not answer at %s within %v; its output is in %s", p.Name, p.Address, within, p.log.Name())
}

func lastLines(text []byte) string {
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-5):], " | ")
}

// Stop ends it, by force when it takes longer than 20 s.
func (p *Process) Stop() {
	select {
	case <-p.done: // it was killed
		_ = p.log.Close()
		return
	default:
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.done
	}
	_ = p.log.Close()
}

// KillAlone ends it at once, and nothing that it started.
func (p *Process) KillAlone() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.done
	_ = p.log.Close()
}

// Kill ends it as kill -9 does, with all that it started.
func (p *Process) Kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
	_ = p.log.Close()
}

// CPU gives the processor time, of the user's and the kernel's, that the process and all below it have taken, PostgreSQL's servers left
// out: they are the database's.
func (p *Process) CPU() (time.Duration, error) {
	all, err := processes()
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	var add func(pid int)
	add = func(pid int) {
		one, there := all[pid]
		if !there || one.name == "postgres" {
			return
		}
		sum += one.cpu
		for child, other := range all {
			if other.parent == pid {
				add(child)
			}
		}
	}
	add(p.cmd.Process.Pid)
	return sum, nil
}

// Spent gives the processor time of the process alone, without what it started.
func (p *Process) Spent() (time.Duration, error) { return processTime(p.cmd.Process.Pid) }

// OwnCPU gives the processor time of this process.
func OwnCPU() (time.Duration, error) {
	var used syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano()), err
}

// MachineCPU gives the processor time that everything on this machine has taken since it started, idleness left out.
func MachineCPU() (time.Duration, error) {
	text, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, errors.New("processor time is read from /proc, which only Linux has")
	}
	line, _, _ := strings.Cut(string(text), "\n")
	var sum int64
	for i, field := range strings.Fields(line)[1:] {
		if i == 3 || i == 4 || i > 7 { // idle, waiting for disks, and guests, which are counted already
			continue
		}
		n, _ := strconv.ParseInt(field, 10, 64)
		sum += n
	}
	return time.Duration(sum) * tick, nil
}

type running struct {
	parent int
	name   string
	cpu    time.Duration
	ended  time.Duration // of children that have ended
}

// processes reads what runs on this machine.
func processes() (map[int]running, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, errors.New("processor time is read from /proc, which only Linux has")
	}
	all := map[int]running{}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue // it has ended meanwhile
		}
		open, shut := strings.IndexByte(string(stat), '('), strings.LastIndexByte(string(stat), ')')
		fields := strings.Fields(string(stat[shut+1:])) // from the third on
		parent, _ := strconv.Atoi(fields[1])
		user, _ := strconv.ParseInt(fields[11], 10, 64)
		system, _ := strconv.ParseInt(fields[12], 10, 64)
		endedUser, _ := strconv.ParseInt(fields[13], 10, 64)
		endedSystem, _ := strconv.ParseInt(fields[14], 10, 64)
		all[pid] = running{parent, string(stat[open+1 : shut]), time.Duration(user+system) * tick, time.Duration(endedUser+endedSystem) * tick}
	}
	return all, nil
}

// FreeAddress gives an address on loopback that nobody listens on.
func FreeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// Memory gives the resident memory of the process itself, bytes.
func (p *Process) Memory() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text))
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	return pages * int64(os.Getpagesize()), err
}
