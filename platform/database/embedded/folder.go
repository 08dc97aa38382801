package embedded

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// ErrInUse says that another process runs the private PostgreSQL of this folder. Join it (see Running) or stop it.
var ErrInUse = errors.New("another BookVault is running on this data folder")

// State is what a running process tells other commands on the same folder.
type State struct {
	PID         int       `json:"pid"`
	StartedAt   time.Time `json:"started_at"`
	PrimaryDSN  string    `json:"primary_dsn"`
	ReplicaDSNs []string  `json:"replica_dsns"`
	Address     string    `json:"address,omitempty"` // where the server answers HTTP, once it does
	SocketDir   string    `json:"socket_dir"`
	Archive     string    `json:"archive,omitempty"` // folder that the log is archived in
}

// Running tells whether a process runs the private PostgreSQL of a folder, and how to reach it. While that process is still
// starting, or when only root may read its state, it answers false.
func Running(dir string) (State, bool) {
	f, err := openFolderPath(dir)
	if err != nil {
		return State{}, false
	}
	lock, err := os.Open(f.lockPath())
	if err != nil {
		return State{}, false
	}
	defer func() { _ = lock.Close() }()
	if unix.Flock(int(lock.Fd()), unix.LOCK_SH|unix.LOCK_NB) == nil {
		return State{}, false // nobody holds it, so whatever the state says is of the dead
	}
	state, err := f.readState()
	return state, err == nil
}

// folder is the layout of the one folder that is ours.
type folder string

func (f folder) primary() string   { return filepath.Join(string(f), "primary") }
func (f folder) replica() string   { return filepath.Join(string(f), "replica") }
func (f folder) logs() string      { return filepath.Join(string(f), "log") }
func (f folder) run() string       { return filepath.Join(string(f), "run") }
func (f folder) lockPath() string  { return filepath.Join(string(f), "lock") }
func (f folder) archiveID() string { return filepath.Join(string(f), "archive.id") }
func (f folder) statePath() string { return filepath.Join(string(f), "state.json") }

// firstWords is where a server writes until it opens its own log. It lies outside of log/, which belongs to the unprivileged
// user: one who got hold of that user could otherwise point us, as root, at any file.
func (f folder) firstWords(server string) string {
	return filepath.Join(string(f), server+".start.log")
}

const halfMade = ".unfinished-" // marks a data folder that is still being made; renamed when it is whole

func openFolderPath(dir string) (folder, error) {
	if dir == "" {
		return "", errors.New("the private PostgreSQL needs a folder: database.embedded.data is empty")
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return "", fmt.Errorf("finding the data folder %s: %w", dir, err)
	}
	return folder(path), nil
}

// openFolder makes the folder if it is not there. It stays ours; the unprivileged user whom the servers run as may pass
// through it and no more.
func openFolder(dir string) (folder, error) {
	f, err := openFolderPath(dir)
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(string(f), 0o711); err != nil {
		return "", fmt.Errorf("making the data folder: %w%s", err, whose(err))
	}
	if real, err := filepath.EvalSymlinks(string(f)); err == nil {
		f = folder(real)
	}
	info, err := os.Stat(string(f))
	if err != nil {
		return "", fmt.Errorf("looking at the data folder: %w", err)
	}
	if os.Geteuid() == 0 && info.Mode().Perm()&0o011 != 0o011 {
		if err := os.Chmod(string(f), info.Mode().Perm()|0o011); err != nil {
			return "", fmt.Errorf("letting PostgreSQL's user pass through the data folder: %w", err)
		}
	}
	return f, nil
}

// whose adds the mend to an error that comes from another user's folder.
func whose(err error) string {
	if errors.Is(err, os.ErrPermission) {
		return "; start BookVault as the user who owns that folder, give it to this one (chown -R), or set database.embedded.data to another"
	}
	return ""
}

