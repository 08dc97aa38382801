package modules

import (
	"context"
	"fmt"
	"log/slog"
	"text/tabwriter"
	"time"

	"bookvault/migrations"
	"bookvault/platform/config"
	"bookvault/platform/database"
	"bookvault/platform/doctor"
	"bookvault/platform/identity"
)

// joinWithin bounds how long a command waits for PostgreSQL, its own or that of a server which is just starting.
const joinWithin = 2 * time.Minute

// withStorage lends a command the PostgreSQL of its settings: the running server's, or its own until work is done.
func (h *House) withStorage(ctx context.Context, work func(context.Context, *config.Config, *storage, *slog.Logger) error) (err error) {
	settings, err := h.settings()
	if err != nil {
		return err
	}
	if settings.Telemetry.LogLevel == "info" {
		settings.Telemetry.LogLevel = "warn" // a command's own words are enough
	}
	log := logger(h.Err, settings.Telemetry)
	joining, cancel := context.WithTimeout(ctx, joinWithin)
	defer cancel()
	store, err := joinStorage(joining, settings, false, log)
	if err != nil {
		return err
	}
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), settings.Server.ShutdownTimeout)
		defer cancel()
		if stopErr := store.stop(stopping); err == nil {
			err = stopErr
		}
	}()
	return work(ctx, settings, &store, log)
}

// withLibrary lends a command the assembled library on a database whose schema is up to date.
func (h *House) withLibrary(ctx context.Context, work func(context.Context, *Library) error) error {
	return h.withStorage(ctx, func(ctx context.Context, settings *config.Config, store *storage, log *slog.Logger) error {
		if _, err := database.Migrate(ctx, store.direct, migrations.FS); err != nil {
			return store.explain(settings, err)
		}
		db, err := store.open(ctx, settings, log)
		if err != nil {
			return err
		}
		defer db.Close()
		library, err := Assemble(Foundations{Version: h.Version, Settings: settings, DB: db, Logger: log})
		if err != nil {
			return err
		}
		return work(ctx, library)
	})
}

// Migrate brings the schema up to date and lists what that took.
func (h *House) Migrate(ctx context.Context) error {
	return h.withStorage(ctx, func(ctx context.Context, settings *config.Config, store *storage, _ *slog.Logger) error {
		applied, err := database.Migrate(ctx, store.direct, migrations.FS)
		for _, m := range applied {
			fmt.Fprintf(h.Out, "applied %s in %s\n", m.Name, human(m.Took))
		}
		if err != nil {
			return store.explain(settings, err)
		}
		if len(applied) == 0 {
			fmt.Fprintln(h.Out, "the schema is up to date")
		}
		return nil
	})
}

// MigrationStatus lists every migration and when the database got it. It changes nothing.
func (h *House) MigrationStatus(ctx context.Context) error {
	return h.withStorage(ctx, func(ctx context.Context, settings *config.Config, store *storage, _ *slog.Logger) error {
		all, err := database.MigrationStatus(ctx, store.direct, migrations.FS)
		if err != nil {
			return store.explain(settings, err)
		}
		table := tabwriter.NewWriter(h.Out, 0, 0, 2, ' ', 0)
		for _, m := range all {
			when := "not yet"
			if !m.AppliedAt.IsZero() {
				when = m.AppliedAt.In(settings.Library.Location).Format("2006-01-02 15:04:05 MST")
			}
			fmt.Fprintf(table, "%s\t%s\n", m.Name, when)
		}
		return table.Flush()
	})
}

// Token prints a new API token of a role, alone on a line: what is piped into a file or a header is the token. Without a card it
// belongs to the demonstration member of that role, else to a service member; an expires of 0 is the settings' default.
func (h *House) Token(ctx context.Context, role, card, name string, expires time.Duration) error {
	may, err := identity.ParseRole(role)
	if err != nil {
		return err
	}
	return h.withLibrary(ctx, func(ctx context.Context, library *Library) error {
		secret, _, err := library.Members.IssueToken(ctx, may, card, name, expires)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(h.Out, secret)
		return err
	})
}

// Doctor examines the installation and prints what it finds. It returns doctor.ErrIll when something is bad.
func (h *House) Doctor(ctx context.Context) error {
	settings, err := h.settings()
	if err != nil {
		return doctor.Settings(h.Out, err)
	}
	var store storage
	defer func() {
		stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), settings.Server.ShutdownTimeout)
		defer cancel()
		_ = store.stop(stopping) // what is wrong with it was found before
	}()
	return doctor.Examine(ctx, h.Out, doctor.Patient{
		Settings: settings, Folder: privateFolder(settings), Migrations: migrations.FS,
		Database: func(ctx context.Context) (doctor.Database, error) {
			joining, cancel := context.WithTimeout(ctx, joinWithin)
			defer cancel()
			var err error
			quiet := logger(h.Err, config.Telemetry{LogLevel: "error", LogFormat: "text"})
			if store, err = joinStorage(joining, settings, settings.Database.Embedded.Replica, quiet); err == nil && store.cluster != nil {
				_ = store.cluster.WaitReplica(joining) // one that does not come is found to be silent
			}
			return doctor.Database{Primary: store.primary, Direct: store.direct, Replicas: store.replicas, Note: store.note}, err
		},
		Kept: func(ctx context.Context) ([]doctor.Keeping, error) {
			db, err := store.open(ctx, settings, logger(h.Err, config.Telemetry{LogLevel: "error", LogFormat: "text"}))
			if err != nil {
				return nil, err
			}
			defer db.Close()
			library, err := Assemble(Foundations{Version: h.Version, Settings: settings, DB: db, Logger: slog.New(slog.DiscardHandler)})
			if err != nil {
				return nil, err
			}
			return library.kept(ctx, settings)
		},
	})
}

// Ready asks the server of these settings whether it is ready, and fails when it is not.
func (h *House) Ready(ctx context.Context) error {
	settings, err := h.settings()
	if err != nil {
		return err
	}
	return doctor.Ready(ctx, settings.Server.Address)
}
