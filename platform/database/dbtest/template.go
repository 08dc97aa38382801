package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"bookvault/migrations"
	"bookvault/platform/database"
	"bookvault/platform/database/embedded"
)

// A fresh, migrated server takes seconds to make, and each package's tests are a process that needs one. The first process makes a folder
// of it that others copy: one for each set of migrations, version of PostgreSQL and user.

// templatePrefix marks these folders under the temporary folder.
const templatePrefix = "bookvault-template-"

// templateKept is for how long one is kept that nobody uses.
const templateKept = 24 * time.Hour

// fill puts a migrated server's data into the folder of one that was never started.
func fill(ctx context.Context, dir string) error {
	template, err := templateFolder(ctx)
	if err != nil {
		return err
	}
	if _, err := os.Stat(template); errors.Is(err, fs.ErrNotExist) {
		err = makeTemplate(ctx, template)
		if err != nil {
			return fmt.Errorf("make the server that others are copied from: %w", err)
		}
	}
	_ = os.Chtimes(template, time.Time{}, time.Now()) // it is in use
	if said, err := exec.CommandContext(ctx, "cp", "-a", filepath.Join(template, "primary"), dir).CombinedOutput(); err != nil {
		return fmt.Errorf("copy %s: %w: %s", template, err, said)
	}
	return nil
}

// templateFolder names the folder for what there is to be in it.
func templateFolder(ctx context.Context) (string, error) {
	programs, err := embedded.FindPrograms(ctx, "", 0)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	fmt.Fprintln(sum, programs.Bin, programs.Version, os.Geteuid())
	err = fs.WalkDir(migrations.FS, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations.FS, path)
		fmt.Fprintln(sum, path, len(text))
		sum.Write(text)
		return err
	})
	return filepath.Join(os.TempDir(), templatePrefix+hex.EncodeToString(sum.Sum(nil))[:16]), err
}

// makeTemplate makes it under another name, so that it is whole when it has its own; another process may have been faster.
func makeTemplate(ctx context.Context, template string) error {
	dir := folderPrefix + strconv.Itoa(os.Getpid()) + "-template"
	dir = filepath.Join(os.TempDir(), dir)
	defer func() { _ = os.RemoveAll(dir) }()
	cluster, err := embedded.Start(ctx, embedded.Settings{Dir: dir, Throwaway: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	_, err = database.Migrate(ctx, cluster.PrimaryDSN(), migrations.FS)
	if err := errors.Join(err, cluster.Stop(context.Background())); err != nil {
		return err
	}
	_ = os.Remove(filepath.Join(dir, "primary", "postmaster.pid")) // of one that did not end in time
	if err := os.Rename(dir, template); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

// sweepTemplates removes those that nobody used for long.
func sweepTemplates() {
	kept, _ := filepath.Glob(filepath.Join(os.TempDir(), templatePrefix+"*"))
	for _, dir := range kept {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > templateKept {
			_ = os.RemoveAll(dir)
		}
	}
}
