package queue

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// space refuses to write when the disk has less than MinFree left: JetStream shuts itself down when a write finds no space, and a disk
// that is full to the last byte hinders PostgreSQL too.
func (q *Queue) space() error {
	if q.s.URL != "" {
		return nil
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(q.s.Dir, &disk); err != nil {
		return fmt.Errorf("%w: how much space the disk has cannot be told: %w", ErrFailed, err)
	}
	if free := int64(disk.Bavail) * int64(disk.Bsize); free < q.s.MinFree { //nolint:unconvert // the types differ between systems
		return fmt.Errorf("%w: %d bytes are free", ErrNoSpace, free)
	}
	return nil
}
