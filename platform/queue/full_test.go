//go:build linux

package queue

import (
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"bookvault/platform/problem"
)

// smallDisk mounts one of its own, which only root may.
func smallDisk(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16m"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI must run as root, to mount a small disk: %v", err)
		}
		t.Skipf("needs root, to mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes all space but some bytes.
func fill(t *testing.T, dir string, leave int64) (free func()) {
	t.Helper()
	var disk unix.Statfs_t
	if err := unix.Statfs(dir, &disk); err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, int64(disk.Bavail)*int64(disk.Bsize)-leave), 0o600); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAFullDiskRefusesAndAllIsWellWhenThereIsSpaceAgain(t *testing.T) {
	for _, c := range []struct {
		name    string
		leave   int64
		minFree int64
	}{
		{"seen before it is full", 512 << 10, 1 << 20},
		{"found out by JetStream itself", 40 << 10, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir, s := smallDisk(t), &sink{}
			s.failing(func([]Record) error { return errDown })
			q := open(t, dir, s, func(st *Settings) { st.MinFree = c.minFree })
			taken := map[uint64]bool{}
			publish := func(n uint64) error {
				r := record(n, n)
				r.Body = append(r.Body, make([]byte, 8<<10)...)
				err := q.Publish(t.Context(), r)
				if err == nil {
					taken[n] = true
				}
				return err
			}
			for n := range uint64(5) {
				if err := publish(n); err != nil {
					t.Fatal(err)
				}
			}
			free := fill(t, dir, c.leave)
			refused := 0
			for n := uint64(100); n < 120; n++ {
				if err := publish(n); err != nil {
					refused++
					if p := problem.Of(err); p.Kind != problem.Unavailable || p.RetryAfter <= 0 {
						t.Errorf("on a full disk: %v", err)
					}
				}
			}
			if refused == 0 {
				t.Fatal("a full disk took everything")
			}
			free()
			n := uint64(200)
			until(t, "it takes records again", func() bool { n++; return publish(n) == nil })
			s.failing(nil)
			drained(t, q)
			got := s.seen()
			for n := range taken {
				if len(got[n]) == 0 {
					t.Errorf("%d was taken, and is not there", n)
				}
			}
			for n := range got {
				if !taken[n] {
					t.Errorf("%d was refused, and is there", n)
				}
			}
			stop(t, q)
		})
	}
}
