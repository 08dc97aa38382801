//go:build !linux

package main

import "os"

// dataSync is what a COMMIT waits for.
func dataSync(f *os.File) error { return f.Sync() }
