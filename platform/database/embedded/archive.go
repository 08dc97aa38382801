package embedded

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Archive says where the primary's log (WAL) is kept beyond what PostgreSQL itself needs, so that a backup can be restored as of any
// instant since it was made. Without a Folder it is kept nowhere.
type Archive struct {
	Folder string        // each data folder has one of its own below it
	Kept   time.Duration // older segments are removed
	Max    int64         // bytes of segments at most; the oldest go first
}

// archiveSlot is the primary's promise to keep its log until it is archived, within max_slot_wal_keep_size.
const archiveSlot = "bookvault_archive"

// archiveEnds is how long pg_receivewal may take to write what the primary sends while it shuts down.
const archiveEnds = stopWithin + 2*time.Second

// archivePath gives the folder of this data folder's log, and makes it under a name of its own: the logs of two servers, also of one
// that was restored from the other's backup, must never be mixed.
func (c *Cluster) archivePath() (string, error) {
	id, err := os.ReadFile(c.folder.archiveID())
	if errors.Is(err, fs.ErrNotExist) {
		var number [8]byte
		_, _ = rand.Read(number[:]) // it never fails
		id = []byte(hex.EncodeToString(number[:]))
		err = os.WriteFile(c.folder.archiveID(), id, 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("naming the archive of the log: %w", err)
	}
	if err := os.MkdirAll(c.settings.Archive.Folder, 0o711); err != nil {
		return "", fmt.Errorf("making database.embedded.archive: %w", err)
	}
	path, err := filepath.Abs(filepath.Join(c.settings.Archive.Folder, "wal-"+strings.TrimSpace(string(id))))
	if err != nil {
		return "", err
	}
	return path, c.account.makeFolder(path)
}

// keepArchive copies the primary's log into the archive as it is written, until the primary is down after ctx ended.
func (c *Cluster) keepArchive(ctx context.Context) {
	for pause := 200 * time.Millisecond; ctx.Err() == nil; pause = min(2*pause, 30*time.Second) {
		begun := time.Now()
		err := c.receive(ctx)
		if ctx.Err() != nil {
			return
		}
		if c.primary.answers(ctx) == nil { // else it is not the archive that is ill
			c.log.Warn("the log is not archived at the moment", "error", err)
			c.mendArchive(ctx)
		}
		if time.Since(begun) > time.Minute {
			pause = 200 * time.Millisecond
		}
		if !sleep(ctx, pause) {
			return
		}
	}
}

// receive runs pg_receivewal to its end. It ends when the primary does, and has then written the last of its log.
func (c *Cluster) receive(ctx context.Context) error {
	if err := c.primary.ask(ctx, "SELECT count(pg_create_physical_replication_slot('"+archiveSlot+"', true)) FROM (SELECT 1) one "+
		"WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '"+archiveSlot+"')", new(int)); err != nil {
		return fmt.Errorf("making the slot of the archive: %w", err)
	}
	var words bytes.Buffer
	cmd := exec.Command(c.programs.path("pg_receivewal"), "--directory="+c.State().Archive, "--slot="+archiveSlot, "--no-loop", "--status-interval=1",
		"--host="+c.state.SocketDir, "--port="+strconv.Itoa(c.primary.port), "--username="+adminRole, "--no-password")
	cmd.Dir, cmd.Env, cmd.SysProcAttr, cmd.Stdout, cmd.Stderr = "/", environment(), c.account.attributes(), &words, &words
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting pg_receivewal: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		return fmt.Errorf("pg_receivewal ended: %v: %s", err, bytes.TrimSpace(words.Bytes()))
	case <-ctx.Done(): // the primary goes down, and hands over the end of its log
	}
	select {
	case <-ended:
	case <-time.After(archiveEnds):
		_ = cmd.Process.Signal(syscall.SIGINT)
		if err := <-ended; err != nil {
			return err
		}
	}
	return nil
}

// mendArchive begins another archive when the log has a gap: the primary could not wait for the archive any longer (its disk was full,
// say), and dropped what was not archived. Backups from before reach as far as the gap.
func (c *Cluster) mendArchive(ctx context.Context) {
	var lost bool
	if err := c.primary.ask(ctx, "SELECT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = '"+archiveSlot+"' AND wal_status = 'lost')", &lost); err != nil || !lost {
		return
	}
	err := c.primary.ask(ctx, "SELECT pg_drop_replication_slot('"+archiveSlot+"')::text", new(string))
	if err == nil {
		err = os.Remove(c.folder.archiveID())
	}
	path := ""
	if err == nil {
		path, err = c.archivePath()
	}
	if err == nil {
		err = c.tell(func(s *State) { s.Archive = path })
	}
	c.log.Error("the archive of the log has a gap: make a backup, for what happens from now on can only be restored on that one", "archive", path, "error", err)
}

// forgetArchive drops the slot of an archive that is not wanted any more, which would else keep the log for nobody.
func (c *Cluster) forgetArchive(ctx context.Context) error {
	return c.primary.ask(ctx, "SELECT count(pg_drop_replication_slot(slot_name)) FROM pg_replication_slots WHERE slot_name = '"+archiveSlot+"' AND NOT active", new(int))
}

// segmentName is the name of a piece of the log in an archive: timeline and place. What is still being written has an ending.
var segmentName = regexp.MustCompile(`^([0-9A-F]{24})(\.partial)?$`)

// historyName is that of a file that says where timelines parted.
var historyName = regexp.MustCompile(`^[0-9A-F]{8}\.history$`)

// prune removes segments that are older than they are kept for, and the oldest of more than may be there. The one that is being written
// stays.
func (a Archive) prune(path string, now time.Time) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	var names []string
	sizes, times := map[string]int64{}, map[string]time.Time{}
	sum := int64(0)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !segmentName.MatchString(e.Name()) {
			continue
		}
		sum += info.Size()
		if !strings.HasSuffix(e.Name(), ".partial") {
			names = append(names, e.Name())
			sizes[e.Name()], times[e.Name()] = info.Size(), info.ModTime()
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if sum <= a.Max && now.Sub(times[name]) <= a.Kept {
			break // never one from the middle: the rest would be of no use
		}
		if err := os.Remove(filepath.Join(path, name)); err != nil {
			return err
		}
		sum -= sizes[name]
	}
	return nil
}
