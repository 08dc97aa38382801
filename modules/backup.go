package modules

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	borrowingpostgres "bookvault/modules/borrowing/postgres"
	"bookvault/platform/config"
	"bookvault/platform/database/dump"
	"bookvault/platform/database/embedded"
	"bookvault/platform/ledger"
)

// A backup is a folder: what is in the database, the anchors of the ledger with their key, and backup.json, which says what it is. It gets its
// name once it is whole. Restoring goes into an empty place only, and ends with the check of the ledger.

// The parts of a backup.
const (
	backupCard     = "backup.json"
	backupPhysical = "postgres"     // a copy of the private primary
	backupLogical  = "library.dump" // of pg_dump
	backupLedger   = "ledger"
)

// backupFormat is counted up when older programs could not read what is written.
const backupFormat = 1

// backupNote is backup.json.
type backupNote struct {
	Format  int       `json:"format"`
	Kind    string    `json:"kind"` // physical or logical
	Version string    `json:"version"`
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended"`   // a physical one holds what was there then, and can be brought forward from then on
	Archive string    `json:"archive"` // folder of the log that follows it; empty: there is none
}

// BackupPlan says how a backup is made.
type BackupPlan struct {
	Folder  string // empty: one named after the time, in backups in the data folder
	Logical bool   // with pg_dump also where the files could be copied
	NoKey   bool   // without the private key of the ledger
}

// Backup makes a backup while the library goes on working.
func (h *House) Backup(ctx context.Context, plan BackupPlan) error {
	return h.withStorage(ctx, func(ctx context.Context, settings *config.Config, store *storage, _ *slog.Logger) error {
		note := backupNote{Format: backupFormat, Kind: "physical", Version: h.Version, Began: time.Now().UTC()}
		if plan.Logical || store.private == nil {
			note.Kind = "logical"
		}
		folder := plan.Folder
		if folder == "" {
			folder = filepath.Join(settings.Database.Embedded.Data, "backups", note.Began.Format("20060102T150405Z"))
		}
		folder, err := filepath.Abs(folder) // PostgreSQL's programs work in another one
		if err != nil {
			return err
		}
		if _, err := os.Lstat(folder); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already: name a folder that is not", folder)
		}
		if err := os.MkdirAll(filepath.Dir(folder), 0o755); err != nil {
			return fmt.Errorf("make the folder of the backup: %w", err)
		}
		unfinished := folder + ".unfinished"
		if err := os.RemoveAll(unfinished); err != nil { // of one that was killed
			return err
		}
		if err := os.Mkdir(unfinished, 0o700); err != nil {
			return fmt.Errorf("make the folder of the backup: %w", err)
		}
		checked, err := note.write(ctx, unfinished, settings, store, plan.NoKey)
		if err == nil {
			err = os.Rename(unfinished, folder)
		}
		if err != nil {
			_ = os.RemoveAll(unfinished)
			return err
		}
		fmt.Fprintf(h.Out, "%s backup in %s, %s\n", note.Kind, folder, human(note.Ended.Sub(note.Began)))
		if checked {
			fmt.Fprintln(h.Out, "every file of it was read again and has its checksum")
		}
		if note.Archive != "" {
			fmt.Fprintf(h.Out, "with the log in %s it can be restored as of any second from %s on\n", note.Archive, note.Ended.Format(time.RFC3339))
		}
		return nil
	})
}

// write fills the folder. The anchors come first, so that the database is never behind them.
func (n *backupNote) write(ctx context.Context, folder string, settings *config.Config, store *storage, noKey bool) (checked bool, err error) {
	key, anchors := ledgerFiles(settings)
	if err := copyFiles(filepath.Join(folder, backupLedger, "anchors"), anchors); err != nil {
		return false, fmt.Errorf("copy the anchors: %w", err)
	}
	if !noKey {
		if err := copyFile(filepath.Join(folder, backupLedger, "key.pem"), key); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, fmt.Errorf("copy the key of the ledger: %w", err)
		}
	}
	if n.Kind == "physical" {
		n.Archive = store.private.Archive
		checked, err = store.private.Backup(ctx, settings.Database.Embedded.Programs, filepath.Join(folder, backupPhysical))
	} else {
		// Of changes.log nothing is of use elsewhere: it is about what processes of now have in memory.
		err = dump.Write(ctx, settings.Database.Embedded.Programs, store.direct, filepath.Join(folder, backupLogical), "changes.log")
	}
	if err != nil {
		return false, err
	}
	n.Ended = time.Now().UTC()
	text, err := json.MarshalIndent(n, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, backupCard), append(text, '\n'), 0o600)
	}
	return checked, err
}

// Restoration says what becomes of a backup.
type Restoration struct {
	Folder  string
	Until   time.Time // as of when; zero: of the backup's end, or with the archived log as late as that reaches
	Archive string    // where the log is now; empty: where the backup says
	Alone   bool      // without the log
}

