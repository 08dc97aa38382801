// Package dump writes a database into one file and a file into a database, with PostgreSQL's own pg_dump and pg_restore: for a server of
// the user's, whose files are not ours to copy, and for moving from one server or major version to another.
//
// It knows nothing of what is in the database. modules/backup.go says what else belongs to a library's backup, and checks what came back.
package dump

import (
	"bytes"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Write dumps the database at a postgres:// address into a file, as of one instant, while others work on. Of the tables in without only
// the shape is kept. folder is where pg_dump is looked for first; it must be of the server's major version or a newer one.
func Write(ctx context.Context, folder, address, file string, without ...string) error {
	args := []string{"--format=custom", "--no-owner", "--no-privileges", "--no-comments", "--no-password", "--lock-wait-timeout=60s", "--file=" + file}
	for _, table := range without {
		args = append(args, "--exclude-table-data="+table)
	}
	return run(ctx, folder, "pg_dump", address, args...)
}

// Read fills the database at a postgres:// address from a file, in one transaction: all of it or nothing.
func Read(ctx context.Context, folder, address, file string) error {
	return run(ctx, folder, "pg_restore", address, "--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges", "--no-password", file)
}

// run runs a program on a database. A password travels in the environment, since everybody on this machine may read a command line.
func run(ctx context.Context, folder, program, address string, args ...string) error {
	where, err := url.Parse(address)
	if err != nil {
		return fmt.Errorf("read the address of the database: it is no postgres:// address")
	}
	environment := []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "HOME=" + os.Getenv("HOME")} // none of PG*: the address says it all
	if where.User != nil {
		if password, has := where.User.Password(); has {
			environment = append(environment, "PGPASSWORD="+password)
			where.User = url.User(where.User.Username())
		}
	}
	path := filepath.Join(folder, program)
	if _, err := os.Stat(path); folder == "" || err != nil {
		if path, err = exec.LookPath(program); err != nil {
			return fmt.Errorf("%s is not installed here: install PostgreSQL's client programs of the server's major version (Debian: postgresql-client), "+
				"or name their folder (database.embedded.programs): %w", program, err)
		}
	}
	cmd := exec.CommandContext(ctx, path, append(args, "--dbname="+where.String())...)
	cmd.Env, cmd.SysProcAttr = environment, &syscall.SysProcAttr{Setpgid: true} // Ctrl-C reaches us, and we end it
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 5 * time.Second
	var words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &words, &words
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return fmt.Errorf("%s: %w: %s", program, err, bytes.TrimSpace(words.Bytes()))
	}
	return nil
}
