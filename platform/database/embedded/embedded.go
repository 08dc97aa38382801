// Package embedded runs BookVault's private PostgreSQL: a primary and one streaming replica, from the programs that are
// installed on this machine, in a folder of our own, reachable only over a Unix socket in a folder that only we may enter.
//
// It exists so that one command is the whole set-up. Whatever state the last process left behind (killed in the middle of
// initdb, servers without a parent, a replica that fell behind for good) the next Start mends, and it never deletes a primary.
// What speaks to these servers is platform/database, the next room; it knows only their addresses.
package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Settings say where the private PostgreSQL lives and how it runs. Only Dir must be given.
type Settings struct {
	Dir         string            // the folder that is wholly ours: primary/, replica/, log/, run/, lock, state.json
	Programs    string            // folder of PostgreSQL's programs; empty: look for them
	Replica     bool              // also run a streaming replica; one that is there and no longer wanted is removed
	KeepReplica bool              // run none but leave the one that is there: for a command that works for a moment
	Archive     Archive           // where the log is kept too; a zero one: nowhere
	Parameters  map[string]string // postgresql.conf parameters that replace ours
	Throwaway   bool              // give up durability for speed: for tests, whose data nobody will miss
	Logger      *slog.Logger      // what happens is told here; nil: slog.Default()
}

// stopWithin bounds a stop. A server that needs longer is stopped without a checkpoint: it recovers from its log at the next
// start and has lost nothing.
const stopWithin = 4 * time.Second

// Cluster is a running private PostgreSQL. Stop it when done.
type Cluster struct {
	folder   folder
	programs Programs
	account  account
	settings Settings
	log      *slog.Logger

	lock    *os.File
	primary *server
	replica *server
	telling sync.Mutex // of state, once it has been written
	state   State

	replicaUp chan struct{}   // closed when the replica has streamed for the first time
	tendCtx   context.Context // of those who look after the servers; ends with Stop
	cancel    context.CancelFunc
	tending   sync.WaitGroup
	stopOnce  sync.Once
	stopErr   error
}

// Start brings the private PostgreSQL up and returns once the primary answers; the replica joins by itself soon after (see
// WaitReplica). It refuses with ErrInUse when another process runs on the folder, with ErrNoPrograms when PostgreSQL is not
// installed, and with ErrOtherMajor when the folder was made by a major version that is not installed.
func Start(ctx context.Context, s Settings) (_ *Cluster, err error) {
	c := &Cluster{settings: s, log: s.Logger, replicaUp: make(chan struct{})}
	if c.log == nil {
		c.log = slog.Default()
	}
	if c.folder, err = openFolder(s.Dir); err != nil {
		return nil, err
	}
	if c.lock, err = c.folder.acquire(ctx); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			_ = c.lock.Close()
		}
	}()

	major, err := dataMajor(c.folder.primary())
	if err != nil {
		return nil, err
	}
	if c.programs, err = FindPrograms(ctx, s.Programs, major); err != nil {
		return nil, err
	}
	if c.account, err = chooseAccount(ctx, c.folder, c.programs); err != nil {
		return nil, err
	}
	if err = c.clean(ctx); err != nil {
		return nil, err
	}
	if err = c.startPrimary(ctx); err != nil {
		c.folder.dropSocketFolder(c.state.SocketDir)
		return nil, err
	}
	if s.Archive.Folder != "" {
		if c.state.Archive, err = c.archivePath(); err != nil {
			err = errors.Join(err, c.primary.stop(stopWithin))
			return nil, err
		}
	}
	c.state.PID, c.state.StartedAt = os.Getpid(), time.Now().UTC()
	c.state.PrimaryDSN, c.state.ReplicaDSNs = c.PrimaryDSN(), c.ReplicaDSNs()
	if err = c.folder.writeState(c.state); err != nil {
		err = errors.Join(err, c.primary.stop(stopWithin))
		return nil, err
	}
	c.tend()
	return c, nil
}

// clean clears away what a process that was killed left behind: servers without a parent, and half-made folders.
func (c *Cluster) clean(ctx context.Context) error {
	for _, data := range []string{c.folder.replica(), c.folder.primary()} {
		if err := stopOrphan(ctx, data, c.log); err != nil {
			return err
		}
	}
	if old, err := c.folder.readState(); err == nil {
		c.folder.dropSocketFolder(old.SocketDir)
	}
	_ = os.Remove(c.folder.statePath()) // it speaks of the dead until Start is done
	c.folder.dropHalfMade()
	c.folder.dropSockets()
	for _, sub := range []string{c.folder.logs(), c.folder.run()} {
		if err := c.account.makeFolder(sub); err != nil {
			return err
		}
	}
	c.folder.pruneLogs()
	var err error
	c.state.SocketDir, err = c.folder.socketFolder(c.account)
	return err
}

