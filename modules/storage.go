package modules

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/database/embedded"
)

// storage is the PostgreSQL that a command works on: one that was given, one that a running server keeps, or our own.
type storage struct {
	primary  string // addresses
	direct   string
	replicas []string
	cluster  *embedded.Cluster // ours to stop; nil when it is somebody else's
	private  *embedded.State   // of a private PostgreSQL, whosever it is
	note     string            // what it is, for a person
}

// privateFolder is where the private PostgreSQL lives inside the data folder.
func privateFolder(c *config.Config) string {
	return filepath.Join(c.Database.Embedded.Data, "postgres")
}

// ledgerFiles gives where the key of the ledger and the files of its anchors are.
func ledgerFiles(c *config.Config) (key, anchors string) {
	folder := filepath.Join(c.Database.Embedded.Data, "ledger")
	return cmp.Or(c.Ledger.Key, filepath.Join(folder, "key.pem")), cmp.Or(c.Ledger.Anchors, filepath.Join(folder, "anchors"))
}

// startStorage gives a server the PostgreSQL that it serves from. A folder that another process runs is refused.
func startStorage(ctx context.Context, c *config.Config, log *slog.Logger) (storage, error) {
	if !c.Database.Private() {
		return givenStorage(c), nil
	}
	cluster, err := embedded.Start(ctx, embedded.Settings{
		Dir: privateFolder(c), Programs: c.Database.Embedded.Programs, Replica: c.Database.Embedded.Replica, Logger: log,
		Archive: embedded.Archive{Folder: c.Database.Embedded.Archive, Kept: c.Database.Embedded.ArchiveKept, Max: int64(c.Database.Embedded.ArchiveSize)},
	})
	if err != nil {
		return storage{}, err
	}
	return ownStorage(cluster, privateFolder(c)), nil
}

// handover bounds how long a command waits for a server that is just starting, or stopping, on the same folder.
const handover = 30 * time.Second

// joinStorage gives a command the PostgreSQL of the server that runs on the folder, or starts it while the command works: the
// primary alone, unless a replica is wanted too.
func joinStorage(ctx context.Context, c *config.Config, replica bool, log *slog.Logger) (storage, error) {
	if !c.Database.Private() {
		return givenStorage(c), nil
	}
	folder := privateFolder(c)
	for begin := time.Now(); ; {
		if state, running := embedded.Running(folder); running {
			note := fmt.Sprintf("private, of the server that runs as process %d", state.PID)
			return storage{primary: state.PrimaryDSN, direct: state.PrimaryDSN, replicas: state.ReplicaDSNs, private: &state, note: note}, nil
		}
		cluster, err := embedded.Start(ctx, embedded.Settings{Dir: folder, Programs: c.Database.Embedded.Programs, Replica: replica, KeepReplica: true, Logger: log})
		if err == nil {
			return ownStorage(cluster, folder), nil
		}
		if !errors.Is(err, embedded.ErrInUse) || time.Since(begin) > handover {
			return storage{}, err
		}
		select {
		case <-ctx.Done():
			return storage{}, err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func givenStorage(c *config.Config) storage {
	direct := c.Database.Direct
	if direct == "" {
		direct = c.Database.Primary
	}
	return storage{primary: c.Database.Primary, direct: direct, replicas: c.Database.Replicas, note: "as database.primary says"}
}

func ownStorage(cluster *embedded.Cluster, folder string) storage {
	state := cluster.State()
	return storage{primary: cluster.PrimaryDSN(), direct: cluster.PrimaryDSN(), replicas: cluster.ReplicaDSNs(), cluster: cluster, private: &state,
		note: fmt.Sprintf("%s, private, in %s", cluster.Version(), folder)}
}

// stop ends PostgreSQL if it is ours.
func (s *storage) stop(ctx context.Context) error {
	if s.cluster == nil {
		return nil
	}
	return s.cluster.Stop(ctx)
}

// open connects to the database. A server that was given and does not answer is a bad setting: the error says which.
func (s *storage) open(ctx context.Context, c *config.Config, log *slog.Logger) (*database.DB, error) {
	p := c.Database.Pool
	db, err := database.Open(ctx, database.Settings{
		Primary: s.primary, Direct: s.direct, Replicas: s.replicas, Pooler: c.Database.Pooler,
		MaxConns: int32(p.MaxConnections), MinConns: int32(p.MinConnections), SearchMaxConns: int32(p.SearchConnections),
		ReplicaMaxConns: int32(p.ReplicaConnections), BackgroundMaxConns: int32(p.BackgroundConnections), LeakThreshold: p.LeakThreshold,
		FallbackShare: c.Database.FallbackShare, Synchronous: c.Database.Synchronous,
		ConnectTimeout: p.ConnectTimeout, AcquireTimeout: p.AcquireTimeout, StatementTimeout: c.Database.StatementTimeout,
		LockTimeout: c.Database.LockTimeout, IdleInTransactionTimeout: c.Database.IdleInTransactionTimeout,
		CommitTimeout: c.Database.CommitTimeout, MaxConnLifetime: p.MaxLifetime, MaxConnIdleTime: p.MaxIdleTime,
		ReplicaMaxLag: c.Database.ReplicaMaxLag, ReplicaSilence: c.Database.ReplicaSilence, Logger: log,
		FeedPoll: c.Feed.Poll, FeedSilence: c.Feed.MaxSilence, FeedPatience: c.Feed.Patience, FeedKept: c.Feed.Kept,
	})
	if errors.Is(err, database.ErrNotSynchronous) {
		return nil, &config.Error{Key: "database.synchronous", Value: "true", Problem: err.Error(), Mend: "or say false"}
	}
	if err != nil {
		return nil, s.explain(c, err)
	}
	return db, nil
}

// explain words a failure to reach a server that was given as what it is: a setting that cannot be used.
func (s *storage) explain(c *config.Config, err error) error {
	if c.Database.Private() || !database.Unreachable(err) {
		return err
	}
	key := "database.primary"
	if s.direct == c.Database.Direct && s.direct != s.primary {
		key = "database.direct"
	}
	return &config.Error{Key: key, Problem: "does not let us in: " + strings.ReplaceAll(err.Error(), "\n", " "),
		Mend: "start that server, or correct the address (" + config.EnvName(key) + ")"}
}
