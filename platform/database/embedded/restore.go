package embedded

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// ErrNotEmpty says that a folder holds a private PostgreSQL already. Nothing is ever restored over one.
var ErrNotEmpty = errors.New("this data folder holds a library already")

// ErrNotReached says that the log ends before the instant as of which a backup was to be restored, or the backup is from after it.
var ErrNotReached = errors.New("the backup and the archived log do not reach that instant")

// Restoration says what becomes of a backup.
type Restoration struct {
	Dir      string    // the folder of the private PostgreSQL, which must hold none yet
	Programs string    // see Settings
	From     string    // what State.Backup wrote
	Archive  string    // the log from the time of the backup on; empty: the backup alone
	Until    time.Time // as of when, with an Archive; zero: as late as the log reaches
	Logger   *slog.Logger
}

// Restore makes a private PostgreSQL of a backup: a copy of it, brought forward by the archived log. It is on a timeline of its own
// afterwards, so nobody takes what they saw of the old one for what is in this one. It returns once all is on disk and nothing
// runs; what fails or is interrupted leaves the folder without a library.
func Restore(ctx context.Context, r Restoration) error {
	c := &Cluster{settings: Settings{Dir: r.Dir, Programs: r.Programs}, log: r.Logger}
	if c.log == nil {
		c.log = slog.Default()
	}
	major, err := dataMajor(r.From)
	if err == nil && major == 0 {
		err = fmt.Errorf("%s is no copy of a PostgreSQL", r.From)
	}
	if err != nil {
		return err
	}
	if c.programs, err = FindPrograms(ctx, r.Programs, major); err != nil {
		return err
	}
	if c.folder, err = openFolder(r.Dir); err != nil {
		return err
	}
	if c.lock, err = c.folder.acquire(ctx); err != nil {
		return err
	}
	defer func() { _ = c.lock.Close() }()
	if _, err := os.Lstat(c.folder.primary()); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: %s; name another one (--data), or move that away", ErrNotEmpty, c.folder)
	}
	if c.account, err = chooseAccount(ctx, c.folder, c.programs); err != nil {
		return err
	}
	if err := c.clean(ctx); err != nil {
		return err
	}
	defer c.folder.dropSocketFolder(c.state.SocketDir)
	// A replica and an archive of what was here before follow another history.
	if err := errors.Join(os.RemoveAll(c.folder.replica()), removeIfThere(c.folder.archiveID())); err != nil {
		return err
	}
	data, err := c.halfMadeFolder("primary")
	if err != nil {
		return err
	}
	if err := c.recover(ctx, r, data); err != nil {
		_ = os.RemoveAll(data)
		return err
	}
	return c.folder.settle(data, c.folder.primary())
}

// recover copies the backup into data, and lets PostgreSQL replay the log until it has come to the end of it or to the instant.
func (c *Cluster) recover(ctx context.Context, r Restoration, data string) error {
	if err := c.copyTree(ctx, r.From, data); err != nil {
		return fmt.Errorf("copying the backup: %w", err)
	}
	if r.Archive != "" {
		if err := c.copyLog(ctx, r.Archive, filepath.Join(data, "pg_wal")); err != nil {
			return fmt.Errorf("copying the archived log: %w", err)
		}
	}
	signal := filepath.Join(data, "recovery.signal") // makes it a recovery, which ends on a new timeline
	if err := os.WriteFile(signal, nil, 0o600); err != nil {
		return err
	}
	if err := c.account.own(signal); err != nil {
		return err
	}
	parameters := map[string]string{
		"restore_command":        "false", // all of the log is in pg_wal already
		"recovery_target_action": "promote",
		"hot_standby":            "off", // so that it answers only when it is through
	}
	if !r.Until.IsZero() {
		parameters["recovery_target_time"] = r.Until.UTC().Format("2006-01-02 15:04:05.999999") + "+00"
	}
	server := c.server("primary", data, 5432, parameters)
	if err := server.start(ctx); err != nil {
		if strings.Contains(err.Error(), "recovery ended before configured recovery target was reached") || strings.Contains(err.Error(), "before consistent recovery point") {
			return fmt.Errorf("%w (%s): %w", ErrNotReached, r.Until.Format(time.RFC3339), err)
		}
		return err
	}
	return server.stop(time.Minute)
}

// copyTree copies a folder of plain files and folders, for the account, and sees that it is on disk.
func (c *Cluster) copyTree(ctx context.Context, from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		switch {
		case relative == ".":
			return nil
		case relative == "backup_manifest":
			return nil // it was of the backup
		case entry.IsDir():
			return c.account.makeFolder(target)
		case entry.Type().IsRegular():
			return c.copyFile(path, target)
		}
		return fmt.Errorf("%s is neither a file nor a folder", path)
	})
}

// copyLog copies what an archive holds of the log. What was still being written counts too, unless it is there whole.
func (c *Cluster) copyLog(ctx context.Context, from, to string) error {
	entries, err := os.ReadDir(from)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		name := entry.Name()
		if found := segmentName.FindStringSubmatch(name); found != nil {
			if found[2] != "" && isThere(filepath.Join(from, found[1])) {
				continue
			}
			name = found[1]
		} else if !historyName.MatchString(name) {
			continue
		}
		if err := c.copyFile(filepath.Join(from, entry.Name()), filepath.Join(to, name)); err != nil {
			return err
		}
	}
	return nil
}

func (c *Cluster) copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	if err := out.Sync(); err != nil {
		return err
	}
	return c.account.own(to)
}

func isThere(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func removeIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
