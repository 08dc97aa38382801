package database

import (
	"context"
	"errors"
	"time"

	"bookvault/platform/problem"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Which server is the primary may change: database.primary can name several, of which one takes writes. Who promotes one, and keeps the
// old one from coming back, is the operator's tool; here a connection is only kept to a server that says it is the primary.

// role is what a server must be for us to stay connected to it.
type role int

const (
	standby     role = iota // whatever it is: what is read from it is decided by what its watcher sees
	primaryOnly             // one that is not in recovery
)

// validate has connections made to that server of an address which has the role.
func (r role) validate(c *pgx.ConnConfig) {
	if r == primaryOnly {
		c.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsPrimary
	}
}

// ErrNotSynchronous says that the server acknowledges a COMMIT before a replica has it, though it should not.
var ErrNotSynchronous = errors.New("database.synchronous is on, and the primary names no synchronous replicas; set its synchronous_standby_names, such as 'ANY 1 (*)'")

// ErrNoPrimary says that there is no server that takes writes. It was known before anything was tried, so nothing happened.
var ErrNoPrimary = errors.New("no server of database.primary takes writes now")

// avoidPrimary is how long writes are refused at once after one found no primary, so that nobody waits for what just failed for others.
// After it the next one tries.
const avoidPrimary = 500 * time.Millisecond

// primaryGone tells whether it was just found that there is no primary.
func (db *DB) primaryGone(now time.Time) bool { return now.UnixNano() < db.primary.downUntil.Load() }

// noServer tells whether there is no server, rather than one that lets nobody else in.
func noServer(err error) bool { return serverGone(err) && sqlState(err) != "53300" }

// lostPrimary takes in that a transaction found no primary. Connections to a server that is primary no more are given up.
func (db *DB) lostPrimary(err error) {
	if db.primary.downUntil.Swap(time.Now().Add(avoidPrimary).UnixNano()) == 0 {
		db.settings.Logger.Warn("no server of database.primary takes writes; reads go on, writes are refused", "error", err)
	}
	if readOnly(err) {
		for _, p := range db.primary.pools() {
			p.pgx.Reset()
		}
	}
}

// foundPrimary takes in that one began.
func (db *DB) foundPrimary() {
	if db.primary.downUntil.Load() != 0 && db.primary.downUntil.Swap(0) != 0 {
		db.settings.Logger.Info("a server of database.primary takes writes again")
	}
}

// readOnly tells whether a server refused to write since it is a replica.
func readOnly(err error) bool { return sqlState(err) == "25006" }

// noPrimary is what a caller is told.
func noPrimary(because error) error {
	e := problem.New(problem.Unavailable, "no_primary", "Nothing can be changed right now; reading goes on. Please try again in a moment.").Because(errors.Join(ErrNoPrimary, because))
	e.RetryAfter = time.Second
	return e
}

type backgroundKey struct{}

// Background marks work behind the requests: its transactions have connections of their own, and take none from the desk.
func Background(ctx context.Context) context.Context {
	return context.WithValue(ctx, backgroundKey{}, true)
}

// writers gives the pool for a context's transactions.
func (db *DB) writers(ctx context.Context) *pool {
	if ctx.Value(backgroundKey{}) != nil && db.primary.background != nil {
		return db.primary.background
	}
	return db.primary.main
}
