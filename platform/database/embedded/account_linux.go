package embedded

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// passable are the capabilities that let an unprivileged user pass a folder of mode 700, the weakest first. The first only
// reads; containers usually keep just the second. PostgreSQL holds it as long as it runs, so it is passed only where the
// plain way was tried and refused.
var passable = []uintptr{unix.CAP_DAC_READ_SEARCH, unix.CAP_DAC_OVERRIDE}

func passCapability(attr *syscall.SysProcAttr, capability uintptr) {
	attr.AmbientCaps = []uintptr{capability}
}
