package main

import (
	"fmt"
	"strconv"
	"syscall"
)

// mountSmall gives a folder a disk of its own, of so many bytes.
func mountSmall(dir string, size int) error {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=0700,size="+strconv.Itoa(size)); err != nil {
		return fmt.Errorf("a small disk cannot be had here: %w", err)
	}
	return nil
}

func unmount(dir string) error { return syscall.Unmount(dir, 0) }
