package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
)

// Applied is one migration that Migrate carried out.
type Applied struct {
	Version int64
	Name    string // of its file
	Took    time.Duration
}

// Migration is one migration and whether the database has it.
type Migration struct {
	Version   int64
	Name      string    // of its file
	AppliedAt time.Time // zero: not yet
}

// ErrNewerDatabase says that the database was migrated by a newer BookVault than this one.
var ErrNewerDatabase = errors.New("the database is newer than this BookVault")

// migrationLock is the session lock that a migrating process holds: "bookvault" in ASCII, cut to 63 bits.
const migrationLock int64 = 0x626f6f6b7661756c

// Migrate carries out the migrations of files that the database does not have yet, each in its transaction unless it says otherwise (indexes of
// living tables), and says which: up to the one that failed, if one does.
// The address must lead to the server directly, since the lock that keeps two processes apart does not pass a transaction
// pooler. A second process waits, and then finds nothing to do.
func Migrate(ctx context.Context, dsn string, files fs.FS) (applied []Applied, err error) {
	err = migrating(ctx, dsn, files, func(p *goose.Provider, db *sql.DB) error {
		lock, err := db.Conn(ctx)
		if err != nil {
			return err
		}
		defer func() { _ = lock.Close() }()
		if err := takeTurn(ctx, lock); err != nil {
			return fmt.Errorf("waiting for another process that migrates: %w", err)
		}
		if err := refuseNewer(ctx, p); err != nil {
			return err
		}
		results, err := upUnderTraffic(ctx, p)
		if partial, ok := errors.AsType[*goose.PartialError](err); ok {
			results, err = partial.Applied, fmt.Errorf("%s, which did not come through: %w", path.Base(partial.Failed.Source.Path), partial.Err)
		}
		for _, r := range results {
			applied = append(applied, Applied{Version: r.Source.Version, Name: path.Base(r.Source.Path), Took: r.Duration})
		}
		return err
	})
	return applied, err
}

// turnEvery is how often a process asks whether it is its turn to migrate.
const turnEvery = 100 * time.Millisecond

// takeTurn takes the lock of whoever migrates, and asks for it now and then: a statement that waits for it would be a transaction, which an index
// that is built beside others waits for in its turn.
func takeTurn(ctx context.Context, lock *sql.Conn) error {
	for {
		var mine bool
		if err := lock.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1)", migrationLock).Scan(&mine); err != nil || mine {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(turnEvery):
		}
	}
}

// A step that needs a table for itself has everybody who comes after it wait while it waits for those before it. So it waits shortly,
// lets the others pass, and tries again.
const (
	stepWaits = 2 * time.Second
	stepTries = 30
)

// upUnderTraffic carries out what is missing, and takes up again at a step that did not get its locks.
func upUnderTraffic(ctx context.Context, p *goose.Provider) (done []*goose.MigrationResult, err error) {
	for try := 1; ; try++ {
		results, err := p.Up(ctx)
		partial, failed := errors.AsType[*goose.PartialError](err)
		if failed {
			results = partial.Applied
		}
		done = append(done, results...)
		if !failed || sqlState(partial.Err) != "55P03" || try == stepTries {
			if failed {
				partial.Applied = done
			}
			return done, err
		}
		select {
		case <-ctx.Done():
			return done, ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// MigrationStatus lists the migrations of files in order, and when the database got them.
func MigrationStatus(ctx context.Context, dsn string, files fs.FS) (all []Migration, err error) {
	err = migrating(ctx, dsn, files, func(p *goose.Provider, _ *sql.DB) error {
		if err := refuseNewer(ctx, p); err != nil {
			return err
		}
		status, err := p.Status(ctx)
		for _, s := range status {
			all = append(all, Migration{Version: s.Source.Version, Name: path.Base(s.Source.Path), AppliedAt: s.AppliedAt})
		}
		return err
	})
	return all, err
}

// migrating opens what goose needs around an action. Files without any migration need no action.
func migrating(ctx context.Context, dsn string, files fs.FS, action func(*goose.Provider, *sql.DB) error) error {
	c, err := pgx.ParseConfig(dsn)
	if err != nil {
		return fmt.Errorf("reading the address of the database to migrate: %w", err)
	}
	c.RuntimeParams["application_name"] = "bookvault migrate"
	c.RuntimeParams["lock_timeout"] = fmt.Sprint(stepWaits.Milliseconds())
	primaryOnly.validate(c)
	db := stdlib.OpenDB(*c)
	defer func() { _ = db.Close() }()
	p, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithDisableGlobalRegistry(true))
	if errors.Is(err, goose.ErrNoMigrations) {
		return nil
	}
	if err == nil {
		err = action(p, db)
	}
	if err != nil {
		return fmt.Errorf("migrating the database: %w", err)
	}
	return nil
}

func refuseNewer(ctx context.Context, p *goose.Provider) error {
	has, err := p.GetDBVersion(ctx)
	if err != nil {
		return fmt.Errorf("asking the database for its version: %w", err)
	}
	sources := p.ListSources()
	if known := sources[len(sources)-1].Version; has > known {
		return fmt.Errorf("%w: it has migration %d and this program knows up to %d; start the newer BookVault that migrated it", ErrNewerDatabase, has, known)
	}
	return nil
}