// acquire takes the folder's lock, which the kernel gives back however this process ends. It tries for a moment, since
// Running holds the lock for an instant.
func (f folder) acquire(ctx context.Context) (*os.File, error) {
	lock, err := os.OpenFile(f.lockPath(), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the lock of the data folder: %w%s", err, whose(err))
	}
	for try := 0; ; try++ {
		err = unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			_ = lock.Truncate(0)
			_, err = lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0)
			return lock, err
		}
		if !errors.Is(err, unix.EWOULDBLOCK) || try == 10 || !sleep(ctx, 20*time.Millisecond) {
			break
		}
	}
	defer func() { _ = lock.Close() }()
	if errors.Is(err, unix.EWOULDBLOCK) {
		holder, _ := os.ReadFile(f.lockPath())
		return nil, fmt.Errorf("%w: %s is held by process %s; stop that one first, or use another folder (database.embedded.data)",
			ErrInUse, f, strings.TrimSpace(string(holder)))
	}
	return nil, fmt.Errorf("locking the data folder %s: %w", f, err)
}

func (f folder) readState() (State, error) {
	var s State
	text, err := os.ReadFile(f.statePath())
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(text, &s)
}

// writeState replaces the state file in one step, readable by this user alone.
func (f folder) writeState(s State) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err == nil {
		err = os.WriteFile(f.statePath()+".new", text, 0o600)
	}
	if err == nil {
		err = os.Rename(f.statePath()+".new", f.statePath())
	}
	if err != nil {
		return fmt.Errorf("writing how other commands reach this server: %w", err)
	}
	return nil
}

// longestSocket is the longest path that a Unix socket can have on all systems that we run on (macOS: 104 with the zero byte).
const longestSocket = 103

// socketFolder gives the folder for the servers' sockets: run/ in ours, or a private temporary one where that is too deep
// for a socket's path.
func (f folder) socketFolder(a account) (string, error) {
	if len(filepath.Join(f.run(), ".s.PGSQL.65535.lock")) <= longestSocket {
		return f.run(), nil
	}
	short, err := os.MkdirTemp("/tmp", "bookvault-")
	if err != nil {
		return "", fmt.Errorf("making a folder for the sockets, since %s is too long a path for one: %w", f.run(), err)
	}
	return short, a.own(short)
}

// dropSocketFolder removes a temporary socket folder, and never anything else.
func (f folder) dropSocketFolder(dir string) {
	if dir != f.run() && strings.HasPrefix(dir, "/tmp/bookvault-") {
		_ = os.RemoveAll(dir)
	}
}

// dropSockets removes sockets of the dead. PostgreSQL does so itself, unless the process id in their lock files is by now
// somebody else's.
func (f folder) dropSockets() {
	left, _ := filepath.Glob(filepath.Join(f.run(), ".s.PGSQL.*"))
	for _, socket := range left {
		_ = os.Remove(socket)
	}
}

// dropHalfMade removes data folders that an interrupted initdb or pg_basebackup left. Whole ones have other names.
func (f folder) dropHalfMade() {
	left, _ := filepath.Glob(filepath.Join(string(f), "*"+halfMade+"*"))
	for _, dir := range left {
		_ = os.RemoveAll(dir)
	}
}

// settle gives a finished data folder its name, for good: without the last step a power cut could take the name back, and the
// next start would sweep the folder away as unfinished.
func (f folder) settle(halfMade, name string) error {
	if err := os.Rename(halfMade, name); err != nil {
		return fmt.Errorf("naming a finished data folder: %w", err)
	}
	parent, err := os.Open(string(f))
	if err != nil {
		return fmt.Errorf("making the data folder's name durable: %w", err)
	}
	defer func() { _ = parent.Close() }()
	return parent.Sync()
}

const keptLogs = 6 // files of at most 8 MB a server

// pruneLogs keeps the newest log files of each server. PostgreSQL starts a new one every 8 MB but never removes one.
func (f folder) pruneLogs() {
	for _, name := range []string{"primary", "replica"} {
		files, _ := filepath.Glob(filepath.Join(f.logs(), name+"-*.log"))
		slices.Sort(files) // the names are times
		for _, old := range files[:max(0, len(files)-keptLogs)] {
			_ = os.Remove(old)
		}
	}
}
