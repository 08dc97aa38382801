package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// slotName is the primary's promise to keep its log until the replica has it. It is also the name the replica gives itself.
const slotName = "bookvault_replica"

// joinWithin is how long a replica that takes connections may need to find its place in the primary's log. One that
// diverged, or whose log is gone, never does, and is built anew: at once where it says so itself.
const joinWithin = 15 * time.Second

// hopeless is what PostgreSQL's log says of a replica that will never follow: its history went its own way, or what it is to read next
// is gone.
var hopeless = []string{"is behind recovery timeline", "is not in this server's history", "forked off current database system timeline", "has already been removed"}

func (c *Cluster) replication() map[string]string {
	host := strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(c.state.SocketDir)
	return map[string]string{
		"primary_conninfo":             "host='" + host + "' port=5432 user=" + adminRole + " application_name=" + slotName,
		"primary_slot_name":            slotName,
		"hot_standby":                  "on",
		"hot_standby_feedback":         "on", // long reads here are not cancelled by vacuum there
		"max_standby_streaming_delay":  "5s", // and hold replay up for no longer than this
		"wal_receiver_status_interval": "1s", // so that a stopped replica is noticed soon
		"wal_retrieve_retry_interval":  "200ms",
	}
}

// keepReplica keeps the replica joined until ctx ends: it builds it if there is none, starts it again if it ends, and builds
// it anew if it cannot follow the primary. Reads do without it meanwhile.
func (c *Cluster) keepReplica(ctx context.Context) {
	var joined sync.Once
	pause := 200 * time.Millisecond
	for ctx.Err() == nil {
		err := c.joinReplica(ctx)
		if err == nil {
			joined.Do(func() { close(c.replicaUp) })
			pause = 200 * time.Millisecond
			err = c.followReplica(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			c.log.Warn("the replica ended by itself; starting it again", "log", c.folder.logs())
			continue
		}
		// The primary may just be recovering itself, and then the replica is not to blame: it is kept.
		if c.primary.answers(ctx) == nil {
			c.log.Warn("the replica cannot follow the primary; building it anew", "error", err)
			if err := c.dropReplica(ctx); err != nil {
				c.log.Error("removing the broken replica", "error", err)
			}
		}
		if !sleep(ctx, pause) {
			return
		}
		pause = min(2*pause, 30*time.Second)
	}
}

// joinReplica builds the replica if there is none, starts it, and returns when it follows the primary's log.
func (c *Cluster) joinReplica(ctx context.Context) error {
	if major, err := dataMajor(c.folder.replica()); err != nil || (major != 0 && major != c.programs.Major) {
		return fmt.Errorf("the replica's folder is of no use (version %d): %w", major, err)
	} else if major == 0 {
		if err := c.buildReplica(ctx); err != nil {
			return err
		}
	}
	if _, err := os.Stat(filepath.Join(c.folder.replica(), "standby.signal")); err != nil {
		return fmt.Errorf("the replica would start as a primary of its own: %w", err)
	}
	if err := c.replica.start(ctx); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, joinWithin)
	defer cancel()
	looked := time.Now()
	for wait := 5 * time.Millisecond; ; wait = min(2*wait, 100*time.Millisecond) {
		streams, err := c.replicaStreams(ctx)
		if streams {
			return nil
		}
		if time.Since(looked) > time.Second {
			if looked = time.Now(); c.replica.says(hopeless) {
				return fmt.Errorf("the replica's log is not the primary's: %s", c.replica.lastWords())
			}
		}
		select {
		case <-c.replica.ended():
			return fmt.Errorf("the replica ended while it joined: %s", c.replica.lastWords())
		case <-ctx.Done():
			return fmt.Errorf("the replica does not stream: %w: %s", errors.Join(err, ctx.Err()), c.replica.lastWords())
		case <-time.After(wait):
		}
	}
}

func (c *Cluster) replicaStreams(ctx context.Context) (yes bool, err error) {
	err = c.primary.ask(ctx, "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE application_name = '"+slotName+"' AND state IN ('streaming', 'catchup'))", &yes)
	return yes, err
}

// followReplica returns nil when the replica ended, and an error when it goes on without following the primary: its part of the
// log may be gone for good. Anything shorter than several looks in a row is a pause.
func (c *Cluster) followReplica(ctx context.Context) error {
	for missed := 0; missed < 6; {
		select {
		case <-c.replica.ended():
			return nil
		case <-time.After(5 * time.Second):
		}
		if streams, err := c.replicaStreams(ctx); streams {
			missed = 0
		} else if err == nil {
			missed++
		}
	}
	return errors.New("the replica stopped following the primary")
}

// buildReplica copies the primary under another name and renames the copy when it is whole. The slot is made by the copy
// itself, so that nothing of the log is lost between the copy and the first start.
func (c *Cluster) buildReplica(ctx context.Context) error {
	if err := c.dropSlot(ctx); err != nil {
		return err
	}
	data, err := c.halfMadeFolder("replica")
	if err != nil {
		return err
	}
	args := []string{"--pgdata=" + data, "--host=" + c.state.SocketDir, "--port=" + strconv.Itoa(c.primary.port), "--username=" + adminRole,
		"--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--create-slot", "--slot=" + slotName, "--no-password"}
	if c.settings.Throwaway {
		args = append(args, "--no-sync")
	}
	if err := c.run(ctx, "pg_basebackup", args...); err != nil {
		_ = os.RemoveAll(data)
		return fmt.Errorf("copying the primary for the replica: %w", err)
	}
	return c.folder.settle(data, c.folder.replica())
}

// dropReplica stops the replica and removes its folder and its slot.
func (c *Cluster) dropReplica(ctx context.Context) error {
	if err := c.replica.stop(time.Second); err != nil {
		return err
	}
	return c.forgetReplica(ctx)
}

func (c *Cluster) forgetReplica(ctx context.Context) error {
	if err := os.RemoveAll(c.folder.replica()); err != nil {
		return fmt.Errorf("removing the replica's folder: %w", err)
	}
	return c.dropSlot(ctx)
}

// dropSlot removes the replica's slot if there is one. The primary notices only after a moment that its reader is gone.
func (c *Cluster) dropSlot(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.AdminDSN())
	if err != nil {
		return fmt.Errorf("reaching the primary about the replica's slot: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	for try := 0; ; try++ {
		_, err = conn.Exec(ctx, "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = $1", slotName)
		if err == nil || try == 20 || !sleep(ctx, 100*time.Millisecond) {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("removing the replica's slot: %w", err)
	}
	return nil
}
