package harness

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// clock wakes a sender when a request is due. time.Sleep rounds what is left to whole milliseconds (Go's poller waits with epoll_wait), so
// requests would go out up to one too late; that counts as time of theirs, and is more than an answer from memory takes. A timerfd is
// exact to some 0.05 ms, and waiting for it holds no thread.
type clock struct {
	file *os.File
	fd   int // of the file: asking it again would make it a blocking one
}

// newClock makes one, which is one sender's; close it.
func newClock() (*clock, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return nil, err
	}
	return &clock{file: os.NewFile(uintptr(fd), "timer"), fd: fd}, nil
}

// until waits until a time, if that is to come.
func (c *clock) until(due time.Time) {
	wait := time.Until(due)
	if wait <= 0 {
		return
	}
	var rung [8]byte // how often it rang
	err := unix.TimerfdSettime(c.fd, 0, &unix.ItimerSpec{Value: unix.NsecToTimespec(int64(wait))}, nil)
	if err == nil {
		_, err = c.file.Read(rung[:])
	}
	if err != nil {
		time.Sleep(time.Until(due))
	}
}

func (c *clock) close() { _ = c.file.Close() }

// processTime gives the processor time of a process, of the user's and the kernel's, to the nanosecond: the clock that clock_getcpuclockid(3)
// names. What /proc says of it comes in hundredths of a second, which is too coarse for short rounds.
func processTime(pid int) (time.Duration, error) {
	const scheduled = 2 // of the kernel's three clocks of a process
	var spent unix.Timespec
	err := unix.ClockGettime(int32(^pid<<3|scheduled), &spent)
	return time.Duration(spent.Nano()), err
}
