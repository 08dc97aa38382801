package embedded

import (
	"os"
	"path/filepath"
	"strconv"
)

// servesFolder tells whether a process is a PostgreSQL server on a data folder, which is then its working directory.
func servesFolder(pid int, data string) bool {
	proc := filepath.Join("/proc", strconv.Itoa(pid))
	cwd, err := os.Readlink(filepath.Join(proc, "cwd"))
	if err != nil {
		return false // dead, or ended and not yet collected
	}
	exe, err := os.Readlink(filepath.Join(proc, "exe"))
	return err == nil && cwd == data && filepath.Base(exe) == "postgres"
}