// Restore makes a library of a backup, where there is none yet, and checks its ledger.
func (h *House) Restore(ctx context.Context, r Restoration) error {
	settings, err := h.settings()
	if err != nil {
		return err
	}
	note, err := readBackup(r.Folder)
	if err != nil {
		return err
	}
	if !r.Until.IsZero() && (note.Kind != "physical" || r.Alone || r.Archive == "" && note.Archive == "") {
		return errors.New("as of an instant only a physical backup can be restored whose log was archived (database.embedded.archive)")
	}
	if !r.Until.IsZero() && r.Until.Before(note.Ended) {
		return fmt.Errorf("this backup holds what was there at %s, which is after %s: take an earlier one", note.Ended.Format(time.RFC3339), r.Until.Format(time.RFC3339))
	}
	if note.Kind == "physical" {
		err = h.restorePhysical(ctx, settings, note, r)
	} else {
		err = h.restoreLogical(ctx, r)
	}
	if err != nil {
		return err
	}
	key, anchors := ledgerFiles(settings)
	if err := copyFile(key, filepath.Join(r.Folder, backupLedger, "key.pem")); err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("copy the key of the ledger: %w", err)
	}
	if err := copyFiles(anchors, filepath.Join(r.Folder, backupLedger, "anchors")); err != nil {
		return fmt.Errorf("copy the anchors: %w", err)
	}
	fmt.Fprintf(h.Out, "restored the %s backup of %s; checking its ledger\n", note.Kind, note.Ended.Format(time.RFC3339))
	return h.VerifyLedger(ctx, nil)
}

func readBackup(folder string) (note backupNote, err error) {
	text, err := os.ReadFile(filepath.Join(folder, backupCard))
	if err == nil {
		err = json.Unmarshal(text, &note)
	}
	if err != nil {
		return note, fmt.Errorf("%s is no whole backup: %w", folder, err)
	}
	if note.Format != backupFormat {
		return note, fmt.Errorf("this backup has format %d, and this program reads %d: restore it with BookVault %s", note.Format, backupFormat, note.Version)
	}
	return note, nil
}

func (h *House) restorePhysical(ctx context.Context, settings *config.Config, note backupNote, r Restoration) error {
	if !settings.Database.Private() {
		return &config.Error{Key: "database.primary", Problem: "is given, and this backup is a copy of a private PostgreSQL's files",
			Mend: "leave it empty to restore the library as a private one; to move it to a server of yours, make a backup of that with --logical"}
	}
	archive := note.Archive
	if r.Archive != "" {
		archive = r.Archive
	}
	if r.Alone {
		archive = ""
	}
	err := embedded.Restore(ctx, embedded.Restoration{Dir: privateFolder(settings), Programs: settings.Database.Embedded.Programs,
		From: filepath.Join(r.Folder, backupPhysical), Archive: archive, Until: r.Until, Logger: logger(h.Err, settings.Telemetry)})
	if errors.Is(err, fs.ErrNotExist) && archive != "" && r.Archive == "" {
		return fmt.Errorf("%w; if the archived log is elsewhere now, name it (--archive); --alone restores the backup as it was made", err)
	}
	return err
}

// restoreLogical loads a dump into a database that holds nothing of ours.
func (h *House) restoreLogical(ctx context.Context, r Restoration) error {
	return h.withStorage(ctx, func(ctx context.Context, settings *config.Config, store *storage, log *slog.Logger) error {
		db, err := store.open(ctx, settings, log)
		if err != nil {
			return err
		}
		defer db.Close()
		var taken bool
		if err := db.Pool().QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname IN ('catalog', 'borrowing', 'members'))`).Scan(&taken); err != nil {
			return err
		}
		if taken {
			return errors.New("this database holds a library already, and nothing is restored over one: give an empty database (database.primary), or another folder (--data)")
		}
		if err := dump.Read(ctx, settings.Database.Embedded.Programs, store.direct, filepath.Join(r.Folder, backupLogical)); err != nil {
			return err
		}
		if err := ledger.NewOutbox(borrowingpostgres.Schema, "").Rebase(ctx, db.Pool()); err != nil {
			return err
		}
		_, err = db.Pool().Exec(ctx, "ANALYZE") // a dump holds no statistics for the planner
		return err
	})
}

// copyFiles copies the plain files of a folder that are not in another one yet. A folder that is not there has none.
func copyFiles(to, from string) error {
	entries, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, entry := range entries {
		if err == nil && entry.Type().IsRegular() {
			err = copyFile(filepath.Join(to, entry.Name()), filepath.Join(from, entry.Name()))
		}
		if errors.Is(err, fs.ErrExist) {
			err = nil
		}
	}
	return err
}

// copyFile copies a file for this user alone; one that is there already is left as it is, and said to be there.
func copyFile(to, from string) error {
	text, err := os.ReadFile(from) // keys and anchors: small
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = out.Write(text)
	return errors.Join(err, out.Sync(), out.Close())
}