// tend looks after the servers until Stop: it restarts one that died and keeps the replica joined.
func (c *Cluster) tend() {
	var ctx context.Context
	ctx, c.cancel = context.WithCancel(context.Background())
	c.tendCtx = ctx
	c.tending.Go(func() { c.keepPrimary(ctx) })
	if c.settings.Replica {
		c.tending.Go(func() { c.keepReplica(ctx) })
	}
	if c.settings.Archive.Folder != "" {
		c.tending.Go(func() { c.keepArchive(ctx) })
	}
	c.tending.Go(func() {
		for sleep(ctx, 10*time.Minute) {
			c.folder.pruneLogs()
			if path := c.State().Archive; path != "" {
				if err := c.settings.Archive.prune(path, time.Now()); err != nil {
					c.log.Warn("the archive of the log is not cleared of what is old", "error", err)
				}
			}
		}
	})
}

// AddReplica gives a cluster that was started without a replica one after all. It must not run at the same time as Stop.
func (c *Cluster) AddReplica() {
	c.replica = c.server("replica", c.folder.replica(), 5433, c.replication())
	c.tending.Go(func() { c.keepReplica(c.tendCtx) })
}

// PrimaryDSN is the address of the primary's database, for the role that owns it.
func (c *Cluster) PrimaryDSN() string { return c.primary.dsn(ownerRole, databaseName) }

// ReplicaDSNs are the addresses of the same database on the replicas. They are known before a replica answers.
func (c *Cluster) ReplicaDSNs() []string {
	if c.replica == nil {
		return nil
	}
	return []string{c.replica.dsn(ownerRole, databaseName)}
}

// AdminDSN is the address of the primary for its superuser: for the doctor and for tests.
func (c *Cluster) AdminDSN() string { return c.primary.dsn(adminRole, "postgres") }

// ReplicaAdminDSN is AdminDSN on the replica, or empty without one.
func (c *Cluster) ReplicaAdminDSN() string {
	if c.replica == nil {
		return ""
	}
	return c.replica.dsn(adminRole, "postgres")
}

// Version is the version of PostgreSQL that runs, such as "15.18".
func (c *Cluster) Version() string { return c.programs.Version }

// WaitReplica waits until the replica has streamed from the primary for the first time. Without a replica it returns at once.
func (c *Cluster) WaitReplica(ctx context.Context) error {
	if c.replica == nil {
		return nil
	}
	select {
	case <-c.replicaUp:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("the replica has not joined yet (its log is in %s): %w", c.folder.logs(), ctx.Err())
	}
}

// Announce tells other commands on this folder where the server listens (see Running).
func (c *Cluster) Announce(address string) error {
	return c.tell(func(s *State) { s.Address = address })
}

// State is what other commands on this folder are told.
func (c *Cluster) State() State {
	c.telling.Lock()
	defer c.telling.Unlock()
	return c.state
}

func (c *Cluster) tell(change func(*State)) error {
	c.telling.Lock()
	defer c.telling.Unlock()
	change(&c.state)
	return c.folder.writeState(c.state)
}

// Stop ends both servers and returns when they are down, at the latest a second after four (or when ctx ends, by force). It may
// be called more than once; later calls give the first one's answer.
func (c *Cluster) Stop(ctx context.Context) error {
	c.stopOnce.Do(func() {
		within := stopWithin
		if deadline, ok := ctx.Deadline(); ok {
			within = min(within, max(time.Until(deadline)-500*time.Millisecond, 0))
		}
		c.cancel() // nobody restarts what is stopped below
		var replicaErr error
		var both sync.WaitGroup
		if c.replica != nil {
			both.Go(func() { replicaErr = c.replica.stop(within) })
		}
		c.stopErr = c.primary.stop(within)
		both.Wait()
		c.tending.Wait()
		// A keeper may have been between "start" and its first look at ctx: what it started goes too.
		c.stopErr = errors.Join(c.stopErr, replicaErr, c.primary.stop(within))
		if c.replica != nil {
			c.stopErr = errors.Join(c.stopErr, c.replica.stop(within))
		}
		c.folder.dropSocketFolder(c.state.SocketDir)
		_ = os.Remove(c.folder.statePath())
		_ = c.lock.Close()
	})
	return c.stopErr
}

// Remove deletes a private PostgreSQL with all its data, and stops what a killed process left running on it. It refuses with
// ErrInUse while a process runs it.
func Remove(ctx context.Context, dir string) error {
	f, err := openFolderPath(dir)
	if err != nil {
		return err
	}
	lock, err := f.acquire(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = lock.Close() }()
	for _, data := range []string{f.replica(), f.primary()} {
		if err := stopOrphan(ctx, data, slog.Default()); err != nil {
			return err
		}
	}
	if old, err := f.readState(); err == nil {
		f.dropSocketFolder(old.SocketDir)
	}
	return os.RemoveAll(string(f))
}

// sleep waits and tells whether the whole time passed, rather than the context ending.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
