package embedded

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// The private server's names. The application's role owns its database and is no superuser, so that a hole in the application
// is not one in the machine.
const (
	adminRole    = "postgres"
	ownerRole    = "bookvault"
	databaseName = "bookvault"
)

// startPrimary makes the primary if there is none, starts it, and sees that our role and database are there.
func (c *Cluster) startPrimary(ctx context.Context) error {
	if _, err := os.Stat(c.folder.primary()); errors.Is(err, os.ErrNotExist) {
		if err := c.initialise(ctx); err != nil {
			return err
		}
	}
	c.primary = c.server("primary", c.folder.primary(), 5432, nil)
	if c.settings.Replica {
		c.replica = c.server("replica", c.folder.replica(), 5433, c.replication())
	}
	if err := c.primary.start(ctx); err != nil {
		return err
	}
	err := c.ensureDatabase(ctx)
	if err == nil && !c.settings.Replica && !c.settings.KeepReplica {
		err = c.forgetReplica(ctx) // a slot nobody reads would keep the log for ever
	}
	if err == nil && c.settings.Archive.Folder == "" && !c.settings.KeepReplica {
		err = c.forgetArchive(ctx)
	}
	if err != nil {
		return errors.Join(err, c.primary.stop(stopWithin))
	}
	return nil
}

// initialise makes the data folder under another name and renames it when it is whole, so that an interrupted one is never
// taken for a database. The locale is C.UTF-8 where there is one, since it sorts the same everywhere and on every version.
func (c *Cluster) initialise(ctx context.Context) error {
	var failures error
	for _, locale := range [][]string{
		{"--locale=C.UTF-8"},
		{"--locale=C", "--locale-provider=icu", "--icu-locale=und"},
		{"--locale=C"},
	} {
		data, err := c.halfMadeFolder("primary")
		if err != nil {
			return err
		}
		args := append([]string{"--pgdata=" + data, "--username=" + adminRole, "--encoding=UTF8", "--data-checksums",
			"--auth-local=trust", "--auth-host=reject", "--no-instructions"}, locale...)
		if c.settings.Throwaway {
			args = append(args, "--no-sync")
		}
		if err := c.run(ctx, "initdb", args...); err != nil {
			_ = os.RemoveAll(data)
			if failures = errors.Join(failures, err); ctx.Err() != nil || !strings.Contains(err.Error(), "locale") {
				break
			}
			continue
		}
		return c.folder.settle(data, c.folder.primary())
	}
	return fmt.Errorf("making the private PostgreSQL: %w", failures)
}

func (c *Cluster) halfMadeFolder(name string) (string, error) {
	dir, err := os.MkdirTemp(string(c.folder), name+halfMade)
	if err != nil {
		return "", fmt.Errorf("making a data folder: %w", err)
	}
	return dir, c.account.own(dir)
}

// ensureDatabase makes our role and database unless they are there (a first start may have been killed between the two).
func (c *Cluster) ensureDatabase(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, c.AdminDSN())
	if err != nil {
		return fmt.Errorf("reaching the new primary: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	var hasRole, hasDatabase bool
	err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1), EXISTS (SELECT FROM pg_database WHERE datname = $2)",
		ownerRole, databaseName).Scan(&hasRole, &hasDatabase)
	if err == nil && !hasRole {
		// pg_monitor: the timeline that a replica receives is shown to it alone.
		_, err = conn.Exec(ctx, "CREATE ROLE "+ownerRole+" LOGIN IN ROLE pg_monitor")
	}
	if err == nil && !hasDatabase {
		_, err = conn.Exec(ctx, "CREATE DATABASE "+databaseName+" OWNER "+ownerRole)
	}
	if err != nil {
		return fmt.Errorf("making the database %s: %w", databaseName, err)
	}
	return nil
}

// keepPrimary starts the primary again whenever it ends by itself. PostgreSQL then recovers from its log.
func (c *Cluster) keepPrimary(ctx context.Context) {
	pause := 100 * time.Millisecond
	for {
		select {
		case <-ctx.Done():
			return
		case <-c.primary.ended():
		}
		if ctx.Err() != nil {
			return
		}
		c.log.Error("the private PostgreSQL ended by itself; starting it again", "log", c.folder.logs())
		if err := c.primary.start(ctx); err != nil {
			c.log.Error("the private PostgreSQL does not start", "error", err)
			pause = min(2*pause, 10*time.Second)
		} else {
			pause = 100 * time.Millisecond
		}
		if !sleep(ctx, pause) {
			return
		}
	}
}

func (c *Cluster) server(name, data string, port int, more map[string]string) *server {
	parameters := map[string]string{
		"listen_addresses":        "", // the socket's folder is the only way in, and only we may enter it
		"unix_socket_directories": `"` + strings.ReplaceAll(c.state.SocketDir, `"`, `""`) + `"`,
		"unix_socket_permissions": "0700",
		"max_connections":         "120",
		"shared_buffers":          sharedBuffers(memory()),
		"work_mem":                "16MB",
		"maintenance_work_mem":    "128MB",
		"random_page_cost":        "1.1", // SSDs
		"jit":                     "off", // our statements are short
		"timezone":                "UTC",

		"wal_level":              "replica",
		"synchronous_commit":     "on",
		"max_wal_size":           "2GB",
		"max_wal_senders":        "8", // the replica, the archive, and two for each copy that is made
		"max_replication_slots":  "4",
		"max_slot_wal_keep_size": "2GB", // a replica that is behind by more is built anew

		"logging_collector":          "on",
		"log_directory":              c.folder.logs(),
		"log_filename":               name + "-%Y%m%d-%H%M%S.log",
		"log_rotation_size":          "8MB", // pruneLogs removes old ones
		"log_rotation_age":           "0",
		"log_line_prefix":            "%m [%p] %a ",
		"log_timezone":               "UTC",
		"log_min_error_statement":    "panic", // statements hold what people look for: not for logs
		"log_min_duration_statement": "-1",
		"lc_messages":                "C",
	}
	if c.settings.Throwaway {
		maps.Copy(parameters, map[string]string{
			"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB", "max_connections": "300", "autovacuum": "off",
		})
	}
	maps.Copy(parameters, more)
	maps.Copy(parameters, c.settings.Parameters)
	return &server{name: name, data: data, socketDir: c.state.SocketDir, port: port, parameters: parameters,
		programs: c.programs, account: c.account, folder: c.folder, log: c.log}
}
