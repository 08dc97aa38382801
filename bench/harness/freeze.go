package harness

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// PrimaryPID gives the process of the library's primary PostgreSQL, whose children serve its connections.
func (l *Library) PrimaryPID() (int, error) {
	text, err := os.ReadFile(filepath.Join(l.Data, "postgres", "primary", "postmaster.pid"))
	if err != nil {
		return 0, fmt.Errorf("find PostgreSQL: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(strings.TrimSpace(line))
}

// PID gives the process's own.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Freeze stops a process and its children in their tracks (SIGSTOP): connections stay, and nobody answers. release lets them go on; it
// may be called twice.
func Freeze(pid int) (release func(), err error) {
	family, err := familyOf(pid)
	if err != nil {
		return nil, err
	}
	signal := func(s syscall.Signal) (errs error) {
		for _, one := range family {
			if err := syscall.Kill(one, s); !errors.Is(err, syscall.ESRCH) {
				errs = errors.Join(errs, err)
			}
		}
		return errs
	}
	release = func() { _ = signal(syscall.SIGCONT) }
	if err := signal(syscall.SIGSTOP); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// KillChild ends one child of a process with kill -9. PostgreSQL takes that for a crash: all connections end, and it recovers.
func KillChild(pid int, named string) error {
	family, err := familyOf(pid)
	if err != nil {
		return err
	}
	for _, one := range family[1:] {
		if words, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", one)); err == nil && strings.Contains(string(words), named) {
			return syscall.Kill(one, syscall.SIGKILL)
		}
	}
	return fmt.Errorf("process %d has no child that is called %q", pid, named)
}

// familyOf lists a process and its children.
func familyOf(pid int) ([]int, error) {
	all, err := processes()
	if err != nil {
		return nil, err
	}
	family := []int{pid}
	for child, p := range all {
		if p.parent == pid {
			family = append(family, child)
		}
	}
	return family, nil
}
