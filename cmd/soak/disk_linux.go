package main

import (
	"strconv"
	"syscall"
)

// mountSmall gives a folder a disk of its own, of so many bytes, and reports
// whether it may.
func mountSmall(dir string, size int) bool {
	return syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+strconv.Itoa(size)) == nil
}

func unmount(dir string) error { return syscall.Unmount(dir, 0) }
