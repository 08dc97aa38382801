//go:build linux

package program_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"golang.org/x/sys/unix"
)

// starsOf reads what the token's member thinks of a title, as it is in the database.
func (h house) starsOf(t *testing.T, book int64) (stars int) {
	t.Helper()
	if err := h.db.QueryRow(t.Context(), `SELECT coalesce((SELECT stars FROM catalog.ratings WHERE book_id = $1), 0)`, book).Scan(&stars); err != nil {
		t.Fatal(err)
	}
	return stars
}

// A rating that the database refuses is put aside with the reason, is shown, and is written once it can be. A disk that is full takes
// nothing, says so, and all is well when there is space again.
func TestWhatTheQueueCannotWriteAndCannotTake(t *testing.T) {
	h := housed(t)
	disk := smallDisk(t, filepath.Join(h.home, "data", "queue"))
	s := serve(t, h.home, h.environ, "--set", "queue.min_free=1MiB")
	librarian := tokenIn(t, h, "librarian")
	book := made(t, s.mustAsk(t, "POST", "/api/catalog/v1/books", librarian, `{"title": "Truyện Kiều", "authors": [{"name": "Nguyễn Du"}]}`, 201))
	other := made(t, s.mustAsk(t, "POST", "/api/catalog/v1/books", librarian, `{"title": "Số đỏ", "authors": [{"name": "Vũ Trọng Phụng"}]}`, 201))
	rate := func(book int64, stars, want int) string {
		t.Helper()
		return s.mustAsk(t, "PUT", fmt.Sprintf("/api/catalog/v1/books/%d/rating", book), librarian, fmt.Sprintf(`{"stars": %d}`, stars), want)
	}

	h.sql(t, `ALTER TABLE catalog.ratings ADD CONSTRAINT nobody_gives_three CHECK (stars <> 3)`)
	rate(book, 3, 202)
	rate(other, 4, 202) // its neighbour is written
	until(t, "the poisoned record is aside, and its neighbour is not", func() bool {
		out, _, _ := command(t, h.home, h.environ, "queue", "status")
		return strings.Contains(out, "put aside: 1 records") && h.starsOf(t, other) == 4
	})
	h.must(t, 0, []string{"ratings", "nobody_gives_three", "retried 0 times"}, "queue", "status")
	h.must(t, 1, []string{"written 0, refused 1", "refused again"}, "queue", "retry")
	h.sql(t, `ALTER TABLE catalog.ratings DROP CONSTRAINT nobody_gives_three`)
	h.must(t, 0, []string{"written 1, refused 0"}, "queue", "retry")
	if got := h.starsOf(t, book); got != 3 {
		t.Errorf("after the retry it has %d stars", got)
	}
	h.must(t, 0, []string{"put aside: 0 records", "store 1: held"}, "queue", "status")

	if disk == "" {
		t.Skip("a full disk was not tried: mounting a small one needs root")
	}
	free := fill(t, disk)
	if said := rate(book, 5, 503); !strings.Contains(said, "queue_no_space") {
		t.Errorf("on a full disk: %s", said)
	}
	if got := s.mustAsk(t, "GET", fmt.Sprintf("/api/catalog/v1/books/%d/rating", book), librarian, "", 200); !strings.Contains(got, `"stars":3`) {
		t.Errorf("what was refused is shown: %s", got)
	}
	free()
	until(t, "it takes ratings again", func() bool {
		status, _, err := s.ask("PUT", fmt.Sprintf("/api/catalog/v1/books/%d/rating", other), librarian, `{"stars": 1}`)
		return err == nil && status == 202
	})
	until(t, "the new one is written", func() bool { return h.starsOf(t, other) == 1 })
	if got := h.starsOf(t, book); got != 3 {
		t.Errorf("what was refused was written: %d", got)
	}
}

// smallDisk mounts one at a folder, which it makes; "" where only root may. In CI everybody is root.
func smallDisk(t *testing.T, dir string) string {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=16m"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("CI must run as root, to mount a small disk: %v", err)
		}
		return ""
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill takes all space of a disk but 256 KiB.
func fill(t *testing.T, dir string) (free func()) {
	t.Helper()
	var disk unix.Statfs_t
	if err := unix.Statfs(dir, &disk); err != nil {
		t.Fatal(err)
	}
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, int64(disk.Bavail)*int64(disk.Bsize)-256<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := os.Remove(ballast); err != nil {
			t.Fatal(err)
		}
	}
}

// With queue.url ratings wait in a NATS server outside: they outlive the process that accepted them. While it is away they are written before
// the answer; without that fallback it is 503.
func TestRatingsThroughAnExternalNATS(t *testing.T) {
	h := housed(t)
	nats, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: t.TempDir(), SyncAlways: true, NoSigs: true, NoLog: true})
	if err != nil {
		t.Fatal(err)
	}
	nats.Start()
	t.Cleanup(func() { nats.Shutdown(); nats.WaitForShutdown() })
	if !nats.ReadyForConnections(patience) {
		t.Fatal("NATS does not start")
	}
	outside := []string{"--set", "queue.url=" + nats.ClientURL(), "--set", "queue.publish_within=2s"}
	s := serve(t, h.home, h.environ, outside...)
	librarian := tokenIn(t, h, "librarian")
	book := made(t, s.mustAsk(t, "POST", "/api/catalog/v1/books", librarian, `{"title": "Truyện Kiều", "authors": [{"name": "Nguyễn Du"}]}`, 201))
	path := fmt.Sprintf("/api/catalog/v1/books/%d/rating", book)
	h.sql(t, `BEGIN`, `LOCK TABLE catalog.ratings IN ACCESS EXCLUSIVE MODE`) // so that it waits outside
	s.mustAsk(t, "PUT", path, librarian, `{"stars": 5}`, 202)
	s.kill(t)
	h.sql(t, `COMMIT`)
	if got := h.starsOf(t, book); got != 0 {
		t.Fatalf("it is written already: %d", got)
	}
	s = serve(t, h.home, h.environ, outside...)
	until(t, "the next process writes what the one that died accepted", func() bool { return h.starsOf(t, book) == 5 })
	h.must(t, 0, []string{"external NATS: 0 messages"}, append([]string{"queue", "status"}, outside[:2]...)...)
	nats.Shutdown()
	nats.WaitForShutdown()
	s.mustAsk(t, "PUT", path, librarian, `{"stars": 1}`, 200)
	if got := h.starsOf(t, book); got != 1 {
		t.Errorf("answered while NATS is away, it has %d stars", got)
	}
	if got := s.mustAsk(t, "GET", path, librarian, "", 200); !strings.Contains(got, `"stars":1`) {
		t.Errorf("and is shown as %s", got)
	}
	s.mustAsk(t, "PUT", "/api/ops/v1/patterns/fallback", tokenIn(t, h, "administrator"), `{"enabled": false}`, 200)
	if said := s.mustAsk(t, "PUT", path, librarian, `{"stars": 2}`, 503); !strings.Contains(said, "queue_unavailable") {
		t.Errorf("while NATS is away, without the fallback: %s", said)
	}
}
