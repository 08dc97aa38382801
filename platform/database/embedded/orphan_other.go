//go:build !linux

package embedded

import (
	"os/exec"
	"strconv"
	"strings"
)

// servesFolder tells whether a process is a PostgreSQL server that was started on a data folder, by its command line.
func servesFolder(pid int, data string) bool {
	out, err := exec.Command("ps", "-o", "stat=,command=", "-p", strconv.Itoa(pid)).Output()
	line := strings.TrimSpace(string(out))
	return err == nil && !strings.HasPrefix(line, "Z") && strings.Contains(line, "postgres") && strings.Contains(line, data)
}
