package embedded

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
)

// Memory that PostgreSQL keeps pages in (shared_buffers): a sixteenth of the machine's or the container's, since there may be a replica beside
// the primary and the system keeps pages as well; within bounds, as a small library needs no more and a large one gains little by more.
const (
	memoryShare  = 16
	leastBuffers = 256 << 20
	mostBuffers  = 2 << 30
)

// sharedBuffers writes it for a number of bytes of memory; 0 where nobody knows.
func sharedBuffers(memory int64) string {
	return fmt.Sprintf("%dMB", min(max(memory/memoryShare, leastBuffers), mostBuffers)>>20)
}

// memory is how many bytes there are, for this machine or for the container that this runs in; 0 where the system does not tell.
func memory() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	all := totalMemory(text)
	limit, err := os.ReadFile("/sys/fs/cgroup/memory.max")
	if err != nil {
		return all
	}
	bound, err := strconv.ParseInt(string(bytes.TrimSpace(limit)), 10, 64)
	if err != nil || all == 0 { // "max": no limit
		return all
	}
	return min(all, bound)
}

// totalMemory reads the line "MemTotal: 24576000 kB".
func totalMemory(meminfo []byte) int64 {
	lines := bufio.NewScanner(bytes.NewReader(meminfo))
	for lines.Scan() {
		fields := bytes.Fields(lines.Bytes())
		if len(fields) == 3 && string(fields[0]) == "MemTotal:" {
			kilobytes, err := strconv.ParseInt(string(fields[1]), 10, 64)
			if err != nil {
				return 0
			}
			return kilobytes << 10
		}
	}
	return 0
}
