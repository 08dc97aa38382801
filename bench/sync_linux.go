package main

import (
	"os"
	"syscall"
)

// dataSync is what a COMMIT waits for.
func dataSync(f *os.File) error { return syscall.Fdatasync(int(f.Fd())) }
