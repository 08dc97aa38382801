package database

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// SessionLock is a named lock that one process of all that work on the database holds at a time. It lives on a connection of its
// own, past any transaction pooler, and is lost with it: when the process dies, or the network, another one can have it.
type SessionLock struct{ conn *pgx.Conn }

// lockSession has the server notice within some ten seconds that the machine behind an idle lock is gone.
var lockSession = map[string]string{"tcp_keepalives_idle": "5", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3", "idle_session_timeout": "0"}

// TryLock takes the lock of a name without waiting: nil and no error when another process has it.
func (db *DB) TryLock(ctx context.Context, name string) (_ *SessionLock, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("take the session lock %q: %w", name, err)
		}
	}()
	c, err := pgx.ParseConfig(db.settings.Direct)
	if err != nil {
		return nil, err
	}
	direct := db.settings
	direct.Pooler = false
	direct.ApplicationName += " " + name
	direct.configure(c, lockSession)
	primaryOnly.validate(c)
	conn, err := pgx.ConnectConfig(ctx, c)
	if err != nil {
		return nil, err
	}
	lock := &SessionLock{conn}
	sum := sha256.Sum256([]byte("bookvault session lock " + name))
	mine := false
	if err = conn.QueryRow(ctx, `SELECT pg_try_advisory_lock($1)`, int64(binary.BigEndian.Uint64(sum[:8]))).Scan(&mine); err != nil || !mine {
		lock.Release()
		return nil, err
	}
	return lock, nil
}

// Held asks the server whether the lock is still ours; an error says that it is lost, or cannot be asked for.
func (l *SessionLock) Held(ctx context.Context) error {
	if err := l.conn.Ping(ctx); err != nil {
		return fmt.Errorf("the session lock is lost: %w", err)
	}
	return nil
}

// Release gives the lock back by ending its connection. It is safe after the lock was lost.
func (l *SessionLock) Release() {
	ctx, cancel := context.WithTimeout(context.Background(), l.conn.Config().ConnectTimeout)
	defer cancel()
	_ = l.conn.Close(ctx) // a connection that cannot say goodbye is gone all the same
}
