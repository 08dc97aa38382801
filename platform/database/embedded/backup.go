package embedded

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Backup copies the primary of a running private PostgreSQL as it is at one instant, while it goes on working (pg_basebackup), into a folder
// that must not exist yet, and checks the copy against its checksums (pg_verifybackup) where that program is installed. checked says
// whether it was.
func (s State) Backup(ctx context.Context, setting, into string) (checked bool, err error) {
	programs, err := FindPrograms(ctx, setting, 0)
	if err != nil {
		return false, err
	}
	if _, err := os.Lstat(into); !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("%s is there already; name a folder that is not", into)
	}
	ours := account{} // what is written belongs to whoever asked for it
	if err := ours.run(ctx, programs, "pg_basebackup", "--pgdata="+into, "--host="+s.SocketDir, "--port=5432", "--username="+adminRole,
		"--wal-method=stream", "--checkpoint=fast", "--no-password", "--label=bookvault"); err != nil {
		return false, fmt.Errorf("copying the primary: %w", err)
	}
	if _, err := os.Stat(programs.path("pg_verifybackup")); err != nil {
		return false, nil
	}
	if err := ours.run(ctx, programs, "pg_verifybackup", "--exit-on-error", "--quiet", filepath.Clean(into)); err != nil {
		return false, fmt.Errorf("checking the copy: %w", err)
	}
	return true, nil
}
