//go:build !linux

package embedded

import "syscall"

// passable is empty: only Linux can pass a capability on.
var passable []uintptr

func passCapability(*syscall.SysProcAttr, uintptr) {}
