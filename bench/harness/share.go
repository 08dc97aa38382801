package harness

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Share is a control group of Linux that holds processes, and those that they start, to a share of the processors.
type Share struct {
	dir   string
	cores float64
}

// sharePeriod is the span over which the share is held. It is a tenth of the kernel's own, so that a server which is held back is slow
// rather than asleep.
const sharePeriod = 10 * time.Millisecond

// ErrNoShares says that there are no control groups here that may be written to.
var ErrNoShares = errors.New("no control group for processors can be made here (neither /sys/fs/cgroup/cpu nor /sys/fs/cgroup may be written)")

// NewShare makes a group for so many cores. Close it when its processes are gone.
func NewShare(name string, cores float64) (*Share, error) {
	quota, period := int64(cores*float64(sharePeriod.Microseconds())), sharePeriod.Microseconds()
	name = "bookvault-" + strconv.Itoa(os.Getpid()) + "-" + name
	var errs []error
	for _, way := range []struct {
		root   string
		before [2]string // to be written at the root first
		files  [][2]string
	}{
		{"/sys/fs/cgroup/cpu", [2]string{}, [][2]string{{"cpu.cfs_period_us", fmt.Sprint(period)}, {"cpu.cfs_quota_us", fmt.Sprint(quota)}}}, // version 1
		{"/sys/fs/cgroup", [2]string{"cgroup.subtree_control", "+cpu"}, [][2]string{{"cpu.max", fmt.Sprintf("%d %d", quota, period)}}},
	} {
		s := &Share{filepath.Join(way.root, name), cores}
		err := func() error {
			if way.before[0] != "" {
				if err := os.WriteFile(filepath.Join(way.root, way.before[0]), []byte(way.before[1]), 0); err != nil {
					return err
				}
			}
			if err := os.Mkdir(s.dir, 0o755); err != nil {
				return err
			}
			for _, f := range way.files {
				if err := os.WriteFile(filepath.Join(s.dir, f[0]), []byte(f[1]), 0); err != nil {
					return errors.Join(err, os.Remove(s.dir))
				}
			}
			return nil
		}()
		if err == nil {
			return s, nil
		}
		errs = append(errs, err)
	}
	return nil, fmt.Errorf("%w: %w", ErrNoShares, errors.Join(errs...))
}

// Hold takes processes in, but for those that have ended meanwhile. What they start from now on is held too.
func (s *Share) Hold(pids ...int) error {
	for _, pid := range pids {
		if err := os.WriteFile(filepath.Join(s.dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0); err != nil && !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("hold process %d to %g cores: %w", pid, s.cores, err)
		}
	}
	return nil
}

// HeldBack gives the share of periods, since the group was made, in which its processes wanted more than they got.
func (s *Share) HeldBack() float64 {
	text, _ := os.ReadFile(filepath.Join(s.dir, "cpu.stat"))
	var periods, throttled float64
	for _, line := range strings.Split(string(text), "\n") {
		name, value, _ := strings.Cut(line, " ")
		n, _ := strconv.ParseFloat(value, 64)
		switch name {
		case "nr_periods":
			periods = n
		case "nr_throttled":
			throttled = n
		}
	}
	return throttled / max(periods, 1)
}

// Close removes the group, once its processes are gone.
func (s *Share) Close() error {
	var err error
	for range 50 {
		if err = os.Remove(s.dir); err == nil || errors.Is(err, os.ErrNotExist) {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	return err
}
